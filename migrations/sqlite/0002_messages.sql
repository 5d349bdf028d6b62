-- Every mail we took in, before anything was done with it. A uid is text because a Maildir names its files.

CREATE TABLE message (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    folder       TEXT NOT NULL,
    validity     INTEGER NOT NULL,
    uid          TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    size         INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    kept_at      INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('kept', 'done', 'set_aside')),
    attempts     INTEGER NOT NULL,
    last_error   TEXT,
    -- What the mail says of itself and what came of it: known once it is done.
    message_id   TEXT,
    from_address TEXT,
    from_name    TEXT,
    subject      TEXT,
    agency       TEXT REFERENCES agency (id),
    evidence     TEXT,
    campaign     TEXT REFERENCES campaign (id),
    kind         TEXT,
    held         TEXT,
    held_why     TEXT,
    rule         TEXT,
    verdict      TEXT,
    reason       TEXT,
    -- When it was moved out of the mailbox's folder.
    filed_at     INTEGER,
    UNIQUE (folder, validity, uid)
) STRICT;

CREATE INDEX message_sha256 ON message (sha256, id);
CREATE INDEX message_unhandled ON message (attempts, id) WHERE state = 'kept';
CREATE INDEX message_unfiled ON message (id) WHERE state = 'done' AND filed_at IS NULL;
CREATE INDEX message_held ON message (campaign, agency) WHERE held IS NOT NULL;

-- Apart, so that listings do not read through the mails themselves.
CREATE TABLE message_raw (
    message INTEGER PRIMARY KEY REFERENCES message (id),
    raw     BLOB NOT NULL
) STRICT;

-- The highest UID of a folder such that it and all below it are kept.
CREATE TABLE watermark (
    folder   TEXT PRIMARY KEY NOT NULL,
    validity INTEGER NOT NULL,
    uid      INTEGER NOT NULL
) STRICT;
