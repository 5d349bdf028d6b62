//! What the command line tells of itself, all made from its own definition: manual pages, completions for shells, and
//! the reference in `docs/commands.md`.

use super::Arguments;
use anyhow::Context as _;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use std::{fmt::Write as _, fs, path::Path};

/// Prints what a shell needs to complete our commands.
pub fn completions(shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "phuluc", &mut script);
    say!("{}", String::from_utf8_lossy(&script).trim_end());
    0
}

/// Writes a manual page for the program and for each of its commands.
pub fn man(folder: &Path) -> anyhow::Result<u8> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut command = Arguments::command();
    command.build();
    for (name, command) in pages(&command) {
        let file = folder.join(format!("{name}.1"));
        let mut page = Vec::new();
        clap_mangen::Man::new(command.display_name(name)).render(&mut page)?;
        fs::write(&file, page).with_context(|| format!("{} cannot be written", file.display()))?;
        say!("{}", file.display());
    }
    Ok(0)
}

/// The program and its visible commands, each under its whole name: `phuluc-agency-show`.
fn pages(command: &Command) -> Vec<(String, Command)> {
    fn add(prefix: &str, command: &Command, into: &mut Vec<(String, Command)>) {
        into.push((prefix.to_owned(), command.clone()));
        for sub in visible(command) {
            add(&format!("{prefix}-{}", sub.get_name()), sub, into);
        }
    }
    let mut pages = Vec::new();
    add("phuluc", command, &mut pages);
    pages
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
}

/// Every command with its arguments, as Markdown.
pub fn reference() -> String {
    let mut command = Arguments::command();
    command.build();
    let mut text = String::from(
        "# Commands\n\nMade by `phuluc reference` from the command line's own definition. `phuluc help COMMAND` tells the \
         same.\n\nOf every command:\n\n",
    );
    for argument in command.get_arguments().filter(|argument| argument.is_global_set()) {
        line(&mut text, argument);
    }
    for sub in visible(&command) {
        describe(&mut text, "phuluc", sub);
    }
    text
}

fn describe(text: &mut String, prefix: &str, command: &Command) {
    let name = format!("{prefix} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    // Writing to a string does not fail.
    let _ = writeln!(text, "\n## `{name}`\n\n{about}.\n");
    let _ = writeln!(text, "```\n{}\n```", usage(command));
    let own = |argument: &&Arg| {
        !argument.is_hide_set()
            && !argument.is_global_set()
            && !["help", "version"].contains(&argument.get_id().as_str())
    };
    if command.get_arguments().any(|argument| own(&argument)) {
        text.push('\n');
    }
    for argument in command.get_arguments().filter(own) {
        line(text, argument);
    }
    for sub in visible(command) {
        describe(text, &name, sub);
    }
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage.trim_start_matches("Usage: ").to_owned()
}

fn line(text: &mut String, argument: &Arg) {
    let names = argument.get_value_names().unwrap_or_default();
    let values: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let takes_values = argument.get_action().takes_values();
    let name = match argument.get_long() {
        Some(long) if takes_values => format!("--{long} {}", values.join(" ")),
        Some(long) => format!("--{long}"),
        None => values.join(" "),
    };
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let choices: Vec<String> =
        argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    let mut told = vec![help];
    if takes_values && !choices.is_empty() {
        told.push(format!("one of {}", choices.join(", ")));
    }
    if takes_values && !defaults.is_empty() {
        told.push(format!("default {}", defaults.join(", ")));
    }
    if let Some(variable) = argument.get_env() {
        told.push(format!("or by the environment variable `{}`", variable.to_string_lossy()));
    }
    told.retain(|part| !part.is_empty());
    let told = told.join("; ");
    let _ = writeln!(text, "- `{name}`{}", if told.is_empty() { String::new() } else { format!(": {told}") });
}
