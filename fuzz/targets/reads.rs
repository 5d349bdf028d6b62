//! What the fuzz targets do with their bytes, and what must hold whatever the bytes are. `tests/corpus.rs` does
//! the same with every file of the kept corpus, so that what was found once is tried in every test run.

use phuluc::{
    attachment::{Attachment, FileKind},
    finding::Finding,
    form::{self, Circumstances, Reading, answers::Answers, declaration::Form},
    message, text,
    workbook::{Cell, Format, Sheet, Workbook},
};
use std::{path::Path, sync::OnceLock};

/// Reads the bytes as a mail, and every header block it might be cut to.
pub fn mime(bytes: &[u8]) {
    let mail = message::read(bytes);
    assert!(!mail.subject.contains(['\r', '\n', '\0']), "a subject is one line: {:?}", mail.subject);
    assert!(mail.subject.chars().count() <= 500);
    assert!(mail.text.len() <= 64 << 10);
    for id in mail.message_id.iter().chain(&mail.in_reply_to).chain(&mail.references) {
        assert!(id.starts_with('<') && id.ends_with('>') && !id.contains(['\r', '\n']), "{id:?}");
    }
    for Attachment { name, .. } in &mail.attachments {
        assert!(!name.contains(['/', '\\', '\0', '\r', '\n']) && name != ".." && name != ".", "{name:?}");
    }
    if let Some(sender) = mail.sender() {
        assert!(sender.address.contains('@') && !sender.address.contains(['\r', '\n', ' ', '<', '>']));
    }
    let headers = message::read(message::header_block(bytes));
    assert_eq!(headers.subject, mail.subject, "the headers say the same without the body");
}

/// Reads the bytes as whatever kind of workbook they seem to be.
pub fn workbook(bytes: &[u8]) {
    let Some(format) = Format::of(FileKind::of(bytes)) else { return };
    if let Ok(workbook) = Workbook::read(bytes, format) {
        grid(&workbook);
        read_form(&workbook);
    }
}

/// Changes a filled-in form as the bytes say, and reads it.
pub fn form(bytes: &[u8]) {
    let mut changes = Changes(bytes);
    let Some(layout) = changes.byte() else { return };
    let layouts = layouts();
    let mut workbook = layouts[usize::from(layout) % layouts.len()].clone();
    while let (true, Some(change)) = (!workbook.sheets.is_empty(), changes.byte()) {
        let at = usize::from(changes.byte().unwrap_or(0)) % workbook.sheets.len();
        let place = (u32::from(changes.byte().unwrap_or(0)), u32::from(changes.byte().unwrap_or(0)) % 16);
        let sheet = &mut workbook.sheets[at];
        match change % 9 {
            0 => drop(sheet.cells.remove(&place)),
            1 => drop(sheet.cells.insert(place, Cell::Text(changes.text()))),
            2 => drop(sheet.cells.insert(place, Cell::Number(changes.number()))),
            3 => sheet.cells.retain(|(row, _), _| *row != place.0),
            4 => sheet.cells.retain(|(_, col), _| *col != place.1),
            5 => shift(sheet, |(row, col)| (row + u32::from(row >= place.0), col)),
            6 => shift(sheet, |(row, col)| (row, col + u32::from(col >= place.1))),
            7 => {
                let from = (place.0, u32::from(changes.byte().unwrap_or(0)) % 16);
                if let Some(cell) = sheet.cells.get(&from).cloned() {
                    sheet.cells.insert(place, cell);
                }
            }
            _ => {
                if let Some(Cell::Text(text)) = sheet.cells.get_mut(&place) {
                    let more = changes.text();
                    text.push_str(&more);
                }
            }
        }
    }
    read_form(&workbook);
}

fn shift(sheet: &mut Sheet, to: impl Fn((u32, u32)) -> (u32, u32)) {
    sheet.cells = std::mem::take(&mut sheet.cells).into_iter().map(|(at, cell)| (to(at), cell)).collect();
}

