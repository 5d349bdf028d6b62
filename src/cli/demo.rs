//! `demo`: a campaign played on sample mail, with SQLite, a Maildir and letters as files, as the daemon would
//! have done it, mail by mail at the time each came. Everything it used and made stays in its folder.

use super::{shipped, status, table};
use crate::{
    attachment::bare_name,
    clock::Clock,
    duty::{Desk, deliver, receive, tabulate},
    mailbox::Mailbox,
    message,
    outgoing::Outgoing,
    progress::Progress,
    setup::Setup,
    store::{messages, outbox},
};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The host that took in the sample mails.
const RECEIVING_HOST: &str = "mx.mic.example";
/// A file by which a folder is known as a demo's, to be replaced without asking.
const MARK: &str = ".phuluc-demo";

pub async fn demo(folder: &Path) -> anyhow::Result<u8> {
    prepare(folder)?;
    let setup = Arc::new(Setup::load(&folder.join("config/phuluc.toml"))?);
    let mails = sample_mails()?;
    let desk = Desk::open(setup, Clock::Fixed(Timestamp::UNIX_EPOCH)).await?;
    let mut lines = Vec::new();
    for (name, raw, arrived) in &mails {
        fs::write(folder.join("mailbox/new").join(name), raw)?;
        // Two minutes after it came, as a poll would find it.
        let now = arrived.checked_add(SignedDuration::from_mins(2))?;
        lines.push(play(&desk.at(Clock::Fixed(now)), name).await?);
    }
    let end = mails.last().map_or(Timestamp::UNIX_EPOCH, |(_, _, arrived)| *arrived);
    let desk = desk.at(Clock::Fixed(end.checked_add(SignedDuration::from_hours(1))?));
    let shown = write_for_looking(&desk, folder).await?;
    let progress = tabulate::progress(&desk, &desk.setup.campaigns[0]).await?;
    desk.store.close().await;
    say!("{}", table::show(&["received", "from", "mail", "outcome", "letter"], &lines));
    say!("\n{}", summary(&progress));
    say!("\n{} letters, {} workbooks. Look at:", shown.letters, shown.workbooks);
    for (path, what) in [
        ("letters", "every letter as .eml; beside it .txt and .html"),
        ("workbooks", "the forms sent back, wrong cells marked"),
        ("mailbox", "the mails, handled ones under .Processed"),
        ("data/phuluc.db", "the database"),
    ] {
        say!("  {}  {what}", folder.join(path).display());
    }
    say!("  phuluc --config {} status", folder.join("config/phuluc.toml").display());
    Ok(0)
}

/// Makes the folder anew, with a configuration of its own.
fn prepare(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        anyhow::ensure!(
            folder.join(MARK).exists(),
            "{} is not empty and no earlier demo; name another folder",
            folder.display()
        );
        fs::remove_dir_all(folder)?;
    }
    for part in ["config", "mailbox/new", "mailbox/cur", "mailbox/tmp", "letters", "workbooks", "data"] {
        fs::create_dir_all(folder.join(part))
            .with_context(|| format!("{} cannot be made", folder.join(part).display()))?;
    }
    fs::write(folder.join(MARK), "")?;
    for part in ["forms", "campaigns", "letters"] {
        for (file, text) in shipped::folder(part)? {
            let target = folder.join("config").join(file);
            fs::create_dir_all(target.parent().unwrap_or(folder))?;
            fs::write(target, text)?;
        }
    }
    for name in ["calendar-vn.csv", "aliases.csv"] {
        fs::write(folder.join("config").join(name), shipped::text(name)?)?;
    }
    fs::write(folder.join("config/agencies.csv"), demo_registry()?)?;
    fs::write(folder.join("config/phuluc.toml"), demo_config()?)?;
    Ok(())
}

/// The shipped configuration, with the demo's folders and receiving host.
fn demo_config() -> anyhow::Result<String> {
    let shipped = shipped::text("phuluc.toml")?;
    Ok(shipped
        .replace("../data/mailbox", "../mailbox")
        .replace("../data/letters", "../letters")
        .replace("# authserv_id =", "authserv_id ="))
}

