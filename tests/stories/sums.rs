//! The sums are right: over random histories of reports and of staff's decisions, `status`, the digest, the
//! consolidated tables and the views of the database tell what a plain model of the campaign tells.

use crate::story::{Office, Story};
use jiff::{SignedDuration, Timestamp};
use phuluc::{
    agency::AgencyId,
    clock::Clock,
    duty::{
        digest,
        obligation::{self, Act},
        tabulate,
    },
    progress::Counts,
    store::{
        audit::Who,
        messages::{self, Kept, KeptMail},
        reports::{self, NewReport, Verdict},
    },
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value as Json, json};
use sqlx::{Connection, Row};

/// Three ministries and five provinces.
const AGENCIES: &[&str] =
    &["bo-y-te", "bo-xay-dung", "bo-cong-an", "ha-nam", "nghe-an", "can-tho", "da-nang", "lao-cai"];
const STAFF: Who = Who { actor: "cli:can-bo", why: None };
const MINUTE: i64 = 60;
/// Minutes from the opening to an end well behind the deadline.
const SPAN: i64 = 20 * 24 * 60;

/// What happens to one agency.
#[derive(Debug, Clone)]
enum Event {
    /// A version that came so many minutes after the opening. Versions are recorded in another order than they came
    /// in, as they are when staff release one late.
    Report(i64, Verdict),
    Exempt(bool),
    Paper(bool),
    Expect(bool),
    /// So many days after the campaign's deadline, or before it.
    Extend(Option<i64>),
}

/// An agency as a person with a sheet of paper would keep it.
#[derive(Debug, Clone, Default)]
struct Model {
    unexpected: bool,
    exempt: bool,
    paper: bool,
    deadline: Option<Timestamp>,
    /// When each version came, and whether it was accepted, needs correction or could not be read.
    versions: Vec<(Timestamp, Verdict)>,
}

impl Model {
    fn accepted(&self) -> impl Iterator<Item = Timestamp> {
        self.versions.iter().filter(|(_, verdict)| *verdict == Verdict::Accepted).map(|(at, _)| *at)
    }

    /// The version that counts where none is accepted: the one that came last.
    fn last(&self) -> Option<Verdict> {
        let numbered = self.versions.iter().enumerate();
        numbered.max_by_key(|(number, (at, _))| (*at, *number)).map(|(_, (_, verdict))| *verdict)
    }

