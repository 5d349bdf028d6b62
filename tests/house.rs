//! The house rules: floors, size of files, where SQL and sockets may stand, and that the documents and the example
//! configuration tell the truth. Each rule is read from the sources as they are, so a change that breaks one fails
//! here with the file's name.

use phuluc::{config::Config, finding::Severity, form::declaration::Form};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The modules from the ground up: each imports only from lines above its own.
const FLOORS: &[&[&str]] = &[
    // Words of the field: no I/O.
    &["text"],
    &["secrecy"],
    &["clock", "calendar", "agency", "finding", "backoff", "step", "pulse", "trouble"],
    &["campaign", "config", "ladder"],
    // Reading.
    &["attachment", "encoding"],
    &["message", "workbook"],
    &["form", "official"],
    &["appendix"],
    &["fence"],
    // Writing.
    &["letter", "sheet"],
    // All that is data, loaded.
    &["setup"],
    // Keeping, and what it adds up to.
    &["store"],
    &["progress"],
    &["export"],
    // The wires, blind to the store.
    &["tls", "web"],
    &["oauth2"],
    &["mailbox", "outgoing", "resolver"],
    // Duties, their rhythm, the doors.
    &["duty"],
    &["page"],
    &["schedule"],
    &["health"],
    &["daemon"],
    &["cli"],
];

/// Production lines above which a file asks for a reason.
const LONG: usize = 400;

/// Files that are longer, each with its reason.
const LONGER: &[(&str, &str)] = &[
    ("form/declaration.rs", "the whole language of declarations, whose parts check each other"),
    ("store/messages.rs", "one table, one statement a function, each statement on its own lines"),
    ("store/outbox.rs", "the same"),
    ("store/reports.rs", "the same"),
];

struct Source {
    /// Relative to `src/`.
    name: String,
    whole: String,
}

impl Source {
    /// Everything before the tests at the end of the file.
    fn production(&self) -> &str {
        self.whole.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default()
    }

    /// The same without comments.
    fn code(&self) -> String {
        let lines = self.production().lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn module(&self) -> &str {
        self.name.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files_under(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() { files_under(&path, into) } else { into.push(path) }
    }
    into.sort();
}

/// The sources of the library and the program, without files of tests.
fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    files_under(&root().join("src"), &mut paths);
    let named = |path: &PathBuf| path.strip_prefix(root().join("src")).unwrap().to_string_lossy().into_owned();
    let sources: Vec<Source> = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| Source { name: named(path), whole: read(path) })
        .filter(|source| !source.name.ends_with("tests.rs"))
        .collect();
    assert!(sources.len() > 50, "the sources are not where they were");
    sources
}

/// The modules of this crate that a text names: `crate::a::b` and `crate::{a, b::c}`.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, matched) in code.match_indices("crate::") {
        let rest = &code[at + matched.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let (mut depth, mut item) = (0_usize, String::new());
        for c in list.chars() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.insert(word(item.trim_start()));
                    item.clear();
                    continue;
                }
                _ => {}
            }
            item.push(c);
        }
        found.insert(word(item.trim_start()));
    }
    found.remove("");
    found
}

#[test]
fn imports_are_read_in_every_shape() {
    let code =
        "use crate::{\n    agency::{Agency, Kind},\n    text,\n};\nlet a = crate::clock::now();\nuse crate::form;";
    assert_eq!(imports(code).into_iter().collect::<Vec<_>>(), ["agency", "clock", "form", "text"]);
}

