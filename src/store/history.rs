//! What passed between an agency and us, for people who look at it: its messages and our letters, and one report
//! with whose it is. Nothing is decided by it.

use super::{
    Store, StoreError,
    columns::Columns,
    messages::{self, MessageRow},
    outbox::{self, LetterRow},
    reports::{self, ReportRow},
    tables::{self, Written},
};
use crate::{agency::AgencyId, campaign::CampaignId};

/// The messages of an agency in a campaign, or in none that is known, the first one first.
pub async fn messages_of(
    store: &Store,
    campaign: &CampaignId,
    agency: &AgencyId,
) -> Result<Vec<MessageRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, received_at, state, message_id, from_address, subject, agency, evidence, campaign, kind, held,
               verdict
        FROM message
        WHERE agency = $2 AND (campaign = $1 OR campaign IS NULL)
        ORDER BY id
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| messages::message(&Columns(row))).collect()
}

/// The letters to an agency in a campaign, the first one first.
pub async fn letters_of(store: &Store, campaign: &CampaignId, agency: &AgencyId) -> Result<Vec<LetterRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, fact, kind, campaign, agency, message, recipient, envelope_from, subject, message_id, in_reply_to,
               state, attempts, not_before, queued_at, sent_at, last_answer
        FROM letter
        WHERE agency = $2 AND campaign = $1
        ORDER BY id
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(outbox::letter).collect()
}

/// A report, and whose it is.
pub async fn report(store: &Store, id: i64) -> Result<Option<(CampaignId, AgencyId, ReportRow)>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, message, version, received_at, on_time, verdict, is_current, file_name, file_sha256, file_size,
               form_id, form_version, errors, warnings, counts, answers, confidence, followed, campaign, agency
        FROM report
        WHERE id = $1
        ",
    )
    .bind(id)
    .fetch_optional(&store.pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let whose = Columns(&row);
    Ok(Some((whose.campaign("campaign")?, whose.agency("agency")?, reports::report(&row)?)))
}

