INSERT INTO message (id, folder, validity, uid, sha256, size, received_at, kept_at, state, attempts, last_error)
VALUES (1, 'INBOX', 7, '101', 'aa', 4, 1676860200000000, 1676860260000000, 'kept', 1, 'the workbook reader died');

INSERT INTO message (id, folder, validity, uid, sha256, size, received_at, kept_at, state, attempts,
                     message_id, from_address, from_name, subject, agency, evidence, campaign, kind, rule, verdict, filed_at)
VALUES (2, 'INBOX', 7, '102', 'bb', 4, 1676860300000000, 1676860360000000, 'done', 0,
        '<x@hanoi.example>', 'a@hanoi.example', 'Nguyễn Văn A', '[BC1552] Báo cáo', 'ha-noi', 'domain', '1552', 'report',
        NULL, 'accepted', 1676860400000000);

INSERT INTO watermark (folder, validity, uid) VALUES ('INBOX', 7, 102);
