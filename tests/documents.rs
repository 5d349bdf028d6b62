//! The references in `docs/` are made from the code: every key of the configuration, of campaign files and of forms from
//! their types and doc comments, every command from the command line's own definition. Here they are made again and
//! compared; `PHULUC_WRITE_DOCS=1 cargo test --test documents` writes them anew.

use phuluc::{agency::Kind, form::declaration::Form, letter::Letters};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares a document with what it must be, or writes it.
fn is_current(path: &str, expected: &str) {
    if std::env::var_os("PHULUC_WRITE_DOCS").is_some() {
        fs::write(root().join(path), expected).unwrap();
    }
    let written = fs::read_to_string(root().join(path)).unwrap_or_default();
    let differs = written.lines().zip(expected.lines()).find(|(written, expected)| written != expected);
    assert!(
        written == expected,
        "{path} is not what the code says: {differs:?}; PHULUC_WRITE_DOCS=1 cargo test --test documents writes it anew"
    );
}

/// A key as its field declares it.
struct Key {
    name: String,
    meaning: String,
    default: String,
    /// The field's type, without `Option`, `Vec` and the like.
    of: String,
}

/// The keys of a struct, read from its fields.
fn keys(source: &str, name: &str) -> Vec<Key> {
    let start = source.find(&format!("pub struct {name} {{")).unwrap_or_else(|| panic!("no struct {name}"));
    let before = &source[..start];
    let head = &before[before.rfind("\n\n").unwrap_or_default()..];
    let all_have_defaults = head.contains("#[serde(default");
    let body = source[start..].split("\n}").next().unwrap();
    let (mut keys, mut words, mut attribute) = (Vec::new(), String::new(), String::new());
    for line in body.lines().skip(1).map(str::trim) {
        if let Some(said) = line.strip_prefix("/// ") {
            words.push_str(if words.is_empty() { "" } else { " " });
            words.push_str(said);
        } else if line.starts_with("#[") {
            attribute.push_str(line);
        } else if let Some((field, kind)) = line.trim_start_matches("pub ").split_once(": ") {
            let (said, given) = (std::mem::take(&mut words), std::mem::take(&mut attribute));
            if given.contains("skip") {
                continue;
            }
            let renamed = given.split("rename = \"").nth(1).and_then(|rest| rest.split('"').next());
            let optional = all_have_defaults || given.contains("default") || kind.starts_with("Option<");
            let (meaning, default) = match said.rsplit_once(" Default") {
                Some((meaning, default)) => (meaning.to_owned(), default.trim_matches([':', '.', ' ']).to_owned()),
                None => (said, if optional { "none".to_owned() } else { "must be given".to_owned() }),
            };
            let of = kind.trim_end_matches(',').replace("Option<", "").replace("Vec<", "").replace('>', "");
            keys.push(Key { name: renamed.unwrap_or(field).to_owned(), meaning, default, of });
        }
    }
    assert!(!keys.is_empty(), "the fields of {name} are not read");
    keys
}

fn table(text: &mut String, keys: &[Key]) {
    text.push_str("| key | default | meaning |\n|---|---|---|\n");
    for key in keys {
        assert!(key.meaning.len() > 5, "the key {} has no doc comment that says what it means", key.name);
        let cell = |text: &str| text.replace('|', "\\|");
        writeln!(text, "| `{}` | {} | {} |", key.name, cell(&key.default), cell(&key.meaning)).unwrap();
    }
}

