-- How the mailbox answered last, one row a folder, and whether it holds what it should.

CREATE TABLE poll (
    folder        TEXT PRIMARY KEY NOT NULL,
    -- When the first poll began that came to nothing since the last that succeeded; none while all is well.
    silent_since  BIGINT,
    succeeded_at  BIGINT,
    failed_at     BIGINT,
    last_error    TEXT,
    -- Messages on the server when it was last counted, and those of ours that should lie there then.
    counted_at    BIGINT,
    server_count  BIGINT,
    expected      BIGINT,
    -- Since when the two have differed; none while they agree.
    differs_since BIGINT,
    -- The `silent_since` that staff were alerted to and not yet told is over.
    alerted_since BIGINT
);

-- Handled, but not moved: no folder is configured, or the server cannot move it without harm to others.
ALTER TABLE message ADD COLUMN left_in_place BIGINT NOT NULL DEFAULT 0 CHECK (left_in_place IN (0, 1));

CREATE INDEX message_in_folder ON message (folder, validity) WHERE filed_at IS NULL OR left_in_place = 1;
