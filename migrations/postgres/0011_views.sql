-- What Metabase or Grafana may read: one view a question, described in docs/database.md. The program reads none of
-- them. Times are microseconds since 1970 UTC, flags 0 or 1, as in the tables.

CREATE VIEW view_progress AS
SELECT expectation.campaign AS campaign,
       agency.id AS agency,
       agency.name AS name,
       agency.short_name AS short_name,
       agency.kind AS kind,
       expectation.expected AS expected,
       -- The same words as in `status --json`.
       CASE
           WHEN expectation.state_by_staff = 'exempt' THEN 'exempt'
           WHEN latest.verdict = 'accepted' THEN 'accepted'
           WHEN expectation.state_by_staff = 'paper' THEN 'paper'
           WHEN latest.verdict = 'needs_correction' THEN 'needs_correction'
           ELSE 'not_received'
       END AS state,
       COALESCE(received.versions, 0) AS versions,
       received.first_received_at AS first_received_at,
       accepted.received_at AS accepted_at,
       COALESCE(accepted.on_time, latest.on_time) AS on_time,
       campaign.deadline_at AS campaign_deadline_at,
       expectation.deadline AS own_deadline,
       COALESCE(latest.errors, 0) AS errors,
       COALESCE(latest.warnings, 0) AS warnings
FROM expectation
JOIN agency ON agency.id = expectation.agency
JOIN campaign ON campaign.id = expectation.campaign
LEFT JOIN (
    SELECT campaign,
           agency,
           COUNT(*) AS versions,
           MIN(received_at) AS first_received_at,
           MIN(CASE WHEN verdict = 'accepted' THEN version END) AS accepted_version
    FROM report
    GROUP BY campaign, agency
) AS received ON received.campaign = expectation.campaign AND received.agency = expectation.agency
LEFT JOIN report AS accepted
       ON accepted.campaign = expectation.campaign
      AND accepted.agency = expectation.agency
      AND accepted.version = received.accepted_version
LEFT JOIN report AS latest
       ON latest.campaign = expectation.campaign
      AND latest.agency = expectation.agency
      AND latest.is_current = 1;

CREATE VIEW view_answers AS
SELECT report.campaign AS campaign,
       report.agency AS agency,
       agency.short_name AS short_name,
       agency.kind AS kind,
       report.version AS version,
       report.verdict AS verdict,
       answer.section AS section,
       answer.row_name AS row_name,
       answer.field AS field,
       answer.value AS value,
       answer.text AS text
FROM report
JOIN agency ON agency.id = report.agency
JOIN answer ON answer.report = report.id
WHERE report.is_current = 1;

CREATE VIEW view_findings AS
SELECT report.campaign AS campaign,
       report.agency AS agency,
       agency.short_name AS short_name,
       agency.kind AS kind,
       report.version AS version,
       finding.code AS code,
       finding.severity AS severity,
       finding.section AS section,
       finding.row_name AS row_name,
       finding.field AS field,
       finding.sheet AS sheet,
       finding.cell AS cell
FROM report
JOIN agency ON agency.id = report.agency
JOIN finding ON finding.report = report.id
WHERE report.is_current = 1;

-- Without recipients: how many of which letters, not to whom.
CREATE VIEW view_letters AS
SELECT id,
       kind,
       campaign,
       agency,
       state,
       attempts,
       queued_at,
       sent_at
FROM letter;
