//! The mails of a campaign, invented: each brings a workbook of its own, written by our template writer with made-up
//! answers, and made as large as an office program makes it: with the pictures and printer settings that come along.
//! Every third lacks something, so that it is answered with a marked workbook.

#[path = "../../tests/round_trip/report.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod report;

use base64::{Engine, prelude::BASE64_STANDARD};
use phuluc::{
    agency::Kind,
    form::declaration::Form,
    sheet::{self, AgencyMark, Filled, FormWorkbook},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use report::{Note, Report, report};
use std::{
    cell::RefCell,
    io::{Cursor, Write},
    path::Path,
};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Of a workbook, between these; what an appendix with a letterhead and some hundred lines has.
const SMALLEST: usize = 30_000;
const LARGEST: usize = 60_000;

/// Makes mails, always the same.
pub struct Load {
    form: Form,
    chance: RefCell<TestRunner>,
}

impl Load {
    pub fn new() -> Load {
        let form = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml");
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config = Config { failure_persistence: None, ..Config::default() };
        Load { form: Form::load(&form).expect("the form"), chance: RefCell::new(TestRunner::new_with_rng(config, rng)) }
    }

    /// The report of an agency.
    pub fn mail(&self, number: usize, agency: usize) -> Vec<u8> {
        let workbook = self.workbook(number, agency);
        let body = BASE64_STANDARD.encode(workbook);
        let mut mail = format!(
            "Received: from mail.tinh{agency}.example by mail.mic.example; Mon, 20 Feb 2023 08:00:00 +0700\r\n\
             From: a@tinh{agency}.example\r\nTo: bao-cao@mic.example\r\nSubject: Bao cao {number}\r\n\
             Date: Mon, 20 Feb 2023 08:00:00 +0700\r\nMessage-ID: <report-{number}@tinh{agency}.example>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b-{number}\"\r\n\r\n\
             --b-{number}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
             Kính gửi Quý Cơ quan, xin gửi báo cáo.\r\n--b-{number}\r\n\
             Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet; name=\"Phu luc.xlsx\"\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"Phu luc.xlsx\"\r\n\r\n"
        )
        .into_bytes();
        for line in body.as_bytes().chunks(76) {
            mail.extend_from_slice(line);
            mail.extend_from_slice(b"\r\n");
        }
        mail.extend_from_slice(format!("--b-{number}--\r\n").as_bytes());
        mail
    }

    fn workbook(&self, number: usize, agency: usize) -> Vec<u8> {
        let made_up = report().prop_filter("of a province", |report| report.kind == Kind::Province);
        let mut report = made_up.new_tree(&mut self.chance.borrow_mut()).expect("a report").current();
        if number.is_multiple_of(3) {
            leave_out_a_reason(&mut report);
        }
        let answers = report.answers(&self.form);
        let (id, name) = (format!("tinh-{agency}"), format!("Ủy ban nhân dân tỉnh {agency}"));
        let book = FormWorkbook {
            form: &self.form,
            campaign_letter: "488/BTTTT-CĐSQG ngày 15/02/2023",
            agency: Some(AgencyMark { id: &id, name: &name, code: None, kind: Kind::Province }),
            filled: Some(Filled { answers: &answers, findings: &[] }),
        };
        with_pictures(&sheet::write(&book).expect("a workbook"), number)
    }
}

/// An answer without the reason it needs.
fn leave_out_a_reason(report: &mut Report) {
    let mut lines = report.lines.iter_mut();
    let unmet = lines.find(|line| line.sub.is_none() && matches!(line.compliance, "partial" | "not_met"));
    match unmet {
        Some(line) => line.note = Note::default(),
        None => report.lines[0].owner.clear(),
    }
}

/// The same workbook with what else office programs put into the archive.
fn with_pictures(workbook: &[u8], number: usize) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).expect("a workbook is an archive");
    let mut written = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let part = archive.by_index_raw(at).expect("a part");
        written.raw_copy_file(part).expect("copy the part");
    }
    let wanted = SMALLEST + (number * 7919) % (LARGEST - SMALLEST);
    let picture = noise(number as u64 + 1, wanted.saturating_sub(workbook.len() + 300));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    written.start_file("xl/media/image1.png", stored).expect("begin the picture");
    written.write_all(&picture).expect("write the picture");
    written.finish().expect("end the archive").into_inner()
}

/// Bytes that no compression makes smaller, from a seed.
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
