//! A real browser without a screen: headless Chromium, driven by chromedriver (W3C WebDriver), both from Debian's
//! packages. Its folder and its processes end with it.

use super::http::ask;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// A window so many pixels wide.
    pub fn open(width: u32) -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver cannot be started ({error}); tests/run installs it"));
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port: u16 = lines
            .map_while(Result::ok)
            .filter(|line| line.contains("successfully"))
            .find_map(|line| line.rsplit_once("on port ")?.1.trim_end_matches('.').parse().ok())
            .expect("chromedriver tells its port");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--window-size={width},900"));
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let mut browser = Browser { driver, address, session: String::new(), _profile: profile };
        let opened = browser.order("POST", "/session", &wanted);
        browser.session = format!("/session/{}", opened["sessionId"].as_str().expect("a session"));
        // A window of its own may not be as narrow as a phone.
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        browser.command("Emulation.setDeviceMetricsOverride", &size);
        browser
    }

    pub fn go(&self, url: &str) {
        self.order("POST", &format!("{}/url", self.session), &json!({ "url": url }));
    }

    /// What a function body returns in the page.
    pub fn ask(&self, script: &str) -> Value {
        self.order("POST", &format!("{}/execute/sync", self.session), &json!({ "script": script, "args": [] }))
    }

    /// Presses a key of the keyboard, by its WebDriver code.
    pub fn press(&self, key: char) {
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": key.to_string() }, { "type": "keyUp", "value": key.to_string() } ] }]);
        self.order("POST", &format!("{}/actions", self.session), &json!({ "actions": actions }));
    }

    /// A command of the Chrome DevTools protocol.
    pub fn command(&self, name: &str, parameters: &Value) -> Value {
        self.order("POST", &format!("{}/goog/cdp/execute", self.session), &json!({ "cmd": name, "params": parameters }))
    }

    fn order(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = ask(self.address, method, path, &["Content-Type: application/json"], &body.to_string());
        let mut told: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, 200, "{path}: {told}");
        told["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = std::panic::catch_unwind(|| ask(self.address, "DELETE", &self.session, &[], ""));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
