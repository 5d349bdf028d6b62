-- Whether staff sent a letter again that was uncertain: it may have arrived before, whatever becomes of it now.

ALTER TABLE letter ADD COLUMN was_uncertain INTEGER NOT NULL DEFAULT 0 CHECK (was_uncertain IN (0, 1));
