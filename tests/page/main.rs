//! The page for staff, served by the real program over a campaign on sample mail: every page that can be reached,
//! who gets an answer, and how it is to use on a phone, with a keyboard and with a screen reader.

#[path = "../harness/mod.rs"]
mod harness;

mod browser;

use harness::{
    PATIENCE,
    http::{Response, ask},
    within,
};
use sqlx::{Connection as _, SqliteConnection};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The daemon over the demo's campaign, with its page.
pub struct Shown {
    pub address: SocketAddr,
    pub folder: TempDir,
    daemon: Child,
}

impl Shown {
    /// With these further keys of `[page]`, and these mails still to be read.
    pub fn open(keys: &str, mails: &[(&str, String)]) -> Shown {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("demo");
        let made = Command::new(env!("CARGO_BIN_EXE_phuluc")).arg("demo").arg(&at).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for (name, mail) in mails {
            fs::write(at.join("mailbox/new").join(name), mail.replace('\n', "\r\n")).unwrap();
        }
        let config = at.join("config/phuluc.toml");
        let with_page = format!("{}\n[page]\nlisten = \"127.0.0.1:0\"\n{keys}\n", without_page(&config));
        fs::write(&config, with_page).unwrap();
        let mut daemon = Command::new(env!("CARGO_BIN_EXE_phuluc"))
            .arg("--config")
            .arg(&config)
            .arg("run")
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (told, address) = std::sync::mpsc::channel();
        let mut words = BufReader::new(daemon.stderr.take().unwrap());
        std::thread::spawn(move || {
            let mut line = String::new();
            while words.read_line(&mut line).is_ok_and(|n| n > 0) {
                if let Some((_, rest)) = line.split_once("the page for staff is served address=") {
                    let _ = told.send(rest.split_whitespace().next().unwrap().parse().unwrap());
                }
                line.clear();
            }
        });
        let address = address.recv_timeout(PATIENCE).expect("the daemon serves its page");
        Shown { address, folder, daemon }
    }

    pub fn get(&self, path: &str) -> Response {
        ask(self.address, "GET", path, &[], "")
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn without_page(config: &Path) -> String {
    let text = fs::read_to_string(config).unwrap();
    text.split("\n[page]").next().unwrap().to_owned()
}

/// The links of a page, as they stand there.
pub fn links(html: &str) -> Vec<String> {
    html.split("href=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

/// Every page that can be reached from the front, by its path.
pub fn reached(shown: &Shown) -> BTreeMap<String, Response> {
    let mut pages = BTreeMap::new();
    let mut known = BTreeSet::from(["/".to_owned()]);
    let mut next = VecDeque::from(["/".to_owned()]);
    while let Some(path) = next.pop_front() {
        let page = shown.get(&path);
        let html = page.header("content-type").starts_with("text/html");
        let mut links = if html { links(&page.text()) } else { Vec::new() };
        if page.status == 303 {
            links.push(page.header("location").to_owned());
        }
        for link in links.into_iter().filter(|link| !link.starts_with('#')) {
            assert!(link.starts_with('/') && !link.starts_with("//"), "{path} leads to {link}");
            if known.insert(link.clone()) {
                next.push_back(link);
            }
        }
        pages.insert(path, page);
    }
    pages
}

#[test]
fn every_page_is_there_and_none_does_anything() {
    let shown = Shown::open("", &[]);
    let pages = reached(&shown);
    let of = |part: &str| pages.keys().filter(|path| path.contains(part)).count();
    assert!(of("/agencies/") >= 92 && of("/reports/") >= 12 && of("/letters/") >= 20, "{:?}", pages.keys());
    assert!(of("/files/") >= 14 && of("/held") == 1 && of("/mail") >= 20);
    for (path, page) in &pages {
        assert!([200, 303].contains(&page.status), "{path}: {}", page.status);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(page.header(name), value, "{path}");
        }
        assert!(page.header("content-security-policy").starts_with("default-src 'none';"), "{path}");
        if !page.header("content-type").starts_with("text/html") {
            continue;
        }
        let html = page.text();
        for never in ["<script", "<form", " style=", "javascript:", "http:", "https:", "mailto:", "<img"] {
            assert!(!html.contains(never), "{path} holds {never}");
        }
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"vi\">"), "{path}");
        assert_eq!((html.matches("<h1>").count(), html.matches("<main id=\"main\"").count()), (1, 1), "{path}");
    }
}

#[test]
fn a_page_tells_what_the_command_line_tells() {
    let shown = Shown::open("", &[]);
    let config = shown.folder.path().join("demo/config/phuluc.toml");
    let asked = Command::new(env!("CARGO_BIN_EXE_phuluc"))
        .arg("--config")
        .arg(config)
        .args(["status", "1552", "--json"])
        .output()
        .unwrap();
    let status: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
    let front = shown.get("/campaigns/1552").text();
    for (label, count) in [
        ("cơ quan phải báo cáo", &status["counts"]["expected"]),
        ("đã gửi", &status["counts"]["received"]),
        ("đang đề nghị bổ sung", &status["counts"]["needs_correction"]),
        ("chưa gửi", &status["counts"]["not_received"]),
    ] {
        assert!(front.contains(&format!("<dt>{label}</dt><dd>{count}</dd>")), "{label}: {count}");
    }
    let nghe_an = shown.get("/campaigns/1552/agencies/nghe-an").text();
    assert!(nghe_an.contains("Lần thứ 2") && nghe_an.contains("Lần thứ 1") && nghe_an.contains("hợp lệ, đang sử dụng"));
    // The first version, whose reason is missing in F18 and F22: both are marked beside what was understood.
    let versions = nghe_an.split("<h2>").find(|part| part.starts_with("Báo cáo đã gửi")).unwrap();
    let report = links(versions).into_iter().rfind(|link| link.starts_with("/reports/")).unwrap();
    let report = shown.get(&report).text();
    assert_eq!(report.matches("<td class=\"marked\">").count(), 2);
    assert!(report.contains("Cần bổ sung:") && report.contains("ô F18") && report.contains("Trang tính \"Phụ lục\""));
    assert!(report.contains("Đáp ứng một phần") && !report.contains("not_met"));
    // The file is the one that came, to be saved under a name of ours.
    let file = links(&report).into_iter().find(|link| link.contains("/files/")).unwrap();
    let file = shown.get(&file);
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"thu-3-tep-"));
    assert!(file.body.starts_with(b"PK"));
}

