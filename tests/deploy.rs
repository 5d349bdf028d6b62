//! The examples of `deploy/` in the hands of the programs they are for: alert rules and dashboard in Prometheus, the
//! proxy in nginx, the containers in Compose. These come from Debian's packages (`tests/run` installs them); what is
//! the unit's and the package's is held by `tests/service` and `tests/package`.

mod harness;

use harness::{Authority, Office, PATIENCE, within};
use std::{
    collections::BTreeSet,
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// What a program says that must end well.
fn passes(package: &str, command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}, of Debian's package {package}: {error}"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    told
}

/// A server that ends with its owner.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // A word that lets a master end its workers too.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// Starts a program whose words go to a file.
fn serve(package: &str, command: &mut Command, log: &Path) -> Server {
    let log = fs::File::create(log).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    Server(command.spawn().unwrap_or_else(|error| panic!("{command:?}, of Debian's package {package}: {error}")))
}

/// Every question that the dashboard asks.
fn dashboard() -> Vec<String> {
    let parsed: serde_json::Value = serde_json::from_str(&read("deploy/grafana.json")).unwrap();
    let panels = parsed["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let questions: Vec<String> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(questions.len() >= panels.len(), "a panel asks nothing");
    questions
}

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    passes("prometheus", Command::new("promtool").arg("check").arg("rules").arg(root().join("deploy/alerts.yml")));
    passes("prometheus", Command::new("promtool").arg("test").arg("rules").arg(root().join("tests/data/alerts.yml")));
    // Of each there is a moment at which it fires, and one at which it does not.
    let cases = read("tests/data/alerts.yml");
    let (mut fires, mut rests) = (BTreeSet::new(), BTreeSet::new());
    for moment in cases.split("eval_time:").skip(1) {
        let name = moment.split("alertname: ").nth(1).unwrap();
        let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
        if moment.contains("exp_alerts: []") {
            rests.insert(name)
        } else {
            fires.insert(name)
        };
    }
    let rules = read("deploy/alerts.yml");
    let alerts: BTreeSet<String> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect();
    assert!(alerts.len() >= 10, "{alerts:?}");
    assert_eq!((&fires, &rests), (&alerts, &alerts));
}

/// Where the proxy listens and whom it asks.
struct Proxied {
    metrics: SocketAddr,
    health: SocketAddr,
    /// Who may ask for the metrics.
    allowed: &'static str,
    staff: SocketAddr,
    page: SocketAddr,
}

/// What the page's proxy is known by, and who may log in there.
const PROXY_SECRET: &str = "a-secret-of-the-proxy";
const LOGIN: &str = "an:mat-khau";

/// `deploy/nginx.conf` as it stands, but for addresses, certificates and the files beside it.
fn nginx(folder: &Path, at: &Proxied) -> Server {
    let leaf = Authority::ours().leaf();
    let mut site = read("deploy/nginx.conf");
    let (users, secret) = (folder.join("users"), folder.join("secret"));
    fs::write(&users, LOGIN.replace(':', ":{PLAIN}")).unwrap();
    fs::write(&secret, format!("proxy_set_header X-Phuluc-Proxy \"{PROXY_SECRET}\";\n")).unwrap();
    // Its workers, who are somebody else where it is started by root, read who may log in; the secret they need not read.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&users, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    for (was, is) in [
        ("listen 9485 ssl", format!("listen {} ssl", at.metrics)),
        ("listen 443 ssl", format!("listen {} ssl", at.staff)),
        ("/etc/ssl/certs/phuluc.pem", leaf.certificate.display().to_string()),
        ("/etc/ssl/private/phuluc.key", leaf.key.display().to_string()),
        ("/etc/ssl/certs/baocao.pem", leaf.certificate.display().to_string()),
        ("/etc/ssl/private/baocao.key", leaf.key.display().to_string()),
        ("allow 192.0.2.10", format!("allow {}", at.allowed)),
        ("http://127.0.0.1:9484", format!("http://{}", at.health)),
        ("http://127.0.0.1:8480", format!("http://{}", at.page)),
        ("/etc/nginx/phuluc.users", users.display().to_string()),
        ("/etc/nginx/phuluc-proxy.secret", secret.display().to_string()),
    ] {
        assert_eq!(site.matches(was).count(), 1, "deploy/nginx.conf: {was}");
        site = site.replace(was, &is);
    }
    fs::write(folder.join("site.conf"), site).unwrap();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = kinds.iter().map(|kind| format!("{kind}_temp_path {kind};\n")).collect();
    let main = format!(
        "daemon off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}include site.conf;\n}}\n"
    );
    fs::write(folder.join("nginx.conf"), main).unwrap();
    let at = |command: &mut Command| {
        command.arg("-p").arg(folder).args(["-e", "stderr", "-c"]).arg(folder.join("nginx.conf"));
    };
    let mut check = Command::new("/usr/sbin/nginx");
    at(check.arg("-t"));
    passes("nginx-light", &mut check);
    let mut run = Command::new("/usr/sbin/nginx");
    at(&mut run);
    serve("nginx-light", &mut run, &folder.join("nginx.log"))
}

