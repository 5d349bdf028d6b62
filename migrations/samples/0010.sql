UPDATE campaign SET announced_at = 1676422800000000, closed_at = NULL WHERE id = '1552';
UPDATE expectation SET frozen = 1 WHERE campaign = '1552';
UPDATE expectation SET deadline = '2023-03-10', paper_number = '45/BC-UBND', paper_date = '2023-02-27'
WHERE campaign = '1552' AND agency = 'ha-noi';

INSERT INTO duty_run (campaign, duty, last_at)
VALUES ('1552', 'reminders', 1676944800000000);
