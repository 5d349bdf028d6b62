-- Staff decide by e-mail: what the links of a letter to them allow, and the questions that were passed on to them.

-- What one link allows one address to do, once. The proof of it stands in the link alone.
CREATE TABLE staff_token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    act        TEXT NOT NULL CHECK (act IN ('assign', 'assign_other', 'dismiss', 'reprocess')),
    message    INTEGER NOT NULL REFERENCES message (id),
    -- The best guess, which `assign` takes.
    agency     TEXT REFERENCES agency (id),
    campaign   TEXT REFERENCES campaign (id),
    -- To whom the letter with the link went; lower-case.
    address    TEXT NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    -- The message that brought it.
    used_by    INTEGER REFERENCES message (id)
) STRICT;

CREATE INDEX staff_token_message ON staff_token (message);

-- A question that was passed on to one of the staff, by the letter that did so: a reply to it is for who asked.
CREATE TABLE forwarded_question (
    letter       INTEGER PRIMARY KEY REFERENCES letter (id),
    message      INTEGER NOT NULL REFERENCES message (id),
    forwarded_at INTEGER NOT NULL
) STRICT;

CREATE INDEX forwarded_question_message ON forwarded_question (message);
