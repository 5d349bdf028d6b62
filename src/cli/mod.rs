//! The command line: one file for each act of an operator. A command gathers what its duty needs, calls it and
//! shows the outcome: tables for people, the promised JSON for programs.

/// Prints a line. Whoever reads the output may stop reading: that is no error, only the end.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        if let Err(error) = writeln!(std::io::stdout(), $($words)*) {
            std::process::exit(i32::from(error.kind() != std::io::ErrorKind::BrokenPipe));
        }
    }};
}

mod actor;
mod agency;
mod audit;
mod backup;
mod campaign;
mod check;
mod demo;
mod digest;
mod export;
mod init;
mod log;
mod manual;
mod messages;
mod new_campaign;
mod outbox;
mod rehearse;
mod reload;
mod run;
mod shipped;
mod status;
mod table;
mod template;
mod trace;
mod validate;

pub use log::start_logging;

use crate::{
    clock::Clock,
    duty::Desk,
    fence::{self, Fence},
    setup::Setup,
};
use clap::{
    Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser as _},
};
use jiff::Timestamp;
use std::{ffi::OsString, path::PathBuf, sync::Arc};

/// The exit code when something of ours went wrong.
pub const OUR_TROUBLE: u8 = 2;

/// Collects official reports by e-mail.
/// Where the configuration lies unless it is said.
const CONFIG: &str = "config/phuluc.toml";

/// An environment variable that is set to nothing says nothing.
fn given_or_default(text: OsString) -> PathBuf {
    if text.is_empty() { PathBuf::from(CONFIG) } else { PathBuf::from(text) }
}

