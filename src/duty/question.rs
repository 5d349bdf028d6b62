//! A mail without a report from a person of a known agency: it is passed on to staff, once, and what one of them
//! replies goes to who asked, from the office's address. Staff need nothing but their mail client, and the agency
//! sees nobody's address but the office's. What a machine writes is passed on in neither direction.

use super::{
    Desk, answer,
    contacts::{self, Reach},
    decide::Decision,
    given::BY_STAFF,
    post::{Post, post},
    release,
    staff::{self, Order, Refuse, Sent},
};
use crate::{
    agency::{Agency, Sender, looks_like_address},
    attachment::{Attachment, FileKind, sha256},
    letter::{
        Context, LetterKind,
        compose::{self, Answering, File},
        context::{AgencyFacts, AnswerFacts, CampaignFacts, FileFacts, Moment, OfficeFacts, QuestionFacts, size},
    },
    message::{Mail, automatic, header_block, quoted, reaches},
    setup::OpenCampaign,
    store::{
        Tx, addresses,
        audit::{self, NewEntry, Who},
        messages::{self, MessageDetail, MessageKind},
        outbox, questions,
    },
    text,
};
use jiff::{SignedDuration, Timestamp};

/// Questions of one agency that are passed on within a day.
const MOST_A_DAY: u64 = 10;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The files of a reply, together; and the largest mail that goes along with a question.
const LARGEST: usize = 10 << 20;
/// Lines of a question that stand in the letter itself; the mail that goes along has them all.
const LINES: usize = 200;
/// One answer of staff passes by itself within such a time: a machine that answers for one of them has no header, or one
/// that nobody knows. Further ones pass if their first line says so.
const ALONE: SignedDuration = SignedDuration::from_hours(1);
const PASS: &str = "chuyển trả lời";
/// What answering is called in the audit table.
pub const ACT: &str = "question answer";

/// Whether a mail is one to be passed on.
pub fn is_one(decision: &Decision) -> bool {
    decision.kind == MessageKind::Question && decision.held.is_none() && decision.agency.is_some() && !decision.secret
}

/// Passes a question on to each of the staff; tells the limit that kept it from being passed on.
pub async fn pass_on(
    desk: &Desk,
    tx: &mut Tx,
    id: i64,
    mail: &Mail,
    decision: &Decision,
) -> anyhow::Result<Option<String>> {
    let (true, Some(campaign), Some(agency)) = (is_one(decision), &decision.campaign, &decision.agency) else {
        return Ok(None);
    };
    let now = desk.clock.now();
    let since = now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
    if questions::of_agency_since(tx, &agency.id, since, now).await? >= MOST_A_DAY {
        tracing::warn!(mail = id, agency = %agency.id, "a question is not passed on: there were too many");
        return Ok(Some(format!("limit: {MOST_A_DAY} questions within a day")));
    }
    let raw = messages::raw(&desk.store, id).await?;
    if let Some(first) = passed_on_before(desk, tx, id, mail, &raw).await? {
        return Ok(Some(format!("the same question came as message {first} and was passed on")));
    }
    let name = format!("{}_{}_{id}.eml", campaign.campaign.token(), agency.id);
    let files: Vec<File> = (raw.len() <= LARGEST).then(|| compose::mail_file(&name, &raw)).into_iter().collect();
    let context = Context {
        agency: AgencyFacts::new(agency),
        question: QuestionFacts {
            attached: !files.is_empty(),
            files: mail.attachments.iter().map(|file| FileFacts::new(&file.name, 0).name).collect(),
            lines: lines(&mail.text).take(LINES).collect(),
            ..asked(desk, id, mail.sender().map(ToString::to_string), &mail.subject, decision.received_at)
        },
        ..context(campaign)
    };
    for address in &campaign.office.staff {
        let letter = Post {
            kind: LetterKind::Forward,
            fact: &format!("forward:message:{id}:{address}"),
            to: address,
            context: &Context {
                question: QuestionFacts { mark: mark(id), ..context.question.clone() },
                ..context.clone()
            },
            files: &files,
            campaign: Some(&campaign.id),
            agency: Some(&agency.id),
            message: None,
            in_reply_to: None,
            answering: Answering::Staff,
            said: &format!("{id} {address}"),
        };
        if let Some(letter) = post(desk, tx, &letter).await? {
            questions::passed_on(tx, letter, id, now).await?;
        }
    }
    Ok(None)
}

