//! Reports: every version an agency sent in a campaign, its answers and findings, and which version counts. A new
//! version counts from when it comes, except that one which is not accepted never displaces one that is. From
//! these rows one statement tells how every agency stands.

use super::{
    Store, StoreError, Tx, agencies::StaffState, columns::Columns, contents, messages::GUESS, micros, plain, words,
};
use crate::{
    agency::{AgencyId, Kind},
    campaign::CampaignId,
    finding::{Finding, Severity},
    form::{answers::Answers, declaration::Form, followed::Followed},
};
use jiff::{Timestamp, civil::Date};
use serde_json::Value as Json;
use sqlx::any::AnyRow;

words! {
    /// What a report is worth.
    Verdict {
        Accepted = "accepted",
        NeedsCorrection = "needs_correction",
        Unreadable = "unreadable",
    }
}

/// A report as it was read.
#[derive(Debug, Clone, Copy)]
pub struct NewReport<'a> {
    pub message: i64,
    /// What it was before its message was read again.
    pub withdrawn: Option<&'a Withdrawn>,
    pub campaign: &'a CampaignId,
    pub agency: &'a AgencyId,
    pub received_at: Timestamp,
    pub on_time: bool,
    pub verdict: Verdict,
    pub file_name: Option<&'a str>,
    /// In hexadecimal digits.
    pub file_sha256: &'a str,
    pub file_size: u64,
    /// The form it was read by.
    pub form: &'a Form,
    /// None where the file could not be read as the form.
    pub answers: Option<&'a Answers>,
    /// Numbers about the report for tables, as JSON.
    pub counts: &'a Json,
    pub findings: &'a [Finding],
    /// In percent, where it is known.
    pub confidence: Option<u32>,
    /// What it changes, beside the version before it.
    pub followed: Option<&'a Followed>,
}

/// A report that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    pub id: i64,
    /// Counts from 1.
    pub version: u32,
    /// Whether this version counts now.
    pub current: bool,
}

/// A report that was taken back because its message is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    pub campaign: CampaignId,
    pub agency: AgencyId,
    pub version: u32,
}

/// How an agency stands in a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgencyState {
    pub agency: AgencyId,
    pub name: String,
    pub short_name: String,
    pub kind: Kind,
    pub expected: bool,
    pub by_staff: Option<StaffState>,
    /// The last day that staff gave it, where not the campaign's.
    pub deadline: Option<Date>,
    pub versions: u32,
    pub first_received_at: Option<Timestamp>,
    /// When the first accepted version came, whichever was recorded first: staff may release an early one late.
    pub accepted_at: Option<Timestamp>,
    /// Of the first accepted version, so that an agency which was on time and improves its report later stays so;
    /// of the current one where none is accepted.
    pub on_time: Option<bool>,
    /// Of the current version, as are the next two.
    pub verdict: Option<Verdict>,
    pub errors: u32,
    pub warnings: u32,
    /// The current version; 0 where there is none.
    pub version: u32,
    /// Its messages that wait for staff, for this campaign or for none that is known.
    pub held: u32,
    /// Those among them that are proved to be its own. A name in a form and a From are written by whom they please, so
    /// they must not keep our letters from an agency; nor need they: what is not believed under an agency's address is
    /// told to the agency, and staff see all of it.
    pub proved: u32,
}

/// One version of an agency's report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRow {
    pub id: i64,
    pub message: i64,
    pub version: u32,
    pub received_at: Timestamp,
    pub on_time: bool,
    pub verdict: Verdict,
    pub current: bool,
    pub file_name: Option<String>,
    pub file_sha256: String,
    pub file_size: u64,
    pub form_id: String,
    pub form_version: u32,
    pub errors: u32,
    pub warnings: u32,
    pub counts: Json,
    pub confidence: Option<u32>,
    /// What it changes, beside the version before it.
    pub followed: Option<Followed>,
    /// In the promised JSON; none where the file could not be read as the form.
    pub answers: Option<Json>,
}

