//! `check`: everything a campaign rests on, each named with what to do where it is wrong.

mod mistakable;

use super::init::credential;
use crate::{
    clock::Clock,
    ladder,
    mailbox::Mailbox,
    outgoing::Outgoing,
    setup::Setup,
    store::{Store, StoreError, agencies},
    text,
};
use secrecy::ExposeSecret;
use std::path::Path;

/// Prints a line for each thing and remembers whether any was wrong.
struct Report {
    wrong: bool,
}

impl Report {
    fn fine(&self, what: &str, detail: &str) {
        say!("ok       {what}: {detail}");
    }

    fn remark(&self, what: &str, detail: &str) {
        say!("remark   {what}: {detail}");
    }

    fn wrong(&mut self, what: &str, detail: &str, advice: &str) {
        self.wrong = true;
        say!("WRONG    {what}: {detail}\n         {advice}");
    }
}

pub async fn check(config: &Path) -> anyhow::Result<u8> {
    let mut report = Report { wrong: false };
    match Setup::load(config) {
        Err(error) => report.wrong("configuration", &error.to_string(), "correct what is named, then check again"),
        Ok(setup) => {
            report.fine("configuration", &config.display().to_string());
            check_data(&mut report, &setup);
            check_database(&mut report, &setup).await;
            check_wires(&mut report, &setup).await;
        }
    }
    Ok(u8::from(report.wrong))
}

fn check_data(report: &mut Report, setup: &Setup) {
    match setup.letters.check() {
        Ok(()) => report.fine("letters", "every letter renders from its sample"),
        Err(error) => report.wrong("letters", &error.to_string(), "correct the template"),
    }
    for found in mistakable::find(setup) {
        report.wrong(&found.what, &found.detail, found.advice);
    }
    if setup.config.trust.authserv_id.is_none() {
        let meaning = "no authserv_id: nothing but DKIM signatures and answers to our own letters proves a sender; mail from \
                       addresses that are neither registered nor known is held, and arrival is the server's time";
        report.remark("trust", meaning);
    }
    for open in &setup.campaigns {
        let what = format!("campaign {}", open.id);
        let agencies = open.registry.agencies();
        let expected = agencies.iter().filter(|agency| agency.expected).count();
        let deadline = open.last_day();
        report.fine(
            &what,
            &format!("form {} version {}, {expected} reports expected by {deadline}", open.form.id, open.form.version),
        );
        if let Err(error) = setup.letters.check_form(&open.form) {
            report.wrong(&what, &error.to_string(), "correct the form's [messages]");
        }
        for fault in open.form.idle_conditions() {
            report.wrong(&what, &fault, "correct the form: such a condition says nothing of any report");
        }
        for clash in open.form.clashing_blanks() {
            report.remark(&what, &clash);
        }
        let office = text::key(&setup.config.office.name);
        for own in agencies.iter().filter(|agency| agency.expected && text::key(&agency.name) == office) {
            let remark =
                format!("the registry expects a report of {}, whose campaign it is: see the column `expected`", own.id);
            report.remark(&what, &remark);
        }
        let silent = agencies
            .iter()
            .filter(|agency| agency.expected && agency.addresses.is_empty() && agency.domains.is_empty())
            .count();
        if silent > 0 {
            report
                .remark(&what, &format!("{silent} agencies have neither address nor domain; their mail will be held"));
        }
        let end = ladder::last_day(&open.campaign.reminders, deadline, &open.calendar);
        if open.calendar.last().is_none_or(|last| last < end) {
            let remark = format!(
                "reminders go on to {end}, and the calendar ends before; after its end only weekends are days off: add the days off to {}",
                open.campaign.calendar_file().display()
            );
            report.remark(&what, &remark);
        }
        let mute = agencies.iter().filter(|agency| agency.expected && agency.addresses.is_empty()).count();
        if mute > 0 {
            report.remark(&what, &format!("{mute} agencies have no address in the registry: neither opening letter nor reminders go to them until one is learned or `phuluc agency contact` adds it"));
        }
    }
}