#[test]
fn where_words_of_the_agency_are_asked_for_they_are_shown() {
    let shown = Shown::open("", &[]);
    let ha_nam = shown.get("/reports/2").text();
    assert!(ha_nam.contains("Chờ doanh nghiệp hoàn thiện phần mềm dùng chung"), "{ha_nam}");
    for (path, page) in reached(&shown) {
        let html = if path.starts_with("/reports/") { page.text() } else { continue };
        // The original beside it may print the list of options, whole.
        let understood = html.split("id=\"original\"").next().unwrap();
        assert!(!understood.contains(">Khác: ghi rõ<"), "{path}");
    }
}

#[test]
fn states_have_one_name_and_agencies_are_called_by_theirs() {
    let shown = Shown::open("", &[]);
    let campaign = shown.get("/campaigns/1552").text();
    for never in ["chưa nhận được", "Chưa nhận được", "liên hệ"] {
        assert!(!campaign.contains(never), "{never}");
    }
    // A scan came from there, and nothing from Hà Nội.
    let line = |id: &str| {
        let link = format!("/agencies/{id}\"");
        campaign.lines().find(|line| line.contains(&link)).unwrap().to_owned()
    };
    assert!(line("hoa-binh").contains(">Chưa có báo cáo đọc được<") && line("ha-noi").contains(">Chưa gửi<"));
    let hoa_binh = shown.get("/campaigns/1552/agencies/hoa-binh").text();
    assert!(hoa_binh.contains("class=\"state\">Chưa có báo cáo đọc được<"), "{hoa_binh}");
    for path in ["/messages/22", "/letters/20"] {
        let page = shown.get(path).text();
        let fact = page.lines().find(|line| line.contains("<dt>Cơ quan</dt>")).unwrap();
        assert!(fact.contains(">Ủy ban nhân dân") || fact.contains(">Bộ "), "{path}: {fact}");
    }
}

#[test]
fn what_changed_between_two_versions_is_shown_with_what_was_asked_for() {
    let shown = Shown::open("", &[]);
    let nghe_an = shown.get("/campaigns/1552/agencies/nghe-an").text();
    let changes = nghe_an.split("<h2>").find(|part| part.starts_with("Thay đổi giữa các lần gửi")).expect("changes");
    assert_eq!(changes.matches("<h3>").count(), 1);
    assert!(changes.contains("Lần thứ 2</a> so với lần thứ 1"), "{changes}");
    // What was asked for is done, and these two cells, empty before, are all that is different.
    assert!(changes.contains("Đã bổ sung theo đề nghị:</b> mục 1.2 (") && changes.contains("; mục 4.1 ("), "{changes}");
    assert!(!changes.contains("Còn lại"), "{changes}");
    assert!(changes.contains("<caption>2 nội dung khác so với lần thứ 1</caption>"), "{changes}");
    for row in ["Mục 1.2", "Mục 4.1"] {
        let line = changes.lines().find(|line| line.contains(&format!("<th scope=\"row\">{row}</th>"))).expect(row);
        let before = "<td data-label=\"Lần thứ 1\"><span class=\"empty\">(để trống)</span></td>";
        assert!(line.contains(before), "{line}");
        let now = line.split("<td data-label=\"Lần thứ 2\">").nth(1).unwrap();
        assert!(!now.starts_with("</td>") && !now.starts_with("<span"), "{line}");
        // As the report itself has it.
        let report = links(changes).into_iter().find(|link| link.starts_with("/reports/")).unwrap();
        let report = shown.get(&report).text();
        assert!(report.contains("<h2>Thay đổi so với lần thứ 1</h2>") && report.contains(line), "{line}");
    }
    // Who sent one version has nothing to compare.
    let one = reached(&shown).into_iter().filter(|(path, _)| path.contains("/agencies/")).map(|(_, page)| page.text());
    let without = one.filter(|page| page.contains("Lần thứ 1") && !page.contains("Lần thứ 2"));
    assert_eq!(without.filter(|page| page.contains("Thay đổi giữa các lần gửi")).count(), 0);
}

