-- Official documents that came with a message: signed letters, whose number and date are read where they can be.

CREATE TABLE document (
    message     INTEGER NOT NULL REFERENCES message (id),
    position    INTEGER NOT NULL,
    file_name   TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,
    -- Such as 45/BC-UBND.
    number      TEXT,
    -- A day, as 2023-02-28.
    dated       TEXT,
    told_by     TEXT NOT NULL CHECK (told_by IN ('text', 'file_name', 'nothing')),
    PRIMARY KEY (message, position)
) STRICT;
