-- How far a campaign is, and how many answers were given of late, is told from these indexes alone: a report's row lies
-- among its answers and a letter's among its bytes, which are many times larger and need not be read for it.

CREATE INDEX report_standing
    ON report (campaign, agency, version, is_current, received_at, verdict, on_time, errors, warnings);
DROP INDEX message_held;
CREATE INDEX message_held ON message (campaign, held, agency) WHERE held IS NOT NULL;
DROP INDEX letter_answers;
CREATE INDEX letter_answers ON letter (queued_at, state, message) WHERE message IS NOT NULL;