#[tokio::test]
async fn other_words_behind_the_same_option_are_a_change_too() {
    let shown = Shown::open("", &[]);
    let changes = || {
        let nghe_an = shown.get("/campaigns/1552/agencies/nghe-an").text();
        nghe_an.split("<h2>").find(|part| part.starts_with("Thay đổi giữa các lần gửi")).expect("changes").to_owned()
    };
    assert!(!changes().contains("<th scope=\"row\">Mục 1.1</th>"), "{}", changes());
    let database = shown.folder.path().join("demo/data/phuluc.db");
    let mut database = SqliteConnection::connect(&format!("sqlite:{}", database.display())).await.unwrap();
    let written = sqlx::query(
        "UPDATE answer SET text = 'Khác: đang xin chủ trương' WHERE row_name = '1.1' AND value = 'other' AND report =
             (SELECT id FROM report WHERE agency = 'nghe-an' AND version = 1)",
    );
    assert_eq!(written.execute(&mut database).await.unwrap().rows_affected(), 1);
    let changes = changes();
    assert!(changes.contains("<caption>3 nội dung khác so với lần thứ 1</caption>"), "{changes}");
    let line = changes.lines().find(|line| line.contains("<th scope=\"row\">Mục 1.1</th>")).unwrap();
    assert!(line.contains("<td data-label=\"Lần thứ 1\">Khác: đang xin chủ trương</td>"), "{line}");
    assert!(!line.contains("Khác: ghi rõ"), "{line}");
}

#[test]
fn what_strangers_write_is_shown_and_does_nothing() {
    let hostile = "From: \"<script>alert(1)</script> \u{202e}gpj\" <a@evil.example>\nTo: baocao@mic.example\n\
                   Subject: \"><img src=x onerror=alert(1)> {{ 7*7 }} http://evil.example/\n\
                   Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n\
                   </div><script>alert(2)</script>\njavascript:alert(3)\n--b\n\
                   Content-Type: text/html; name=\"../../x.html\"\n\
                   Content-Disposition: attachment; filename=\"../../x\\\"y.html\"\n\n<script>alert(4)</script>\n--b--\n";
    let shown = Shown::open("", &[("hostile", hostile.to_owned())]);
    let held = || shown.get("/campaigns/1552/held").text();
    let begun = Instant::now();
    while !held().contains("&lt;script&gt;") {
        assert!(begun.elapsed() < PATIENCE, "{}", held());
        std::thread::sleep(Duration::from_millis(200));
    }
    let list = held();
    assert!(!list.contains("<script") && !list.contains("<img") && !list.contains('\u{202e}') && list.contains("7*7"));
    let message = links(&list).into_iter().rfind(|link| link.starts_with("/messages/")).unwrap();
    let page = shown.get(&message).text();
    assert!(page.contains("&lt;script&gt;alert(2)") && !page.contains("<script") && !page.contains("href=\"java"));
    let file = links(&page).into_iter().find(|link| link.contains("/files/")).unwrap();
    let file = shown.get(&file);
    assert_eq!(file.header("content-type"), "application/octet-stream");
    let disposition = file.header("content-disposition").to_owned();
    assert!(
        disposition.starts_with("attachment; filename=\"thu-") && disposition.ends_with(".html\""),
        "{disposition}"
    );
}

