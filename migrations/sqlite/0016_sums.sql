-- What the digest, `status` and `export` ask stays a matter of the campaign that is asked about, however many came
-- before it; and an agency is on time if the first accepted version that came was, whichever was recorded first.

CREATE INDEX message_campaign ON message (campaign, agency);
CREATE INDEX message_kept_at ON message (kept_at);
CREATE INDEX message_waiting ON message (id) WHERE held IS NOT NULL OR state = 'set_aside';
CREATE INDEX letter_campaign ON letter (campaign, kind, queued_at);
CREATE INDEX letter_sent ON letter (campaign, sent_at) WHERE state = 'sent';
CREATE INDEX letter_trouble ON letter (id) WHERE state IN ('failed', 'uncertain');

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
       received.accepted_at AS accepted_at,
       COALESCE(received.accepted_on_time, latest.on_time) AS on_time,
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
           MIN(CASE WHEN verdict = 'accepted' THEN received_at END) AS accepted_at,
           MAX(CASE WHEN verdict = 'accepted' THEN on_time END) AS accepted_on_time
    FROM report
    GROUP BY campaign, agency
) AS received ON received.campaign = expectation.campaign AND received.agency = expectation.agency
LEFT JOIN report AS latest
       ON latest.campaign = expectation.campaign
      AND latest.agency = expectation.agency
      AND latest.is_current = 1;
