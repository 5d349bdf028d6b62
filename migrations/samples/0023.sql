-- How bytes are kept changes no data.
SELECT 1;
