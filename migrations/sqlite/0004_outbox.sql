-- The outbox: every letter, queued in the transaction of the fact it tells and never twice for one fact.

CREATE TABLE letter (
    id            INTEGER PRIMARY KEY,
    -- Such as `receipt:message:7`.
    fact          TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    campaign      TEXT REFERENCES campaign (id),
    agency        TEXT REFERENCES agency (id),
    -- The incoming mail it answers.
    message       INTEGER REFERENCES message (id),
    -- Exactly one address.
    recipient     TEXT NOT NULL CHECK (recipient LIKE '_%@_%' AND recipient NOT LIKE '%@%@%' AND recipient NOT LIKE '% %'),
    -- None is the null sender, `<>`.
    envelope_from TEXT,
    subject       TEXT NOT NULL,
    message_id    TEXT NOT NULL UNIQUE,
    in_reply_to   TEXT,
    body_sha256   TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'uncertain', 'failed', 'cancelled')),
    attempts      INTEGER NOT NULL,
    not_before    INTEGER NOT NULL,
    queued_at     INTEGER NOT NULL,
    sent_at       INTEGER,
    last_answer   TEXT
) STRICT;

CREATE INDEX letter_queued ON letter (id, not_before) WHERE state = 'queued';
CREATE INDEX letter_answers ON letter (queued_at) WHERE message IS NOT NULL;
CREATE INDEX letter_agency_answers ON letter (agency, campaign, queued_at) WHERE message IS NOT NULL;
CREATE INDEX letter_body ON letter (agency, body_sha256, queued_at);

CREATE TABLE letter_raw (
    letter INTEGER PRIMARY KEY REFERENCES letter (id),
    raw    BLOB NOT NULL
) STRICT;

-- One row: the last id given to a letter. A letter's Message-ID holds its id, so the id is known before the row.
CREATE TABLE letter_sequence (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;

INSERT INTO letter_sequence (id, last) VALUES (1, 0);
