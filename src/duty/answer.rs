//! The answer to a message: its attachment is written beforehand, then report and letter are recorded in the transaction
//! of the outcome, within the limits that keep two machines from answering each other for ever.

mod facts;

pub use facts::kept_documents;

use super::{
    Desk, acquaint, alert,
    decide::{Decision, Report, Settled},
    form as forms, limits,
    post::Draft,
};
use crate::{
    agency::Agency,
    attachment::{self, Attachment},
    finding::{Finding, Severity},
    form::{
        confidence,
        followed::{self, Asked, Followed, Spot},
    },
    letter::{
        self, LetterKind,
        compose::{Answering, File},
        context::{
            AgencyFacts, CampaignFacts, Context, FileFacts, Moment, OfficeFacts, Previous, ReportFacts, date, size,
        },
    },
    message::Mail,
    setup::OpenCampaign,
    store::{
        StoreError, Tx, addresses,
        again::Mistaken,
        contents,
        messages::{Held, MessageKind},
        outbox,
        reports::{self, NewReport, Recorded, ReportRow, Verdict, Withdrawn},
        standing::{self, Basis},
    },
};
use anyhow::Context as _;
use serde_json::{Value as Json, json};

/// The files that go with the letter: the report on our own form with its cells marked, or the blank form.
pub fn files(desk: &Desk, decision: &Decision) -> anyhow::Result<Vec<File>> {
    let (Some((kind, _)), Some(campaign), Some(agency)) = (&decision.letter, &decision.campaign, &decision.agency)
    else {
        return Ok(Vec::new());
    };
    let report = match (kind, &decision.report) {
        (LetterKind::Receipt | LetterKind::ReceiptRemarks | LetterKind::Neutral | LetterKind::Question, _) => {
            return Ok(Vec::new());
        }
        (LetterKind::Correction, Some(report)) => Some(report),
        _ => None,
    };
    Ok(vec![forms::attached(desk, campaign, agency, report)?])
}

/// What a message's report is judged by, beside the mail itself; none where it is nobody's report.
pub async fn basis(desk: &Desk, id: i64, decision: &Decision) -> Result<Option<Basis>, StoreError> {
    let (Some(campaign), Some(agency)) = (&decision.campaign, &decision.agency) else { return Ok(None) };
    standing::basis(&desk.store, &campaign.id, &agency.id, id).await.map(Some)
}

/// Another report of the agency was recorded, or its last day changed, since a message was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what message {0} was judged by has changed meanwhile; do it once more")]
pub struct Overtaken(i64);

/// What is to be recorded of a message beside its outcome.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The message.
    pub id: i64,
    pub mail: &'a Mail,
    pub decision: &'a Decision,
    pub files: &'a [File],
    /// What it was judged by.
    pub basis: Option<&'a Basis>,
    /// Whether staff closed the campaign.
    pub closed: bool,
    /// The version that counted before.
    pub previous: Option<&'a ReportRow>,
    /// What that one was asked for.
    pub asked: &'a [Asked],
    /// What this message's report was before it was read again.
    pub withdrawn: Option<&'a Withdrawn>,
    /// Letters that answered it as another agency's.
    pub mistaken: &'a [Mistaken],
}

/// What became of the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The letter that was queued.
    pub letter: Option<(i64, LetterKind)>,
    /// The limit that kept the message from being answered.
    pub limit: Option<String>,
}

/// The version of the agency's report that counts, of another message than this.
pub async fn previous(desk: &Desk, id: i64, decision: &Decision) -> anyhow::Result<Option<ReportRow>> {
    let (Some(campaign), Some(agency)) = (&decision.campaign, &decision.agency) else { return Ok(None) };
    let versions = reports::reports_of(&desk.store, &campaign.id, &agency.id).await?;
    Ok(versions.into_iter().find(|version| version.current && version.message != id))
}

/// What a version was asked for.
pub async fn asked(desk: &Desk, previous: Option<&ReportRow>) -> anyhow::Result<Vec<Asked>> {
    let Some(previous) = previous else { return Ok(Vec::new()) };
    let findings = contents::findings_of(&desk.store, previous.id).await?;
    let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    Ok(errors
        .map(|finding| Asked {
            code: finding.code,
            spot: Spot { section: finding.section, row: finding.row, field: finding.field },
        })
        .collect())
}