/// The doc comment of a struct, as one line.
fn about(source: &str, name: &str) -> String {
    let before = &source[..source.find(&format!("pub struct {name} {{")).unwrap()];
    let lines: Vec<&str> = before.lines().rev().skip_while(|line| line.starts_with("#[")).collect();
    let mut said: Vec<&str> = lines.into_iter().map_while(|line| line.strip_prefix("/// ")).collect();
    said.reverse();
    said.join(" ")
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    let source = ["", "/page", "/health"].map(|part| read(&format!("src/config{part}.rs"))).concat();
    let mut text = String::from(
        "# Configuration\n\nMade from the doc comments of `src/config` and `src/campaign.rs` by `tests/documents.rs`. \
         `--config FILE` names\nthe file, else `$PHULUC_CONFIG`, else it is `config/phuluc.toml`. Paths in it are relative \
         to it; unknown keys are refused,\nwith the key's name and line. `config/phuluc.toml` shows each key in its place, \
         `phuluc init` writes one.\n",
    );
    let all = keys(&source, "Config");
    let is_table = |key: &Key| source.contains(&format!("pub struct {} {{", key.of));
    let (tables, plain): (Vec<Key>, Vec<Key>) = all.into_iter().partition(is_table);
    text.push_str("\n## At the top of the file\n\n");
    table(&mut text, &plain);
    let mut told = BTreeSet::new();
    for of in &tables {
        write!(text, "\n## `[{}]`\n\n", of.name).unwrap();
        let about = about(&source, &of.of);
        if !about.is_empty() {
            write!(text, "{about}\n\n").unwrap();
        }
        let (inner, plain): (Vec<Key>, Vec<Key>) = keys(&source, &of.of).into_iter().partition(is_table);
        table(&mut text, &plain);
        for inner in inner {
            write!(text, "\n### `[{}.{}]`\n\n{}\n\n", of.name, inner.name, inner.meaning).unwrap();
            if told.insert(inner.of.clone()) {
                table(&mut text, &keys(&source, &inner.of));
            } else {
                text.push_str("The same keys as above.\n");
            }
        }
    }
    let campaigns = read("src/campaign.rs");
    text.push_str("\n## A campaign's file, `campaigns/ID.toml`\n\n");
    let mut of_campaign = keys(&campaigns, "Campaign");
    of_campaign.retain(|key| !["OfficialLetter", "OwnOffice"].contains(&key.of.as_str()));
    table(&mut text, &of_campaign);
    text.push_str("\n### `[letter]`\n\nThe official letter a campaign rests on.\n\n");
    table(&mut text, &keys(&campaigns, "OfficialLetter"));
    write!(text, "\n### `[office]`\n\n{}\n\n", about(&campaigns, "OwnOffice")).unwrap();
    table(&mut text, &keys(&campaigns, "OwnOffice"));
    text.push_str("\n## The registry, `agencies.csv`\n\nThe columns of the file that a campaign names, in any order. ");
    let agency = read("src/agency.rs");
    write!(text, "{}\n\n", about(&agency, "Agency")).unwrap();
    table(&mut text, &keys(&agency, "Agency"));
    text.push_str(
        "\nThe kinds, and the groups in which digest, page and export sum them up (`config/letters/export.toml`):\n\n",
    );
    text.push_str("| kind | group |\n|---|---|\n");
    let letters = Letters::embedded().unwrap();
    for kind in Kind::ALL {
        writeln!(text, "| `{}` | {} |", kind.as_str(), letters.headings().group_of(kind)).unwrap();
    }
    text.push_str(
        "\n## Environment\n\n| variable | meaning |\n|---|---|\n| `PHULUC_CONFIG` | The configuration file, where \
         `--config` names none. |\n| `PHULUC_LOG` | How much is logged: `info`, `debug`, `phuluc=debug`. `run` logs `info`, \
         other commands `warn`. |\n| `PHULUC_LOG_FORMAT` | `text` or `json`; goes before `log.format`. |\n",
    );
    is_current("docs/configuration.md", &text);
}

