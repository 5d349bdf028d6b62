//! `check`: everything a campaign rests on, each named with what to do where it is wrong.

use crate::{
    clock::Clock,
    ladder,
    mailbox::Mailbox,
    outgoing::Outgoing,
    setup::Setup,
    store::{Store, StoreError, agencies},
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

/// Campaigns that are open and of which no agency has heard from us: they are reminded all the same.
async fn check_openings(report: &mut Report, setup: &Setup, store: &Store) {
    let today = Clock::System.now().to_zoned_datetime(setup.zone.clone()).date();
    for open in setup.campaigns.iter().filter(|open| open.campaign.opening() <= today) {
        let what = format!("campaign {}", open.id);
        match agencies::campaign_state(store, &open.id).await {
            Ok(state) if state.announced_at.is_none() && state.closed_at.is_none() => {
                let remark = format!(
                    "open since {}, and no opening letter was sent; reminders leave all the same, `phuluc rehearse {id}` \
                     shows which. `phuluc announce {id}` sends the opening letter, `phuluc campaign close {id}` ends it",
                    open.campaign.opening(),
                    id = open.id
                );
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
        Err(error) => report.wrong("mailbox", &error.to_string(), "see [mailbox]; a Maildir must have new/ and cur/"),
    }
    let outgoing = match Outgoing::open(&setup.config) {
        Ok(outgoing) => outgoing.probe().await,
        Err(error) => Err(error),
    };
    match outgoing {
        Ok(()) => report.fine("outgoing", &setup.config.outgoing.from),
        Err(error) => report.wrong("outgoing", &error.to_string(), "see [outgoing]"),
    }
}
