-- Attached workbooks are compressed already: to try it once more took PostgreSQL as long as the rest of a mail's rows.
ALTER TABLE message_raw ALTER COLUMN raw SET STORAGE EXTERNAL;