/// What stood in the cells that an agency's reports in a campaign answer, of every version.
pub async fn written_by(store: &Store, campaign: &CampaignId, agency: &AgencyId) -> Result<Vec<Written>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT answer.report, answer.section, answer.row_name, answer.field, answer.text
        FROM report
        JOIN answer ON answer.report = report.id
        WHERE report.campaign = $1 AND report.agency = $2 AND answer.value IS NOT NULL
        ORDER BY answer.report, answer.position
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(tables::written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        form::{
            answers::{Answer, Answers, RowAnswers, SectionAnswers, Value},
            declaration::RowName,
            followed::{Followed, Spot},
        },
        store::{
            messages::{Held, MessageKind, MessageOutcome},
            outbox::{LetterKind, NewLetter},
            reports::{NewReport, Verdict},
            tests::*,
        },
    };
    use std::collections::BTreeMap;

    on_both! {
        a_history_holds_what_is_of_the_agency_and_campaign_or_of_no_campaign,
        letters_are_of_one_agency_in_one_campaign,
        a_report_comes_with_whose_it_is,
        the_words_of_every_version_are_there,
    }

    async fn a_history_holds_what_is_of_the_agency_and_campaign_or_of_no_campaign(store: Store) {
        with_campaign(&store).await;
        let (campaign, ha_noi, mic) = (campaign(), agency("ha-noi"), agency("mic"));
        assert_eq!(super::messages_of(&store, &campaign, &ha_noi).await.unwrap(), []);
        // (whose, of which campaign, kind, why it waits)
        for (number, (whose, of, kind, held)) in [
            (Some(&ha_noi), Some(&campaign), MessageKind::Report, None),
            (Some(&mic), Some(&campaign), MessageKind::Report, None),
            (Some(&ha_noi), None, MessageKind::Question, Some(Held::Ambiguous)),
            (None, Some(&campaign), MessageKind::Question, Some(Held::UnknownSender)),
            (Some(&ha_noi), Some(&campaign), MessageKind::Automatic, None),
        ]
        .into_iter()
        .enumerate()
        {
            let uid = number.to_string();
            let id = new(&store, &mail(&uid, uid.as_bytes())).await;
            let outcome = MessageOutcome {
                agency: whose,
                campaign: of,
                held,
                subject: Some("Báo cáo"),
                from_address: Some("a@hanoi.example"),
                ..MessageOutcome::of(kind)
            };
            record(&store, id, &outcome).await;
        }
        // One that waits to be read is nobody's yet.
        new(&store, &mail("waits", b"waits")).await;
        let told = |rows: Vec<MessageRow>| -> Vec<(i64, &'static str, Option<&'static str>)> {
            let kind = |row: &MessageRow| row.kind.map_or("", MessageKind::as_str);
            rows.iter().map(|row| (row.id, kind(row), row.held.map(Held::as_str))).collect()
        };
        let of_ha_noi = super::messages_of(&store, &campaign, &ha_noi).await.unwrap();
        assert_eq!(of_ha_noi[0].subject.as_deref(), Some("Báo cáo"));
        assert_eq!(of_ha_noi[0].from_address.as_deref(), Some("a@hanoi.example"));
        assert_eq!(told(of_ha_noi), [(1, "report", None), (3, "question", Some("ambiguous")), (5, "automatic", None)]);
        assert_eq!(told(super::messages_of(&store, &campaign, &mic).await.unwrap()), [(2, "report", None)]);
        let other = CampaignId::parse("thang").unwrap();
        assert_eq!(
            told(super::messages_of(&store, &other, &ha_noi).await.unwrap()),
            [(3, "question", Some("ambiguous"))]
        );
    }

    async fn letters_are_of_one_agency_in_one_campaign(store: Store) {
        with_campaign(&store).await;
        let (campaign, ha_noi, mic) = (campaign(), agency("ha-noi"), agency("mic"));
        for (fact, kind, campaign, agency) in [
            ("message:1:receipt", LetterKind::Receipt, Some(&campaign), Some(&ha_noi)),
            ("message:2:receipt", LetterKind::Receipt, Some(&campaign), Some(&mic)),
            ("digest:1", LetterKind::Digest, Some(&campaign), None),
            ("alert:1", LetterKind::Alert, None, None),
            ("reminder:1552:-2:ha-noi", LetterKind::Reminder, Some(&campaign), Some(&ha_noi)),
        ] {
            queue_one(&store, NewLetter { kind, campaign, agency, ..receipt(fact) }).await;
        }
        let letters = letters_of(&store, &campaign, &ha_noi).await.unwrap();
        let facts: Vec<&str> = letters.iter().map(|letter| letter.fact.as_str()).collect();
        assert_eq!(facts, ["message:1:receipt", "reminder:1552:-2:ha-noi"]);
        assert_eq!((letters[0].recipient.as_str(), letters[0].kind), ("a@hanoi.example", LetterKind::Receipt));
        assert_eq!(letters_of(&store, &campaign, &mic).await.unwrap().len(), 1);
        assert_eq!(letters_of(&store, &CampaignId::parse("thang").unwrap(), &ha_noi).await.unwrap(), []);
    }

    async fn a_report_comes_with_whose_it_is(store: Store) {
        with_campaign(&store).await;
        let (campaign, mic) = (campaign(), agency("mic"));
        let form = form();
        let message = new(&store, &mail("1", b"x")).await;
        let spot = Spot { section: "status".to_owned(), row: Some("1.2".to_owned()), field: Some("note".to_owned()) };
        let followed = Followed { version: 1, changed: vec![spot], ..Followed::default() };
        for (followed, version) in [(None, 1), (Some(&followed), 2)] {
            let new = NewReport { followed, ..report_of(message, &campaign, &mic, &form) };
            let recorded = record_one_report(&store, &new).await;
            let (whose_campaign, whose, kept) = report(&store, recorded.id).await.unwrap().unwrap();
            assert_eq!((whose_campaign, whose), (campaign.clone(), mic.clone()));
            assert_eq!((kept.id, kept.message, kept.version), (recorded.id, message, version));
            assert_eq!((kept.verdict, kept.answers.as_ref()), (Verdict::Unreadable, None));
            assert_eq!((kept.followed.as_ref(), kept.file_name.as_deref()), (followed, Some("Phụ lục.xlsx")));
            // It is the row that the agency's list has.
            let listed = reports::reports_of(&store, &campaign, &mic).await.unwrap();
            assert_eq!(listed.iter().find(|row| row.id == recorded.id), Some(&kept));
        }
        assert!(report(&store, 99).await.unwrap().is_none() && report(&store, -1).await.unwrap().is_none());
    }

    async fn the_words_of_every_version_are_there(store: Store) {
        with_campaign(&store).await;
        let (campaign, mic) = (campaign(), agency("mic"));
        let form = form();
        let message = new(&store, &mail("1", b"x")).await;
        let mut expected = Vec::new();
        for text in ["Khác: chờ thẩm định", "Khác: chờ vốn"] {
            let other = Value::Choice { code: "other".to_owned(), rest: String::new() };
            let answer = |value| Answer { text: text.to_owned(), value, place: None };
            let cells = [("investment", answer(Some(other))), ("due", answer(None))];
            let cells: BTreeMap<String, Answer> = cells.map(|(id, answer)| (id.to_owned(), answer)).into();
            let name = RowName { row: "1.2".to_owned(), ..RowName::default() };
            let rows = vec![RowAnswers { name, cells, ..RowAnswers::default() }];
            let answers = Answers { sections: vec![SectionAnswers { id: "status".to_owned(), rows }] };
            let blank = report_of(message, &campaign, &mic, &form);
            let new = NewReport { verdict: Verdict::Accepted, answers: Some(&answers), ..blank };
            let report = record_one_report(&store, &new).await.id;
            // What was not understood has no option that could ask for words.
            let [section, row, field] = ["status", "1.2", "investment"].map(str::to_owned);
            expected.push(Written { report, section, row, field, text: text.to_owned() });
        }
        assert_eq!(written_by(&store, &campaign, &mic).await.unwrap(), expected);
        assert_eq!(written_by(&store, &campaign, &agency("ha-noi")).await.unwrap(), []);
    }
}
