-- Attached workbooks are compressed already. SQLite compresses nothing; only PostgreSQL is told.
SELECT 1;