/// The message that brought this very question before, by another way of our server to the same mailbox: only what servers
/// wrote above it differs. A Message-ID alone proves nothing, for some programs use one twice.
async fn passed_on_before(desk: &Desk, tx: &mut Tx, id: i64, mail: &Mail, raw: &[u8]) -> anyhow::Result<Option<i64>> {
    let (Some(message_id), Some(sender)) = (&mail.message_id, mail.sender()) else { return Ok(None) };
    let Some(first) = questions::passed_on_before(tx, id, message_id, &sender.address).await? else { return Ok(None) };
    let earlier = messages::raw(&desk.store, first).await?;
    if body(&earlier) != body(raw) {
        return Ok(None);
    }
    let asked = messages::show(&desk.store, first).await?.and_then(|first| first.row.subject);
    Ok((asked.unwrap_or_default() == mail.subject).then_some(first))
}

/// Everything behind the head of a mail.
fn body(raw: &[u8]) -> &[u8] {
    raw[header_block(raw).len()..].trim_ascii()
}

/// What one of the staff replied to a question.
#[derive(Debug)]
pub struct Answer {
    question: MessageDetail,
    campaign: Box<OpenCampaign>,
    agency: Agency,
    /// Where it goes.
    to: String,
    lines: Vec<String>,
    files: Vec<File>,
    /// Of words and files, by which the same reply is known again.
    said: String,
    from: Sent,
}

/// The answer that a mail of one of the staff brings, where it replies to a letter that passed a question on.
pub async fn answer(desk: &Desk, mail: &Mail, decision: &Decision, from: Sent) -> anyhow::Result<Option<Order>> {
    let Some((question, to)) = answered(desk, mail).await? else { return Ok(None) };
    let id = question.row.id;
    let refuse = |code, what: &str, given: String| {
        let (act, about, near) = (ACT, Some(id), Vec::new());
        let refuse = Refuse { code, what: what.to_owned(), given, near, token: None, act, about, from: from.clone() };
        Ok(Some(Order::Refuse(Box::new(refuse))))
    };
    if let Err(why) = staff::proved(desk, decision, &from, &to) {
        return refuse("proof", &why, String::new());
    }
    if question.row.from_address.is_none() || question.row.agency.is_none() {
        return refuse("not_held", "nobody is left to answer", String::new());
    }
    // People forward our letter to each other with the office in Cc: what they say to each other is no answer.
    if !is_to_us(desk, mail) {
        return refuse("copied", "our address is not in To", String::new());
    }
    if mail.attachments.iter().any(|file| file.kind == FileKind::Mail) {
        return refuse("mail_within", "it brings another mail", String::new());
    }
    let words = quoted::own_words(&mail.text, Some(&mark(id)));
    let meant = meant(&words).map(str::to_owned);
    let is_meant = meant.is_some();
    let words = meant.unwrap_or(words);
    if words.is_empty() && mail.attachments.is_empty() {
        return refuse("empty", "there are no words of its own", String::new());
    }
    if mail.attachments.iter().map(|file| file.bytes.len()).sum::<usize>() > LARGEST {
        return refuse("too_large", "its files are too large", size(LARGEST as u64));
    }
    let Destination { campaign, agency, to } = match destination(desk, &question).await? {
        Ok(destination) => destination,
        Err((code, what, given)) => return refuse(code, what, given),
    };
    let hashes = mail.attachments.iter().map(|file| file.sha256.as_str());
    let said = [words.as_str()].into_iter().chain(hashes).collect::<Vec<_>>().join("\n");
    let said = format!("{id}\n{said}");
    let since = desk.clock.now().checked_sub(ALONE).unwrap_or(Timestamp::MIN);
    if !is_meant && automatic::says_away(&words) {
        return refuse("machine", "its words are such as machines say for who is away", String::new());
    }
    if !is_meant && questions::answered_since(&desk.store, id, &fact(id, &said), since).await? {
        return refuse("answered", "the question was answered within the hour", String::new());
    }
    let answer = Answer {
        campaign,
        agency,
        to,
        lines: lines(&words).collect(),
        files: mail.attachments.iter().map(file).collect(),
        said,
        question,
        from,
    };
    Ok(Some(Order::Answer(Box::new(answer))))
}

