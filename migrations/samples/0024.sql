UPDATE letter SET was_uncertain = 1 WHERE id = 2;
