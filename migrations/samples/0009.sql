INSERT INTO staff_token (id, act, message, agency, campaign, address, issued_at, expires_at, used_at, used_by)
VALUES (1, 'assign', 1, 'ha-noi', '1552', 'can-bo@mic.example', 1676860500000000, 1677465300000000, 1676861500000000, 2);

INSERT INTO forwarded_question (letter, message, forwarded_at)
VALUES (2, 1, 1676860500000000);