/// The shipped registry, with invented domains for the agencies that write in the demo.
fn demo_registry() -> anyhow::Result<String> {
    let mut invented: BTreeMap<String, String> = BTreeMap::new();
    for line in csv::Reader::from_reader(shipped::text("demo/agencies.csv")?.as_bytes()).records() {
        let line = line?;
        invented.insert(line[0].to_owned(), line[1].to_owned());
    }
    let mut shipped = csv::Reader::from_reader(shipped::text("agencies.csv")?.as_bytes());
    let headers = shipped.headers()?.clone();
    let domains = headers.iter().position(|name| name == "domains").context("the registry has no column domains")?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headers)?;
    for line in shipped.records() {
        let line = line?;
        let domain = invented.get(&line[0]).map_or_else(|| line[domains].to_owned(), Clone::clone);
        writer.write_record(
            line.iter().enumerate().map(|(at, cell)| if at == domains { domain.as_str() } else { cell }),
        )?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// The sample mails in the order in which they came.
fn sample_mails() -> anyhow::Result<Vec<(String, &'static [u8], Timestamp)>> {
    let folder = shipped::CONFIG.get_dir("demo").context("the sample mails are not part of this program")?;
    let mut mails = Vec::new();
    for file in folder.files().filter(|file| file.path().extension().is_some_and(|ending| ending == "eml")) {
        let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let arrived = message::read(file.contents()).received_at(Some(RECEIVING_HOST));
        mails.push((
            name.clone(),
            file.contents(),
            arrived.with_context(|| format!("{name} does not say when it came"))?,
        ));
    }
    mails.sort_by(|a, b| (a.2, &a.0).cmp(&(b.2, &b.0)));
    Ok(mails)
}

/// One poll of the daemon at the desk's time; a line of the story comes back.
async fn play(desk: &Desk, name: &str) -> anyhow::Result<Vec<String>> {
    let mut mailbox = Mailbox::open(&desk.setup.config).await?;
    let outgoing = Outgoing::open(&desk.setup.config)?;
    receive::receive(desk, &mut mailbox).await?;
    deliver::deliver(desk, &outgoing).await?;
    let message = messages::list(&desk.store)
        .await?
        .into_iter()
        .max_by_key(|message| message.id)
        .context("the mail was not kept")?;
    let letter = outbox::list(&desk.store).await?.into_iter().find(|letter| letter.message == Some(message.id));
    let outcome = match (message.held, message.verdict, message.kind) {
        (Some(held), verdict, _) if held != messages::Held::Unreadable || verdict.is_none() => {
            format!("held: {}", held.as_str())
        }
        (_, Some(verdict), _) => verdict.as_str().replace('_', " "),
        (_, None, kind) => kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
    };
    let local = desk.clock.now().to_zoned_datetime(desk.setup.zone.clone()).strftime("%d/%m %H:%M").to_string();
    Ok(vec![
        local,
        message.known_agency().map_or_else(|| "?".to_owned(), |agency| agency.to_string()),
        name.trim_end_matches(".eml").to_owned(),
        outcome,
        letter.map(|letter| format!("{} {}", letter.id, letter.kind.as_str())).unwrap_or_default(),
    ])
}

struct Shown {
    letters: usize,
    workbooks: usize,
}

/// Puts each letter's text and page beside it, and the workbooks together, for people without a mail program at hand.
async fn write_for_looking(desk: &Desk, folder: &Path) -> anyhow::Result<Shown> {
    let mut shown = Shown { letters: 0, workbooks: 0 };
    let mut letters: Vec<PathBuf> =
        fs::read_dir(folder.join("letters"))?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    letters.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    letters.sort();
    for path in letters {
        let raw = fs::read(&path)?;
        let mail = message::read(&raw);
        let parsed = mail_parser::MessageParser::default().parse(&raw).context("a letter of ours is no mail")?;
        let text = parsed.body_text(0).unwrap_or_default();
        fs::write(path.with_extension("txt"), format!("Subject: {}\n\n{text}", mail.subject))?;
        fs::write(path.with_extension("html"), parsed.body_html(0).unwrap_or_default().as_bytes())?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let number = stem.split('-').next().unwrap_or_default();
        for file in mail.attachments.iter().filter(|file| file.kind.is_workbook()) {
            fs::write(folder.join("workbooks").join(format!("{number}-{}", bare_name(&file.name))), &file.bytes)?;
            shown.workbooks += 1;
        }
        shown.letters += 1;
    }
    anyhow::ensure!(shown.letters == outbox::list(&desk.store).await?.len(), "some letters were not written");
    Ok(shown)
}

fn summary(progress: &Progress) -> String {
    let text = status::for_people(progress);
    text.lines().take(2).collect::<Vec<_>>().join("\n")
}
