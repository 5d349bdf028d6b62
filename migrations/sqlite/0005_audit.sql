-- What people decided, and never anything else: append only, which the triggers hold against everybody.

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    -- Who decided: a user of this machine (`cli:root`) or the address of a mail (`mail:can-bo@mic.example`).
    actor    TEXT NOT NULL,
    -- Such as `message assign`.
    act      TEXT NOT NULL,
    -- What it was about: `message:7`, `letter:3`, `agency:ha-noi`, `campaign:1552`.
    subject  TEXT NOT NULL,
    campaign TEXT,
    -- In the actor's own words.
    reason   TEXT,
    -- What followed, in words for people.
    outcome  TEXT NOT NULL
) STRICT;

CREATE INDEX audit_subject ON audit (subject, id);

CREATE TRIGGER audit_not_updated BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit table is append only');
END;

CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit table is append only');
END;
