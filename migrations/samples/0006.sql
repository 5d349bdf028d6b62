INSERT INTO daemon (id, place, came_at, gone_at)
VALUES (1, '4711 on mot.mic.example', 1676860000000000, 1676860200000000),
       (2, '4712 on hai.mic.example', 1676860300000000, NULL);

UPDATE message SET claimed_by = 1 WHERE id = 1;
UPDATE letter SET sender = 1 WHERE id = 1;