/// The version the next report of an agency will be.
pub async fn next_version(tx: &mut Tx, campaign: &CampaignId, agency: &AgencyId) -> Result<u32, StoreError> {
    let row = sqlx::query(
        "
        SELECT COALESCE(MAX(version), 0) + 1 AS version
        FROM report
        WHERE campaign = $1 AND agency = $2
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("version")
}

/// Records a report as its agency's next version, or as the one it was before its message was read again, with its
/// answers and findings, and says whether it counts now.
pub async fn record_report(tx: &mut Tx, report: &NewReport<'_>) -> Result<Recorded, StoreError> {
    alone_with(tx, report.campaign, report.agency).await?;
    let same = |old: &&Withdrawn| old.campaign == *report.campaign && old.agency == *report.agency;
    let version = match report.withdrawn.filter(same) {
        Some(old) => old.version,
        None => next_version(tx, report.campaign, report.agency).await?,
    };
    let id = put(tx, report, version).await?;
    contents::put_answers(tx, id, report.answers).await?;
    for (position, finding) in (0..).zip(report.findings) {
        contents::put_finding(tx, id, position, finding).await?;
    }
    let current = settle_current(tx, report.campaign, report.agency).await? == Some(id);
    Ok(Recorded { id, version, current })
}

/// Keeps every other transaction from recording a version of this agency until this one has ended. On PostgreSQL two
/// could otherwise take the same number; SQLite has one writer anyway.
pub(super) async fn alone_with(tx: &mut Tx, campaign: &CampaignId, agency: &AgencyId) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE expectation
        SET expected = expected
        WHERE campaign = $1 AND agency = $2
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Lets that version count which came last, but none that is not accepted where one is; its id. The order in which
/// versions were recorded does not matter, so one that staff release late takes its own place.
pub(super) async fn settle_current(
    tx: &mut Tx,
    campaign: &CampaignId,
    agency: &AgencyId,
) -> Result<Option<i64>, StoreError> {
    let Some(best) = best(tx, campaign, agency).await? else { return Ok(None) };
    end_current(tx, campaign, agency, best).await?;
    begin_current(tx, best).await?;
    Ok(Some(best))
}

/// How every agency of a campaign stands, by the agencies' ids.
pub async fn agency_states(store: &Store, campaign: &CampaignId) -> Result<Vec<AgencyState>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT agency.id,
               agency.name,
               agency.short_name,
               agency.kind,
               expectation.expected,
               expectation.state_by_staff,
               expectation.deadline,
               COALESCE(received.versions, 0) AS versions,
               received.first_received_at,
               received.accepted_at,
               COALESCE(received.accepted_on_time, received.on_time) AS on_time,
               received.verdict,
               COALESCE(received.version, 0) AS version,
               COALESCE(received.errors, 0) AS errors,
               COALESCE(received.warnings, 0) AS warnings,
               COALESCE(waiting.held, 0) AS held,
               COALESCE(waiting.proved, 0) AS proved
        FROM expectation
        JOIN agency ON agency.id = expectation.agency
        -- One version is current at most; asked for in one go, all of it stands in one index.
        LEFT JOIN (
            SELECT agency,
                   COUNT(*) AS versions,
                   MIN(received_at) AS first_received_at,
                   MIN(CASE WHEN verdict = 'accepted' THEN received_at END) AS accepted_at,
                   MAX(CASE WHEN verdict = 'accepted' THEN on_time END) AS accepted_on_time,
                   MAX(CASE WHEN is_current = 1 THEN on_time END) AS on_time,
                   MAX(CASE WHEN is_current = 1 THEN verdict END) AS verdict,
                   MAX(CASE WHEN is_current = 1 THEN version END) AS version,
                   MAX(CASE WHEN is_current = 1 THEN errors END) AS errors,
                   MAX(CASE WHEN is_current = 1 THEN warnings END) AS warnings
            FROM report
            WHERE campaign = $1
            GROUP BY agency
        ) AS received ON received.agency = expectation.agency
        -- Held is a word where there is one; said so, both databases find them by the index.
        LEFT JOIN (
            SELECT agency,
                   COUNT(*) AS held,
                   SUM(CASE WHEN held IN ('unknown_sender', 'unauthenticated') OR evidence LIKE '%' || $2
                            THEN 0 ELSE 1 END) AS proved
            FROM message
            WHERE (campaign = $1 OR campaign IS NULL) AND held > ''
            GROUP BY agency
        ) AS waiting ON waiting.agency = expectation.agency
        WHERE expectation.campaign = $1
        ",
    )
    .bind(campaign.as_str())
    .bind(GUESS)
    .fetch_all(&store.pool)
    .await?;
    let mut states: Vec<AgencyState> = rows.iter().map(agency_state).collect::<Result<_, _>>()?;
    // PostgreSQL orders text by its collation, which may leave hyphens out of account.
    states.sort_by(|one, other| one.agency.cmp(&other.agency));
    Ok(states)
}

