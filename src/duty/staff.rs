//! Decisions that staff send by mail. A link in a letter to one of them writes the mail; here it is looked at whether
//! it is the right token from the right address, unused and in time, and then it does what the command does, in the
//! transaction that uses the token up and queues the letter which tells what came of it. What is not right changes
//! nothing, is noted, and is told to the person whose address it bears, or to all staff.

use super::{
    Desk, alert,
    decide::Decision,
    post::{Post, post},
    question,
    release::{self, Act, Done, Prepared, Refused},
    token::{self, Token},
};
use crate::{
    agency::masked,
    config::Unverified,
    letter::{
        Context, LetterKind,
        compose::Answering,
        context::{CampaignFacts, DecisionFacts, Moment, OfficeFacts},
    },
    message::{Mail, automatic, quoted, trust::Trust},
    setup::OpenCampaign,
    store::{
        Tx,
        audit::{self, NewEntry, REFUSED, Who},
        messages,
        tokens::{self, TokenAct, TokenRow},
    },
};

/// What a mail asks for, looked at and ready to be done with.
#[derive(Debug)]
pub enum Order {
    Obey(Box<Obey>),
    Refuse(Box<Refuse>),
    Answer(Box<question::Answer>),
}

/// A decision that is in order.
#[derive(Debug)]
pub struct Obey {
    token: TokenRow,
    prepared: Prepared,
    why: Option<String>,
    from: Sent,
}

/// One that is not.
#[derive(Debug)]
pub struct Refuse {
    /// For the letter's words, see `DecisionFacts`.
    pub code: &'static str,
    /// For the audit table.
    pub what: String,
    pub given: String,
    pub near: Vec<String>,
    /// Only of a token that is ours.
    pub token: Option<TokenRow>,
    /// As the audit table has it.
    pub act: &'static str,
    /// The message that was to be decided about.
    pub about: Option<i64>,
    pub from: Sent,
}

/// Who sent the mail, and which it is.
#[derive(Debug, Clone)]
pub struct Sent {
    pub message: i64,
    /// Empty where From tells no single address.
    pub address: String,
    pub is_staff: bool,
    pub message_id: Option<String>,
}

/// What a mail asks for, if it asks for anything: it bears the token of a link, or answers a question that was
/// passed on. A machine asks for nothing, whatever it copies.
pub async fn order(desk: &Desk, id: i64, mail: &Mail, decision: &Decision) -> anyhow::Result<Option<Order>> {
    if desk.with_own(|own| automatic::by_machine(mail, own)) {
        return Ok(None);
    }
    let address = mail.sender().map(|sender| sender.address.clone()).unwrap_or_default();
    let is_staff = desk.setup.is_staff(&address);
    let from = Sent { message: id, is_staff, message_id: mail.message_id.clone(), address };
    match token::find(&mail.subject) {
        Some(token) => decided(desk, mail, decision, token, from).await.map(Some),
        None if is_staff => question::answer(desk, mail, decision, from).await,
        None => Ok(None),
    }
}