#[test]
fn every_key_of_a_form_is_documented() {
    let declaration = read("src/form/declaration.rs");
    let part = |name: &str| read(&format!("src/form/declaration/{name}.rs"));
    let (choices, row, tables) = (part("choice_list"), part("row"), part("tables"));
    let mut text = String::from(
        "# Forms\n\nEvery key of a form's declaration (`config/forms/ID.toml`), made from the doc comments of \
         `src/form/declaration.rs` by\n`tests/documents.rs`. a small one stands at the end, \
         a large one is `config/forms/1552.toml` in\nthe program's sources (`phuluc init --sample` copies it); `phuluc \
         new-campaign --from-workbook` drafts one. `phuluc check`\nrefuses a wrong one with its line.\n\nA condition \
         (`when`, `asked_when`) is CEL over `row` (the row's answers by key), `form` (all sections), `agency` (its\n`kind`) \
         and `campaign` (its `letter_date`). A blank answer is `null`, and so is what was not understood: `row.note == \
         null`\nasks for it, `row.note == ''` never holds. What stands in the cell is `row.text.note`, `''` where nothing \
         does. Choices are\ncompared by their codes: `row.size == 'big'`. Of a time there is also `row.due_end`, its last \
         day; of a ratio\n`row.share_part` and `row.share_whole`; of every row its name, `row.row`, that of the declared \
         row, `row.declared`, and of\nthe row below it, `row.sub`; of choices the words behind them, `row.rest.size`. \
         `phuluc check` names conditions that speak\nof columns, sections or codes that there are not. Every finding code \
         has a sentence under `[messages.CODE]`, or a general\none in `config/letters/findings.toml`.\n",
    );
    for (source, name, heading) in [
        (&declaration, "Form", "At the top of the file"),
        (&choices, "ChoiceList", "`[choices.NAME]`"),
        (&choices, "ChoiceOption", "`[[choices.NAME.options]]`"),
        (&declaration, "Section", "`[[sections]]`"),
        (&declaration, "Column", "`[[sections.columns]]`"),
        (&row, "Row", "`[[sections.rows]]`"),
        (&row, "SubRow", "`[[sections.rows.subrows]]`"),
        (&declaration, "Rule", "`[[rules]]`"),
        (&declaration, "Message", "`[messages.CODE]`"),
        (&tables, "Table", "`[[tables]]`"),
    ] {
        write!(text, "\n## {heading}\n\n{}\n\n", about(source, name)).unwrap();
        table(&mut text, &keys(source, name));
    }
    let small = read("tests/data/forms/small.toml");
    let form = Form::parse(&small, Path::new("small.toml")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!([form.idle_conditions(), form.clashing_blanks()].concat(), Vec::<String>::new());
    write!(text, "\n## A whole form\n\n```toml\n{small}```\n").unwrap();
    is_current("docs/forms.md", &text);
}

fn phuluc(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phuluc"));
    let output = command.args(arguments).env_remove("PHULUC_CONFIG").output().expect("the program");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("what it prints is UTF-8")
}

#[test]
fn every_command_is_documented_and_says_what_each_flag_does() {
    let reference = phuluc(&["reference"]);
    is_current("docs/commands.md", &reference);
    let arguments: Vec<&str> = reference.lines().filter(|line| line.starts_with("- `")).collect();
    assert!(arguments.len() > 80, "{} arguments", arguments.len());
    for line in arguments.iter().filter(|line| !line.contains("`: ")) {
        // A shell tells for itself what it is.
        assert!(line.starts_with("- `SHELL`") || line.starts_with("- `ACT`"), "{line} does not say what it means");
    }
    assert!(!reference.contains("read-fenced") && !reference.contains("kill-at"), "a hidden one is shown");
}

#[test]
fn manual_pages_are_written_for_every_command_and_read_as_such() {
    let folder = tempfile::tempdir().unwrap();
    phuluc(&["man", &folder.path().display().to_string()]);
    let reference = phuluc(&["reference"]);
    let commands =
        reference.lines().filter_map(|line| line.strip_prefix("## `")).map(|rest| rest.trim_end_matches('`'));
    let mut pages: BTreeSet<String> = commands.map(|name| format!("{}.1", name.replace(' ', "-"))).collect();
    pages.insert("phuluc.1".to_owned());
    let written = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(written.collect::<BTreeSet<_>>(), pages);
    let page = fs::read_to_string(folder.path().join("phuluc-agency-extend.1")).unwrap();
    assert!(page.starts_with(".ie") && page.contains(".TH phuluc-agency-extend 1"), "{page}");
    assert!(page.contains("The last day on which its report is on time"), "{page}");
}

#[test]
fn completions_are_scripts_their_shell_accepts() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(phuluc(&["completions", shell]).contains("new-campaign"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("phuluc");
    fs::write(&script, phuluc(&["completions", "bash"])).unwrap();
    // What bash itself offers behind `phuluc outbox `.
    let ask = "source \"$0\"; COMP_WORDS=(phuluc outbox ''); COMP_CWORD=2; _phuluc phuluc '' outbox; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", ask]).arg(&script).output().unwrap();
    let offered = String::from_utf8_lossy(&output.stdout);
    assert!(
        offered.contains("retry") && offered.contains("--json"),
        "{offered}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The files of `docs/`, the README and what stands beside it.
fn documents() -> Vec<PathBuf> {
    let mut found =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/README.md"].map(|name| root().join(name)).to_vec();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let documents = documents();
    assert!(documents.len() > 10, "{} documents", documents.len());
    for path in &documents {
        let text = fs::read_to_string(path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") || target.starts_with('#') {
                continue;
            }
            let target = target.split('#').next().unwrap();
            assert!(path.parent().unwrap().join(target).exists(), "{}: {target}", path.display());
        }
    }
}

#[test]
fn every_picture_is_small_and_shown() {
    let pictures: Vec<PathBuf> = fs::read_dir(root().join("docs/pictures"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "png"))
        .collect();
    assert!(pictures.len() >= 5, "{} pictures", pictures.len());
    let texts: String = documents().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for picture in pictures {
        let bytes = fs::read(&picture).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{}", picture.display());
        assert!(bytes.len() <= 120_000, "{} has {} bytes", picture.display(), bytes.len());
        let name = picture.file_name().unwrap().to_string_lossy().into_owned();
        assert!(texts.contains(&format!("pictures/{name}")), "{name} is shown nowhere");
    }
}

/// The commands that documents show in their examples are commands.
#[test]
fn every_command_in_the_documents_is_one() {
    let reference = phuluc(&["reference"]);
    let known: BTreeSet<&str> = reference
        .lines()
        .filter_map(|line| line.strip_prefix("## `phuluc "))
        .filter_map(|rest| rest.split(['`', ' ']).next())
        .collect();
    let mut seen = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let mut fenced = false;
        let lines = text.lines().filter_map(|line| {
            fenced ^= line.starts_with("```");
            line.strip_prefix("phuluc ").filter(|_| fenced)
        });
        let lines: Vec<&str> = lines.collect();
        for used in text.split("`phuluc ").skip(1).chain(lines) {
            let used = used.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap();
            if used.is_empty() || used.starts_with('-') || ["help", "reference"].contains(&used) {
                continue;
            }
            seen += 1;
            assert!(known.contains(used), "{}: phuluc {used}", Path::new(&path).display());
        }
    }
    assert!(seen > 50, "{seen} commands in the documents");
}