/// What `curl` gets.
fn curl(arguments: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--ipv4", "--noproxy", "*"]).args(arguments);
    String::from_utf8(command.output().expect("curl, of Debian's package curl").stdout).unwrap()
}

/// The answer over TLS, with its head, of a server that proves its name.
fn ask_encrypted(address: SocketAddr, path: &str) -> String {
    let authority = Authority::ours().ca_file().display().to_string();
    curl(&["--include", "--cacert", &authority, &format!("https://localhost:{}{path}", address.port())])
}

/// Prometheus asks the real daemon through the proxy; every question of the dashboard has an answer, no alert fires.
#[test]
fn prometheus_sees_the_daemon_through_the_proxy_and_the_dashboard_has_answers() {
    let office = Office::open();
    office.report(2);
    let (health, listen, own) = (free_address(), free_address(), free_address());
    let text = fs::read_to_string(office.config()).unwrap();
    fs::write(office.config(), format!("{text}[health]\nlisten = \"{health}\"\n")).unwrap();
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());

    let refusing = tempfile::tempdir().unwrap();
    let refused = free_address();
    let (staff, page) = (free_address(), free_address());
    let _refusing = nginx(refusing.path(), &Proxied { metrics: refused, health, allowed: "192.0.2.10", staff, page });
    assert!(within(PATIENCE, || ask_encrypted(refused, "/metrics").starts_with("HTTP/1.1 403")));

    let folder = tempfile::tempdir().unwrap();
    let staff = free_address();
    let proxy = nginx(folder.path(), &Proxied { metrics: listen, health, allowed: "127.0.0.1", staff, page });
    assert!(within(PATIENCE, || ask_encrypted(listen, "/metrics").contains("phuluc_database_up 1")));
    assert!(ask_encrypted(listen, "/healthz").starts_with("HTTP/1.1 404"), "the proxy shows more than the metrics");

    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{}]\nscrape_configs:\n\
         - job_name: phuluc\n  scheme: https\n  tls_config: {{ca_file: {}}}\n  \
         static_configs: [{{targets: ['localhost:{}']}}]\n",
        root().join("deploy/alerts.yml").display(),
        Authority::ours().ca_file().display(),
        listen.port()
    );
    fs::write(folder.path().join("prometheus.yml"), config).unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()));
    command.arg(format!("--storage.tsdb.path={}", folder.path().join("kept").display()));
    command.arg(format!("--web.listen-address={own}"));
    let log: PathBuf = folder.path().join("prometheus.log");
    let prometheus = serve("prometheus", &mut command, &log);
    let told = || fs::read_to_string(&log).unwrap();
    assert!(within(PATIENCE, || curl(&[&format!("http://{own}/-/ready")]).contains("Ready")), "{}", told());
    let answer = |question: &str| -> serde_json::Value {
        let text = curl(&["--data-urlencode", &format!("query={question}"), &format!("http://{own}/api/v1/query")]);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{question}: {error}: {text}"))
    };
    let answers = |question: &str| {
        let told = answer(question);
        assert_eq!(told["status"], "success", "{question}: {told}");
        told["data"]["result"].as_array().is_some_and(|found| !found.is_empty())
    };
    assert!(within(PATIENCE, || answers("up{job=\"phuluc\"} == 1")), "{}", told());
    for question in dashboard() {
        assert!(within(PATIENCE, || answers(&question)), "{question}: {}", answer(&question));
    }
    let rules = curl(&[&format!("http://{own}/api/v1/rules")]);
    let rules: serde_json::Value = serde_json::from_str(&rules).unwrap();
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() >= 10);
    for rule in rules {
        assert_eq!((&rule["health"], &rule["state"]), (&"ok".into(), &"inactive".into()), "{rule}");
    }
    drop((prometheus, proxy));
}