async fn decided(desk: &Desk, mail: &Mail, decision: &Decision, token: Token, from: Sent) -> anyhow::Result<Order> {
    let row = tokens::token(&desk.store, token.id).await?;
    let refuse = |code, what: &str, token: Option<TokenRow>| {
        let (about, act) = match &token {
            Some(row) => (Some(row.allowed.message), audited(row.allowed.act)),
            None => (None, "message decide"),
        };
        let (given, near) = (String::new(), Vec::new());
        Order::Refuse(Box::new(Refuse {
            code,
            what: what.to_owned(),
            given,
            near,
            token,
            act,
            about,
            from: from.clone(),
        }))
    };
    let Some(row) = row.filter(|row| token.proves(desk, row)) else {
        return Ok(refuse("altered", "the token is none of ours, or was altered", None));
    };
    if from.address != row.allowed.address || !from.is_staff {
        return Ok(refuse("address", "the token was given to another address", Some(row)));
    }
    if let Err(why) = proved(desk, decision, &from, &row.allowed.address) {
        return Ok(refuse("proof", &why, Some(row)));
    }
    if row.used_at.is_some() {
        return Ok(refuse("used", "the token was used before", Some(row)));
    }
    if row.allowed.expires_at <= desk.clock.now() {
        return Ok(refuse("expired", "the token is too old", Some(row)));
    }
    let words = quoted::own_words(&mail.text, None);
    let first = words.lines().map(after_colon).find(|line| !line.is_empty()).unwrap_or_default();
    match prepare(desk, &row, first).await {
        Ok(prepared) => {
            let why = (row.allowed.act == TokenAct::Dismiss).then(|| first_line(&words)).flatten();
            Ok(Order::Obey(Box::new(Obey { token: row, prepared, why, from })))
        }
        Err(error) => {
            let refused: Refused = error.downcast()?;
            let (code, given, near) = in_words(&refused);
            let Order::Refuse(refuse) = refuse(code, &refused.to_string(), Some(row)) else { anyhow::bail!(refused) };
            Ok(Order::Refuse(Box::new(Refuse { given, near, ..*refuse })))
        }
    }
}

/// Whether the mail is from whom it says. What it bears was sent to one address alone, so from that address nothing
/// more is asked for than that our server does not object; from any other of the staff, or where nothing unproved is
/// accepted, the server's own word.
pub fn proved(desk: &Desk, decision: &Decision, from: &Sent, sent_to: &str) -> Result<(), String> {
    match &decision.trust {
        Trust::Unverified(why) if desk.setup.config.trust.unverified == Unverified::Hold => {
            Err(format!("{why}; trust.unverified is \"hold\""))
        }
        Trust::Failed(why) => Err(why.clone()),
        Trust::Verified(_) => Ok(()),
        Trust::Unverified(_) if from.address.eq_ignore_ascii_case(sent_to) => Ok(()),
        Trust::Unverified(_) => Err("nothing proves the sender, and the letter went to another address".to_owned()),
    }
}

async fn prepare(desk: &Desk, row: &TokenRow, first: &str) -> anyhow::Result<Prepared> {
    let allowed = &row.allowed;
    let act = match (allowed.act, &allowed.agency) {
        (TokenAct::Dismiss, _) => Act::Dismiss,
        (TokenAct::Reprocess, _) => Act::Reprocess,
        (TokenAct::Assign, Some(agency)) => {
            let campaign = campaign_of(desk, row).await?.id.clone();
            Act::Assign { agency: agency.clone(), campaign }
        }
        (TokenAct::Assign | TokenAct::AssignOther, _) => {
            let open = campaign_of(desk, row).await?;
            Act::Assign { agency: release::agency_of(open, first)?.id.clone(), campaign: open.id.clone() }
        }
    };
    release::prepare(desk, allowed.message, act).await
}

async fn campaign_of<'a>(desk: &'a Desk, row: &TokenRow) -> anyhow::Result<&'a OpenCampaign> {
    let named = row.allowed.campaign.as_ref().map(ToString::to_string);
    // One that was closed since is no trouble of ours, and staff are told.
    if named.is_some() && open_campaign(desk, row).is_none() {
        let open: Vec<&str> = desk.setup.campaigns.iter().map(|open| open.id.as_str()).collect();
        return Err(Refused::Campaign(open.join(", ")).into());
    }
    release::campaign_of(desk, row.allowed.message, named.as_deref()).await
}

/// What was filled in behind a label such as the link writes; a line without one is taken whole.
fn after_colon(line: &str) -> &str {
    line.split_once(':').map_or(line, |(_, rest)| rest).trim()
}

/// The reason on the first line, if anything was written there.
fn first_line(words: &str) -> Option<String> {
    let line = words.lines().find(|line| !line.trim().is_empty())?;
    let reason: String = after_colon(line).chars().take(300).collect();
    (!reason.is_empty()).then_some(reason)
}