/// The fact that an answer tells.
fn fact(question: i64, said: &str) -> String {
    format!("{}{}", questions::answers_to(question), sha256(said.as_bytes()))
}

/// What stands behind the words by which staff say that an answer is meant to pass.
fn meant(words: &str) -> Option<&str> {
    let (first, rest) = words.split_once(':')?;
    (text::key(first) == text::key(PASS)).then(|| rest.trim())
}

/// Whether a mail was written to the office itself, under whatever sub-address.
fn is_to_us(desk: &Desk, mail: &Mail) -> bool {
    let from = desk.setup.from_address();
    let user = desk.setup.config.mailbox.user();
    let ours = || [Some(from.as_str()), user.as_deref()].into_iter().flatten();
    let is_ours = |address: &str| ours().any(|ours| reaches(address, ours));
    mail.to.iter().any(|party| is_ours(&party.address))
}

/// The question that a mail replies to, and whom of the staff it was passed on to. Only who got our letter knows
/// its Message-ID.
async fn answered(desk: &Desk, mail: &Mail) -> anyhow::Result<Option<(MessageDetail, String)>> {
    for known in mail.in_reply_to.iter().chain(mail.references.iter().rev()) {
        if compose::issued(known, &desk.setup.domain(), desk.store.instance_key()).is_none() {
            continue;
        }
        let Some(letter) = outbox::issued(&desk.store, known).await? else { continue };
        let Some(question) = questions::question_of(&desk.store, letter.id).await? else { continue };
        let Some(question) = messages::show(&desk.store, question).await? else { continue };
        return Ok(Some((question, letter.recipient)));
    }
    Ok(None)
}

impl Answer {
    /// Queues the answer to who asked, and notes who gave it.
    pub async fn carry_out(&self, desk: &Desk, tx: &mut Tx) -> anyhow::Result<()> {
        let Answer { campaign: open, agency, to, from, .. } = self;
        let row = &self.question.row;
        let subject = row.subject.clone().unwrap_or_default();
        let context = Context {
            agency: AgencyFacts::new(agency),
            question: asked(desk, row.id, None, &subject, row.received_at),
            answer: AnswerFacts {
                lines: self.lines.clone(),
                files: self.files.iter().map(|file| FileFacts::new(&file.name, 0).name).collect(),
            },
            thread: format!("#{}-{}-{}", open.id, agency.id, row.id),
            ..context(open)
        };
        let letter = Post {
            kind: LetterKind::StaffAnswer,
            // The same words to the same question are one answer, however often they are sent.
            fact: &fact(row.id, &self.said),
            to,
            context: &context,
            files: &self.files,
            campaign: Some(&open.id),
            agency: Some(&agency.id),
            message: Some(from.message),
            in_reply_to: row.message_id.as_deref(),
            answering: Answering::Replied,
            said: &self.said,
        };
        let outcome = match post(desk, tx, &letter).await? {
            Some(letter) => format!("letter {letter} is queued; the words came by message {}", from.message),
            None => format!("the same words were sent before; they came again by message {}", from.message),
        };
        let entry = NewEntry {
            at: desk.clock.now(),
            who: Who { actor: &staff::actor(from), why: None },
            act: ACT,
            subject: &release::subject(row.id),
            campaign: Some(&open.id),
            outcome: &outcome,
        };
        Ok(audit::note(tx, &entry).await?)
    }
}

