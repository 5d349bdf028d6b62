//! `init`: a new installation, asked for step by step at a terminal or given by flags. It writes the shipped
//! configuration with the answers in it, and nothing over anything that is there.

mod registry;

use super::shipped;
use crate::{agency::looks_like_address, config::Config};
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::{Component, Path, PathBuf},
};

/// The folders of the configuration that the program reads.
const OWN_FOLDERS: [&str; 4] = ["letters", "campaigns", "forms", "demo"];

#[derive(Debug, Args)]
pub struct InitArguments {
    /// Where `config/` and `data/` are made
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The ministry that asks for reports, as letters name it
    #[arg(long, value_name = "NAME")]
    office: Option<String>,
    /// The unit that works on the reports
    #[arg(long, value_name = "NAME")]
    unit: Option<String>,
    /// The line agencies may call or write to
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// Who gets digests and alerts; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    staff: Vec<String>,
    /// The reporting mailbox: imaps://user%40host@server/INBOX, imap://… or maildir:PATH
    #[arg(long, value_name = "URL")]
    mailbox: Option<String>,
    /// The file whose first line is the mailbox's password
    #[arg(long, value_name = "FILE")]
    mailbox_password_file: Option<String>,
    /// How letters leave: smtps://user@server, smtp://… or directory:PATH
    #[arg(long, value_name = "URL")]
    outgoing: Option<String>,
    /// The file whose first line is the outgoing server's password
    #[arg(long, value_name = "FILE")]
    outgoing_password_file: Option<String>,
    /// The sender of every letter: Name <address>
    #[arg(long, value_name = "SENDER")]
    from: Option<String>,
    /// The database: sqlite:PATH, or postgres://user@server/database
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The receiving host whose Authentication-Results are believed
    #[arg(long, value_name = "HOST")]
    authserv_id: Option<String>,
    /// Copies the shipped letters too, so that their words can be changed
    #[arg(long)]
    letters: bool,
    /// Copies the shipped campaign 1552 as an example
    #[arg(long)]
    sample: bool,
}

/// What goes into the configuration.
struct Answers {
    office: String,
    unit: String,
    contact: String,
    staff: Vec<String>,
    database: String,
    mailbox: String,
    mailbox_password_file: String,
    outgoing: String,
    outgoing_password_file: String,
    from: String,
    authserv_id: String,
}

/// Where answers that no flag gave come from.
struct Questions<'a> {
    /// None where nobody is at the terminal.
    person: Option<(&'a mut dyn BufRead, &'a mut dyn Write)>,
}