impl Answer<'_> {
    /// What the report changes, beside the version that counted before; none where there is none to compare.
    fn followed(&self) -> Option<Followed> {
        let (report, campaign) = (self.decision.report.as_ref()?, self.decision.campaign.as_ref()?);
        let previous = self.previous.filter(|previous| previous.received_at <= self.decision.received_at)?;
        let (form, before) = (&campaign.form, previous.answers.as_ref()?);
        Some(followed::compare(form, previous.version, before, self.asked, &report.answers, &report.findings))
    }
}

/// Records the report of a message and queues its answer, unless what it was judged by is no longer so.
pub async fn record(desk: &Desk, tx: &mut Tx, new: &Answer<'_>) -> anyhow::Result<Answered> {
    let Decision { report, campaign, agency, .. } = new.decision;
    if let (Some(basis), Some(campaign), Some(agency)) = (new.basis, campaign, agency)
        && standing::basis_held(tx, &campaign.id, &agency.id, new.id).await? != *basis
    {
        return Err(Overtaken(new.id).into());
    }
    let recorded = match (report, campaign, agency) {
        (Some(report), Some(campaign), Some(agency)) => Some(record_report(tx, new, report, campaign, agency).await?),
        _ => None,
    };
    if new.decision.held.as_ref().is_some_and(|(held, _)| *held == Held::Classified) {
        let reason = alert::Reason::Classified { since: new.decision.received_at, message: new.id };
        alert::raise(desk, tx, &format!("classified:{}", new.id), reason).await?;
    }
    acquaint::meet(tx, new.mail, new.decision, desk.clock.now()).await?;
    queue_answer(desk, tx, new, recorded).await
}

async fn record_report(
    tx: &mut Tx,
    answer: &Answer<'_>,
    report: &Report,
    campaign: &OpenCampaign,
    agency: &Agency,
) -> anyhow::Result<Recorded> {
    let Answer { id, mail, decision, withdrawn, .. } = *answer;
    let file = &mail.attachments[report.file];
    let followed = answer.followed();
    let new = NewReport {
        message: id,
        withdrawn,
        campaign: &campaign.id,
        agency: &agency.id,
        received_at: decision.received_at,
        on_time: decision.received_at <= campaign.deadline_at,
        verdict: if report.accepted() { Verdict::Accepted } else { Verdict::NeedsCorrection },
        file_name: Some(&file.name),
        file_sha256: &file.sha256,
        file_size: file.bytes.len() as u64,
        form: &campaign.form,
        answers: Some(&report.answers),
        counts: &counts(campaign, agency, report),
        findings: &report.findings,
        confidence: Some(confidence::percent(&report.answers, &report.findings)),
        followed: followed.as_ref(),
    };
    Ok(reports::record_report(tx, &new).await?)
}

/// How many rows gave which answer, as the tables of staff need it.
fn counts(campaign: &OpenCampaign, agency: &Agency, report: &Report) -> Json {
    let tallies = letter::counts(&campaign.form, &report.answers);
    let (items, answered) = letter::answered(&campaign.form, &report.answers, &campaign.circumstances(Some(agency)));
    json!({"items": items, "answered": answered, "choices": tallies})
}

