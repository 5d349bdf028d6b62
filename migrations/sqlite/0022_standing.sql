-- How far a campaign is, is told from these indexes alone: a report's row lies among its answers, which are many times
-- larger and need not be read for it, and of a campaign's messages few are held.

CREATE INDEX report_standing
    ON report (campaign, agency, version, is_current, received_at, verdict, on_time, errors, warnings);
DROP INDEX message_held;
CREATE INDEX message_held ON message (campaign, held, agency) WHERE held IS NOT NULL;
