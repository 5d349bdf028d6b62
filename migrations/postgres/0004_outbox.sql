-- The outbox: every letter, queued in the transaction of the fact it tells and never twice for one fact.

CREATE TABLE letter (
    id            BIGINT PRIMARY KEY,
    -- Such as `receipt:message:7`.
    fact          TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    campaign      TEXT REFERENCES campaign (id),
    agency        TEXT REFERENCES agency (id),
    -- The incoming mail it answers.
    message       BIGINT REFERENCES message (id),
    -- Exactly one address.
    recipient     TEXT NOT NULL CHECK (recipient LIKE '_%@_%' AND recipient NOT LIKE '%@%@%' AND recipient NOT LIKE '% %'),
    -- None is the null sender, `<>`.
    envelope_from TEXT,
    subject       TEXT NOT NULL,
    message_id    TEXT NOT NULL UNIQUE,
    in_reply_to   TEXT,
    body_sha256   TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'uncertain', 'failed', 'cancelled')),
    attempts      BIGINT NOT NULL,
    not_before    BIGINT NOT NULL,
    queued_at     BIGINT NOT NULL,
    sent_at       BIGINT,
    last_answer   TEXT
);

CREATE INDEX letter_queued ON letter (id, not_before) WHERE state = 'queued';
CREATE INDEX letter_answers ON letter (queued_at) WHERE message IS NOT NULL;
CREATE INDEX letter_agency_answers ON letter (agency, campaign, queued_at) WHERE message IS NOT NULL;
CREATE INDEX letter_body ON letter (agency, body_sha256, queued_at);

CREATE TABLE letter_raw (
    letter BIGINT PRIMARY KEY REFERENCES letter (id),
    raw    BYTEA NOT NULL
);

-- One row: the last id given to a letter. A letter's Message-ID holds its id, so the id is known before the row.
CREATE TABLE letter_sequence (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    last BIGINT NOT NULL
);

INSERT INTO letter_sequence (id, last) VALUES (1, 0);