fn audited(act: TokenAct) -> &'static str {
    match act {
        TokenAct::Assign | TokenAct::AssignOther => "message assign",
        TokenAct::Dismiss => "message dismiss",
        TokenAct::Reprocess => "message reprocess",
    }
}

/// A refusal for the words of the letter.
fn in_words(refused: &Refused) -> (&'static str, String, Vec<String>) {
    match refused {
        Refused::Missing(_) | Refused::NotHeld(_) => ("not_held", String::new(), Vec::new()),
        Refused::Emptied(_) => ("emptied", String::new(), Vec::new()),
        Refused::NoAgency { given, near, .. } => ("agency", given.clone(), near.clone()),
        Refused::Campaign(open) => ("campaign", open.clone(), Vec::new()),
        Refused::HeldAgain(why) => ("held_again", why.clone(), Vec::new()),
    }
}

impl Order {
    /// Does it, with everything that tells of it, in the transaction that records the mail.
    pub async fn carry_out(&self, desk: &Desk, tx: &mut Tx) -> anyhow::Result<()> {
        match self {
            Order::Obey(obey) => obey.carry_out(desk, tx).await,
            Order::Refuse(refuse) => refuse.tell(desk, tx).await,
            Order::Answer(answer) => answer.carry_out(desk, tx).await,
        }
    }
}

impl Obey {
    async fn carry_out(&self, desk: &Desk, tx: &mut Tx) -> anyhow::Result<()> {
        let (row, from, now) = (&self.token, &self.from, desk.clock.now());
        if !tokens::take(tx, row.id, from.message, now).await? {
            anyhow::bail!("token {} was used meanwhile", row.id);
        }
        let who = Who { actor: &actor(from), why: self.why.as_deref() };
        let done = self.prepared.carry_out(desk, tx, who).await?;
        let facts = self.facts(desk, &done).await?;
        let (open, fact) = (open_campaign(desk, row), format!("decision:message:{}", from.message));
        tell(desk, tx, from, open, &fact, facts).await
    }

    async fn facts(&self, desk: &Desk, done: &Done) -> anyhow::Result<DecisionFacts> {
        let row = &self.token;
        let name =
            |id| open_campaign(desk, row).and_then(|open| open.registry.get(id)).map(|agency| agency.name.clone());
        let assigned = match self.prepared.act() {
            Act::Assign { agency, .. } => name(agency),
            _ => done.recorded.as_ref().and_then(|recorded| name(recorded.agency.as_ref()?)),
        };
        let recorded = done.recorded.as_ref();
        let before = messages::show(&desk.store, row.allowed.message).await?;
        Ok(DecisionFacts {
            agency: assigned.unwrap_or_default(),
            before: done.before,
            verdict: recorded.and_then(|r| r.verdict).map(|verdict| verdict.as_str().to_owned()).unwrap_or_default(),
            held: recorded.is_some_and(|recorded| recorded.held.is_some()),
            answered: recorded.is_some_and(|recorded| recorded.answered.letter.is_some()),
            classified: before.is_some_and(|message| message.is_classified()),
            ..about(desk, row.allowed.act.as_str(), Some(row.allowed.message)).await?
        })
    }
}

