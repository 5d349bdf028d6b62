INSERT INTO setting (name, value) VALUES ('instance_key', '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff');

INSERT INTO agency (id, kind, name, short_name, code, domains, addresses, escalation)
VALUES ('ha-noi', 'province', 'UBND thành phố Hà Nội', 'Hà Nội', 'H26', 'hanoi.example', '', 'lanh.dao@hanoi.example'),
       ('mic', 'ministry', 'Bộ Thông tin và Truyền thông', 'Bộ TTTT', NULL, 'mic.example;tttt.example', 'a@mic.example', '');

INSERT INTO campaign (id, token, title, letter_number, letter_date, opening, deadline_at, form_id, form_version)
VALUES ('1552', 'BC1552', 'Báo cáo triển khai Văn bản 1552', '488/BTTTT-CĐSQG', '2023-02-15', '2023-02-15',
        1677603599000000, '1552', 1);

INSERT INTO expectation (campaign, agency, expected, state_by_staff)
VALUES ('1552', 'ha-noi', 1, NULL),
       ('1552', 'mic', 0, 'exempt');
