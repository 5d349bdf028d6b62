UPDATE daemon SET loaded_at = 1676858400000000, refused = 'phuluc.toml: unknown field', waiting = 'mailbox.url';
UPDATE message SET handled_at = 1676858400000000 WHERE id = 2;
