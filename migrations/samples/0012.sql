UPDATE message SET handled_by = '0.1.0' WHERE id = 2;
