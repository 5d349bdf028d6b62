-- What was found out about addresses, besides what the registry says. Addresses are lower-case.

-- Whose an address is, because a verified report came from it or staff said so. The last word of staff counts.
CREATE TABLE learned_address (
    address    TEXT PRIMARY KEY NOT NULL,
    agency     TEXT NOT NULL REFERENCES agency (id),
    campaign   TEXT REFERENCES campaign (id),
    how        TEXT NOT NULL CHECK (how IN ('report', 'staff')),
    learned_at BIGINT NOT NULL
);

CREATE INDEX learned_address_agency ON learned_address (agency, learned_at);

-- Nothing is sent to an address that bounced, until the block ends.
CREATE TABLE address_block (
    address  TEXT PRIMARY KEY NOT NULL,
    since    BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    reason   TEXT NOT NULL
);

-- Bounces of an address, one a day at most.
CREATE TABLE bounce_score (
    address TEXT NOT NULL,
    -- `YYYY-MM-DD`, local.
    day     TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('hard', 'soft')),
    at      BIGINT NOT NULL,
    PRIMARY KEY (address, day)
);

-- What a message said about the delivery of letters of ours, one line a failed or delivered recipient.
CREATE TABLE delivery_note (
    message   BIGINT NOT NULL REFERENCES message (id),
    position  BIGINT NOT NULL,
    -- The letter that came back; none where the message proves none of ours.
    letter    BIGINT REFERENCES letter (id),
    recipient TEXT NOT NULL,
    action    TEXT NOT NULL,
    status    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    -- What was made of it.
    outcome   TEXT NOT NULL,
    PRIMARY KEY (message, position)
);

CREATE INDEX delivery_note_letter ON delivery_note (letter);

-- Whether the sender was proved: `verified`, `unverified` or `failed`, with the reason for staff.
ALTER TABLE message ADD COLUMN trust TEXT;
ALTER TABLE message ADD COLUMN trust_why TEXT;