#[test]
fn a_module_imports_only_from_floors_below_it() {
    let floor = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
    let mut wrong = Vec::new();
    let mut met = BTreeSet::new();
    for source in sources() {
        let module = source.module();
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let Some(own) = floor(module) else {
            wrong.push(format!("{}: {module} stands on no floor; give it one", source.name));
            continue;
        };
        met.insert(module.to_owned());
        for imported in imports(&source.code()).into_iter().filter(|imported| imported != module) {
            match floor(&imported) {
                Some(below) if below < own => {}
                Some(_) => wrong.push(format!("{} imports {imported}, which is no floor below {module}", source.name)),
                None => wrong.push(format!("{} imports {imported}, which stands on no floor", source.name)),
            }
        }
    }
    let gone: Vec<_> = FLOORS.iter().copied().flatten().filter(|module| !met.contains(**module)).collect();
    assert!(gone.is_empty(), "floors without a module: {gone:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn main_is_short() {
    let main = read(&root().join("src/main.rs"));
    assert!(main.lines().count() < 40);
}

#[test]
fn every_file_says_what_it_is_and_is_no_longer_than_it_must() {
    let mut longer: BTreeMap<&str, &str> = LONGER.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut lengths = Vec::new();
    for source in sources() {
        if !source.whole.starts_with("//! ") {
            wrong.push(format!("{} does not open with //!", source.name));
        }
        let lines = source.production().lines().count();
        lengths.push(lines);
        match longer.remove(source.name.as_str()) {
            None if lines >= LONG => wrong.push(format!("{} has {lines} lines", source.name)),
            Some(_) if lines < LONG => wrong.push(format!("{} is short now; take it off the list", source.name)),
            _ => {}
        }
    }
    wrong.extend(longer.keys().map(|name| format!("{name} is gone; take it off the list")));
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median < 200, "the median file has {median} lines");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_says_what_it_is() {
    let mut paths = Vec::new();
    files_under(&root().join("tests"), &mut paths);
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")) {
        assert!(read(path).starts_with("//! "), "{} does not open with //!", path.display());
    }
}