/// Judges an agency's reports anew by another last instant on time.
pub async fn judge_by(
    tx: &mut Tx,
    campaign: &CampaignId,
    agency: &AgencyId,
    deadline_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE report
        SET on_time = CASE WHEN received_at <= $3 THEN 1 ELSE 0 END
        WHERE campaign = $1 AND agency = $2
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(micros(deadline_at))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Judges the reports of a campaign anew by its last instant on time, but for agencies that have a last day of their own.
pub async fn judge_all_by(tx: &mut Tx, campaign: &CampaignId, deadline_at: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE report
        SET on_time = CASE WHEN received_at <= $2 THEN 1 ELSE 0 END
        WHERE campaign = $1
          AND on_time <> CASE WHEN received_at <= $2 THEN 1 ELSE 0 END
          AND NOT EXISTS (
              SELECT 1
              FROM expectation
              WHERE expectation.campaign = report.campaign
                AND expectation.agency = report.agency
                AND expectation.deadline IS NOT NULL
          )
        ",
    )
    .bind(campaign.as_str())
    .bind(micros(deadline_at))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The versions an agency sent in a campaign, the first one first.
pub async fn reports_of(store: &Store, campaign: &CampaignId, agency: &AgencyId) -> Result<Vec<ReportRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, message, version, received_at, on_time, verdict, is_current, file_name, file_sha256, file_size,
               form_id, form_version, errors, warnings, counts, answers, confidence, followed
        FROM report
        WHERE campaign = $1 AND agency = $2
        ORDER BY version
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(report).collect()
}

async fn best(tx: &mut Tx, campaign: &CampaignId, agency: &AgencyId) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id
        FROM report
        WHERE campaign = $1 AND agency = $2
        ORDER BY CASE WHEN verdict = 'accepted' THEN 0 ELSE 1 END, received_at DESC, message DESC, version DESC
        LIMIT 1
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| Columns(&row).number("id")).transpose()
}

