-- Attached workbooks are compressed already: to try it once more took PostgreSQL as long as the rest of a mail's rows.
-- Whoever reads the table at length, such as pg_dump, is not waited for without end.
SET LOCAL lock_timeout = '20s';
ALTER TABLE message_raw ALTER COLUMN raw SET STORAGE EXTERNAL;
