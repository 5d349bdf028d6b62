//! `new-campaign`: the files of a campaign from its official letter's data, with a draft of its form: one to begin
//! with, one guessed from a blank workbook, or a form that is there. It overwrites nothing, and what it writes loads.

use super::shipped;
use crate::{
    attachment::FileKind,
    campaign::{Campaign, CampaignId},
    config::Config,
    form::{
        declaration::{DeclarationError, Form},
        draft::{Words, draft},
    },
    workbook::{Format, Workbook, dropdowns},
};
use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use jiff::civil::Date;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub struct NewCampaignArguments {
    /// The campaign's name in commands: letters, digits and hyphens
    id: String,
    /// The official letter's number, such as 488/BTTTT-CĐSQG
    #[arg(long, value_name = "TEXT")]
    number: String,
    /// The official letter's date, YYYY-MM-DD
    #[arg(long)]
    date: Date,
    /// The last day on which a report is on time, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    deadline: Date,
    /// What the official letter is about, as it stands after "V/v"
    #[arg(long, value_name = "TEXT", default_value = "")]
    subject: String,
    /// The day the campaign opens, YYYY-MM-DD; by default the letter's date
    #[arg(long, value_name = "DATE")]
    opening: Option<Date>,
    /// A few words for tables and letters; by default made of the letter's number
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// What the letter asks for, a sentence each; may be given several times
    #[arg(long = "ask", value_name = "TEXT")]
    asks: Vec<String>,
    /// A blank workbook (or a document with tables) from which the form is drafted
    #[arg(long, value_name = "FILE.xlsx", conflicts_with = "form")]
    from_workbook: Option<PathBuf>,
    /// A form that is there, beside phuluc.toml, such as forms/1552.toml
    #[arg(long, value_name = "FILE.toml")]
    form: Option<PathBuf>,
}

/// A form of the campaign.
struct Drafted {
    /// Where it stands, relative to the configuration.
    file: PathBuf,
    /// None where it was there.
    text: Option<String>,
    found: Vec<String>,
}

pub fn new_campaign(config: &Path, arguments: NewCampaignArguments) -> anyhow::Result<u8> {
    let named = config;
    let config = Config::load(config)?;
    let id = CampaignId::parse(&arguments.id).context("the id takes ASCII letters, digits and hyphens")?;
    ensure!(
        arguments.deadline >= arguments.opening.unwrap_or(arguments.date),
        "the deadline {} is before the opening",
        arguments.deadline
    );
    let words = Words::parse(shipped::text("drafts/words.toml")?).map_err(anyhow::Error::msg)?;
    let title = arguments.title.clone().unwrap_or_else(|| words.campaign_title.replace("{}", &arguments.number));
    let form = form(&config, &id, &title, &words, &arguments)?;
    let text = campaign(&id, &title, &arguments, &form);
    // The same reading as that of the daemon; what it would refuse is not written.
    toml::from_str::<Campaign>(&text).context("the campaign's file would be wrong")?;
    let file = config.path(&config.campaigns).join(format!("{id}.toml"));
    let form_file = config.path(&form.file);
    let mut files = vec![(file, text.as_str())];
    files.extend(form.text.as_deref().map(|text| (form_file.clone(), text)));
    for (path, _) in &files {
        ensure!(!path.exists(), "{} is there already; nothing is overwritten", path.display());
    }
    for (path, text) in &files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        say!("{}", path.display());
    }
    for line in &form.found {
        say!("  {line}");
    }
    let checks = form.text.as_deref().map_or(0, |text| text.matches("CHECK").count());
    if checks > 0 {
        say!("The form is a draft: {checks} remarks in it begin with CHECK. Edit {}, then:", form_file.display());
    }
    let option =
        if named == Path::new("config/phuluc.toml") { String::new() } else { format!(" --config {}", named.display()) };
    say!("Next: phuluc{option} check");
    say!("      phuluc{option} template {id} --out {id}.xlsx");
    say!("      phuluc{option} rehearse {id} --out rehearsal");
    Ok(0)
}

fn form(
    config: &Config,
    id: &CampaignId,
    title: &str,
    words: &Words,
    arguments: &NewCampaignArguments,
) -> anyhow::Result<Drafted> {
    if let Some(file) = &arguments.form {
        Form::load(&config.path(file))?;
        return Ok(Drafted { file: file.clone(), text: None, found: Vec::new() });
    }
    let file = PathBuf::from(format!("forms/{id}.toml"));
    let (text, found) = match &arguments.from_workbook {
        Some(workbook) => from_workbook(id, workbook, words)?,
        None => {
            let begun = shipped::text("drafts/form.toml")?;
            let title = toml::Value::from(title).to_string();
            (begun.replace("{id}", id.as_str()).replace("\"{title}\"", &title), Vec::new())
        }
    };
    let path = config.path(&file);
    if let Err(fault) = Form::parse(&text, &path) {
        return Err(kept_aside(&text, &path, &file, &fault)?);
    }
    Ok(Drafted { file, text: Some(text), found })
}

