//! Mails as the office's server has stored them: its own trace on top, then what the sender's program wrote.

use crate::story::{MX, OFFICE};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A mail to be written. As it begins it is a well-behaved letter from Hà Nam without a file.
pub struct Mail {
    from: Vec<String>,
    to: String,
    subject: String,
    message_id: Option<String>,
    arrived: Timestamp,
    results: String,
    headers: Vec<(String, String)>,
    content_type: String,
    text: String,
    files: Vec<(String, String, Vec<u8>)>,
}

impl Mail {
    pub fn new(number: u32, arrived: Timestamp) -> Mail {
        Mail {
            from: vec!["Nguyễn Văn An <an@hanam.example>".to_owned()],
            to: OFFICE.to_owned(),
            subject: "Báo cáo theo Văn bản số 488/BTTTT-CĐSQG".to_owned(),
            message_id: Some(format!("<{number}@hanam.example>")),
            arrived,
            results: format!("{MX}; spf=pass; dkim=pass; dmarc=pass"),
            headers: Vec::new(),
            content_type: "multipart/mixed".to_owned(),
            text: "Kính gửi Quý Bộ báo cáo của đơn vị.\r\n\r\nTrân trọng./.".to_owned(),
            files: Vec::new(),
        }
    }

    pub fn from(mut self, from: &str) -> Mail {
        self.from = vec![from.to_owned()];
        self
    }

    pub fn also_from(mut self, from: &str) -> Mail {
        self.from.push(from.to_owned());
        self
    }

    pub fn to(mut self, to: &str) -> Mail {
        self.to = to.to_owned();
        self
    }

    pub fn subject(mut self, subject: &str) -> Mail {
        self.subject = subject.to_owned();
        self
    }

    pub fn message_id(mut self, id: &str) -> Mail {
        self.message_id = (!id.is_empty()).then(|| id.to_owned());
        self
    }

    /// What the office's server found out about the sender.
    pub fn results(mut self, results: &str) -> Mail {
        self.results = results.to_owned();
        self
    }

    pub fn arrived(mut self, at: &str) -> Mail {
        self.arrived = at.parse().unwrap();
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Mail {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn content_type(mut self, content_type: &str) -> Mail {
        self.content_type = content_type.to_owned();
        self
    }

    pub fn text(mut self, text: &str) -> Mail {
        self.text = text.to_owned();
        self
    }

    /// Attaches a workbook, or whatever the bytes are.
    pub fn file(self, name: &str, bytes: Vec<u8>) -> Mail {
        self.file_of(name, XLSX, bytes)
    }

    pub fn file_of(mut self, name: &str, content_type: &str, bytes: Vec<u8>) -> Mail {
        self.files.push((name.to_owned(), content_type.to_owned(), bytes));
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let date = self.arrived.to_zoned_datetime(zone).strftime("%a, %d %b %Y %H:%M:%S %z").to_string();
        let encoded = |bytes: &[u8]| {
            let text = BASE64_STANDARD.encode(bytes);
            let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
            lines.join("\r\n")
        };
        let mut mail = format!(
            "Received: from mail.hanam.example (mail.hanam.example [192.0.2.7])\r\n\tby {MX} (Postfix) with ESMTPS;\r\n\t{date}\r\n\
             Authentication-Results: {}\r\n",
            self.results
        );
        for (name, value) in &self.headers {
            mail.push_str(&format!("{name}: {value}\r\n"));
        }
        for from in &self.from {
            let shown = match from.split_once(" <") {
                Some((name, rest)) => format!("=?utf-8?B?{}?= <{rest}", BASE64_STANDARD.encode(name)),
                None => from.clone(),
            };
            mail.push_str(&format!("From: {shown}\r\n"));
        }
        mail.push_str(&format!("To: {}\r\n", self.to));
        mail.push_str(&format!("Subject: =?utf-8?B?{}?=\r\n", BASE64_STANDARD.encode(&self.subject)));
        // What the sender says about the day decides nothing.
        mail.push_str("Date: Sun, 01 Jan 2023 00:00:00 +0700\r\n");
        if let Some(id) = &self.message_id {
            mail.push_str(&format!("Message-ID: {id}\r\n"));
        }
        mail.push_str("MIME-Version: 1.0\r\n");
        if !self.content_type.starts_with("multipart/") {
            mail.push_str(&format!("Content-Type: {}\r\n\r\n{}\r\n", self.content_type, self.text));
            return mail.into_bytes();
        }
        mail.push_str(&format!("Content-Type: {}; boundary=\"=_story\"\r\n\r\n", self.content_type));
        mail.push_str(&format!(
            "--=_story\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            encoded(self.text.as_bytes())
        ));
        for (name, content_type, bytes) in &self.files {
            let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
            mail.push_str(&format!(
                "--=_story\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n\
                 Content-Disposition: attachment; filename*=utf-8''{name}\r\n\r\n{}\r\n",
                encoded(bytes)
            ));
        }
        mail.push_str("--=_story--\r\n");
        mail.into_bytes()
    }
}