    fn state(&self) -> &'static str {
        match self.accepted().next() {
            _ if self.exempt => "exempt",
            Some(_) => "accepted",
            None if self.paper => "paper",
            None if self.last() == Some(Verdict::NeedsCorrection) => "needs_correction",
            None => "not_received",
        }
    }

    fn counts(&self, deadline: Timestamp, now: Timestamp) -> Counts {
        if self.unexpected {
            return Counts::default();
        }
        let deadline = self.deadline.unwrap_or(deadline);
        let state = self.state();
        let is = |name| u32::from(state == name);
        let in_time = self.accepted().min().is_some_and(|first| first <= deadline);
        let owes = matches!(state, "needs_correction" | "not_received");
        Counts {
            expected: 1,
            received: u32::from(!self.versions.is_empty() || state == "paper"),
            accepted: is("accepted"),
            needs_correction: is("needs_correction"),
            not_received: is("not_received"),
            // What came here was a report each time.
            unreadable: 0,
            on_time: if in_time { is("accepted") } else { 0 },
            late: if in_time { 0 } else { is("accepted") },
            overdue: u32::from(owes && now > deadline),
            exempt: is("exempt"),
            paper: is("paper"),
            unreachable: 0,
            held: 0,
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let verdict = prop_oneof![
        3 => Just(Verdict::Accepted),
        3 => Just(Verdict::NeedsCorrection),
        1 => Just(Verdict::Unreadable),
    ];
    prop_oneof![
        6 => (0..SPAN, verdict).prop_map(|(at, verdict)| Event::Report(at, verdict)),
        1 => any::<bool>().prop_map(Event::Exempt),
        1 => any::<bool>().prop_map(Event::Paper),
        1 => any::<bool>().prop_map(Event::Expect),
        1 => proptest::option::of(-6_i64..10).prop_map(Event::Extend),
    ]
}

/// Agency by agency, in the order in which things are recorded, and when it is asked.
fn history() -> impl Strategy<Value = (Vec<(usize, Event)>, i64)> {
    (proptest::collection::vec((0..AGENCIES.len(), event()), 0..30), 0..SPAN)
}

async fn record(story: &Story, number: usize, agency: &AgencyId, at: Timestamp, on_time: bool, verdict: Verdict) {
    let campaign = story.campaign();
    let uid = number.to_string();
    let mail = KeptMail {
        folder: "INBOX",
        validity: 1,
        uid: &uid,
        raw: uid.as_bytes(),
        sha256: &uid,
        size: 1,
        received_at: at,
    };
    let mut tx = story.desk.store.begin().await.unwrap();
    let (Kept::New(message) | Kept::Known(message)) = messages::keep(&mut tx, &mail, at).await.unwrap();
    let report = NewReport {
        message,
        withdrawn: None,
        campaign: &campaign.id,
        agency,
        received_at: at,
        on_time,
        verdict,
        file_name: None,
        file_sha256: &uid,
        file_size: 1,
        form: &campaign.form,
        answers: None,
        counts: &json!({}),
        findings: &[],
        confidence: None,
        followed: None,
    };
    reports::record_report(&mut tx, &report).await.unwrap();
    tx.commit().await.unwrap();
}

/// Lets it happen, in the office and in the model; the clock then stands where it is asked.
async fn play(story: &mut Story, history: &[(usize, Event)], asked: i64) -> Vec<Model> {
    let campaign = story.campaign();
    let opening: Timestamp = "2023-02-15T00:00:00+07:00".parse().unwrap();
    let after = |minutes: i64| opening + SignedDuration::from_secs(minutes * MINUTE);
    let mut models = vec![Model::default(); AGENCIES.len()];
    for (number, (at, event)) in history.iter().enumerate() {
        let (agency, model) = (AgencyId::parse(AGENCIES[*at]).unwrap(), &mut models[*at]);
        let act = match event {
            Event::Report(minutes, verdict) => {
                let came = after(*minutes);
                let on_time = came <= model.deadline.unwrap_or(campaign.deadline_at);
                record(story, number, &agency, came, on_time, *verdict).await;
                model.versions.push((came, *verdict));
                continue;
            }
            Event::Exempt(exempt) => {
                // The two are one field: who decides the one takes the other back.
                (model.exempt, model.paper) = (*exempt, false);
                Act::Exempt(*exempt)
            }
            Event::Paper(paper) => {
                (model.exempt, model.paper) = (false, *paper);
                Act::Paper(paper.then_some((None, None)))
            }
            Event::Expect(expected) => {
                model.unexpected = !expected;
                Act::Expect(*expected)
            }
            Event::Extend(days) => {
                let last = campaign.deadline_day_of(None);
                let day = days.map(|days| last.checked_add(jiff::Span::new().days(days)).unwrap());
                let counted = day.map(|day| campaign.campaign.rolled_over(day, &campaign.calendar));
                // The last second of the day, in the office's zone.
                model.deadline = counted.map(|day| format!("{day}T23:59:59+07:00").parse().unwrap());
                Act::Extend(day)
            }
        };
        obligation::decide(&story.desk, &campaign, &agency, &act, STAFF).await.unwrap();
    }
    story.desk.clock = Clock::Fixed(after(asked));
    models
}

/// The sums of some of the agencies.
fn sum<'a>(models: impl Iterator<Item = &'a Model>, deadline: Timestamp, now: Timestamp) -> Counts {
    models.fold(Counts::default(), |mut sum, model| {
        sum += model.counts(deadline, now);
        sum
    })
}

/// That no sum is more than the whole it is a part of.
fn holds_together(counts: Counts) {
    let Counts { expected, received, accepted, needs_correction, not_received, .. } = counts;
    let Counts { on_time, late, overdue, exempt, paper, unreachable, .. } = counts;
    assert_eq!(expected, accepted + needs_correction + not_received + paper + exempt + unreachable, "{counts:?}");
    assert_eq!(accepted, on_time + late, "{counts:?}");
    assert!(received <= expected && accepted + needs_correction + paper <= received, "{counts:?}");
    assert!(overdue <= needs_correction + not_received + unreachable, "{counts:?}");
}

/// What a digest, or a line of the overview, tells of these sums.
fn told(counts: Counts) -> Json {
    let mut told = serde_json::to_value(counts).unwrap();
    told.as_object_mut().unwrap().retain(|key, _| key != "held" && key != "unreachable");
    told
}

/// The members of `of` that `told` has.
fn same_members(of: &Json, told: &Json) -> Json {
    let members = told.as_object().unwrap().keys().map(|key| (key.clone(), of[key].clone()));
    Json::Object(members.collect())
}

