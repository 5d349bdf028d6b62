-- Who owes a report in which campaign. Imported from the campaign and registry files at every start;
-- only state_by_staff is ours alone. Times are microseconds since 1970 UTC, flags 0 or 1.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE agency (
    id         TEXT PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    short_name TEXT NOT NULL,
    code       TEXT,
    -- Several values are separated by `;`, as in the registry file.
    domains    TEXT NOT NULL,
    addresses  TEXT NOT NULL,
    escalation TEXT NOT NULL
);

CREATE TABLE campaign (
    id            TEXT PRIMARY KEY NOT NULL,
    token         TEXT NOT NULL,
    title         TEXT NOT NULL,
    letter_number TEXT NOT NULL,
    -- Days are `YYYY-MM-DD`.
    letter_date   TEXT NOT NULL,
    opening       TEXT NOT NULL,
    deadline_at   BIGINT NOT NULL,
    form_id       TEXT NOT NULL,
    form_version  BIGINT NOT NULL
);

CREATE TABLE expectation (
    campaign       TEXT NOT NULL REFERENCES campaign (id),
    agency         TEXT NOT NULL REFERENCES agency (id),
    expected       BIGINT NOT NULL CHECK (expected IN (0, 1)),
    state_by_staff TEXT,
    PRIMARY KEY (campaign, agency)
);
