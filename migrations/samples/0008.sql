INSERT INTO learned_address (address, agency, campaign, how, learned_at)
VALUES ('b@hanoi.example', 'ha-noi', '1552', 'report', 1676860500000000);

INSERT INTO address_block (address, since, until_at, reason)
VALUES ('gone@hanoi.example', 1676860500000000, 1682044500000000, '5.1.1');

INSERT INTO bounce_score (address, day, kind, at)
VALUES ('gone@hanoi.example', '2023-02-20', 'hard', 1676860500000000);

INSERT INTO delivery_note (message, position, letter, recipient, action, status, detail, outcome)
VALUES (2, 0, 1, 'a@mic.example', 'failed', '5.1.1', 'smtp; 550 no such user', 'blocked until 2023-04-21');
