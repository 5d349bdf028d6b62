-- Every version of every agency's report, with its answers and findings. At most one version is current.

CREATE TABLE report (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    message      INTEGER NOT NULL REFERENCES message (id),
    campaign     TEXT NOT NULL REFERENCES campaign (id),
    agency       TEXT NOT NULL REFERENCES agency (id),
    version      INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    on_time      INTEGER NOT NULL CHECK (on_time IN (0, 1)),
    verdict      TEXT NOT NULL CHECK (verdict IN ('accepted', 'needs_correction', 'unreadable')),
    is_current   INTEGER NOT NULL CHECK (is_current IN (0, 1)),
    file_name    TEXT,
    file_sha256  TEXT NOT NULL,
    file_size    INTEGER NOT NULL,
    form_id      TEXT NOT NULL,
    form_version INTEGER NOT NULL,
    errors       INTEGER NOT NULL,
    warnings     INTEGER NOT NULL,
    -- JSON.
    counts       TEXT NOT NULL,
    -- JSON; none where the file could not be read. The longest comes last, so that the rest is read without it.
    answers      TEXT,
    UNIQUE (campaign, agency, version)
) STRICT;

CREATE UNIQUE INDEX report_current ON report (campaign, agency) WHERE is_current = 1;
CREATE INDEX report_message ON report (message);

CREATE TABLE answer (
    report   INTEGER NOT NULL REFERENCES report (id),
    position INTEGER NOT NULL,
    section  TEXT NOT NULL,
    -- Empty in a section of fields.
    row_name TEXT NOT NULL,
    field    TEXT NOT NULL,
    -- What the text means; none where it was not understood.
    value    TEXT,
    text     TEXT NOT NULL,
    sheet    TEXT,
    cell     TEXT,
    PRIMARY KEY (report, position)
) STRICT;

CREATE TABLE finding (
    report    INTEGER NOT NULL REFERENCES report (id),
    position  INTEGER NOT NULL,
    code      TEXT NOT NULL,
    severity  TEXT NOT NULL CHECK (severity IN ('error', 'warning')),
    section   TEXT NOT NULL,
    row_name  TEXT,
    field     TEXT,
    sheet     TEXT,
    cell      TEXT,
    found     TEXT,
    -- A JSON object of words.
    arguments TEXT NOT NULL,
    PRIMARY KEY (report, position)
) STRICT;
