INSERT INTO poll (folder, silent_since, succeeded_at, failed_at, last_error, counted_at, server_count, expected,
                  differs_since, alerted_since)
VALUES ('INBOX', 1676860500000000, 1676860400000000, 1676860500000000, 'connecting: no answer in time',
        1676860400000000, 2, 1, 1676860400000000, NULL);

UPDATE message SET left_in_place = 1 WHERE id = 2;