/// Whom the answer to a question is for, and where it goes.
struct Destination {
    campaign: Box<OpenCampaign>,
    agency: Agency,
    to: String,
}

/// The same, or why there is none, for staff: much may have changed since the question was passed on.
async fn destination(
    desk: &Desk,
    question: &MessageDetail,
) -> anyhow::Result<Result<Destination, (&'static str, &'static str, String)>> {
    let (row, campaigns) = (&question.row, &desk.setup.campaigns);
    let Some(open) = campaigns.iter().find(|open| Some(&open.id) == row.campaign.as_ref()) else {
        let open: Vec<&str> = campaigns.iter().map(|open| open.id.as_str()).collect();
        return Ok(Err(("campaign", "its campaign is gone", open.join(", "))));
    };
    let Some(agency) = row.agency.as_ref().and_then(|id| open.registry.get(id)) else {
        return Ok(Err(("agency_gone", "the agency that asked left the registry", String::new())));
    };
    let who_asked = row.from_address.as_deref().unwrap_or_default();
    let mut tx = desk.store.begin().await?;
    let to = answer_to(desk, &mut tx, question, open, agency, who_asked).await?;
    drop(tx);
    Ok(match to.filter(|to| looks_like_address(to)) {
        Some(to) => Ok(Destination { campaign: Box::new(open.clone()), agency: agency.clone(), to }),
        None => Err(("no_address", "no address of the agency that asked can be written to", String::new())),
    })
}

/// Where an answer goes: to who asked, if the address is the agency's. A stranger may ask who quotes a letter of ours,
/// and then the agency gets the answer, as it got the note that there will be one.
async fn answer_to(
    desk: &Desk,
    tx: &mut Tx,
    question: &MessageDetail,
    open: &OpenCampaign,
    agency: &Agency,
    who_asked: &str,
) -> anyhow::Result<Option<String>> {
    let registered = match open.registry.sender(who_asked) {
        Sender::Address(id) | Sender::Domain(id) => id == agency.id,
        Sender::Ambiguous(ids) => ids.contains(&agency.id),
        Sender::Unknown => false,
    };
    let by_staff = question.evidence.as_deref() == Some(BY_STAFF);
    let learned = addresses::learned_of(tx, &agency.id).await?;
    if registered || by_staff || learned.iter().any(|learned| learned.address.eq_ignore_ascii_case(who_asked)) {
        return Ok(Some(who_asked.to_owned()));
    }
    let note = answer::fact(question.row.id, LetterKind::Question);
    if let Some(note) = outbox::telling(tx, &note).await? {
        return Ok(outbox::show(&desk.store, note).await?.map(|note| note.recipient));
    }
    Ok(match contacts::reach_within(desk, tx, agency).await? {
        Reach::At(address) => Some(address),
        Reach::Unknown | Reach::Blocked => None,
    })
}

/// The line below which a reply quotes.
fn mark(id: i64) -> String {
    format!("=== #{id} ===")
}

fn context(open: &OpenCampaign) -> Context {
    let deadline = open.last_day();
    Context {
        office: OfficeFacts::new(&open.office),
        campaign: CampaignFacts::new(&open.campaign, deadline),
        ..Context::default()
    }
}

fn asked(desk: &Desk, message: i64, from: Option<String>, subject: &str, at: Timestamp) -> QuestionFacts {
    QuestionFacts {
        message,
        at: Moment::new(at, &desk.setup.zone),
        from: from.unwrap_or_default(),
        subject: subject.to_owned(),
        ..QuestionFacts::default()
    }
}

/// Paragraphs and lines; empty ones are not needed where each stands apart.
fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}

/// A file as it goes on: what it is called for mail programs is ours to say, and so is its type.
fn file(file: &Attachment) -> File {
    let content_type = match file.kind {
        FileKind::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        FileKind::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        FileKind::Pdf => "application/pdf",
        _ => "application/octet-stream",
    };
    File { name: file.name.clone(), content_type, bytes: file.bytes.clone() }
}