pub fn init(arguments: InitArguments) -> anyhow::Result<u8> {
    let config = arguments.folder.join("config");
    ensure!(!config.exists(), "{} is there already; nothing is overwritten, name another folder", config.display());
    let (letters, sample, folder) = (arguments.letters, arguments.sample, arguments.folder.clone());
    let answers = if io::stdin().is_terminal() {
        gather(arguments, &mut Questions { person: Some((&mut io::stdin().lock(), &mut io::stderr())) })?
    } else {
        gather(arguments, &mut Questions { person: None })?
    };
    let text = configuration(&answers)?;
    // What would be refused later is refused before anything is written.
    Config::parse(&text, &config.join("phuluc.toml"))?;
    let mut files = vec![(PathBuf::from("phuluc.toml"), text)];
    files.push(("agencies.csv".into(), registry::of(shipped::text("agencies.csv")?, &answers.office)?));
    for name in ["aliases.csv", "calendar-vn.csv"] {
        files.push((name.into(), shipped::text(name)?.to_owned()));
    }
    let folders = [("letters", letters), ("campaigns", sample), ("forms", sample)];
    for (part, _) in folders.into_iter().filter(|(_, wanted)| *wanted) {
        files.extend(shipped::folder(part)?);
    }
    for part in ["config/campaigns", "config/forms", "data"] {
        make(&folder.join(part))?;
    }
    for (name, text) in &files {
        let path = config.join(name);
        make(path.parent().unwrap_or(&config))?;
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    make_local(&config, &answers)?;
    tell(&config, &answers, sample);
    Ok(0)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

/// A Maildir and a folder for letters that the configuration names.
fn make_local(config: &Path, answers: &Answers) -> anyhow::Result<()> {
    if let Some(path) = answers.mailbox.strip_prefix("maildir:") {
        for part in ["new", "cur", "tmp"] {
            make(&config.join(path).join(part))?;
        }
    }
    if let Some(path) = answers.outgoing.strip_prefix("directory:") {
        make(&config.join(path))?;
    }
    Ok(())
}

/// The file of root's that the unit of `deploy/` hands over as this one, which nobody but systemd can write.
pub fn credential(file: &Path) -> Option<String> {
    let name = file.strip_prefix("/run/credentials/phuluc.service").ok()?;
    Some(format!("/etc/phuluc/{}.password", name.to_str()?))
}

fn tell(config: &Path, answers: &Answers, sample: bool) {
    let file = config.join("phuluc.toml");
    say!("{}", file.display());
    for password in [&answers.mailbox_password_file, &answers.outgoing_password_file] {
        if password.is_empty() {
            continue;
        }
        let file = config.join(password);
        match credential(&file) {
            Some(own) => {
                let handed = file.display();
                say!("  put the password into {own} and let only root read it; the unit hands it over as {handed}");
            }
            None => say!("  put the password into {} and let only the service read it", file.display()),
        }
    }
    say!("  confirm the agencies' domains and addresses in {}", config.join("agencies.csv").display());
    // The default configuration need not be named.
    let option = if config == Path::new("./config") || config == Path::new("config") {
        String::new()
    } else {
        format!(" --config {}", file.display())
    };
    if sample {
        say!("Next: phuluc{option} check");
    } else {
        say!("Next: phuluc{option} new-campaign ID --number … --date … --deadline … [--from-workbook FILE.xlsx]");
        say!("then: phuluc{option} check");
    }
}

/// What flags say, and a person where they say nothing.
fn gather(arguments: InitArguments, questions: &mut Questions) -> anyhow::Result<Answers> {
    let any = |_: &str| Ok(());
    let filled = |text: &str| if text.is_empty() { Err("something is needed here".to_owned()) } else { Ok(()) };
    let office = questions.ask("--office", arguments.office, "Ministry, as letters name it", None, &filled)?;
    let unit = questions.ask("--unit", arguments.unit, "Unit that works on the reports", Some(""), &any)?;
    let contact =
        questions.ask("--contact", arguments.contact, "Line agencies may call or write to", Some(""), &any)?;
    let staff = if arguments.staff.is_empty() {
        let listed = |text: &str| split(text).iter().try_for_each(|address| is_address(address));
        split(&questions.ask("--staff", None, "Addresses of staff, with commas between", Some(""), &listed)?)
    } else {
        arguments
            .staff
            .iter()
            .try_for_each(|address| is_address(address))
            .map_err(|e| anyhow::anyhow!("--staff: {e}"))?;
        arguments.staff
    };
    let of = |schemes: &'static [&'static str]| move |text: &str| is_url(text, schemes);
    let mailbox = questions.ask(
        "--mailbox",
        arguments.mailbox,
        "Mailbox (imaps://user%40host@server/INBOX, or maildir:PATH)",
        None,
        &of(&["imaps://", "imap://", "maildir:"]),
    )?;
    let local = mailbox.starts_with("maildir:");
    let mailbox_password_file = questions.ask_unless(
        local,
        "--mailbox-password-file",
        arguments.mailbox_password_file,
        "File with its password (none: leave empty, see oauth2 in phuluc.toml)",
    )?;
    let outgoing = questions.ask(
        "--outgoing",
        arguments.outgoing,
        "How letters leave (smtps://user@server, smtp://…, or directory:PATH)",
        None,
        &of(&["smtps://", "smtp://", "directory:"]),
    )?;
    let local = outgoing.starts_with("directory:");
    let outgoing_password_file = questions.ask_unless(
        local,
        "--outgoing-password-file",
        arguments.outgoing_password_file,
        "File with its password (may be empty)",
    )?;
    let from = questions.ask("--from", arguments.from, "Sender of letters (Name <address>)", None, &|text| {
        is_address(text.rsplit_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>')))
    })?;
    let database = questions.ask(
        "--database",
        arguments.database,
        "Database (sqlite:PATH, or postgres://user@server/database)",
        Some("sqlite:../data/phuluc.db"),
        &of(&["sqlite:", "postgres://", "postgresql://"]),
    )?;
    let authserv_id = questions.ask(
        "--authserv-id",
        arguments.authserv_id,
        "Host whose Authentication-Results are believed",
        Some(""),
        &any,
    )?;
    Ok(Answers {
        office,
        unit,
        contact,
        staff,
        database,
        mailbox,
        mailbox_password_file,
        outgoing,
        outgoing_password_file,
        from,
        authserv_id,
    })
}

fn split(text: &str) -> Vec<String> {
    text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn is_address(text: &str) -> Result<(), String> {
    if looks_like_address(text.trim()) { Ok(()) } else { Err(format!("{text:?} is no address")) }
}

fn is_url(text: &str, schemes: &[&str]) -> Result<(), String> {
    let fits = schemes.iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if !fits {
        return Err(format!("it begins with {}", schemes.join(", ")));
    }
    let folder = ["directory:", "maildir:"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match folder.and_then(own_folder) {
        Some(own) => Err(format!("config/{own} is a folder of the configuration; name another, such as ../data/mail")),
        None => Ok(()),
    }
}

/// The folder of the configuration that a path beside phuluc.toml leads into: mail has no place there.
fn own_folder(path: &str) -> Option<&'static str> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir => return None,
        }
    }
    match parts.first() {
        Some(first) => OWN_FOLDERS.into_iter().find(|own| own == first),
        None => Some(""),
    }
}

impl Questions<'_> {
    /// The flag's value, the person's, or the default where there is nobody to ask; a wrong one is asked for again.
    fn ask(
        &mut self,
        flag: &str,
        given: Option<String>,
        question: &str,
        default: Option<&str>,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> anyhow::Result<String> {
        if let Some(given) = given {
            check(given.trim()).map_err(|reason| anyhow::anyhow!("{flag}: {reason}"))?;
            return Ok(given.trim().to_owned());
        }
        let Some((input, output)) = &mut self.person else {
            return default.map(str::to_owned).with_context(|| format!("{flag} is needed: {question}"));
        };
        loop {
            let shown = default.filter(|default| !default.is_empty()).map(|default| format!(" [{default}]"));
            write!(output, "{question}{}: ", shown.unwrap_or_default())?;
            output.flush()?;
            let mut line = String::new();
            if input.read_line(&mut line)? == 0 {
                bail!("the answers end before {flag}; nothing was written");
            }
            let answer = match line.trim() {
                "" => default.unwrap_or_default(),
                answer => answer,
            };
            if answer.is_empty() && default == Some("") {
                return Ok(String::new());
            }
            match check(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(reason) => writeln!(output, "  {reason}")?,
            }
        }
    }

    /// The same for what is not needed in some cases.
    fn ask_unless(
        &mut self,
        not_needed: bool,
        flag: &str,
        given: Option<String>,
        question: &str,
    ) -> anyhow::Result<String> {
        if not_needed && given.is_none() {
            return Ok(String::new());
        }
        self.ask(flag, given, question, Some(""), &|_| Ok(()))
    }
}

/// The shipped configuration with the answers in it.
fn configuration(answers: &Answers) -> anyhow::Result<String> {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let staff = toml::Value::from(answers.staff.clone()).to_string();
    let values = [
        ("office", "name", quoted(&answers.office)),
        ("office", "unit", quoted(&answers.unit)),
        ("office", "contact", quoted(&answers.contact)),
        ("office", "staff", staff),
        ("database", "url", quoted(&answers.database)),
        ("mailbox", "url", quoted(&answers.mailbox)),
        ("mailbox", "password_file", quoted(&answers.mailbox_password_file)),
        ("outgoing", "url", quoted(&answers.outgoing)),
        ("outgoing", "password_file", quoted(&answers.outgoing_password_file)),
        ("outgoing", "from", quoted(&answers.from)),
        ("trust", "authserv_id", quoted(&answers.authserv_id)),
    ];
    let mut table = String::new();
    let mut lines = Vec::new();
    let mut left: Vec<_> = values.iter().collect();
    for line in shipped::text("phuluc.toml")?.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            name.clone_into(&mut table);
        }
        let key = line.trim_start_matches("# ").split(" = ").next().unwrap_or_default();
        let commented = line.starts_with("# ");
        let Some(at) = left.iter().position(|(of, name, _)| *of == table && *name == key) else {
            lines.push(line.to_owned());
            continue;
        };
        let (_, name, value) = left.remove(at);
        // What stands behind a # and is not given stays so, with its default.
        lines.push(if commented && value == "\"\"" {
            line.to_owned()
        } else {
            format!("{name} = {value}{}", remark(line))
        });
    }
    ensure!(left.is_empty(), "the shipped configuration has no place for {:?}", left);
    Ok(lines.join("\n") + "\n")
}

