//! What goes by the calendar, by the real program: a rehearsal that touches nothing, and a whole campaign played by
//! `announce` and `run --once --as-of`, with staff's decisions in between.

use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// The shipped configuration with four agencies, a Maildir and letters as files.
struct Office {
    folder: TempDir,
}

impl Office {
    fn new() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        for part in ["config/forms", "config/campaigns", "data/mailbox/new", "data/mailbox/cur", "data/mailbox/tmp"] {
            fs::create_dir_all(folder.path().join(part)).unwrap();
        }
        for file in ["phuluc.toml", "calendar-vn.csv", "forms/1552.toml", "campaigns/1552.toml"] {
            fs::copy(shipped.join(file), folder.path().join("config").join(file)).unwrap();
        }
        let registry = "id,kind,name,short_name,code,domains,addresses,escalation,expected\n\
             ha-nam,province,Ủy ban nhân dân tỉnh Hà Nam,Hà Nam,,hanam.example,vanthu@hanam.example,lanhdao@hanam.example,\n\
             nghe-an,province,Ủy ban nhân dân tỉnh Nghệ An,Nghệ An,,nghean.example,vanthu@nghean.example,,\n\
             lao-cai,province,Ủy ban nhân dân tỉnh Lào Cai,Lào Cai,,laocai.example,,,\n\
             mic,ministry,Bộ Thông tin và Truyền thông,Bộ TTTT,,tttt.example,,,false\n";
        fs::write(folder.path().join("config/agencies.csv"), registry).unwrap();
        Office { folder }
    }

    fn path(&self, part: &str) -> PathBuf {
        self.folder.path().join(part)
    }

    fn call(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phuluc"));
        command.arg("--config").arg(self.path("config/phuluc.toml")).args(arguments);
        command.env_remove("PHULUC_CONFIG").env_remove("PHULUC_LOG").output().expect("the program")
    }

    /// What a command that must end with `code` prints.
    fn ends_with(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.call(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{err}");
        out.into_owned()
    }

    fn json(&self, arguments: &[&str]) -> Json {
        serde_json::from_str(&self.ends_with(0, arguments)).unwrap()
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_rehearsal_shows_every_letter_of_three_weeks_and_touches_nothing() {
    let office = Office::new();
    // Neither database nor mailbox nor secret is there to be used.
    let config = fs::read_to_string(office.path("config/phuluc.toml")).unwrap();
    let config = config
        .replace("sqlite:../data/phuluc.db", "postgres://phuluc@127.0.0.1:1/nothing")
        .replace("maildir:../data/mailbox", "imaps://baocao@127.0.0.1:1/INBOX")
        .replacen("# password_env", "password_env", 1);
    fs::write(office.path("config/phuluc.toml"), config).unwrap();
    fs::remove_dir_all(office.path("data")).unwrap();
    let out = office.path("letters");
    let told = office.ends_with(0, &["rehearse", "1552", "--out", out.to_str().unwrap()]);
    assert!(told.contains("39 letters if nobody answers"), "{told}");
    assert!(told.contains("1 agencies have no address") && told.contains("lao-cai"), "{told}");
    assert!(!office.path("data").exists(), "a rehearsal leaves nothing behind");
    let names = files(&out);
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let of_digest = |name: &&String| name.contains("_digest_");
    assert_eq!(names.iter().filter(of_digest).count(), 16, "one on each working day: {names:?}");
    for name in names.iter().filter(|name| name.ends_with(".eml") && !of_digest(name)) {
        let parts: Vec<&str> = name.trim_end_matches(".eml").split('_').collect();
        days.entry(parts[0].to_owned()).or_default().push(format!("{} {}", parts[2], parts[3]));
    }
    let shown: Vec<String> = days.iter().map(|(day, letters)| format!("{day}: {}", letters.join(", "))).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    2023-02-15: announcement ha-nam, announcement lao-cai, announcement nghe-an
    2023-02-21: reminder ha-nam, reminder lao-cai, reminder nghe-an
    2023-02-24: reminder ha-nam, reminder lao-cai, reminder nghe-an
    2023-02-28: reminder ha-nam, reminder lao-cai, reminder nghe-an
    2023-03-02: reminder ha-nam, reminder lao-cai, reminder nghe-an
    2023-03-06: reminder ha-nam, escalation ha-nam, reminder lao-cai, reminder nghe-an
    2023-03-08: reminder ha-nam, escalation ha-nam, reminder lao-cai, reminder nghe-an
    ");
    assert_eq!(fs::read_to_string(out.join("khong-co-dia-chi.txt")).unwrap(), "lao-cai\n");
    for name in names.iter().filter(|name| name.ends_with(".eml")) {
        let raw = fs::read(out.join(name)).unwrap();
        let mail = mail_parser::MessageParser::default().parse(&raw).unwrap();
        let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address()).unwrap();
        let own = name.contains("lao-cai") == (to == "lao-cai@khong-co-dia-chi.invalid");
        assert!(own, "{name} goes to {to}");
        // The form; with the opening letter the guide too.
        assert_eq!(mail.attachment_count(), 1 + usize::from(name.contains("announcement")), "{name}");
    }
    let again = office.call(&["rehearse", "1552", "--out", out.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2), "letters of another rehearsal are not mixed with these");
}

#[test]
fn a_campaign_runs_itself_day_by_day_and_staff_decide_in_between() {
    let office = Office::new();
    let opening = ["announce", "1552", "--as-of", "2023-02-15T08:00:00+07:00"];
    let told = office.ends_with(0, &opening);
    assert!(told.contains("2 letters queued") && told.contains("lao-cai"), "{told}");
    assert!(office.ends_with(0, &opening).contains("0 letters queued"), "once");
    let turn = |day: &str| {
        office.ends_with(0, &["run", "--once", "--as-of", &format!("{day}T08:30:00+07:00")]);
    };
    for day in 15..=24 {
        turn(&format!("2023-02-{day}"));
    }
    office.ends_with(0, &["agency", "extend", "nghe-an", "2023-03-03", "--why", "công văn xin gia hạn"]);
    office.ends_with(0, &["agency", "contact", "lao-cai", "add", "motcua@laocai.example", "--campaign", "1552"]);
    for day in ["02-27", "02-28", "03-01", "03-02", "03-03"] {
        turn(&format!("2023-{day}"));
    }
    office.ends_with(0, &["agency", "paper", "nghe-an", "--number", "45/BC-UBND", "--date", "2023-03-03"]);
    office.ends_with(0, &["agency", "exempt", "lao-cai"]);
    for day in 4..=10 {
        turn(&format!("2023-03-{day:02}"));
    }
    let letters = office.json(&["outbox", "--json"]);
    let all = letters.as_array().unwrap();
    assert_eq!(all.iter().filter(|letter| letter["kind"] == "digest").count(), 18, "one on each working day");
    let letters: Vec<String> = all
        .iter()
        .filter(|letter| letter["kind"] != "digest")
        .map(|letter| {
            let word = |key: &str| letter[key].as_str().unwrap_or_default().to_owned();
            format!("{} {} -> {} {}", word("agency"), word("kind"), letter["to"][0].as_str().unwrap(), word("state"))
        })
        .collect();
    insta::assert_snapshot!(letters.join("\n"), @r"
    ha-nam announcement -> vanthu@hanam.example sent
    nghe-an announcement -> vanthu@nghean.example sent
    ha-nam reminder -> vanthu@hanam.example sent
    nghe-an reminder -> vanthu@nghean.example sent
    ha-nam reminder -> vanthu@hanam.example sent
    nghe-an reminder -> vanthu@nghean.example sent
    lao-cai reminder -> motcua@laocai.example sent
    ha-nam reminder -> vanthu@hanam.example sent
    nghe-an reminder -> vanthu@nghean.example sent
    ha-nam reminder -> vanthu@hanam.example sent
    lao-cai reminder -> motcua@laocai.example sent
    nghe-an reminder -> vanthu@nghean.example sent
    ha-nam reminder -> vanthu@hanam.example sent
    ha-nam escalation -> lanhdao@hanam.example sent
    ha-nam reminder -> vanthu@hanam.example sent
    ha-nam escalation -> lanhdao@hanam.example sent
    ");
    assert_eq!(files(&office.path("data/letters")).len(), all.len());

    let status = office.json(&["status", "1552", "--json"]);
    let count = |key: &str| status["counts"][key].as_u64().unwrap();
    assert_eq!((count("expected"), count("not_received"), count("paper"), count("exempt")), (3, 1, 1, 1));
    let deadlines: Vec<(&str, &str)> = status["agencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agency| (agency["agency"].as_str().unwrap(), &agency["deadline"].as_str().unwrap()[..10]))
        .collect();
    assert_eq!(deadlines, [("ha-nam", "2023-02-28"), ("lao-cai", "2023-02-28"), ("nghe-an", "2023-03-03")]);
    let shown = office.ends_with(0, &["agency", "show", "nghe-an"]);
    assert!(shown.contains("paper") && shown.contains("(công văn xin gia hạn)"), "{shown}");
    let audit = office.ends_with(0, &["audit"]);
    for act in ["announce", "agency extend", "agency contact add", "agency paper", "agency exempt"] {
        assert!(audit.contains(act), "{act}: {audit}");
    }
    // Taken back, and the end.
    office.ends_with(0, &["agency", "exempt", "lao-cai", "--undo"]);
    let closed = office.ends_with(0, &["campaign", "close", "1552"]);
    assert!(closed.contains("1 letters to staff queued"), "{closed}");
    office.ends_with(2, &["campaign", "close", "1552"]);
    office.ends_with(2, &["announce", "1552"]);
    turn("2023-03-13");
    // The last digest was queued by a command, whose clock is the machine's.
    office.ends_with(0, &["run", "--once"]);
    let left = files(&office.path("data/letters"));
    assert_eq!(left.len(), all.len() + 1, "a closed campaign is silent but for its last digest: {left:?}");
    let last = office.json(&["outbox", "--json"]).as_array().unwrap().last().cloned().unwrap();
    let subject = last["subject"].as_str().unwrap();
    assert!(subject.starts_with("[BC1552] Bản tin kết thúc đợt báo cáo ngày "), "{subject}");
    office.ends_with(2, &["agency", "exempt", "nobody"]);
}

#[test]
fn nobody_is_written_to_before_the_opening_unless_that_is_confirmed() {
    let office = Office::new();
    let file = office.path("config/campaigns/1552.toml");
    let later =
        fs::read_to_string(&file).unwrap().replace("2023-02-15", "2123-02-15").replace("2023-02-28", "2123-03-01");
    fs::write(&file, later).unwrap();
    assert!(office.ends_with(1, &["announce", "1552"]).contains("opens on 2123-02-15"));
    assert_eq!(office.json(&["outbox", "--json"]).as_array().unwrap().len(), 0);
    office.ends_with(0, &["announce", "1552", "--yes"]);
    assert_eq!(office.json(&["outbox", "--json"]).as_array().unwrap().len(), 2);
}

#[test]
fn nobody_is_asked_for_what_could_no_longer_be_in_time() {
    let office = Office::new();
    office.ends_with(0, &["agency", "extend", "nghe-an", "2123-03-01"]);
    let told = office.ends_with(0, &["announce", "1552"]);
    assert!(told.contains("1 letters queued"), "{told}");
    // Hà Nam's; Lào Cai has no address, and its last day is over too.
    let late = "2 agencies are not asked, because their last day is over by then; `phuluc agency extend ID DATE` gives a \
                later one:\n  ha-nam\n  lao-cai\n";
    assert!(told.ends_with(late), "{told}");
}