/// What a document shows to be typed, in its order: whole blocks, and the last column of tables.
fn typed(path: &str) -> Vec<String> {
    let (mut lines, mut in_block) = (Vec::new(), false);
    let text = read(path).replace("\\\n", " ");
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = line == "```sh";
        } else if in_block {
            lines.push(line.split(" #").next().unwrap().trim().to_owned());
        } else if let Some(command) = line.strip_suffix("` |").and_then(|line| line.rsplit_once("| `phuluc ")) {
            lines.push(format!("phuluc {}", command.1));
        }
    }
    lines
}

/// Runs it line by line in a folder, as somebody would who has the program at hand.
fn type_in(folder: &Path, config: &Path, lines: &[String]) {
    let program = Path::new(env!("CARGO_BIN_EXE_phuluc")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    for line in lines {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(line).current_dir(folder).env("PATH", &path).env("PHULUC_CONFIG", config);
        let output = shell.output().unwrap();
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        // A form that was left blank on purpose is no report, and that is what it is shown for.
        let expected = i32::from(line.starts_with("phuluc validate"));
        assert_eq!(output.status.code(), Some(expected), "{line}: {told}");
    }
}

#[test]
fn what_staff_are_shown_to_type_works_in_its_order_with_several_campaigns_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let demo = at("demo").display().to_string();
    phuluc(&["demo", &demo]);
    let held = typed("docs/can-bo/xu-ly-thu-bi-giu.md");
    assert!(held.len() >= 4, "{held:?}");
    type_in(folder.path(), &at("demo/config/phuluc.toml"), &held);

    // An office with a campaign already, which gets a second one.
    let office = at("office").display().to_string();
    let mut init = vec!["init", &office, "--office", "Bộ X", "--sample", "--from", "bc@thu.example"];
    init.extend(["--mailbox", "maildir:../data/mailbox", "--outgoing", "directory:../data/letters"]);
    init.extend(["--staff", "a@thu.example"]);
    phuluc(&init);
    let blank = at("phu-luc.xlsx").display().to_string();
    phuluc(&["template", "1552", "--out", &blank]);
    fs::copy(&blank, at("dien-thu.xlsx")).unwrap();
    let opened = typed("docs/can-bo/mo-dot-bao-cao.md");
    let agencies = opened.iter().filter(|line| line.starts_with("phuluc agency"));
    assert!(opened.len() >= 12 && agencies.count() >= 5, "{opened:?}");
    type_in(folder.path(), &at("office/config/phuluc.toml"), &opened);
}