/// The remark behind a value of the shipped configuration.
fn remark(line: &str) -> String {
    line.rfind("  # ").map_or_else(String::new, |at| format!("  {}", line[at..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> InitArguments {
        InitArguments {
            folder: ".".into(),
            office: None,
            unit: None,
            contact: None,
            staff: Vec::new(),
            mailbox: None,
            mailbox_password_file: None,
            outgoing: None,
            outgoing_password_file: None,
            from: None,
            database: None,
            authserv_id: None,
            letters: false,
            sample: false,
        }
    }

    #[test]
    fn what_systemd_hands_over_is_written_where_the_unit_finds_it() {
        let of = |file| credential(Path::new(file));
        let handed = of("/run/credentials/phuluc.service/mailbox");
        assert_eq!(handed.as_deref(), Some("/etc/phuluc/mailbox.password"));
        assert_eq!((of("/etc/phuluc/mailbox.password"), of("secrets/mailbox")), (None, None));
        let unit = include_str!("../../deploy/phuluc.service");
        assert!(unit.contains("LoadCredential=mailbox:/etc/phuluc/mailbox.password"));
    }

    #[test]
    fn a_person_is_asked_for_what_no_flag_says_and_again_for_what_cannot_be() {
        let typed = "Bộ \"X\"\n\n\na@x.example, nobody\na@x.example, b@x.example\nmail.x.example\n\
                     imaps://a%40x.example@mail.x.example/INBOX\nsecrets/mailbox\nsmtps://a@mail.x.example\n\n\
                     Báo cáo <a@x.example>\n\nmx.x.example\n";
        let mut asked = Vec::new();
        let mut input = typed.as_bytes();
        let answers = gather(nothing(), &mut Questions { person: Some((&mut input, &mut asked)) }).unwrap();
        let asked = String::from_utf8(asked).unwrap();
        assert!(asked.contains("\"nobody\" is no address"), "{asked}");
        assert!(asked.contains("it begins with imaps://"), "{asked}");
        let text = configuration(&answers).unwrap();
        let config = Config::parse(&text, Path::new("/x/config/phuluc.toml")).unwrap();
        assert_eq!(config.office.name, "Bộ \"X\"");
        assert_eq!((config.office.unit.as_str(), config.office.contact.as_str()), ("", ""));
        assert_eq!(config.office.staff, ["a@x.example", "b@x.example"]);
        assert_eq!(config.mailbox.url, "imaps://a%40x.example@mail.x.example/INBOX");
        assert_eq!(config.mailbox.password_file, Some("secrets/mailbox".into()));
        assert_eq!((config.outgoing.password_file, config.outgoing.from.as_str()), (None, "Báo cáo <a@x.example>"));
        assert_eq!(config.database.url, "sqlite:../data/phuluc.db");
        assert_eq!(config.trust.authserv_id.as_deref(), Some("mx.x.example"));
        // The remarks of the shipped file stay where they were.
        assert!(text.contains("staff = [\"a@x.example\", \"b@x.example\"]  # who gets digests"), "{text}");
    }

    #[test]
    fn mail_has_no_place_among_what_the_program_reads() {
        for (url, own) in [
            ("directory:letters", Some("config/letters")),
            ("directory:./letters/sent", Some("config/letters")),
            ("maildir:mail/../campaigns", Some("config/campaigns")),
            ("directory:.", Some("config/ ")),
            ("directory:sent", None),
            ("directory:../letters", None),
            ("maildir:/var/mail/letters", None),
        ] {
            let told = is_url(url, &["directory:", "maildir:"]);
            match own {
                Some(own) => assert!(told.as_ref().is_err_and(|told| told.starts_with(own)), "{url}: {told:?}"),
                None => assert_eq!(told, Ok(()), "{url}"),
            }
        }
    }

    #[test]
    fn answers_that_end_too_early_write_nothing() {
        let mut input = "Bộ X\n".as_bytes();
        let refused = gather(nothing(), &mut Questions { person: Some((&mut input, &mut Vec::new())) });
        assert!(refused.err().unwrap().to_string().contains("--unit"));
    }

    #[test]
    fn without_a_person_what_is_needed_must_be_given() {
        let refused = gather(nothing(), &mut Questions { person: None });
        assert!(refused.err().unwrap().to_string().contains("--office is needed"));
    }
}