#[test]
fn of_a_state_secret_nothing_is_shown_or_given() {
    let mail = "From: An <an@hanam.example>\nTo: baocao@mic.example\nSubject: =?utf-8?q?T=E1=BB=90I_M=E1=BA=ACT?= 17\n\
                Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n\
                Số liệu trạm gác.\n--b\nContent-Type: text/plain; name=\"tram-gac.txt\"\n\
                Content-Disposition: attachment; filename=\"tram-gac.txt\"\n\n17\n--b--\n";
    let shown = Shown::open("", &[("secret", mail.to_owned()), ("secret-again", mail.to_owned())]);
    let begun = Instant::now();
    let pages = || {
        let ids = (1..).map(|id| shown.get(&format!("/messages/{id}"))).take_while(|page| page.status == 200);
        ids.map(|page| page.text()).enumerate().collect::<Vec<_>>()
    };
    let marked = |pages: &[(usize, String)]| {
        pages.iter().filter(|(_, page)| page.contains("bí mật nhà nước: nội dung")).map(|(at, _)| at + 1).collect()
    };
    let ids: Vec<usize> = loop {
        let pages = pages();
        let ids: Vec<usize> = marked(&pages);
        assert!(pages.iter().all(|(_, page)| !page.contains("tram-gac") && !page.contains("trạm gác")));
        if ids.len() == 2 {
            break ids;
        }
        assert!(begun.elapsed() < PATIENCE, "{pages:?}");
        std::thread::sleep(Duration::from_millis(200));
    };
    for id in ids {
        for path in ["mail", "files/1"] {
            assert_eq!(shown.get(&format!("/messages/{id}/{path}")).status, 404, "{path}");
        }
    }
}

#[test]
fn nothing_else_is_answered() {
    let shown = Shown::open("hosts = [\"baocao.mic.example\"]", &[]);
    for (method, path, status) in [
        ("GET", "/campaigns/1552", 200),
        ("HEAD", "/campaigns/1552", 200),
        ("POST", "/campaigns/1552", 405),
        ("PUT", "/letters/1", 405),
        ("DELETE", "/messages/1", 405),
        ("GET", "/campaigns/none", 404),
        ("GET", "/campaigns/1552/agencies/nobody", 404),
        ("GET", "/campaigns/1552/agencies/..%2f..", 404),
        ("GET", "/messages/99999", 404),
        ("GET", "/messages/-1", 404),
        ("GET", "/messages/1%20OR%201=1", 404),
        ("GET", "/messages/99999999999999999999999", 404),
        ("GET", "/messages/1/files/0", 404),
        ("GET", "/messages/1/files/99", 404),
        ("GET", "/reports/0", 404),
        ("GET", "/config/phuluc.toml", 404),
        ("GET", "/../../etc/passwd", 404),
    ] {
        if method != "HEAD" {
            assert_eq!(ask(shown.address, method, path, &[], "").status, status, "{method} {path}");
        }
    }
    assert!(shown.get("/messages/99999").text().contains("Không tìm thấy nội dung này"));
    for (host, status) in
        [("baocao.mic.example", 200), ("localhost:1", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421)]
    {
        let page = ask(shown.address, "GET", "/campaigns/1552", &[&format!("Host: {host}")], "");
        assert_eq!(page.status, status, "{host}");
    }
}

#[test]
fn behind_a_proxy_nobody_is_answered_who_does_not_prove_to_be_it() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "a-secret-of-the-proxy\nnot this\n").unwrap();
    let shown = Shown::open(&format!("proxy_secret_file = \"{}\"", secret.path().display()), &[]);
    for (line, status) in [
        ("X-Phuluc-Proxy: a-secret-of-the-proxy", 200),
        ("X-Phuluc-Proxy: a-secret-of-the-proxY", 403),
        ("X-Phuluc-Proxy:", 403),
        ("X-Other: a-secret-of-the-proxy", 403),
    ] {
        assert_eq!(ask(shown.address, "GET", "/campaigns/1552", &[line], "").status, status, "{line}");
    }
}

#[test]
fn beyond_this_machine_it_is_refused_without_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("demo");
    assert!(Command::new(env!("CARGO_BIN_EXE_phuluc")).arg("demo").arg(&at).output().unwrap().status.success());
    let config = at.join("config/phuluc.toml");
    fs::write(&config, format!("{}\n[page]\nlisten = \"0.0.0.0:0\"\n", without_page(&config))).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_phuluc")).arg("--config").arg(&config).arg("run").output().unwrap();
    let words = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(2), "{words}");
    assert!(words.contains("page.listen") && words.contains("proxy_secret_file"), "{words}");
}

#[test]
fn whoever_dawdles_hinders_nobody_for_long() {
    let shown = Shown::open("", &[]);
    // More than may be connected, none of which ever finishes its request.
    let mut idle: Vec<TcpStream> = Vec::new();
    for number in 0..200 {
        let mut stream = TcpStream::connect(shown.address).unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
        }
        idle.push(stream);
    }
    // The daemon goes on with its work, and the page is back when the dawdlers' time is up.
    let mail = "From: x@evil.example\nTo: baocao@mic.example\nSubject: Sau do\n\nx\n".replace('\n', "\r\n");
    fs::write(shown.folder.path().join("demo/mailbox/new/later"), mail).unwrap();
    drop(idle.split_off(120));
    let begun = Instant::now();
    assert!(within(PATIENCE, || shown.get("/campaigns/1552").status == 200));
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}