async fn all_tell(story: &Story, models: &[Model]) {
    let (campaign, now) = (story.campaign(), story.desk.clock.now());
    let deadline = campaign.deadline_at;
    let all = sum(models.iter(), deadline, now);
    holds_together(all);
    let (ministries, provinces) = models.split_at(3);
    let groups = [ministries, provinces].map(|group| sum(group.iter(), deadline, now));

    let progress = story.progress().await;
    assert_eq!(progress.counts, all, "status");
    for (id, model) in AGENCIES.iter().zip(models) {
        let Some(told) = progress.agencies.iter().find(|one| one.agency == *id) else {
            assert!(model.unexpected && model.versions.is_empty(), "{id} is not listed");
            continue;
        };
        assert_eq!((told.state.as_str(), told.versions as usize), (model.state(), model.versions.len()), "{id}");
        let time = |at: &Option<String>| at.as_deref().map(|at| at.parse::<Timestamp>().unwrap());
        assert_eq!(time(&told.accepted_at), model.accepted().min(), "{id}");
        assert_eq!(time(&told.first_received_at), model.versions.iter().map(|(at, _)| *at).min(), "{id}");
    }

    let digest = digest::gather(&story.desk, &campaign).await.unwrap();
    let counts = serde_json::to_value(&digest.facts.counts).unwrap();
    assert_eq!(same_members(&counts, &told(all)), told(all), "digest");
    let mut of_groups = Counts::default();
    for (group, sums) in digest.facts.groups.iter().zip(groups) {
        let counts = serde_json::to_value(&group.counts).unwrap();
        assert_eq!(same_members(&counts, &told(sums)), told(sums), "{}", group.label);
        let bar: u32 = group.bar.iter().map(|part| part.percent).sum();
        assert_eq!(bar, if sums.expected == 0 { 0 } else { 100 }, "{}", group.label);
        assert_eq!(group.missing.len() as u32 + group.missing_more, sums.not_received, "{}", group.label);
        of_groups += sums;
    }
    assert_eq!(of_groups, all, "the groups are everybody");
    assert_eq!(digest.facts.correcting.len() as u32 + digest.facts.correcting_more, all.needs_correction);

    let gathered = tabulate::gather(&story.desk, &campaign).await.unwrap();
    let book = crate::tables::as_json(&gathered.national(&story.desk, &campaign));
    for (line, sums) in book["overview"]["progress"].as_array().unwrap().iter().zip(groups) {
        assert_eq!(same_members(line, &told(sums)), told(sums), "overview {line}");
        let share = line["received_share"].as_f64().unwrap_or_default();
        assert!((0.0..=1.0).contains(&share), "{line}");
    }
    let lines = book["tables"]["timeliness"].as_array().unwrap();
    let expected = |line: &&Json| {
        let at = AGENCIES.iter().position(|id| line["agency"] == *id).unwrap();
        !models[at].unexpected
    };
    let number = |key: &str, code: &str| lines.iter().filter(expected).filter(|line| line[key] == code).count() as u32;
    assert_eq!((number("timing", "on_time"), number("timing", "late")), (all.on_time, all.late), "timeliness");
    assert_eq!(number("timing", "overdue"), all.overdue, "timeliness");
    assert_eq!(number("state", "paper"), all.paper, "timeliness");

    let mut database = story.database().await;
    let rows = sqlx::query(
        "SELECT agency, state, versions, COALESCE(on_time, 2) AS on_time FROM view_progress
         WHERE campaign = '1552' AND expected = 1",
    )
    .fetch_all(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    let in_state = |state: &str| rows.iter().filter(|row| row.get::<&str, _>("state") == state).count() as u32;
    let accepted = |on_time: i64| {
        let is = |row: &&sqlx::any::AnyRow| row.get::<&str, _>("state") == "accepted";
        rows.iter().filter(is).filter(|row| row.get::<i64, _>("on_time") == on_time).count() as u32
    };
    assert_eq!(rows.len() as u32, all.expected, "view");
    let states = ["accepted", "needs_correction", "not_received", "paper", "exempt"].map(in_state);
    assert_eq!(states, [all.accepted, all.needs_correction, all.not_received, all.paper, all.exempt], "view");
    assert_eq!((accepted(1), accepted(0)), (all.on_time, all.late), "view");
}

#[test]
fn status_digest_export_and_views_agree_with_a_plain_model() {
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    // The same histories each time, so that what fails here fails everywhere.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runner.run(&history(), |(history, asked)| {
        runtime.block_on(async {
            let office = Office { only: AGENCIES, ..Office::default() };
            let mut story = Story::begin_with(office).await;
            let models = play(&mut story, &history, asked).await;
            all_tell(&story, &models).await;
            story.desk.store.close().await;
        });
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn a_report_that_came_in_time_and_is_released_late_is_in_time() {
    let mut story = Story::begin_with(Office { only: AGENCIES, ..Office::default() }).await;
    // The second one came after the deadline and was recorded first; then staff release what had come before.
    let day = 24 * 60;
    let history = [(3, Event::Report(15 * day, Verdict::Accepted)), (3, Event::Report(2 * day, Verdict::Accepted))];
    let models = play(&mut story, &history, 16 * day).await;
    let counts = story.progress().await.counts;
    assert_eq!((counts.accepted, counts.on_time, counts.late), (1, 1, 0));
    all_tell(&story, &models).await;
    story.desk.store.close().await;
}
