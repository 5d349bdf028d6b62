INSERT INTO audit (id, at, actor, act, subject, campaign, reason, outcome)
VALUES (1, 1676860500000000, 'cli:operator', 'message dismiss', 'message:1', '1552', 'thư quảng cáo', 'the message no longer waits');