impl Refuse {
    /// Notes the refusal and tells it: to the sender, if that is one of the staff, else to all of them. The same
    /// trouble is told once a day, so that who makes it cannot fill anybody's mailbox.
    pub async fn tell(&self, desk: &Desk, tx: &mut Tx) -> anyhow::Result<()> {
        let (from, now) = (&self.from, desk.clock.now());
        let entry = NewEntry {
            at: now,
            who: Who { actor: &actor(from), why: None },
            act: self.act,
            subject: &release::subject(self.about.unwrap_or(from.message)),
            campaign: self.token.as_ref().and_then(|row| row.allowed.campaign.as_ref()),
            outcome: &format!("{REFUSED}{}; it came by message {}", self.what, from.message),
        };
        audit::note(tx, &entry).await?;
        tracing::warn!(mail = from.message, refused = self.code, "a decision by mail is not carried out");
        let day = desk.day_of(now);
        let number = self.token.as_ref().map(|row| row.id.to_string());
        if !from.is_staff {
            let fact = format!("token:{}", number.unwrap_or_else(|| day.to_string()));
            alert::raise(desk, tx, &fact, alert::Reason::Token { since: now, message: from.message }).await?;
            return Ok(());
        }
        let what = match (&number, self.code) {
            // Each is another try of somebody who may make mistakes; a token limits their number.
            (Some(_), "agency" | "held_again" | "not_held") => format!("message:{}", from.message),
            (
                None,
                "empty" | "too_large" | "mail_within" | "copied" | "campaign" | "agency_gone" | "no_address"
                | "answered" | "machine",
            ) => {
                format!("message:{}", from.message)
            }
            (Some(number), code) => format!("{code}:{number}:{day}"),
            (None, code) => format!("{code}:{day}"),
        };
        let act = self.token.as_ref().map_or("", |row| row.allowed.act.as_str());
        let act = if self.act == question::ACT { "answer" } else { act };
        let open = self.token.as_ref().and_then(|row| open_campaign(desk, row));
        let named = self.token.as_ref().and_then(|row| row.allowed.agency.as_ref());
        let named = open.zip(named).and_then(|(open, id)| open.registry.get(id));
        let facts = DecisionFacts {
            agency: named.map(|agency| agency.name.clone()).unwrap_or_default(),
            refused: self.code.to_owned(),
            given: self.given.clone(),
            near: self.near.clone(),
            ..about(desk, act, self.about).await?
        };
        tell(desk, tx, from, open, &format!("refused:{what}:{}", from.address), facts).await
    }
}

/// The message that a decision is about. Staff see its sender; a token that is not ours tells of none.
async fn about(desk: &Desk, act: &str, message: Option<i64>) -> anyhow::Result<DecisionFacts> {
    let at = Moment::new(desk.clock.now(), &desk.setup.zone);
    let facts = DecisionFacts { act: act.to_owned(), at, ..DecisionFacts::default() };
    let Some(id) = message else { return Ok(facts) };
    let Some(message) = messages::show(&desk.store, id).await? else { return Ok(facts) };
    let classified = message.is_classified();
    let subject = if classified { None } else { message.row.subject };
    Ok(DecisionFacts {
        message: id,
        from: message.row.from_address.unwrap_or_default(),
        about: subject.unwrap_or_default(),
        ..facts
    })
}

fn open_campaign<'a>(desk: &'a Desk, row: &TokenRow) -> Option<&'a OpenCampaign> {
    desk.setup.campaigns.iter().find(|open| Some(&open.id) == row.allowed.campaign.as_ref())
}

/// Who decided, or tried to, for the audit table. That keeps what it has for ever, so of others than staff it gets no
/// whole address: the message it names has that.
pub fn actor(from: &Sent) -> String {
    match from.address.as_str() {
        "" => "mail:?".to_owned(),
        staff if from.is_staff => format!("mail:{staff}"),
        other => format!("mail:{}", masked(other)),
    }
}

async fn tell(
    desk: &Desk,
    tx: &mut Tx,
    from: &Sent,
    campaign: Option<&OpenCampaign>,
    fact: &str,
    facts: DecisionFacts,
) -> anyhow::Result<()> {
    let deadline = OpenCampaign::last_day;
    let context = Context {
        office: OfficeFacts::new(desk.setup.office(campaign)),
        campaign: campaign.map(|open| CampaignFacts::new(&open.campaign, deadline(open))).unwrap_or_default(),
        decision: facts,
        ..Context::default()
    };
    let letter = Post {
        kind: LetterKind::Decision,
        fact,
        to: &from.address,
        context: &context,
        files: &[],
        campaign: campaign.map(|open| &open.id),
        agency: None,
        message: Some(from.message),
        in_reply_to: from.message_id.as_deref(),
        answering: Answering::Replied,
        said: fact,
    };
    post(desk, tx, &letter).await?;
    Ok(())
}