async fn check_database(report: &mut Report, setup: &Setup) {
    let url = match setup.config.database_url() {
        Ok(url) => url,
        Err(error) => return report.wrong("database", &error.to_string(), "see [database]"),
    };
    match Store::open(url.expose_secret()).await {
        Ok(store) => {
            report.fine("database", &store.name());
            check_openings(report, setup, &store).await;
            store.close().await;
        }
        Err(error) => {
            let advice = match error {
                StoreError::Connect { .. } => "see [database]: host, port, user, password, TLS",
                StoreError::Newer { .. } | StoreError::Encoding { .. } => "the database is left as it is",
                _ => "see database.url; a file's folder must be writable",
            };
            report.wrong("database", &error.to_string(), advice);
        }
    }
}

/// Campaigns that are open and of which no agency has heard from us: they are reminded all the same, or were to be.
async fn check_openings(report: &mut Report, setup: &Setup, store: &Store) {
    let today = Clock::System.now().to_zoned_datetime(setup.zone.clone()).date();
    for open in setup.campaigns.iter().filter(|open| open.campaign.opening() <= today) {
        let what = format!("campaign {}", open.id);
        match agencies::campaign_state(store, &open.id).await {
            Ok(state) if state.announced_at.is_none() && state.closed_at.is_none() => {
                let (id, since) = (&open.id, open.campaign.opening());
                let (ladder, deadline) = (&open.campaign.reminders, open.last_day());
                let end = ladder::last_day(ladder, deadline, &open.calendar);
                let over = end < today && ladder::step_of(ladder, deadline, &open.calendar, today).is_none();
                let remark = if over {
                    format!(
                        "its last reminder was due on {end} and is given up; only an agency with a later day of its own is \
                         still reminded. `phuluc campaign close {id}` ends it and sends staff the final table"
                    )
                } else {
                    format!(
                        "open since {since}, and no opening letter was sent; reminders leave all the same, `phuluc \
                         rehearse {id}` shows which. `phuluc announce {id}` sends the opening letter, `phuluc campaign \
                         close {id}` ends it"
                    )
                };
                report.remark(&what, &remark);
            }
            Ok(_) => {}
            Err(error) => report.wrong(&what, &error.to_string(), "see [database]"),
        }
    }
}

async fn check_wires(report: &mut Report, setup: &Setup) {
    let mailbox = match Mailbox::open(&setup.config).await {
        Ok(mut mailbox) => mailbox.list(None).await.map(|listing| listing.count),
        Err(error) => Err(error),
    };
    match mailbox {
        Ok(count) => report.fine("mailbox", &format!("{count} mails")),
        Err(error) => {
            let config = &setup.config;
            let is_maildir = config.path_of_url(&config.mailbox.url, "maildir").is_some();
            let advice = match lacking(setup, config.mailbox.password_file.as_deref()) {
                _ if is_maildir => "see [mailbox]; a Maildir must have new/ and cur/".to_owned(),
                Some(advice) => advice,
                None => "see [mailbox]: host, port, user, password, TLS".to_owned(),
            };
            report.wrong("mailbox", &error.to_string(), &advice);
        }
    }
    let config = &setup.config;
    if config.path_of_url(&config.outgoing.url, "directory") == Some(config.path(&config.letters)) {
        let detail = "letters are written into the folder from which their words are read";
        report.wrong("outgoing", detail, "name another folder in outgoing.url, such as directory:../data/letters");
    }
    let outgoing = match Outgoing::open(&setup.config) {
        Ok(outgoing) => outgoing.probe().await,
        Err(error) => Err(error),
    };
    match outgoing {
        Ok(()) => report.fine("outgoing", &setup.config.outgoing.from),
        Err(error) => {
            let advice = lacking(setup, setup.config.outgoing.password_file.as_deref());
            report.wrong("outgoing", &error.to_string(), &advice.unwrap_or_else(|| "see [outgoing]".to_owned()));
        }
    }
}

/// What to do about a file for a password that cannot be read.
fn lacking(setup: &Setup, password_file: Option<&Path>) -> Option<String> {
    let file = setup.config.path(password_file?);
    std::fs::File::open(&file).err()?;
    Some(match credential(&file) {
        Some(file) => {
            format!("the password belongs into {file}; the unit hands it over while the service runs, and only then")
        }
        None => format!("the password belongs into the first line of {}, which this user may read", file.display()),
    })
}
