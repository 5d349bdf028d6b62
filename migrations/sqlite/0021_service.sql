-- What a running daemon last made of its configuration, and when a message was read to the end.

ALTER TABLE daemon ADD COLUMN loaded_at INTEGER;
-- Why it was refused; none where it is in force.
ALTER TABLE daemon ADD COLUMN refused TEXT;
-- The changed keys that wait for a restart, separated by commas.
ALTER TABLE daemon ADD COLUMN waiting TEXT;
ALTER TABLE message ADD COLUMN handled_at INTEGER;