#[test]
fn sql_stands_in_the_store_and_sockets_in_the_wires() {
    let mut wrong = Vec::new();
    for source in sources() {
        let (code, module) = (source.code(), source.module());
        if module != "store" && code.contains("sqlx::") {
            wrong.push(format!("{}: SQL", source.name));
        }
        let sockets = ["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "UnixListener"];
        // The fence talks to its own processes over a pair of sockets that lead nowhere else.
        if !["oauth2", "mailbox", "outgoing", "web", "fence"].contains(&module)
            && sockets.iter().any(|socket| code.contains(socket))
        {
            wrong.push(format!("{}: a socket", source.name));
        }
        // A new SQLite file is changed by one program at a time, and nothing tells the others when that is done.
        let may_sleep = ["daemon", "mailbox", "outgoing", "web"].contains(&module)
            || source.name.ends_with("store/connect/sqlite.rs");
        if !may_sleep && code.contains("time::sleep") {
            wrong.push(format!("{}: a sleep", source.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_of_the_store_runs_on_both_databases() {
    let mut paths = Vec::new();
    files_under(&root().join("src/store"), &mut paths);
    // What is one database's own: how it is opened, and who works on it.
    let own = ["store/tests.rs", "store/presence.rs", "connect/sqlite.rs", "connect/postgres.rs", "store/connect.rs"];
    let own = |path: &&PathBuf| !own.iter().any(|name| path.ends_with(name));
    for path in paths.iter().filter(own) {
        assert!(!read(path).contains("#[tokio::test]"), "{}: use on_both!", path.display());
    }
}

#[test]
fn nothing_is_left_undone() {
    let mut paths = Vec::new();
    for folder in ["src", "tests"] {
        files_under(&root().join(folder), &mut paths);
    }
    // Put together here, so that this file does not name what it looks for.
    let marks = [["todo", "!("], ["unimplemented", "!("], ["dbg", "!("], ["#[ign", "ore"]].map(|mark| mark.concat());
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")) {
        let text = read(path);
        for mark in &marks {
            assert!(!text.contains(mark), "{}: {mark}", path.display());
        }
    }
}

#[test]
fn no_file_leans_on_anything_beside_the_repository() {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "config", "docs", "migrations"] {
        files_under(&root().join(folder), &mut paths);
    }
    paths.extend(["Cargo.toml", "clippy.toml", "rustfmt.toml"].map(|name| root().join(name)));
    for more in ["README.md", "CHANGELOG.md"].map(|name| root().join(name)) {
        paths.extend(more.exists().then_some(more));
    }
    let outside = [["..", "/shared"], ["/work", "/"]].map(|piece| piece.concat());
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for piece in &outside {
            assert!(!text.contains(piece.as_str()), "{}: {piece}", path.display());
        }
    }
}

// ---- documents

/// Every test that `tests/README.md` names is one.
#[test]
fn every_test_that_is_named_exists() {
    let mut paths = Vec::new();
    ["src", "tests"].iter().for_each(|folder| files_under(&root().join(folder), &mut paths));
    let sources: Vec<String> =
        paths.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")).map(|path| read(path)).collect();
    let readme = read(&root().join("tests/README.md"));
    let names: Vec<&str> = readme
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.matches('_').count() >= 3 && !word.chars().any(char::is_uppercase))
        .collect();
    assert!(names.len() > 50, "{names:?}");
    for name in names {
        // As a function, or in the list of a macro that makes it one for each database or server.
        let is_there = |source: &String| {
            ["fn ", "\n    ", "\n        "].iter().any(|before| source.contains(&format!("{before}{name}")))
        };
        assert!(sources.iter().any(is_there), "there is no test {name}");
    }
}

/// The keys of every table of the configuration, read from the fields of its structs: `("mailbox", "url")`.
fn keys() -> Vec<(String, String)> {
    let mut source = read(&root().join("src/config.rs"));
    for part in ["page", "health"] {
        source.push_str(&read(&root().join(format!("src/config/{part}.rs"))));
    }
    let mut keys = Vec::new();
    for (name, table) in [
        ("Config", ""),
        ("Office", "office"),
        ("Database", "database"),
        ("Mailbox", "mailbox"),
        ("Outgoing", "outgoing"),
        ("OAuth2", "oauth2"),
        ("Trust", "trust"),
        ("Health", "health"),
        ("Log", "log"),
        ("Page", "page"),
    ] {
        let start = source.find(&format!("pub struct {name} {{")).unwrap_or_else(|| panic!("no struct {name}"));
        let body = source[start..].split("\n}").next().unwrap();
        let fields = body.lines().filter_map(|line| line.strip_prefix("    pub ")?.split(':').next());
        keys.extend(fields.map(|field| (table.to_owned(), field.to_owned())));
    }
    assert!(keys.len() > 25, "the fields of the configuration are not read: {keys:?}");
    keys
}

/// The example with every commented key in force. Where two keys exclude each other, `without` is left as it is.
fn uncommented(text: &str, without: &[&str]) -> String {
    let key =
        |rest: &str| rest.split(" = ").next().is_some_and(|key| key.chars().all(|c| c.is_alphanumeric() || c == '_'));
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if rest.contains(" = ") && key(rest) && !without.iter().any(|key| rest.starts_with(key)) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_configuration_names_every_key_and_is_read_as_it_is_and_in_full() {
    let path = root().join("config/phuluc.toml");
    let text = read(&path);
    Config::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let mut named: BTreeSet<(String, String)> = BTreeSet::new();
    // One of the ways to log in at a time.
    let ways = ["password_env", "password_file", "oauth2"];
    for way in ways {
        let without: Vec<&str> = ways.into_iter().filter(|other| *other != way).collect();
        let full = uncommented(&text, &without);
        Config::parse(&full, &path).unwrap_or_else(|error| panic!("with {way}: {error}"));
        let table: toml::Table = full.parse().unwrap();
        for (name, value) in table {
            match value {
                toml::Value::Table(inner) => {
                    for (key, value) in inner {
                        if let toml::Value::Table(innermost) = value {
                            named.extend(innermost.into_iter().map(|(inner, _)| (key.clone(), inner)));
                        }
                        named.insert((name.clone(), key));
                    }
                }
                _ => drop(named.insert((String::new(), name))),
            }
        }
    }
    for key in keys() {
        let tables = ["office", "database", "mailbox", "outgoing", "trust", "health", "log", "page"];
        let is_table = key.0.is_empty() && tables.contains(&key.1.as_str());
        assert!(is_table || named.contains(&key), "config/phuluc.toml does not name {}.{}", key.0, key.1);
    }
}

#[test]
fn every_default_in_the_example_is_the_programs_own() {
    let path = root().join("config/phuluc.toml");
    let text = read(&path);
    let bare = Config::parse(&text, &path).unwrap();
    let full = Config::parse(&uncommented(&text, &["password_env", "oauth2"]), &path).unwrap();
    assert_eq!(full.time_zone, bare.time_zone);
    assert_eq!((full.campaigns, full.letters), (bare.campaigns, bare.letters));
    assert_eq!(full.send_windows, bare.send_windows);
    assert_eq!(full.mailbox.filed, bare.mailbox.filed);
    assert_eq!(full.mailbox.poll_seconds, bare.mailbox.poll_seconds);
    assert_eq!(full.mailbox.largest, bare.mailbox.largest);
    assert_eq!(full.mailbox.alert_minutes, bare.mailbox.alert_minutes);
    assert_eq!(full.mailbox.auto_reply_subjects, bare.mailbox.auto_reply_subjects);
    assert_eq!((full.trust.unverified, full.trust.resolver), (bare.trust.unverified, bare.trust.resolver));
    assert_eq!(full.trust.free_mail, bare.trust.free_mail);
    assert_eq!((full.health.beyond_loopback, full.log.format), (bare.health.beyond_loopback, bare.log.format));
}

/// The lines of the table in docs/findings.md: code, severity, meaning.
fn documented() -> BTreeMap<String, (String, String)> {
    let text = read(&root().join("docs/findings.md"));
    let mut lines = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [code, severity, meaning] = cells[..] else { panic!("docs/findings.md: {line}") };
        let before = lines.insert(code.trim_matches('`').to_owned(), (severity.to_owned(), meaning.to_owned()));
        assert!(before.is_none(), "{code} stands twice in docs/findings.md");
    }
    lines
}

#[test]
fn every_finding_of_the_shipped_form_is_documented_and_no_other() {
    let form = Form::load(&root().join("config/forms/1552.toml")).unwrap();
    let documented = documented();
    let mut codes: BTreeSet<String> = form.codes();
    codes.extend(form.messages.keys().cloned());
    assert_eq!(documented.keys().cloned().collect::<BTreeSet<_>>(), codes);
    for (code, (severity, meaning)) in &documented {
        assert!(["error", "warning", "error or warning"].contains(&severity.as_str()), "{code}: {severity}");
        assert!(meaning.len() > 10, "{code} has no meaning");
    }
    let tells = |code: &str, severity: &str, from: &str| {
        let written = &documented[code].0;
        assert!(written.split(" or ").any(|one| one == severity), "{code} is {severity} in {from}, {written} in docs");
    };
    for rule in &form.rules {
        let severity = if rule.severity == Severity::Error { "error" } else { "warning" };
        tells(&rule.code, severity, "the form");
    }
    for folder in ["broken", "layouts"] {
        let mut paths = Vec::new();
        files_under(&root().join("tests/data/forms").join(folder), &mut paths);
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")) {
            let expected: serde_json::Value = serde_json::from_str(&read(path)).unwrap();
            for finding in expected["findings"].as_array().unwrap() {
                let word = |key: &str| finding[key].as_str().unwrap();
                tells(word("code"), word("severity"), &path.display().to_string());
            }
        }
    }
}

#[test]
fn the_schema_is_in_the_program() {
    // What `Store::open` applies is compiled in: a database grows in a folder that knows nothing of ours.
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("phuluc.db").display());
    runtime.block_on(async {
        let store = phuluc::store::Store::open(&url).await.unwrap();
        assert_eq!(phuluc::store::messages::list(&store).await.unwrap(), []);
        store.close().await;
    });
    for kind in ["sqlite", "postgres"] {
        let connect = read(&root().join(format!("src/store/connect/{kind}.rs")));
        assert!(connect.contains("sqlx::migrate!("), "the migrations of {kind} are read from disk");
    }
}
