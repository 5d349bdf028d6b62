//! The commands as programs and people call them: what they print, the promised JSON, and the exit code.

use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};
use tempfile::TempDir;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program in the repository's folder; nothing of the caller's environment reaches it.
fn phuluc(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phuluc"));
    command.args(arguments).current_dir(root()).env_remove("PHULUC_CONFIG").env_remove("PHULUC_LOG");
    command.output().expect("the program")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("what it prints is UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command that must end with `code` prints.
fn ends_with(code: i32, arguments: &[&str]) -> String {
    let output = phuluc(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", out(&output), err(&output));
    out(&output)
}

fn json(code: i32, arguments: &[&str]) -> Json {
    let text = ends_with(code, arguments);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
}

/// The keys of an object, in their order.
fn keys(object: &Json) -> Vec<&str> {
    object.as_object().unwrap_or_else(|| panic!("no object: {object}")).keys().map(String::as_str).collect()
}

fn is_time(value: &Json) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.ends_with("+07:00") && text.parse::<jiff::Timestamp>().is_ok()
}

// ---- the demo, and the listings over what it made

/// One demo for all tests that look at it, with what it printed.
fn demo() -> &'static (TempDir, String) {
    static DEMO: OnceLock<(TempDir, String)> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let told = ends_with(0, &["demo", &folder.path().display().to_string()]);
        (folder, told)
    })
}

fn demo_config() -> String {
    demo().0.path().join("config/phuluc.toml").display().to_string()
}

fn of_demo(arguments: &[&str]) -> Json {
    let config = demo_config();
    json(0, &[&["--config", &config], arguments].concat())
}

fn with_ending(folder: &Path, ending: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|found| found == ending)).count()
}

#[test]
fn the_demo_leaves_letters_workbooks_and_the_database_and_tells_its_story_in_a_screenful() {
    let (folder, told) = demo();
    let letters = with_ending(&folder.path().join("letters"), "eml");
    assert!(letters >= 10, "{letters} letters");
    assert_eq!(with_ending(&folder.path().join("letters"), "txt"), letters);
    assert_eq!(with_ending(&folder.path().join("letters"), "html"), letters);
    let workbooks = folder.path().join("workbooks");
    assert!(with_ending(&workbooks, "xlsx") >= 3);
    assert_eq!(fs::read_dir(&workbooks).unwrap().count(), with_ending(&workbooks, "xlsx"), "forms, and nothing else");
    assert!(folder.path().join("data/phuluc.db").is_file());
    for word in
        ["accepted", "needs correction", "unreadable", "duplicate", "question", "automatic", "held: unknown_sender"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(told.lines().count() < 50, "{} lines", told.lines().count());
    // A second demo replaces the first; a folder of somebody else's is left alone.
    let foreign = tempfile::tempdir().unwrap();
    fs::write(foreign.path().join("mine"), "").unwrap();
    ends_with(2, &["demo", &foreign.path().display().to_string()]);
    assert!(foreign.path().join("mine").exists());
}

#[test]
fn a_second_demo_replaces_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let first = ends_with(0, &["demo", &path]);
    assert_eq!(ends_with(0, &["demo", &path]), first);
}

/// `outcomes.csv`: what each mail is expected to end as.
fn expected_outcomes() -> Vec<(String, String, String)> {
    let mut reader = csv::Reader::from_path(root().join("config/demo/outcomes.csv")).unwrap();
    reader.records().map(|line| line.unwrap()).map(|l| (l[0].to_owned(), l[1].to_owned(), l[2].to_owned())).collect()
}

/// Accepts `reason-missing (1.2, 4.1)` and returns the codes with their rows, sorted.
fn codes_in(outcome: &str) -> Vec<(String, String)> {
    let Some((_, list)) = outcome.split_once(": ") else { return Vec::new() };
    let mut codes = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let end = rest.find([' ', ',']).unwrap_or(rest.len());
        let code = rest[..end].to_owned();
        rest = rest[end..].trim_start();
        if let Some((rows, behind)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            let rows = rows.split(", ").filter(|row| *row != "warning");
            codes.extend(rows.map(|row| (code.clone(), row.to_owned())));
            rest = behind;
        } else {
            codes.push((code, String::new()));
        }
        rest = rest.trim_start_matches([',', ' ']);
    }
    codes.sort();
    codes
}

