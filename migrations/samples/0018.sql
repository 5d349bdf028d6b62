INSERT INTO document (message, position, file_name, file_sha256, number, dated, told_by)
VALUES (1, 0, 'CV 45-BC-UBND.pdf', 'ab', '45/BC-UBND', '2023-02-20', 'text');