#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
pub struct Arguments {
    /// The configuration file
    #[arg(
        long,
        global = true,
        env = "PHULUC_CONFIG",
        default_value = CONFIG,
        value_name = "FILE",
        value_parser = OsStringValueParser::new().map(given_or_default),
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays a whole campaign on sample mail and shows what happened
    Demo {
        /// Where to put it; replaced if it is an earlier demo
        #[arg(default_value = "phuluc-demo")]
        folder: PathBuf,
    },
    /// Checks configuration, forms, letters, registry, database, mailbox and SMTP, and says what to do
    Check,
    /// Polls the mailbox, reads reports and answers them
    Run {
        /// Drains mailbox and outbox, then ends
        #[arg(long)]
        once: bool,
        /// Sets the clock (RFC 3339); refused unless letters stay on this machine
        #[arg(long, value_name = "TIME")]
        as_of: Option<Timestamp>,
        /// Dies at a step (STEP, STEP:TIMES, STEP@ID), for tests of what is left then
        #[arg(long, value_name = "STEP", hide = true)]
        kill_at: Option<String>,
    },
    /// Reads one file and says what would be answered; touches nothing
    Validate {
        /// The campaign's id
        campaign: String,
        /// A workbook, or a mail (.eml)
        file: PathBuf,
        /// The reporting agency's id; some rows apply to some agencies only
        #[arg(long, value_name = "ID")]
        agency: Option<String>,
        /// Prints the promised JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes the blank form as a workbook
    Template {
        /// The campaign's id
        campaign: String,
        /// Makes it out to this agency
        #[arg(long, value_name = "ID")]
        agency: Option<String>,
        /// The workbook to write
        #[arg(long, value_name = "FILE.xlsx")]
        out: PathBuf,
    },
    /// Queues the opening letter with the form to every expected agency, once
    Announce {
        /// The campaign's id
        campaign: String,
        /// Before the opening date too
        #[arg(long)]
        yes: bool,
        /// Sets the clock (RFC 3339); refused unless letters stay on this machine
        #[arg(long, value_name = "TIME")]
        as_of: Option<Timestamp>,
    },
    /// Shows every letter the campaign would send if nobody answered, and changes nothing
    Rehearse {
        /// The campaign's id
        campaign: String,
        /// A new folder for the letters, a file each
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Shows one agency, or decides about it: more time, no report owed, on paper, an address
    Agency {
        #[command(subcommand)]
        act: agency::AgencyAct,
    },
    /// Closes a campaign, or opens it again
    Campaign {
        #[command(subcommand)]
        act: campaign::CampaignAct,
    },
    /// Shows who has reported
    Status {
        /// The campaign; without it each is shown, but for --json
        campaign: Option<String>,
        /// Prints JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Shows the digest as it would be now
    Digest {
        /// The campaign's id
        campaign: String,
        /// Queues today's for each of the staff instead
        #[arg(long)]
        send: bool,
    },
    /// Writes the consolidated national table
    Export {
        /// The campaign's id
        campaign: String,
        /// The file to write: .xlsx, .csv or .json
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Which table a .csv holds; by default the form's first
        #[arg(long, value_name = "ID")]
        table: Option<String>,
    },
    /// Lists what came in, and what is held
    Messages {
        /// Only what waits for staff, with the reason and the best guess
        #[arg(long)]
        held: bool,
        /// Prints JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Looks at one message, or decides about it
    Message {
        #[command(subcommand)]
        act: messages::MessageAct,
    },
    /// Lists what goes out
    Outbox {
        /// Prints JSON, for programs
        #[arg(long)]
        json: bool,
        #[command(subcommand)]
        act: Option<OutboxAct>,
    },
    /// Shows what people decided, when and why
    Audit {
        /// Only about this: message:7, letter:3, agency:ha-noi, campaign:1552
        subject: Option<String>,
        /// Prints JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Tells the whole story of a message, in order: kept, judged, answered, sent, filed, decided
    Trace {
        /// The message
        #[arg(required_unless_present = "letter")]
        id: Option<i64>,
        /// Of a letter instead
        #[arg(long, value_name = "ID", conflicts_with = "id")]
        letter: Option<i64>,
        /// Prints JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Has the daemons of this machine read configuration, campaigns, forms and letters again
    Reload,
    /// Copies database and configuration while the daemon may run
    Backup {
        /// Where a folder for this backup is made
        folder: PathBuf,
    },
    /// Puts the database of a backup back
    Restore {
        /// The folder of one backup
        folder: PathBuf,
        /// Sets aside a database that is there
        #[arg(long)]
        force: bool,
        /// Reads and sends what waited when the backup was made, though that may have been done since
        #[arg(long)]
        resume: bool,
    },
    /// Writes a new installation, asking at a terminal for what no flag says
    Init(init::InitArguments),
    /// Starts a campaign: its file, and a draft of its form
    NewCampaign(new_campaign::NewCampaignArguments),
    /// Writes the manual pages
    Man {
        /// The folder to write them into
        folder: PathBuf,
    },
    /// Prints a script that completes our commands in a shell
    Completions { shell: clap_complete::Shell },
    /// Prints docs/commands.md
    #[command(hide = true)]
    Reference,
    /// Reads mail for another process of this program, with no rights of its own
    #[command(name = fence::COMMAND, hide = true)]
    ReadFenced,
}

#[derive(Debug, Subcommand)]
enum OutboxAct {
    /// Shows a letter and how far it is
    Show {
        /// Its number
        id: i64,
    },
    /// Sends a letter again that failed or is uncertain
    Retry {
        /// Its number
        id: i64,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Withdraws a letter that has not left
    Cancel {
        /// Its number
        id: i64,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
}

impl Arguments {
    /// Whether this process is to read for another one, which it does without a runtime (see `fence`).
    pub fn reads_fenced(&self) -> bool {
        matches!(self.command, Command::ReadFenced)
    }
}

/// Carries out a command; the number is the exit code.
pub async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let config = arguments.config;
    match arguments.command {
        Command::Demo { folder } => demo::demo(&folder).await,
        Command::Check => check::check(&config).await,
        Command::Run { once, as_of, kill_at } => run::run(load(&config)?, once, as_of, kill_at.as_deref()).await,
        Command::Validate { campaign, file, agency, json } => {
            validate::validate(&load(&config)?, &Fence::of_this_program(), &campaign, &file, agency.as_deref(), json)
        }
        Command::Template { campaign, agency, out } => {
            template::template(&load(&config)?, &campaign, agency.as_deref(), &out)
        }
        Command::Announce { campaign, yes, as_of } => {
            let setup = load(&config)?;
            let clock = run::clock(&setup, as_of)?;
            campaign::announce(&Desk::open(Arc::new(setup), clock).await?, &campaign, yes).await
        }
        Command::Rehearse { campaign, out } => rehearse::rehearse(load(&config)?, &campaign, out.as_deref()).await,
        Command::Agency { act } => agency::run(&desk(&config).await?, act).await,
        Command::Campaign { act } => campaign::run(&desk(&config).await?, act).await,
        Command::Status { campaign, json } => status::status(&desk(&config).await?, campaign.as_deref(), json).await,
        Command::Digest { campaign, send } => digest::digest(&desk(&config).await?, &campaign, send).await,
        Command::Export { campaign, out, table } => {
            export::export(&desk(&config).await?, &campaign, &out, table.as_deref()).await
        }
        Command::Messages { held, json } => messages::list(&desk(&config).await?, held, json).await,
        Command::Message { act } => messages::run(&desk(&config).await?, act).await,
        Command::Outbox { json, act: None } => outbox::list(&desk(&config).await?, json).await,
        Command::Outbox { act: Some(OutboxAct::Show { id }), .. } => outbox::show(&desk(&config).await?, id).await,
        Command::Outbox { act: Some(OutboxAct::Retry { id, why }), .. } => {
            outbox::retry(&desk(&config).await?, id, why.as_deref()).await
        }
        Command::Outbox { act: Some(OutboxAct::Cancel { id, why }), .. } => {
            outbox::cancel(&desk(&config).await?, id, why.as_deref()).await
        }
        Command::Audit { subject, json } => audit::list(&desk(&config).await?, subject.as_deref(), json).await,
        Command::Trace { id, letter, json } => trace::trace(&desk(&config).await?, id, letter, json).await,
        Command::Reload => reload::reload(&config).await,
        Command::Backup { folder } => backup::back_up(load(&config)?, &folder).await,
        Command::Restore { folder, force, resume } => backup::restore(&load(&config)?, &folder, force, resume).await,
        Command::Init(arguments) => init::init(arguments),
        Command::NewCampaign(arguments) => new_campaign::new_campaign(&config, arguments),
        Command::Man { folder } => manual::man(&folder),
        Command::Completions { shell } => Ok(manual::completions(shell)),
        Command::Reference => {
            say!("{}", manual::reference().trim_end());
            Ok(0)
        }
        Command::ReadFenced => anyhow::bail!("{} comes before everything else", fence::COMMAND),
    }
}

fn load(config: &std::path::Path) -> anyhow::Result<Setup> {
    Ok(Setup::load(config)?)
}

async fn desk(config: &std::path::Path) -> anyhow::Result<Desk> {
    Ok(Desk::open(Arc::new(load(config)?), Clock::System).await?)
}
