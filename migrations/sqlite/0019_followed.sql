-- How sure the reading of a report was, in percent, and what became of what its agency had been asked for: JSON, without
-- any answer's text. Neither is known of reports that were read before.

ALTER TABLE report ADD COLUMN confidence INTEGER;
ALTER TABLE report ADD COLUMN followed TEXT;