#[test]
fn every_mail_of_the_demo_ends_as_its_list_says() {
    let messages = of_demo(&["messages", "--json"]);
    let mut messages: Vec<&Json> = messages.as_array().unwrap().iter().collect();
    messages.sort_by_key(|message| message["id"].as_i64());
    let expected = expected_outcomes();
    assert_eq!(messages.len(), expected.len());
    // The mails are numbered in the order of their arrival.
    for (message, (file, agency, outcome)) in messages.iter().zip(&expected) {
        // Nobody looks at a duplicate's sender.
        if outcome != "duplicate" {
            assert_eq!(message["agency"].as_str().unwrap_or_default(), agency, "{file}");
        }
        let found = match (message["held"].as_str(), message["verdict"].as_str(), message["kind"].as_str()) {
            // A held report is read, and counts only when staff release it.
            (Some(held), verdict, _) if verdict.is_none() || held != "unreadable" => format!("held: {held}"),
            (_, Some(verdict), _) => verdict.to_owned(),
            (_, _, kind) => kind.unwrap_or_default().to_owned(),
        };
        let head = outcome.split([':', ',']).next().unwrap();
        assert_eq!(if outcome.starts_with("held") { outcome } else { head }, found, "{file}: {outcome}");
        if found == "unreadable" {
            let detail = of_demo(&["message", "show", &message["id"].to_string()]);
            let reason = detail["reason"].as_str().unwrap();
            let reason = if reason == "legacy_word" { "no_workbook" } else { reason };
            assert_eq!(format!("unreadable: {reason}"), *outcome, "{file}");
        }
    }
    let status = of_demo(&["status", "--json"]);
    let states: BTreeMap<&str, &str> = status["agencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agency| (agency["agency"].as_str().unwrap(), agency["state"].as_str().unwrap()))
        .collect();
    for (agency, state) in [("nghe-an", "accepted"), ("lao-cai", "needs_correction"), ("thua-thien-hue", "accepted")] {
        assert_eq!(states[agency], state, "{agency}");
    }
    assert_eq!(status["counts"]["late"], 1);
}

#[test]
fn validating_a_mail_of_the_demo_finds_what_its_list_says() {
    let config = demo_config();
    for (file, _, outcome) in expected_outcomes() {
        let verdict = outcome.split([':', ',']).next().unwrap().to_owned();
        if !["accepted", "needs_correction", "unreadable"].contains(&verdict.as_str()) {
            continue;
        }
        let path = root().join("config/demo").join(&file).display().to_string();
        let code = i32::from(verdict != "accepted");
        let found = json(code, &["--config", &config, "validate", "1552", &path, "--json"]);
        assert_eq!(found["verdict"], verdict.as_str(), "{file}");
        if verdict == "unreadable" {
            assert_eq!(format!("unreadable: {}", found["reason"].as_str().unwrap()), outcome, "{file}");
            continue;
        }
        let codes = codes_in(outcome.split_once(", late").map_or(outcome.as_str(), |(before, _)| before));
        let listed: Vec<(String, String)> = found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                let code = finding["code"].as_str().unwrap().to_owned();
                let row = finding["row"].as_str().unwrap_or_default().to_owned();
                let named = codes.iter().any(|(known, row)| *known == code && !row.is_empty());
                (code, if named { row } else { String::new() })
            })
            .collect();
        let mut listed = listed;
        listed.sort();
        assert_eq!(listed, codes, "{file}");
    }
}

