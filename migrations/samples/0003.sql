INSERT INTO report (id, message, campaign, agency, version, received_at, on_time, verdict, is_current, file_name, file_sha256,
                    file_size, form_id, form_version, errors, warnings, counts, answers)
VALUES (1, 2, '1552', 'ha-noi', 1, 1676860300000000, 1, 'accepted', 1, 'Phụ lục.xlsx', 'cc', 9000, '1552', 1,
        0, 1, '{"rows":22}', '{"contact":{"full_name":"Nguyễn Văn A"}}');

INSERT INTO answer (report, position, section, row_name, field, value, text, sheet, cell)
VALUES (1, 0, 'contact', '', 'full_name', 'Nguyễn Văn A', 'Nguyễn Văn A', 'Phụ lục', 'C4');

INSERT INTO finding (report, position, code, severity, section, row_name, field, sheet, cell, found, arguments)
VALUES (1, 0, 'phone-old', 'warning', 'contact', NULL, 'phone', 'Phụ lục', 'C7', '0168 123 4567', '{}');