/// A draft that does not load is no dead end: it is kept beside the form's place, with what to mend in it.
fn kept_aside(text: &str, path: &Path, file: &Path, fault: &DeclarationError) -> anyhow::Result<anyhow::Error> {
    let names = std::iter::once("toml.draft".to_owned()).chain((2..).map(|count| format!("toml.draft-{count}")));
    let free = { names }.map(|ending| path.with_extension(ending)).find(|draft| !draft.exists());
    let draft = free.context("too many drafts lie there")?;
    if let Some(folder) = draft.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    fs::write(&draft, text).with_context(|| format!("{} cannot be written", draft.display()))?;
    Ok(anyhow!(
        "the draft is kept as {}, and does not load yet: line {}: {}. Mend it there, rename it to {}, and give the same \
         command with `--form {}` in place of the workbook",
        draft.display(),
        fault.line,
        fault.reason,
        path.display(),
        file.display()
    ))
}

fn from_workbook(id: &CampaignId, path: &Path, words: &Words) -> anyhow::Result<(String, Vec<String>)> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let format = Format::of(FileKind::of(&bytes)).with_context(|| format!("{} is no workbook", path.display()))?;
    let workbook = Workbook::read(&bytes, format).with_context(|| format!("{} cannot be read", path.display()))?;
    let lists = if format == Format::Xlsx { dropdowns::read(&bytes, &workbook) } else { dropdowns::DropDowns::new() };
    let drafted = draft(id.as_str(), &workbook, &lists, words);
    let drafted = drafted.with_context(|| format!("{} shows neither a table nor labels", path.display()))?;
    Ok((drafted.text, drafted.found))
}

fn campaign(id: &CampaignId, title: &str, arguments: &NewCampaignArguments, form: &Drafted) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let opening = arguments.opening.unwrap_or(arguments.date);
    let asks: Vec<String> = arguments.asks.iter().map(|ask| format!("    {},\n", quoted(ask))).collect();
    let asks = if asks.is_empty() {
        "# asks = [\"…\"]                   # what it asks for, a sentence each, as the opening letter repeats it\n"
            .to_owned()
    } else {
        format!(
            "asks = [                         # what it asks for, as the opening letter repeats it\n{}]\n",
            asks.concat()
        )
    };
    format!(
        "# The reports asked for by official letter {number}. docs/configuration.md names every key.\n\n\
         id = {id}\n\
         # token = \"BC{bare}\"               # stands in brackets at the head of every subject\n\
         title = {title}\n\
         opening = \"{opening}\"\n\
         deadline = \"{deadline}\"          # the whole day counts, until 24:00 local time\n\
         # roll_over = true               # a deadline on a day off moves to the next working day\n\
         form = {form}\n\
         registry = \"agencies.csv\"        # who owes a report: CHECK the column `expected`\n\
         calendar = \"calendar-vn.csv\"\n\
         reminders = [-5, -2, 0, 2, 4, 6] # working days from the deadline; from the second after it on, `escalation` too\n\
         # digest_time = \"07:30\"\n\
         # correction_days = 3            # working days an agency is given for a correction\n\n\
         [letter]\n\
         number = {quoted_number}\n\
         date = \"{date}\"\n\
         subject = {subject}\n{asks}",
        number = arguments.number.replace('\n', " "),
        id = quoted(id.as_str()),
        bare = id,
        title = quoted(title),
        deadline = arguments.deadline,
        form = quoted(&form.file.to_string_lossy()),
        quoted_number = quoted(&arguments.number),
        date = arguments.date,
        subject = quoted(&arguments.subject),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_that_does_not_load_is_kept_with_what_to_mend() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("forms/x.toml");
        let text = "id = \"x\"\nversion = 1\ntitle = \"X\"\nsections = []\n";
        let fault = Form::parse(text, &path).unwrap_err();
        for ending in ["draft", "draft-2"] {
            let told = kept_aside(text, &path, Path::new("forms/x.toml"), &fault).unwrap().to_string();
            let draft = folder.path().join(format!("forms/x.toml.{ending}"));
            assert_eq!(fs::read_to_string(draft).unwrap(), text, "nothing is overwritten");
            assert!(
                told.contains("line 1: the form has no sections") && told.contains("--form forms/x.toml"),
                "{told}"
            );
            assert!(!path.exists());
        }
    }
}