#[test]
fn a_message_goes_to_another_agency_than_its_own_only_on_purpose() {
    let folder = tempfile::tempdir().unwrap();
    ends_with(0, &["demo", &folder.path().display().to_string()]);
    let config = folder.path().join("config/phuluc.toml").display().to_string();
    let assign = |code, more: &[&str]| {
        ends_with(code, &[&["--config", &config, "message", "assign", "17"], more].concat()).trim_end().to_owned()
    };
    let told = assign(1, &["ha-nam"]);
    assert_eq!(
        told,
        "message 17 seems to be yen-bai's (the form names it, a guess), not ha-nam's\n\
         ha-nam has an accepted report, version 1 of 2023-02-16 (message 2), which this one replaces\n\
         nothing is changed; give --yes to assign it all the same"
    );
    assign(0, &["ha-nam", "--yes"]);
    let told = assign(0, &["yen-bai"]);
    assert!(told.starts_with("message 17: report, of yen-bai, accepted, letter "), "{told}");
    assert!(told.contains("; taken from ha-nam, letter ") && told.ends_with(" (receipt) is withdrawn"), "{told}");
    let status = json(0, &["--config", &config, "status", "--json"]);
    let of = |id: &str| status["agencies"].as_array().unwrap().iter().find(|one| one["agency"] == id).unwrap();
    assert_eq!((&of("ha-nam")["versions"], &of("yen-bai")["state"]), (&1.into(), &"accepted".into()));
}