async fn queue_answer(
    desk: &Desk,
    tx: &mut Tx,
    new: &Answer<'_>,
    recorded: Option<Recorded>,
) -> anyhow::Result<Answered> {
    let Answer { id, mail, decision, files, .. } = *new;
    let (Some((kind, to)), Some(agency)) = (&decision.letter, &decision.agency) else {
        return Ok(Answered::default());
    };
    let campaign = decision.campaign.as_ref();
    // Only that the mail came can be told without a campaign.
    if campaign.is_none() && *kind != LetterKind::Neutral {
        return Ok(Answered::default());
    }
    let now = desk.clock.now();
    // Reserved first: on a shared database the row lock makes counting below free of races.
    let letter_id = outbox::reserve_letter_id(tx).await?;
    if let Some(block) = addresses::blocked(tx, to, now).await? {
        let limit = format!("H7: the address is blocked until {}: {}", block.until, block.reason);
        return Ok(Answered { limit: Some(limit), letter: None });
    }
    if !may_follow(&answers_to(tx, id).await?, fact_of(*kind)) {
        return Ok(Answered::default());
    }
    let said = attachment::sha256(
        format!("{}\n{}\n{}", kind.as_str(), agency.id, what_was_read(mail, decision, to)).as_bytes(),
    );
    let campaign_id = campaign.map(|campaign| &campaign.id);
    if let Some(limit) = limits::reached(desk, tx, campaign_id, agency, &said).await? {
        tracing::warn!(mail = id, agency = %agency.id, limit, "no answer is sent");
        return Ok(Answered { limit: Some(limit), letter: None });
    }
    let context = match campaign {
        Some(campaign) => context(desk, new, campaign, agency, recorded),
        None => facts::without_campaign(desk, decision, agency),
    };
    let letter = desk.setup.letters.render(*kind, &context).context("a letter cannot be rendered")?;
    let draft = Draft {
        id: letter_id,
        kind: (*kind).into(),
        fact: &fact(id, *kind),
        to,
        letter: &letter,
        files,
        campaign: campaign_id,
        agency: Some(&agency.id),
        message: Some(id),
        in_reply_to: mail.message_id.as_deref(),
        references: &mail.references,
        answering: Answering::Replied,
        said_sha256: &said,
        not_before: now,
    };
    let queued = draft.queue(desk, tx).await?;
    Ok(Answered { letter: queued.map(|id| (id, *kind)), limit: None })
}

/// How the facts begin that answers to this message tell.
fn prefix(id: i64) -> String {
    format!("answer:message:{id}:")
}

/// The fact that an answer of a kind to a message tells.
pub fn fact(id: i64, kind: LetterKind) -> String {
    format!("{}{}", prefix(id), fact_of(kind))
}

/// What an answer tells its message's sender; each is told once for each message, however often that is read.
fn fact_of(kind: LetterKind) -> &'static str {
    match kind {
        LetterKind::Neutral => "neutral",
        // It tells of no report that this message brought.
        LetterKind::Kept => "kept",
        kind => outbox::LetterKind::from(kind).as_str(),
    }
}

/// What the sender of this message was told already.
async fn answers_to(tx: &mut Tx, id: i64) -> anyhow::Result<Vec<String>> {
    let facts = outbox::facts_of(tx, id).await?;
    // A letter that went to another address, since the first does not work, told the same.
    let told = facts.iter().filter_map(|fact| fact.strip_prefix(&prefix(id)));
    Ok(told.filter_map(|fact| fact.split(outbox::AGAIN_FACT).next()).map(str::to_owned).collect())
}

/// Whether a message read again may still be answered so: nothing is told twice, and who was told more than that
/// the mail came is not told less.
fn may_follow(told: &[String], fact: &str) -> bool {
    let weight = |fact: &str| match fact {
        "neutral" | "kept" => 0,
        "unreadable" => 1,
        _ => 2,
    };
    told.iter().all(|told| told != fact && weight(told) <= weight(fact))
}

/// What an answer depends on, so that the same answer to the same file is known again.
fn what_was_read(mail: &Mail, decision: &Decision, to: &str) -> String {
    if decision.held.as_ref().is_some_and(|(held, _)| *held != Held::Unreadable) {
        // Whoever pretends to be an agency makes it get one short letter a day, and no more.
        return "held".to_owned();
    }
    // Each who reports is answered; but a machine that asks from ever new addresses is not.
    let to = if decision.kind == MessageKind::Report { to.to_lowercase() } else { String::new() };
    let read = match &decision.report {
        Some(report) => {
            // The same file reads otherwise beside others, and so does its answer.
            let others = report.others.iter().filter(|other| other.used).map(|other| other.name.clone());
            let said = report.findings.iter().map(|Finding { code, section, row, field, .. }| {
                let words = [Some(code), Some(section), row.as_ref(), field.as_ref()];
                words.map(|word| word.map_or("", String::as_str)).join(" ")
            });
            let file = mail.attachments[report.file].sha256.clone();
            std::iter::once(file).chain(others).chain(said).collect::<Vec<_>>().join("\n")
        }
        None => {
            let size = decision.oversize.map(|size| size.to_string());
            let files = mail.attachments.iter().map(|file| file.sha256.as_str());
            files.chain(size.as_deref()).collect::<Vec<_>>().join(" ")
        }
    };
    format!("{to}\n{read}")
}

