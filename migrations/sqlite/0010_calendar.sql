-- What goes by the calendar: the opening and end of a campaign, an agency's own deadline, and the timetable's memory.

-- When the addressees were fixed; from then on the registry file no longer says who is expected.
ALTER TABLE campaign ADD COLUMN announced_at INTEGER;
-- Since when nobody is reminded any more.
ALTER TABLE campaign ADD COLUMN closed_at INTEGER;
-- Whether `expected` stays as it is, whatever the registry file says.
ALTER TABLE expectation ADD COLUMN frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen IN (0, 1));
-- The agency's own last day where staff gave it one, `YYYY-MM-DD`.
ALTER TABLE expectation ADD COLUMN deadline TEXT;
-- Number and date of the official document where the report came on paper.
ALTER TABLE expectation ADD COLUMN paper_number TEXT;
ALTER TABLE expectation ADD COLUMN paper_date TEXT;

-- When each line of the timetable was last carried out for a campaign.
CREATE TABLE duty_run (
    campaign TEXT NOT NULL REFERENCES campaign (id),
    duty     TEXT NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (campaign, duty)
) STRICT;