#[test]
fn with_two_campaigns_status_shows_both_and_an_agency_is_found_where_one_knows_it() {
    let folder = installation(|config| {
        let second = fs::read_to_string(config.join("campaigns/1552.toml")).unwrap();
        let second = second.replacen("id = \"1552\"", "id = \"thang\"", 1).replacen("BC1552", "BCTHANG", 1);
        fs::write(config.join("campaigns/thang.toml"), second.replacen("agencies.csv", "few.csv", 1)).unwrap();
        let registry = fs::read_to_string(config.join("agencies.csv")).unwrap();
        let few = registry.lines().filter(|line| line.starts_with("id,") || line.starts_with("ha-nam,"));
        fs::write(config.join("few.csv"), few.collect::<Vec<_>>().join("\n")).unwrap();
    });
    let config = config_of(&folder);
    let told = ends_with(0, &["--config", &config, "status"]);
    assert!(told.contains("campaign 1552, ") && told.contains("campaign thang, "), "{told}");
    assert!(told.contains("1 expected") && told.ends_with("mailbox INBOX: never polled\n"), "{told}");
    // What is promised to programs is one campaign.
    ends_with(2, &["--config", &config, "status", "--json"]);
    assert!(ends_with(0, &["--config", &config, "agency", "show", "nghe-an"]).contains("campaign 1552: not_received"));
    let output = phuluc(&["--config", &config, "agency", "exempt", "ha-nam"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("name one of the campaigns: 1552, thang"), "{}", err(&output));
    ends_with(0, &["--config", &config, "agency", "exempt", "ha-nam", "--campaign", "thang"]);
}

#[test]
fn status_keeps_its_promise() {
    let status = of_demo(&["status", "--json"]);
    assert_eq!(keys(&status), ["campaign", "as_of", "deadline", "counts", "agencies", "mailbox"]);
    // The demo reads its mail without the daemon; the count is taken at each listing.
    assert_eq!(status["mailbox"]["folder"], "INBOX");
    assert_eq!(
        (&status["mailbox"]["difference"], &status["mailbox"]["last_error"]),
        (&0.into(), &serde_json::Value::Null)
    );
    assert_eq!(status["campaign"], "1552");
    assert!(is_time(&status["as_of"]) && status["deadline"] == "2023-02-28T23:59:59+07:00");
    let counts = &status["counts"];
    assert_eq!(
        keys(counts),
        [
            "expected",
            "received",
            "accepted",
            "needs_correction",
            "not_received",
            "unreadable",
            "on_time",
            "late",
            "overdue",
            "exempt",
            "paper",
            "unreachable",
            "held"
        ]
    );
    let count = |key: &str| counts[key].as_u64().unwrap_or_else(|| panic!("counts.{key}"));
    assert_eq!(count("expected"), 92);
    let states = ["accepted", "needs_correction", "not_received", "exempt", "paper", "unreachable"];
    assert_eq!(states.map(count).iter().sum::<u64>(), 92);
    assert_eq!(count("on_time") + count("late"), count("accepted"));
    assert!(count("held") >= 2);
    let agencies = status["agencies"].as_array().unwrap();
    assert_eq!(agencies.len(), 92);
    for agency in agencies {
        assert_eq!(
            keys(agency),
            [
                "agency",
                "name",
                "state",
                "unreadable_at",
                "versions",
                "first_received_at",
                "accepted_at",
                "on_time",
                "deadline",
                "errors",
                "warnings"
            ]
        );
        let state = agency["state"].as_str().unwrap();
        assert!(states.contains(&state), "{agency}");
        assert!(agency["first_received_at"].is_null() || is_time(&agency["first_received_at"]));
        assert_eq!(agency["accepted_at"].is_null(), state != "accepted", "{agency}");
        assert_eq!(agency["on_time"].is_boolean(), agency["versions"] != 0, "{agency}");
        for number in ["versions", "errors", "warnings"] {
            assert!(agency[number].is_u64(), "{agency}");
        }
    }
    assert_eq!(of_demo(&["status", "1552", "--json"])["agencies"], status["agencies"]);
    let text = ends_with(0, &["--config", &demo_config(), "status"]);
    assert!(text.contains("92 expected"), "{text}");
    ends_with(2, &["--config", &demo_config(), "status", "1553"]);
}

const KINDS: [&str; 8] = ["report", "question", "automatic", "bounce", "own", "duplicate", "staff", "failed"];
const HELD: [&str; 6] = ["unknown_sender", "unauthenticated", "conflict", "ambiguous", "classified", "unreadable"];
const VERDICTS: [&str; 3] = ["accepted", "needs_correction", "unreadable"];

#[test]
fn messages_keep_their_promise() {
    let messages = of_demo(&["messages", "--json"]);
    let one_of = |value: &Json, words: &[&str]| value.as_str().is_some_and(|word| words.contains(&word));
    for message in messages.as_array().unwrap() {
        assert_eq!(
            keys(message),
            [
                "id",
                "message_id",
                "received_at",
                "from",
                "subject",
                "agency",
                "campaign",
                "kind",
                "held",
                "verdict",
                "held_why",
                "guess"
            ]
        );
        assert_eq!(message["held"].is_null(), message["held_why"].is_null(), "{message}");
        // What a stranger's file says of itself is a guess and no more.
        match message["held"].as_str() {
            None => assert!(message["guess"].is_null(), "{message}"),
            Some("unknown_sender") => {
                assert!(message["agency"].is_null() && message["guess"] == "yen-bai", "{message}")
            }
            Some(_) => assert_eq!(message["guess"], message["agency"], "{message}"),
        }
        assert!(message["id"].is_i64() && is_time(&message["received_at"]), "{message}");
        let id = message["message_id"].as_str().unwrap();
        assert!(id.starts_with('<') && id.ends_with('>'), "{id}");
        assert!(one_of(&message["kind"], &KINDS), "{message}");
        assert!(message["held"].is_null() || one_of(&message["held"], &HELD), "{message}");
        assert!(message["verdict"].is_null() || one_of(&message["verdict"], &VERDICTS), "{message}");
        let detail = of_demo(&["message", "show", &message["id"].to_string()]);
        for key in keys(message) {
            assert_eq!(detail[key], message[key], "{key}");
        }
        assert_eq!(detail["sha256"].as_str().unwrap().len(), 64);
    }
    let held: Vec<&Json> = messages.as_array().unwrap().iter().filter(|message| !message["held"].is_null()).collect();
    assert_eq!(of_demo(&["messages", "--held", "--json"]).as_array().unwrap().iter().collect::<Vec<_>>(), held);
    let told = ends_with(0, &["--config", &demo_config(), "messages", "--held"]);
    assert_eq!(told.lines().count(), held.len() + 2, "{told}");
    ends_with(0, &["--config", &demo_config(), "messages"]);
    ends_with(2, &["--config", &demo_config(), "message", "show", "999"]);
}

#[test]
fn the_outbox_keeps_its_promise() {
    let letters = of_demo(&["outbox", "--json"]);
    let messages = of_demo(&["messages", "--json"]);
    for letter in letters.as_array().unwrap() {
        assert_eq!(
            keys(letter),
            ["id", "kind", "agency", "campaign", "to", "subject", "message_id", "state", "attempts", "in_reply_to"]
        );
        let kinds = [
            "receipt",
            "correction",
            "unreadable",
            "reminder",
            "announcement",
            "escalation",
            "digest",
            "alert",
            "note",
            "forward",
        ];
        assert!(kinds.contains(&letter["kind"].as_str().unwrap()), "{letter}");
        assert_eq!(letter["to"].as_array().unwrap().len(), 1);
        assert_eq!((letter["state"].as_str(), letter["attempts"].as_u64()), (Some("sent"), Some(1)));
        assert!(letter["subject"].as_str().unwrap().starts_with("[BC1552] "));
        if letter["kind"] == "forward" {
            assert_eq!((&letter["to"][0], &letter["in_reply_to"]), (&Json::from("can-bo@mic.example"), &Json::Null));
            continue;
        }
        let answered =
            messages.as_array().unwrap().iter().find(|message| message["message_id"] == letter["in_reply_to"]);
        let answered = answered.unwrap_or_else(|| panic!("answers nothing: {letter}"));
        assert_eq!((&answered["agency"], &answered["from"]), (&letter["agency"], &letter["to"][0]));
    }
    let shown = ends_with(0, &["--config", &demo_config(), "outbox", "show", "1"]);
    assert!(shown.starts_with('{') && shown.contains("Kính gửi"), "{shown}");
    ends_with(0, &["--config", &demo_config(), "outbox"]);
    ends_with(2, &["--config", &demo_config(), "outbox", "show", "999"]);
}

// ---- validate

#[test]
fn an_export_takes_the_place_of_the_old_one_when_it_is_whole_with_its_rights_and_behind_its_link() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    let (config, folder) = (demo_config(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let export = |code: i32, more: &[&str]| ends_with(code, &[&["--config", &config, "export", "1552"], more].concat());
    for name in ["a.xlsx", "a.csv", "a.json"] {
        assert_eq!(export(0, &["--out", &path(name)]).trim(), path(name));
    }
    let whole: Json = serde_json::from_slice(&fs::read(path("a.json")).unwrap()).unwrap();
    assert_eq!(keys(&whole)[..3], ["campaign", "title", "letter"]);
    assert_eq!(whole["counts"], of_demo(&["status", "--json", "1552"])["counts"]);
    let lines = whole["tables"]["timeliness"].as_array().unwrap().len();
    export(0, &["--out", &path("t.csv"), "--table", "timeliness"]);
    assert_eq!(fs::read_to_string(path("t.csv")).unwrap().lines().count(), lines + 1);
    assert!(fs::read(path("a.xlsx")).unwrap().starts_with(b"PK"));
    // Whoever made it private, or a link of it, finds it so.
    fs::write(path("private.json"), "old").unwrap();
    fs::set_permissions(path("private.json"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("private.json", path("latest.json")).unwrap();
    let before = fs::metadata(path("private.json")).unwrap();
    export(0, &["--out", &path("latest.json")]);
    assert!(fs::symlink_metadata(path("latest.json")).unwrap().is_symlink());
    let after = fs::metadata(path("private.json")).unwrap();
    assert_eq!(after.permissions().mode() & 0o777, 0o600);
    assert!(after.ino() != before.ino() && after.len() > 1_000);
    // What cannot be written leaves what was there, and nothing beside it.
    for wrong in [&["--out", &path("a.csv"), "--table", "nothing"][..], &["--out", &path("a.json"), "--table", "unmet"]]
    {
        let old = fs::read(wrong[1]).unwrap();
        export(2, wrong);
        assert_eq!(fs::read(wrong[1]).unwrap(), old);
    }
    fs::create_dir(path("folder.csv")).unwrap();
    for wrong in ["a.pdf", "nowhere/a.csv", "folder.csv"] {
        export(2, &["--out", &path(wrong)]);
    }
    let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.filter(|name| name.starts_with('.')).count() == 0);
}

fn data(path: &str) -> String {
    root().join("tests/data/forms").join(path).display().to_string()
}

#[test]
fn validate_says_what_a_file_is_by_its_code_and_in_json() {
    let empty = tempfile::tempdir().unwrap();
    let nothing = empty.path().join("empty.xlsx").display().to_string();
    fs::write(&nothing, "").unwrap();
    for (file, code, verdict, reason) in [
        (data("layouts/one-sheet-letter.xlsx"), 0, "accepted", None),
        (data("layouts/saved-as-ods.ods"), 0, "accepted", None),
        (data("broken/reason-missing-1-1.xlsx"), 1, "needs_correction", None),
        (data("unreadable/scan.pdf"), 1, "unreadable", Some("no_workbook")),
        (data("unreadable/word.docx"), 1, "unreadable", Some("no_workbook")),
        (data("unreadable/note.txt"), 1, "unreadable", Some("no_workbook")),
        (data("unreadable/word-97.doc"), 1, "unreadable", Some("legacy_word")),
        (data("unreadable/encrypted.xlsx"), 1, "unreadable", Some("encrypted")),
        (data("unreadable/truncated.xlsx"), 1, "unreadable", Some("corrupt")),
        (data("unreadable/budget.xlsx"), 1, "unreadable", Some("not_the_form")),
        (data("unreadable/blank-form.xlsx"), 1, "unreadable", Some("blank_form")),
        (nothing, 1, "unreadable", Some("corrupt")),
    ] {
        for agency in [&["--agency", "ha-nam"][..], &[]] {
            let found = json(code, &[&["validate", "1552", &file, "--json"], agency].concat());
            assert_eq!((found["verdict"].as_str(), found["reason"].as_str()), (Some(verdict), reason), "{file}");
            for key in ["verdict", "reason", "findings", "answers"] {
                assert!(found.get(key).is_some(), "{file}: no {key}");
            }
            assert_eq!(found["answers"].is_null(), verdict == "unreadable", "{file}");
            ends_with(code, &[&["validate", "1552", &file], agency].concat());
        }
    }
}

/// In a Maildir a mail's name ends in its flags.
#[test]
fn validate_tells_a_mail_by_its_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mail = root().join("config/demo/02-ha-nam.eml");
    for name in ["02-ha-nam.eml:2,S", "1676513640.M1P2.mail.example,S=40960:2,", "ha-nam.txt"] {
        let path = folder.path().join(name);
        fs::copy(&mail, &path).unwrap();
        let found = json(0, &["--config", &demo_config(), "validate", "1552", &path.display().to_string(), "--json"]);
        assert_eq!(found["verdict"], "accepted", "{name}");
    }
}

#[test]
fn validate_names_sheet_cell_and_words() {
    let file = data("broken/reason-missing-1-1.xlsx");
    let found = json(1, &["validate", "1552", &file, "--agency", "ha-nam", "--json"]);
    let expected: Json =
        serde_json::from_str(&fs::read_to_string(data("broken/reason-missing-1-1.json")).unwrap()).unwrap();
    let (finding, known) = (&found["findings"][0], &expected["findings"][0]);
    for key in ["code", "severity", "sheet", "cell", "row", "field"] {
        assert_eq!(finding[key], known[key], "{key}");
    }
    assert!(finding.get("found").is_some());
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("đề nghị") && message.ends_with('.'), "{message}");
    assert_eq!(keys(&found["answers"]), ["contact", "status", "proposals", "remarks"]);
    assert_eq!(keys(&found["answers"]["contact"]), ["full_name", "workplace", "position", "phone", "email"]);
    let status = &found["answers"]["status"][0];
    for key in ["row", "component", "owner", "compliance", "stage", "due", "note"] {
        assert!(status.get(key).is_some(), "status has no {key}");
    }
    assert_eq!(keys(&found["answers"]["remarks"]), ["difficulties", "recommendations"]);
}

#[test]
fn validate_needs_the_right_names() {
    let file = data("layouts/one-sheet-letter.xlsx");
    for (arguments, told) in [
        (&["validate", "1552", "/nowhere/file.xlsx", "--json"][..], "/nowhere/file.xlsx"),
        (&["validate", "1553", &file], "1552"),
        (&["validate", "1552", &file, "--agency", "ha-noi-2"], "ha-noi-2"),
    ] {
        let output = phuluc(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains(told), "{}", err(&output));
        assert_eq!(out(&output), "", "{arguments:?}");
    }
}

/// A copy of the shipped configuration, without a database or a mailbox, changed by `change`.
fn installation(change: impl Fn(&Path)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    for part in ["", "forms", "campaigns", "letters"] {
        fs::create_dir_all(config.join(part)).unwrap();
        for entry in fs::read_dir(root().join("config").join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, config.join(part).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    change(&config);
    folder
}

fn config_of(folder: &TempDir) -> String {
    folder.path().join("config/phuluc.toml").display().to_string()
}

/// Replaces a piece of a file that must be there.
fn replace(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(old), "{} does not hold {old}", file.display());
    fs::write(file, text.replacen(old, new, 1)).unwrap();
}

#[test]
fn validate_and_template_touch_neither_database_nor_mailbox() {
    let folder = installation(|config| {
        let file = config.join("phuluc.toml");
        replace(&file, "sqlite:../data/phuluc.db", "sqlite:/nowhere/at/all/phuluc.db");
        replace(&file, "maildir:../data/mailbox", "imaps://a%40b.example@127.0.0.1:1/INBOX");
        replace(&file, "directory:../data/letters", "smtps://127.0.0.1:1");
    });
    let config = config_of(&folder);
    let file = data("layouts/one-sheet-letter.xlsx");
    // The option may stand before or after the command, and in the environment.
    ends_with(0, &["--config", &config, "validate", "1552", &file]);
    ends_with(0, &["validate", "1552", &file, "--config", &config]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_phuluc"));
    command.args(["validate", "1552", &file]).env("PHULUC_CONFIG", &config).current_dir(folder.path());
    assert!(command.output().unwrap().status.success());
    let blank = folder.path().join("blank.xlsx").display().to_string();
    ends_with(0, &["--config", &config, "template", "1552", "--out", &blank]);
    let mut left: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    assert_eq!(left, ["blank.xlsx", "config"]);
}

#[test]
fn the_template_is_a_blank_form_with_and_without_an_agency() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = Vec::new();
    for agency in [&[][..], &["--agency", "ha-nam"], &["--agency", "bo-tu-phap"]] {
        let file = folder.path().join(format!("{}.xlsx", written.len())).display().to_string();
        ends_with(0, &[&["template", "1552", "--out", &file], agency].concat());
        let found = json(1, &[&["validate", "1552", &file, "--json"], agency].concat());
        assert_eq!((&found["verdict"], &found["reason"]), (&"unreadable".into(), &"blank_form".into()));
        written.push(fs::read(&file).unwrap());
    }
    assert!(written[0] != written[1] && written[1] != written[2]);
    ends_with(
        2,
        &["template", "1552", "--agency", "nobody", "--out", &folder.path().join("x.xlsx").display().to_string()],
    );
    ends_with(2, &["template", "1552", "--out", "/nowhere/at/all/x.xlsx"]);
    for name in ["x.pdf", "x"] {
        let output = phuluc(&["template", "1552", "--out", &folder.path().join(name).display().to_string()]);
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains("must end in .xlsx") && !folder.path().join(name).exists(), "{}", err(&output));
    }
}

// ---- check

#[test]
fn check_is_content_with_a_good_installation() {
    let folder = installation(|config| {
        for part in ["new", "cur", "tmp"] {
            fs::create_dir_all(config.join("../data/mailbox").join(part)).unwrap();
        }
    });
    let told = ends_with(0, &["--config", &config_of(&folder), "check"]);
    for thing in ["configuration", "letters", "campaign 1552", "database", "mailbox", "outgoing"] {
        assert!(told.contains(&format!("ok       {thing}: ")), "{thing}: {told}");
    }
    assert!(told.contains("92 reports expected by 2023-02-28"), "{told}");
    assert!(!told.contains("WRONG"), "{told}");
    // Its deadline was years ago.
    assert!(told.contains("its last reminder was due on 2023-03-08 and is given up"), "{told}");
    ends_with(0, &["--config", &demo_config(), "check"]);
    let later = installation(|config| {
        let file = config.join("campaigns/1552.toml");
        replace(&file, "deadline = \"2023-02-28\"", "deadline = \"2123-03-01\"");
    });
    let told = ends_with(1, &["--config", &config_of(&later), "check"]);
    assert!(told.contains("no opening letter was sent; reminders leave all the same"), "{told}");
}

#[test]
fn check_says_where_a_password_belongs() {
    for (file, advice) in [
        ("mailbox.password", "the first line of"),
        ("/run/credentials/phuluc.service/mailbox", "belongs into /etc/phuluc/mailbox.password"),
    ] {
        let folder = installation(|config| {
            let file = format!("imaps://a%40b.example@127.0.0.1:1/INBOX\"\npassword_file = \"{file}");
            replace(&config.join("phuluc.toml"), "maildir:../data/mailbox", &file);
        });
        let told = ends_with(1, &["--config", &config_of(&folder), "check"]);
        assert!(told.contains("WRONG    mailbox") && told.contains(advice), "{told}");
        assert!(!told.contains("Maildir"), "{told}");
    }
}

#[test]
fn check_names_file_line_and_reason() {
    type Break = fn(&Path);
    let cases: [(Break, &[&str]); 8] = [
        (
            |config| {
                replace(
                    &config.join("forms/1552.toml"),
                    "code = \"reason-missing\"",
                    "code = \"reason-missing\"\ncolour = 1",
                )
            },
            &["forms/1552.toml:", "colour"],
        ),
        (|config| replace(&config.join("forms/1552.toml"), "version =", "version = = "), &["forms/1552.toml", ":"]),
        (
            |config| replace(&config.join("phuluc.toml"), "[database]", "[database]\ncolour = 1"),
            &["phuluc.toml", "line 17", "colour"],
        ),
        (
            |config| replace(&config.join("agencies.csv"), "\nbo-cong-an,ministry,", "\nbo-cong-an,bank,"),
            &["agencies.csv", "line 3", "bank"],
        ),
        (
            |config| replace(&config.join("agencies.csv"), "\nbo-cong-an,", "\nbo-quoc-phong,"),
            &["agencies.csv", "line 3", "a second time"],
        ),
        (
            |config| {
                replace(&config.join("campaigns/1552.toml"), "deadline = \"2023-02-28\"", "deadline = \"2023-02-30\"")
            },
            &["campaigns/1552.toml", "line 7"],
        ),
        (
            |config| replace(&config.join("letters/receipt.txt"), "Subject:", "Subject: {{ nobody.knows }}"),
            &["receipt.txt", ":1"],
        ),
        // As it is shipped: the Maildir is not there.
        (|_| (), &["WRONG    mailbox", "data/mailbox", "new/ and cur/"]),
    ];
    for (number, (break_it, told)) in cases.into_iter().enumerate() {
        let folder = installation(break_it);
        let output = phuluc(&["--config", &config_of(&folder), "check"]);
        let text = out(&output);
        assert_eq!(output.status.code(), Some(1), "{number}: {text}{}", err(&output));
        for word in told {
            assert!(text.contains(word), "{number}: {word} is not in {text}");
        }
    }
    let told = ends_with(1, &["--config", "/nowhere/phuluc.toml", "check"]);
    assert!(told.contains("/nowhere/phuluc.toml"), "{told}");
}

// ---- arguments

#[test]
fn every_command_has_help() {
    let help = ends_with(0, &["--help"]);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let promised = ["demo", "check", "run", "validate", "template", "status", "messages", "message", "outbox", "audit"];
    for command in promised {
        assert!(commands.contains(&command), "{command} is not in {help}");
    }
    for command in commands {
        let arguments: &[&str] = if command == "help" { &["help"] } else { &[command, "--help"] };
        let told = ends_with(0, arguments);
        assert!(
            told.lines().next().is_some_and(|line| line.len() > 10) && told.contains("Usage:"),
            "{command}: {told}"
        );
    }
    for inner in [["message", "show"], ["outbox", "show"], ["outbox", "retry"], ["outbox", "cancel"]] {
        assert!(ends_with(0, &[&inner[..], &["--help"]].concat()).contains("Usage:"));
    }
    assert!(ends_with(0, &["--version"]).starts_with("phuluc "));
}

#[test]
fn what_is_not_understood_is_refused() {
    for arguments in [
        &["validate", "1552"][..],
        &["status", "--yaml"],
        &["frobnicate"],
        &[],
        &["message", "show", "one"],
        &["run", "--once", "--as-of", "yesterday"],
    ] {
        let output = phuluc(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!err(&output).is_empty() && out(&output).is_empty(), "{arguments:?}");
    }
}