fn grid(workbook: &Workbook) {
    let cells: usize = workbook.sheets.iter().map(|sheet| sheet.cells.len()).sum();
    assert!(cells <= 400_000, "{cells} cells");
    for ((row, col), cell) in workbook.sheets.iter().flat_map(|sheet| &sheet.cells) {
        assert!(*row < 20_000 && *col < 512, "row {row}, column {col}");
        assert!(cell.text().chars().count() <= 32_767);
    }
}

fn read_form(workbook: &Workbook) {
    let Reading::Form { answers, findings, .. } = form::read(declaration(), workbook, &Circumstances::default()) else {
        return;
    };
    stands_there(workbook, &answers);
    named(workbook, &findings);
}

/// No answer comes out of nothing: it stands in its cell, or in another one that holds for several lines, or it is an
/// option that is marked on its line below a heading that abbreviates it.
fn stands_there(workbook: &Workbook, answers: &Answers) {
    // Places in a document are counted within its tables.
    if is_document(workbook) {
        return;
    }
    for cell in answers.sections.iter().flat_map(|section| &section.rows).flat_map(|row| row.cells.values()) {
        let Some(place) = &cell.place else { continue };
        let mut sheets = workbook.sheets.iter().filter(|sheet| sheet.name == place.sheet);
        let elsewhere = |sheet: &Sheet| {
            let words = text::key(&cell.text);
            sheet.cells.values().any(|other| text::key(&other.text()).contains(&words))
        };
        let mut lists = declaration().choices.values().flat_map(|list| &list.options);
        let is_option = lists.any(|option| option.text == cell.text);
        let marked = |sheet: &Sheet| is_option && sheet.row(place.row).next().is_some();
        let stands = sheets.any(|sheet| sheet.get(place.row, place.col).is_some() || elsewhere(sheet) || marked(sheet));
        assert!(stands, "{:?} from {place:?}", cell.text);
    }
}

/// Every finding names a sheet that is there.
fn named(workbook: &Workbook, findings: &[Finding]) {
    for finding in findings.iter().filter(|_| !is_document(workbook)) {
        if let Some(place) = &finding.place {
            assert!(workbook.sheet(&place.sheet).is_some(), "{}: the sheet {:?}", finding.code, place.sheet);
        }
    }
}

/// Whether it was read from a document, whose places are named after its tables.
fn is_document(workbook: &Workbook) -> bool {
    workbook.sheets.iter().any(|sheet| !sheet.tables.is_empty())
}

fn declaration() -> &'static Form {
    static FORM: OnceLock<Form> = OnceLock::new();
    FORM.get_or_init(|| Form::load(&root().join("config/forms/1552.toml")).expect("the shipped form"))
}

/// Filled-in forms to begin with.
fn layouts() -> &'static [Workbook] {
    static LAYOUTS: OnceLock<Vec<Workbook>> = OnceLock::new();
    LAYOUTS.get_or_init(|| {
        let folder = root().join("tests/data/forms/layouts");
        let mut files: Vec<_> = std::fs::read_dir(folder).expect("the layouts").map(|e| e.unwrap().path()).collect();
        files.sort();
        files
            .iter()
            .filter_map(|file| {
                let bytes = std::fs::read(file).ok()?;
                Workbook::read(&bytes, Format::of(FileKind::of(&bytes))?).ok()
            })
            .collect()
    })
}

/// The repository, which the fuzz crate stands in and the tests stand at.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if here.ends_with("fuzz") { here.parent().unwrap_or(here) } else { here }
}

/// Bytes, taken from the front.
struct Changes<'a>(&'a [u8]);

impl Changes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn number(&mut self) -> f64 {
        let mut bits = [0; 8];
        for bit in &mut bits {
            *bit = self.byte().unwrap_or(0);
        }
        f64::from_le_bytes(bits)
    }
}