async fn end_current(tx: &mut Tx, campaign: &CampaignId, agency: &AgencyId, but: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE report
        SET is_current = 0
        WHERE campaign = $1 AND agency = $2 AND is_current = 1 AND id <> $3
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(but)
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn begin_current(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE report
        SET is_current = 1
        WHERE id = $1 AND is_current = 0
        ",
    )
    .bind(id)
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn put(tx: &mut Tx, report: &NewReport<'_>, version: u32) -> Result<i64, StoreError> {
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count() as i64;
    let row = sqlx::query(
        "
        INSERT INTO report (message, campaign, agency, version, received_at, on_time, verdict, is_current, file_name,
                            file_sha256, file_size, form_id, form_version, errors, warnings, counts, answers,
                            confidence, followed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        RETURNING id
        ",
    )
    .bind(report.message)
    .bind(report.campaign.as_str())
    .bind(report.agency.as_str())
    .bind(i64::from(version))
    .bind(micros(report.received_at))
    .bind(i64::from(report.on_time))
    .bind(report.verdict.as_str())
    .bind(report.file_name.map(plain))
    .bind(report.file_sha256)
    .bind(i64::try_from(report.file_size).unwrap_or(i64::MAX))
    .bind(&report.form.id)
    .bind(i64::from(report.form.version))
    .bind(count(Severity::Error))
    .bind(count(Severity::Warning))
    .bind(report.counts.to_string())
    .bind(report.answers.map(|answers| answers.to_json(report.form).to_string()))
    .bind(report.confidence.map(i64::from))
    .bind(report.followed.and_then(|followed| serde_json::to_string(followed).ok()))
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("id")
}

fn agency_state(row: &AnyRow) -> Result<AgencyState, StoreError> {
    let row = Columns(row);
    Ok(AgencyState {
        agency: row.agency("id")?,
        name: row.text("name")?,
        short_name: row.text("short_name")?,
        kind: row.word("kind", Kind::parse)?,
        expected: row.flag("expected")?,
        by_staff: row.word_or_none("state_by_staff", StaffState::parse)?,
        deadline: row.word_or_none("deadline", |text| text.parse().ok())?,
        versions: row.number("versions")?,
        first_received_at: row.time_or_none("first_received_at")?,
        accepted_at: row.time_or_none("accepted_at")?,
        on_time: row.flag_or_none("on_time")?,
        verdict: row.word_or_none("verdict", Verdict::parse)?,
        errors: row.number("errors")?,
        warnings: row.number("warnings")?,
        version: row.number("version")?,
        held: row.number("held")?,
        proved: row.number("proved")?,
    })
}

pub(super) fn report(row: &AnyRow) -> Result<ReportRow, StoreError> {
    let row = Columns(row);
    Ok(ReportRow {
        id: row.number("id")?,
        message: row.number("message")?,
        version: row.number("version")?,
        received_at: row.time("received_at")?,
        on_time: row.flag("on_time")?,
        verdict: row.word("verdict", Verdict::parse)?,
        current: row.flag("is_current")?,
        file_name: row.text_or_none("file_name")?,
        file_sha256: row.text("file_sha256")?,
        file_size: row.number("file_size")?,
        form_id: row.text("form_id")?,
        form_version: row.number("form_version")?,
        errors: row.number("errors")?,
        warnings: row.number("warnings")?,
        counts: row.word("counts", json)?,
        confidence: row.number_or_none("confidence")?,
        followed: row.word_or_none("followed", |text| serde_json::from_str(text).ok())?,
        answers: row.word_or_none("answers", json)?,
    })
}

pub(super) fn json(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        finding::Place,
        form::{
            answers::{Answer, RowAnswers, SectionAnswers, Value},
            declaration::RowName,
        },
        store::{
            again,
            messages::{self, Held, MessageKind, MessageOutcome},
            standing,
            tests::*,
        },
    };
    use serde_json::json;
    use std::{collections::BTreeMap, path::Path};

    on_both! {
        a_report_read_again_takes_its_own_place,
        answers_and_findings_are_kept_with_their_places,
        answers_of_any_number_are_kept_in_order,
        a_version_counts_unless_it_would_displace_an_accepted_one,
        an_agencys_state_joins_its_versions_and_what_is_held,
        a_deadline_that_is_moved_judges_all_but_those_with_a_day_of_their_own,
        ten_thousand_agencies_are_listed_in_a_moment,
    }

    fn form() -> Form {
        let text = r#"
            id = "1552"
            version = 3
            title = "Phụ lục"
            [[sections]]
            id = "contact"
            kind = "fields"
            title = "Đầu mối"
            sheet = "Phụ lục"
            columns = [
                { id = "full_name", label = "Họ và tên", type = "person" },
                { id = "systems", label = "Số hệ thống", type = "number" },
                { id = "phone", label = "Điện thoại", type = "phone" },
            ]
        "#;
        Form::parse(text, Path::new("1552.toml")).unwrap()
    }

    fn answers() -> Answers {
        let place = |col| Some(Place { sheet: "Phụ lục".to_owned(), row: 3, col });
        let cells = BTreeMap::from([
            (
                "full_name".to_owned(),
                Answer {
                    text: "Ông Nguyễn Văn A".to_owned(),
                    value: Some(Value::Text("Nguyễn Văn A".to_owned())),
                    place: place(2),
                },
            ),
            ("systems".to_owned(), Answer { text: "12".to_owned(), value: Some(Value::Number(12.0)), place: place(3) }),
            ("phone".to_owned(), Answer { text: "không\0rõ".to_owned(), value: None, place: None }),
        ]);
        let row = RowAnswers { name: RowName::default(), cells, ..RowAnswers::default() };
        Answers { sections: vec![SectionAnswers { id: "contact".to_owned(), rows: vec![row] }] }
    }

    fn finding_of(severity: Severity) -> Finding {
        Finding {
            code: "phone-invalid".to_owned(),
            severity,
            section: "contact".to_owned(),
            row: None,
            field: Some("phone".to_owned()),
            place: Some(Place { sheet: "Phụ lục".to_owned(), row: 3, col: 4 }),
            found: Some("không rõ".to_owned()),
            arguments: BTreeMap::from([("label".to_owned(), "Điện thoại".to_owned())]),
        }
    }

    async fn record_one(
        store: &Store,
        message: i64,
        agency_id: &str,
        verdict: Verdict,
        received: &str,
        findings: &[Finding],
    ) -> Recorded {
        record_so(store, message, None, agency_id, verdict, received, findings).await
    }

    async fn record_again(
        store: &Store,
        message: i64,
        withdrawn: Option<&Withdrawn>,
        verdict: Verdict,
        received: &str,
    ) -> Recorded {
        record_so(store, message, withdrawn, "ha-noi", verdict, received, &[]).await
    }

    async fn record_so(
        store: &Store,
        message: i64,
        withdrawn: Option<&Withdrawn>,
        agency_id: &str,
        verdict: Verdict,
        received: &str,
        findings: &[Finding],
    ) -> Recorded {
        let (campaign, agency, form, answers) = (campaign(), agency(agency_id), form(), answers());
        let report = NewReport {
            withdrawn,
            received_at: at(received),
            on_time: at(received) <= at("2023-02-28T16:59:59Z"),
            verdict,
            answers: Some(&answers).filter(|_| verdict != Verdict::Unreadable),
            counts: &json!({"rows": 22}),
            findings,
            confidence: Some(100),
            ..report_of(message, &campaign, &agency, &form)
        };
        record_one_report(store, &report).await
    }

    async fn answers_of_any_number_are_kept_in_order(store: Store) {
        with_campaign(&store).await;
        let message = new(&store, &mail("1", b"x")).await;
        let recorded = record_one(&store, message, "ha-noi", Verdict::Accepted, "2023-02-20T01:00:00Z", &[]).await;
        for number in [0, 1, 7, 8, 9, 31, 32, 40, 41, 75] {
            let row = |at: usize| {
                let answer = Answer { text: format!("câu {at}"), value: None, place: None };
                let name = RowName { row: at.to_string(), ..RowName::default() };
                RowAnswers { name, cells: BTreeMap::from([("phone".to_owned(), answer)]), ..RowAnswers::default() }
            };
            let rows = (0..number).map(row).collect();
            let answers = Answers { sections: vec![SectionAnswers { id: "contact".to_owned(), rows }] };
            let mut tx = store.begin().await.unwrap();
            sqlx::query("DELETE FROM answer WHERE report = $1")
                .bind(recorded.id)
                .execute(tx.connection())
                .await
                .unwrap();
            contents::put_answers(&mut tx, recorded.id, Some(&answers)).await.unwrap();
            tx.commit().await.unwrap();
            let kept = sqlx::query("SELECT position, row_name, text FROM answer WHERE report = $1 ORDER BY position")
                .bind(recorded.id)
                .fetch_all(&store.pool)
                .await
                .unwrap();
            assert_eq!(kept.len(), number);
            for (at, row) in kept.iter().map(Columns).enumerate() {
                let place = (row.number::<usize>("position").unwrap(), row.text("row_name").unwrap());
                assert_eq!(place, (at, at.to_string()), "of {number}");
                assert_eq!(row.text("text").unwrap(), format!("câu {at}"));
            }
        }
        store.close().await;
    }

    async fn a_version_counts_unless_it_would_displace_an_accepted_one(store: Store) {
        use Verdict::{Accepted, NeedsCorrection, Unreadable};
        with_campaign(&store).await;
        let message = new(&store, &mail("1", b"x")).await;
        for (verdict, version, current) in [
            (Unreadable, 1, true),
            (NeedsCorrection, 2, true),
            (Accepted, 3, true),
            (NeedsCorrection, 4, false),
            (Unreadable, 5, false),
            (Accepted, 6, true),
        ] {
            let recorded = record_one(&store, message, "ha-noi", verdict, "2023-02-20T01:00:00Z", &[]).await;
            assert_eq!((recorded.version, recorded.current), (version, current));
        }
        let kept = reports_of(&store, &campaign(), &agency("ha-noi")).await.unwrap();
        let current: Vec<u32> = kept.iter().filter(|report| report.current).map(|report| report.version).collect();
        assert_eq!((kept.len(), current), (6, vec![6]));

        // Another agency counts from one.
        let other = record_one(&store, message, "mic", NeedsCorrection, "2023-02-20T01:00:00Z", &[]).await;
        assert_eq!((other.version, other.current), (1, true));
        let mut tx = store.begin().await.unwrap();
        assert_eq!(next_version(&mut tx, &campaign(), &agency("mic")).await.unwrap(), 2);
    }

    async fn a_report_read_again_takes_its_own_place(store: Store) {
        use Verdict::{Accepted, NeedsCorrection};
        with_campaign(&store).await;
        let findings = [finding_of(Severity::Error)];
        let mut messages = Vec::new();
        for (uid, verdict, received) in [
            ("1", NeedsCorrection, "2023-02-20T01:00:00Z"),
            ("2", Accepted, "2023-02-21T01:00:00Z"),
            ("3", Accepted, "2023-02-22T01:00:00Z"),
        ] {
            let message = new(&store, &mail(uid, uid.as_bytes())).await;
            record_one(&store, message, "ha-noi", verdict, received, &findings).await;
            messages.push(message);
        }
        let versions = async || {
            let reports = reports_of(&store, &campaign(), &agency("ha-noi")).await.unwrap();
            reports.iter().map(|report| (report.version, report.verdict, report.current)).collect::<Vec<_>>()
        };
        // The last one is taken back and read again as a worse one: the second counts, nothing else has moved.
        let mut tx = store.begin().await.unwrap();
        let withdrawn = again::withdraw_report(&mut tx, messages[2]).await.unwrap().unwrap();
        assert_eq!((withdrawn.version, &withdrawn.agency), (3, &agency("ha-noi")));
        assert_eq!(again::withdraw_report(&mut tx, messages[2]).await.unwrap(), None);
        tx.commit().await.unwrap();
        assert_eq!(versions().await, [(1, NeedsCorrection, false), (2, Accepted, true)]);
        let recorded =
            record_again(&store, messages[2], Some(&withdrawn), NeedsCorrection, "2023-02-22T01:00:00Z").await;
        assert_eq!((recorded.version, recorded.current), (3, false));
        // The first is read again as a good one: it came before the second, which goes on counting.
        let mut tx = store.begin().await.unwrap();
        let withdrawn = again::withdraw_report(&mut tx, messages[0]).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        let recorded = record_again(&store, messages[0], Some(&withdrawn), Accepted, "2023-02-20T01:00:00Z").await;
        assert_eq!((recorded.version, recorded.current), (1, false));
        assert_eq!(versions().await, [(1, Accepted, false), (2, Accepted, true), (3, NeedsCorrection, false)]);
    }

    async fn answers_and_findings_are_kept_with_their_places(store: Store) {
        with_campaign(&store).await;
        let message = new(&store, &mail("1", b"x")).await;
        let findings = [finding_of(Severity::Error), finding_of(Severity::Warning), finding_of(Severity::Warning)];
        let verdict = Verdict::NeedsCorrection;
        let recorded = record_one(&store, message, "ha-noi", verdict, "2023-02-20T01:00:00Z", &findings).await;

        let kept = reports_of(&store, &campaign(), &agency("ha-noi")).await.unwrap().remove(0);
        assert_eq!((kept.id, kept.message, kept.errors, kept.warnings), (recorded.id, message, 1, 2));
        assert_eq!((kept.form_id.as_str(), kept.form_version, kept.file_size), ("1552", 3, 9000));
        assert_eq!(kept.counts, json!({"rows": 22}));
        assert_eq!(kept.answers, Some(json!({"contact": {"full_name": "Nguyễn Văn A", "systems": 12, "phone": null}})));

        let findings = contents::findings_of(&store, recorded.id).await.unwrap();
        assert_eq!(findings.len(), 3);
        let first = &findings[0];
        assert_eq!((first.severity, first.row.as_deref(), first.cell.as_deref()), (Severity::Error, None, Some("E4")));
        assert_eq!(first.arguments, json!({"label": "Điện thoại"}));

        let rows = sqlx::query("SELECT field, value, text, cell FROM answer WHERE report = $1 ORDER BY position")
            .bind(recorded.id)
            .fetch_all(&store.pool)
            .await
            .unwrap();
        let answers: Vec<_> = rows
            .iter()
            .map(|row| {
                let row = Columns(row);
                (
                    row.text("field").unwrap(),
                    row.text_or_none("value").unwrap(),
                    row.text("text").unwrap(),
                    row.text_or_none("cell").unwrap(),
                )
            })
            .collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            answers,
            [
                (text("full_name"), Some(text("Nguyễn Văn A")), text("Ông Nguyễn Văn A"), Some(text("C4"))),
                (text("phone"), None, text("không\u{fffd}rõ"), None),
                (text("systems"), Some(text("12")), text("12"), Some(text("D4"))),
            ]
        );

        // A file that could not be read has no answers.
        record_one(&store, message, "mic", Verdict::Unreadable, "2023-02-20T01:00:00Z", &[]).await;
        assert_eq!(reports_of(&store, &campaign(), &agency("mic")).await.unwrap()[0].answers, None);
    }

    async fn an_agencys_state_joins_its_versions_and_what_is_held(store: Store) {
        with_campaign(&store).await;
        let message = new(&store, &mail("1", b"x")).await;
        let campaign = campaign();
        let blank = agency_states(&store, &campaign).await.unwrap().remove(0);
        assert_eq!((blank.agency.as_str(), blank.kind, blank.versions, blank.held), ("ha-noi", Kind::Province, 0, 0));
        assert_eq!(
            (blank.first_received_at, blank.accepted_at, blank.on_time, blank.verdict),
            (None, None, None, None)
        );

        let errors = [finding_of(Severity::Error)];
        record_one(&store, message, "ha-noi", Verdict::NeedsCorrection, "2023-02-20T01:00:00Z", &errors).await;
        let ha_noi = agency("ha-noi");
        let held = MessageOutcome {
            agency: Some(&ha_noi),
            campaign: Some(&campaign),
            held: Some(Held::Conflict),
            ..MessageOutcome::of(MessageKind::Report)
        };
        record(&store, message, &held).await;
        let state = agency_states(&store, &campaign).await.unwrap().remove(0);
        assert_eq!((state.versions, state.errors, state.held, state.proved), (1, 1, 1, 1));
        // Whose nobody proves to be an agency's is shown to staff, and keeps nothing from it.
        for (held, evidence, proved) in [
            (Held::UnknownSender, Some("the form names it, a guess"), 0),
            (Held::UnknownSender, Some("our address"), 0),
            (Held::Unauthenticated, Some("domain"), 0),
            (Held::Unauthenticated, Some("the form names it, a guess"), 0),
            (Held::Ambiguous, Some("the form was made for it, a guess"), 0),
            (Held::Ambiguous, Some("address"), 1),
            (Held::Unreadable, None, 1),
        ] {
            let outcome = MessageOutcome {
                agency: Some(&ha_noi),
                campaign: Some(&campaign),
                held: Some(held),
                evidence,
                ..MessageOutcome::of(MessageKind::Report)
            };
            record(&store, message, &outcome).await;
            let state = agency_states(&store, &campaign).await.unwrap().remove(0);
            assert_eq!((state.held, state.proved), (1, proved), "{held:?} {evidence:?}");
            let alone = standing::standing(&store, &campaign, &ha_noi).await.unwrap().unwrap();
            assert_eq!(alone, standing::Standing::from(&state), "{held:?} {evidence:?}");
            // To whichever campaign it belongs, it may be this one.
            record(&store, message, &MessageOutcome { campaign: None, ..outcome }).await;
            let state = agency_states(&store, &campaign).await.unwrap().remove(0);
            assert_eq!((state.held, state.proved), (1, proved), "{held:?} {evidence:?}, of no campaign");
            let alone = standing::standing(&store, &campaign, &ha_noi).await.unwrap().unwrap();
            assert_eq!(alone, standing::Standing::from(&state), "{held:?} {evidence:?}, of no campaign");
            let guessed = evidence.is_some_and(|evidence| evidence.ends_with(GUESS));
            let known = !guessed && held != Held::UnknownSender;
            let row = messages::show(&store, message).await.unwrap().unwrap().row;
            assert_eq!(row.known_agency().is_some(), known, "{held:?} {evidence:?}");
        }
        record(&store, message, &held).await;
        let state = agency_states(&store, &campaign).await.unwrap().remove(0);
        assert_eq!(
            (state.verdict, state.on_time, state.accepted_at),
            (Some(Verdict::NeedsCorrection), Some(true), None)
        );

        // Accepted late, improved later still, and then a version that is worse.
        let warnings = [finding_of(Severity::Warning)];
        record_one(&store, message, "ha-noi", Verdict::Accepted, "2023-03-02T01:00:00Z", &[]).await;
        record_one(&store, message, "ha-noi", Verdict::Accepted, "2023-03-03T01:00:00Z", &warnings).await;
        record_one(&store, message, "ha-noi", Verdict::NeedsCorrection, "2023-03-04T01:00:00Z", &errors).await;
        let state = agency_states(&store, &campaign).await.unwrap().remove(0);
        assert_eq!((state.versions, state.errors, state.warnings), (4, 0, 1));
        assert_eq!((state.verdict, state.on_time), (Some(Verdict::Accepted), Some(false)));
        assert_eq!(state.first_received_at, Some(at("2023-02-20T01:00:00Z")));
        assert_eq!(state.accepted_at, Some(at("2023-03-02T01:00:00Z")));
        let other = CampaignId::parse("other").unwrap();
        assert!(agency_states(&store, &other).await.unwrap().is_empty());
        assert_eq!(messages::count_held(&store, &other).await.unwrap(), 0);
    }

    async fn a_deadline_that_is_moved_judges_all_but_those_with_a_day_of_their_own(store: Store) {
        with_campaign(&store).await;
        let (campaign, registry) = (campaign(), registry("ha-noi,province,UBND TP Hà Nội,Hà Nội,,,,,\n"));
        let message = new(&store, &mail("1", b"x")).await;
        for agency in ["ha-noi", "mic"] {
            record_one(&store, message, agency, Verdict::Accepted, "2023-03-02T01:00:00Z", &[]).await;
        }
        let mut tx = store.begin().await.unwrap();
        crate::store::agencies::extend(&mut tx, &campaign, &agency("mic"), "2023-03-01".parse().ok()).await.unwrap();
        tx.commit().await.unwrap();
        for (deadline, on_time) in [("2023-03-03T16:59:59Z", true), ("2023-03-01T16:59:59Z", false)] {
            assert!(import_until(&store, &registry, deadline).await);
            let states = agency_states(&store, &campaign).await.unwrap();
            let told: Vec<Option<bool>> = states.iter().map(|state| state.on_time).collect();
            assert_eq!(told, [Some(on_time), Some(false)], "{deadline}");
        }
    }

    async fn ten_thousand_agencies_are_listed_in_a_moment(store: Store) {
        let lines: String = (0..10_000).map(|n| format!("agency-{n},province,UBND {n},,,,,,\n")).collect();
        import(&store, &registry(&lines)).await;
        let message = new(&store, &mail("1", b"x")).await;
        sqlx::query(
            "
            INSERT INTO report (message, campaign, agency, version, received_at, on_time, verdict, is_current,
                                file_sha256, file_size, form_id, form_version, errors, warnings, counts, answers)
            SELECT $1, '1552', agency.id, version.n, 1676860200000000 + version.n, 1, 'accepted', version.n / 3,
                   'cc', 9000, '1552', 1, 0, version.n, '{}', $2
            FROM agency
            CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS version
            ",
        )
        .bind(message)
        .bind("x".repeat(2_000))
        .execute(&store.pool)
        .await
        .unwrap();
        // As both databases do for themselves in time.
        sqlx::query("ANALYZE").execute(&store.pool).await.unwrap();
        let begun = std::time::Instant::now();
        let states = agency_states(&store, &campaign()).await.unwrap();
        let took = begun.elapsed();
        assert_eq!(states.len(), 10_000);
        assert!(states.iter().all(|state| state.versions == 3 && state.warnings == 3));
        assert!(took.as_secs() < 5, "{took:?}: an index is missing");
    }
}