/// Staff reach the page through the proxy alone and by a login alone, and are named in the log.
#[test]
fn staff_reach_the_page_through_the_proxy_with_a_login_and_nobody_else_does() {
    let office = Office::open();
    let (page, staff) = (free_address(), free_address());
    let folder = tempfile::tempdir().unwrap();
    // As docs/operators.md has it, but for the address.
    let keys =
        "hosts = [\"baocao.mic.example\"]\nproxy_secret_file = \"proxy-secret\"\nuser_header = \"X-Forwarded-User\"\n";
    let operators = read("docs/operators.md");
    for line in keys.lines() {
        assert!(operators.contains(line), "docs/operators.md: {line}");
    }
    fs::write(office.path("proxy-secret"), format!("{PROXY_SECRET}\n")).unwrap();
    let text = fs::read_to_string(office.config()).unwrap();
    fs::write(office.config(), format!("{text}[page]\nlisten = \"{page}\"\n{keys}")).unwrap();
    let daemon = office.daemon();
    daemon.says("the page for staff is served");

    let (metrics, health) = (free_address(), free_address());
    let proxy = nginx(folder.path(), &Proxied { metrics, health, allowed: "127.0.0.1", staff, page });
    let authority = Authority::ours().ca_file().display().to_string();
    let url = format!("https://localhost:{}/campaigns/1552", staff.port());
    let ask = |more: &[&str]| {
        let always = ["--include", "--cacert", &authority, "--header", "Host: baocao.mic.example"];
        curl(&[&always[..], more, &[&url]].concat())
    };
    assert!(within(PATIENCE, || ask(&[]).starts_with("HTTP/1.1 401")), "{}", ask(&[]));
    let spoofed = ["--header", "X-Phuluc-Proxy: a-secret-of-the-proxy", "--header", "X-Forwarded-User: giam-doc"];
    for (more, status) in [
        (&["--user", "an:sai"][..], 401),
        (&["--user", "binh:mat-khau"], 401),
        (&spoofed, 401),
        (&["--user", LOGIN], 200),
        (&[&["--user", LOGIN][..], &spoofed].concat(), 200),
    ] {
        let told = ask(more);
        assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{more:?}: {told}");
        assert_eq!(told.contains("<h2>Tổng quan</h2>"), status == 200, "{more:?}: {told}");
    }
    // Whoever is on the machine itself is no proxy.
    let direct = curl(&["--include", &format!("http://{page}/campaigns/1552")]);
    assert!(direct.starts_with("HTTP/1.1 403"), "{direct}");
    assert!(within(PATIENCE, || daemon.log().matches("user=\"an\"").count() == 2), "{}", daemon.log());
    assert!(!daemon.log().contains("giam-doc"), "{}", daemon.log());
    drop(proxy);
}

/// Compose itself reads the file, by its own schema; the containers are not started.
#[test]
fn compose_understands_its_file_and_every_path_in_it_is_there() {
    let told = passes(
        "docker-compose",
        Command::new("docker-compose").arg("--file").arg(root().join("deploy/compose.yml")).arg("config"),
    );
    for line in ["condition: service_healthy", "internal: true", "read_only: true", "no-new-privileges:true"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(told.contains(&format!("context: {}\n", root().display())), "{told}");
    let named = told.lines().find_map(|line| line.trim().strip_prefix("dockerfile: ")).unwrap();
    let recipe = read(named);
    // The image holds the program where its first command expects it, built by the Rust that is tested.
    let rust = read("Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = ").map(str::to_owned));
    let rust = rust.unwrap().trim_matches('"').to_owned();
    assert!(recipe.contains(&format!("FROM docker.io/library/rust:{rust}-bookworm AS build")), "{recipe}");
    assert!(
        recipe.contains("target/release/phuluc /usr/bin/phuluc") && recipe.contains("ENTRYPOINT [\"/usr/bin/phuluc\"]")
    );
}
