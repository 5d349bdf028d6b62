//! An IMAP server that says what a test tells it to, for what no decent server ever says: a body that is NIL, a
//! literal cut short, a UIDVALIDITY that changes between two commands. What no rule names it answers like a server
//! with one folder of one small message.

use super::Beside;
use std::{
    future::pending,
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// The message it holds where no rule says otherwise: UID 1 under UIDVALIDITY 7.
pub const MESSAGE: &str = "Subject: one\r\n\r\nHello\r\n";

/// What the server does.
#[derive(Debug, Clone)]
pub enum Then {
    /// Says this; `{tag}` is the command's tag, `{last}` that of the command before, and every line is ended properly.
    Say(String),
    /// Says this as it stands, and cuts the connection.
    SayAndCut(String),
    /// Says nothing and keeps the connection open.
    Silence,
}

/// An answer to every command that contains some words, or to the first few of them.
#[derive(Debug, Clone)]
pub struct Rule {
    when: String,
    then: Then,
    times: usize,
}

impl Rule {
    /// `words` as they stand in the command behind its tag; `GREETING` is the server's own first line.
    pub fn say(words: &str, answer: &str) -> Rule {
        Rule { when: words.to_owned(), then: Then::Say(answer.to_owned()), times: usize::MAX }
    }

    pub fn cut(words: &str, answer: &str) -> Rule {
        Rule { when: words.to_owned(), then: Then::SayAndCut(answer.to_owned()), times: usize::MAX }
    }

    pub fn silence(words: &str) -> Rule {
        Rule { when: words.to_owned(), then: Then::Silence, times: usize::MAX }
    }

    /// Only so many times; then the rules behind it count.
    pub fn times(self, times: usize) -> Rule {
        Rule { times, ..self }
    }
}

/// A running server.
pub struct ScriptedImap {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    _server: Beside,
}

impl ScriptedImap {
    /// The first rule that fits answers.
    pub fn start(rules: Vec<Rule>) -> ScriptedImap {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        listener.set_nonblocking(true).expect("a listener for tokio");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (rules, shared) = (Arc::new(Mutex::new(rules)), heard.clone());
        let server = Beside::run(move || async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(talk(tcp, rules.clone(), shared.clone()));
            }
        });
        ScriptedImap { port, heard, _server: server }
    }

    pub fn url(&self) -> String {
        self.url_at("127.0.0.1")
    }

    pub fn url_at(&self, host: &str) -> String {
        format!("imap://{}@{host}:{}", super::user_in_url(), self.port)
    }

    /// Every command in turn, without its tag.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn heard_any(&self, words: &str) -> bool {
        self.heard().iter().any(|command| command.contains(words))
    }
}

async fn talk(tcp: TcpStream, rules: Arc<Mutex<Vec<Rule>>>, heard: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(tcp);
    if !answer(&mut stream, &rules, ("*", ""), "GREETING").await {
        return;
    }
    let mut last = String::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await {
            Ok(n) if n > 0 => {}
            _ => return,
        }
        let (tag, command) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        // DONE, which ends an IDLE, is said without a tag.
        let (tag, command) = if command.is_empty() { ("", tag) } else { (tag, command) };
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(command.to_owned());
        if !answer(&mut stream, &rules, (tag, &last), command).await {
            return;
        }
        last = tag.to_owned();
    }
}

/// Whether the conversation goes on.
async fn answer(
    stream: &mut BufReader<TcpStream>,
    rules: &Mutex<Vec<Rule>>,
    (tag, last): (&str, &str),
    command: &str,
) -> bool {
    let ruled = {
        let mut rules = rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter_mut().find(|rule| rule.times > 0 && command.contains(&rule.when)).map(|rule| {
            rule.times -= 1;
            rule.then.clone()
        })
    };
    let (words, go_on) = match ruled.unwrap_or_else(|| Then::Say(usual(command))) {
        Then::Say(words) => (words.replace("{tag}", tag).replace("{last}", last) + "\r\n", true),
        Then::SayAndCut(words) => (words.replace("{tag}", tag), false),
        Then::Silence => pending().await,
    };
    stream.write_all(words.as_bytes()).await.is_ok() && go_on
}

/// What a server with one message says.
fn usual(command: &str) -> String {
    let size = MESSAGE.len();
    let about = format!("UID 1 FLAGS () INTERNALDATE \" 7-Feb-2023 09:00:00 +0700\" RFC822.SIZE {size}");
    if command == "GREETING" {
        "* OK ready".to_owned()
    } else if command == "CAPABILITY" {
        "* CAPABILITY IMAP4rev1 MOVE UIDPLUS AUTH=PLAIN\r\n{tag} OK done".to_owned()
    } else if command.starts_with("SELECT") {
        "* FLAGS (\\Seen \\Deleted)\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK [READ-WRITE] open".to_owned()
    } else if command.contains("BODY.PEEK[]") {
        format!("* 1 FETCH (UID 1 BODY[] {{{size}}}\r\n{MESSAGE})\r\n{{tag}} OK done")
    } else if command.contains("RFC822.SIZE") {
        format!("* 1 FETCH ({about})\r\n{{tag}} OK done")
    } else if command == "LOGOUT" {
        "* BYE bye\r\n{tag} OK done".to_owned()
    } else {
        "{tag} OK done".to_owned()
    }
}