fn context(
    desk: &Desk,
    new: &Answer<'_>,
    campaign: &OpenCampaign,
    agency: &Agency,
    recorded: Option<Recorded>,
) -> Context {
    let Answer { id, mail, decision, files, previous, mistaken, .. } = *new;
    let setup = &desk.setup;
    let deadline = campaign.last_day();
    let code = format!("{}-{}-{id}", campaign.id, agency.id);
    let mut context = Context {
        office: OfficeFacts::new(&campaign.office),
        campaign: CampaignFacts::new(&campaign.campaign, deadline),
        agency: AgencyFacts::new(agency),
        report: report_facts(desk, mail, decision, campaign),
        attachments: files.iter().map(|file| file.name.clone()).collect(),
        thread: format!("#{code}"),
        ..Context::default()
    };
    context.report.code = code;
    if let Some(recorded) = recorded {
        context.report.version = recorded.version;
        // What came later is none that it could replace.
        let before = previous.filter(|row| row.received_at <= decision.received_at);
        context.report.previous = before.map(|row| {
            let accepted = row.verdict == Verdict::Accepted;
            let replaced = !accepted || decision.report.as_ref().is_some_and(Report::accepted);
            Previous { at: Moment::new(row.received_at, &setup.zone), accepted, replaced }
        });
    }
    context.report.followed = new.followed().map(|followed| facts::followed_facts(campaign, &followed));
    if let Some(report) = &decision.report {
        let group = |severity| letter::group(&setup.letters, &campaign.form, &report.findings, severity);
        context.groups = group(Severity::Error);
        context.remarks = group(Severity::Warning);
    }
    let today = desk.today();
    let due = campaign.calendar.working_days_after(today, campaign.campaign.correction_days);
    // After the end no day is left to be named.
    context.correction_due = (!new.closed).then(|| date(due.max(deadline)));
    let to = decision.letter.as_ref().map(|(_, to)| to.as_str()).unwrap_or_default();
    let replaced = mistaken.iter().rfind(|letter| letter.left() && letter.recipient.eq_ignore_ascii_case(to));
    context.report.replaces = replaced.map(|letter| Moment::new(letter.queued_at, &setup.zone));
    context
}

fn report_facts(desk: &Desk, mail: &Mail, decision: &Decision, campaign: &OpenCampaign) -> ReportFacts {
    let setup = &desk.setup;
    let own = decision.report.as_ref().map(|report| report.file);
    let about = own
        .or(decision.about)
        .or_else(|| mail.attachments.iter().position(|file| file.kind.is_workbook()))
        .or_else(|| (!mail.attachments.is_empty()).then_some(0));
    let file: Option<&Attachment> = about.map(|at| &mail.attachments[at]);
    let received_on = desk.day_of(decision.received_at);
    let deadline = campaign.last_day();
    let on_time = decision.received_at <= campaign.deadline_at;
    let mut facts = ReportFacts {
        received_at: Moment::new(decision.received_at, &setup.zone),
        on_time,
        days_late: (!on_time).then(|| campaign.calendar.working_days_between(deadline, received_on)),
        version: 1,
        file_name: file.map(|file| FileFacts::new(&file.name, file.bytes.len() as u64).name).unwrap_or_default(),
        file_size: file.map(|file| file.bytes.len() as u64).or(decision.oversize).map(size).unwrap_or_default(),
        sha256: file.map(|file| file.sha256.clone()).unwrap_or_default(),
        limit: Some(size(setup.config.mailbox.largest)),
        documents: facts::documents(mail, decision),
        ..ReportFacts::default()
    };
    facts.settled = decision.settled.map_or("", Settled::as_str).to_owned();
    if let Some(Settled::Accepted(at)) = decision.settled {
        facts.in_force = Some(Moment::new(at, &setup.zone));
    }
    if let Some(report) = &decision.report {
        facts.counts = letter::counts(&campaign.form, &report.answers);
        let circumstances = campaign.circumstances(decision.agency.as_ref());
        (facts.items, facts.answered) = letter::answered(&campaign.form, &report.answers, &circumstances);
        facts.joined = facts::others(mail, report, true);
        facts.unused = facts::others(mail, report, false);
    }
    facts
}
