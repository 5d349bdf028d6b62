-- Who works on this database: one row for each time a daemon came to work. What it has in its hands names it, and is
-- free again once it is known to be gone.

CREATE TABLE daemon (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The process and its machine.
    place   TEXT NOT NULL,
    came_at INTEGER NOT NULL,
    gone_at INTEGER
) STRICT;

ALTER TABLE message ADD COLUMN claimed_by INTEGER REFERENCES daemon (id);
ALTER TABLE letter ADD COLUMN sender INTEGER REFERENCES daemon (id);

CREATE INDEX letter_sending ON letter (id) WHERE state = 'sending';
