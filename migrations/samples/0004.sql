UPDATE letter_sequence SET last = 2;

INSERT INTO letter (id, fact, kind, campaign, agency, message, recipient, envelope_from, subject, message_id, in_reply_to,
                    body_sha256, state, attempts, not_before, queued_at, sent_at, last_answer)
VALUES (1, 'receipt:message:2', 'receipt', '1552', 'ha-noi', 2, 'a@hanoi.example', NULL, '[BC1552] Đã nhận báo cáo',
        '<1.abc@mic.example>', '<x@hanoi.example>', 'dd', 'sent', 1, 1676860400000000, 1676860400000000, 1676860401000000,
        '250 OK'),
       (2, 'digest:2023-02-21', 'digest', '1552', NULL, NULL, 'can-bo@mic.example', 'baocao@mic.example', 'Tổng hợp',
        '<2.abc@mic.example>', NULL, 'ee', 'queued', 0, 1676939400000000, 1676939400000000, NULL, NULL);

