UPDATE report SET confidence = 100 WHERE id = 1;
