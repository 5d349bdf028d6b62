-- An agency that owes a report and is known by blocked addresses only is `unreachable`, as in `status --json`.

DROP VIEW view_progress;

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
           WHEN reach.known > 0 AND reach.open = 0 THEN 'unreachable'
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
-- By how many addresses an agency is known, in the registry and besides, and how many of them are not blocked.
JOIN (
    SELECT counted.agency AS agency,
           counted.registered + counted.learned AS known,
           counted.registered - counted.registered_blocked + counted.learned - counted.learned_blocked AS open
    FROM (
        SELECT agency.id AS agency,
               CASE
                   WHEN agency.addresses = '' THEN 0
                   ELSE LENGTH(agency.addresses) - LENGTH(REPLACE(agency.addresses, ';', '')) + 1
               END AS registered,
               (
                   SELECT COUNT(*)
                   FROM address_block
                   WHERE address_block.until_at > CAST(strftime('%s', 'now') AS INTEGER) * 1000000
                     AND REPLACE(
                             ';' || LOWER(agency.addresses) || ';',
                             ';' || address_block.address || ';',
                             ''
                         ) <> ';' || LOWER(agency.addresses) || ';'
               ) AS registered_blocked,
               (
                   SELECT COUNT(*)
                   FROM learned_address
                   WHERE learned_address.agency = agency.id
               ) AS learned,
               (
                   SELECT COUNT(*)
                   FROM learned_address
                   JOIN address_block ON address_block.address = learned_address.address
                   WHERE learned_address.agency = agency.id
                     AND address_block.until_at > CAST(strftime('%s', 'now') AS INTEGER) * 1000000
               ) AS learned_blocked
        FROM agency
    ) AS counted
) AS reach ON reach.agency = agency.id
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
