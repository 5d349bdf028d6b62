//! The page for agencies that goes along with the opening letter, as a document of Word, since that opens in every
//! office. Its words are a template among the letters; here each line becomes a paragraph. The same words give the same
//! bytes.

use super::{Context, LetterError, Letters, cleaned};
use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// The content type of a document of Word.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

const TEMPLATE: &str = "guide.txt";

/// A4 with the margins of official documents, in twentieths of a point: 20 mm above and below, 30 left, 15 right.
const PAGE: &str = "<w:sectPr><w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
    <w:pgMar w:top=\"1134\" w:right=\"850\" w:bottom=\"1134\" w:left=\"1701\" w:header=\"567\" w:footer=\"567\" \
    w:gutter=\"0\"/></w:sectPr>";

const TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Override PartName=\"/word/document.xml\" \
    ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";

const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
    Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
    Target=\"word/document.xml\"/></Relationships>";

/// The guide's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guide {
    /// The name of its file.
    pub file: String,
    pub lines: String,
}

impl Letters {
    /// The guide's lines, with what the opening letter knows.
    pub fn guide(&self, context: &Context) -> Result<Guide, LetterError> {
        let filled = self.fill(TEMPLATE, &cleaned(context))?;
        let (first, lines) = filled.split_once('\n').unwrap_or((&filled, ""));
        let Some(file) = first.strip_prefix("File:") else {
            let reason = "the first line is not \"File: …\"".to_owned();
            return Err(LetterError::Template { file: self.named(TEMPLATE), line: 1, reason });
        };
        Ok(Guide { file: file.trim().to_owned(), lines: lines.to_owned() })
    }
}

/// How a line is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Title,
    Under,
    Heading,
    Item,
    Text,
}

/// The lines as a document.
pub fn document(lines: &str) -> Result<Vec<u8>, ZipError> {
    let mut body = String::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        paragraph(&mut body, line.trim());
    }
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><w:document \
         xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}{PAGE}</w:body></w:document>"
    );
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    // No time of its own, so that the same words give the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    for (name, text) in
        [("[Content_Types].xml", TYPES), ("_rels/.rels", RELATIONS), ("word/document.xml", document.as_str())]
    {
        file.start_file(name, options)?;
        file.write_all(text.as_bytes())?;
    }
    Ok(file.finish()?.into_inner())
}

fn paragraph(body: &mut String, line: &str) {
    let (look, text) = look(line);
    let properties = match look {
        Look::Title => "<w:spacing w:after=\"60\"/><w:jc w:val=\"center\"/>",
        Look::Under => "<w:spacing w:after=\"180\"/><w:jc w:val=\"center\"/>",
        Look::Heading => "<w:keepNext/><w:spacing w:before=\"160\" w:after=\"60\"/>",
        Look::Item => "<w:spacing w:after=\"60\"/><w:ind w:left=\"397\" w:hanging=\"397\"/><w:jc w:val=\"both\"/>",
        Look::Text => "<w:spacing w:after=\"60\"/>",
    };
    // Writing to a string does not fail.
    let _ = write!(body, "<w:p><w:pPr>{properties}</w:pPr>");
    let (size, italic) = match look {
        Look::Title => (28, false),
        Look::Under => (24, true),
        _ => (26, false),
    };
    let all_bold = matches!(look, Look::Title | Look::Heading);
    for (at, part) in text.split("**").enumerate().filter(|(_, part)| !part.is_empty()) {
        let bold = if all_bold || at % 2 == 1 { "<w:b/>" } else { "" };
        let italic = if italic { "<w:i/>" } else { "" };
        let _ = write!(
            body,
            "<w:r><w:rPr><w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:cs=\"Times New Roman\"/>\
             {bold}{italic}<w:sz w:val=\"{size}\"/></w:rPr>"
        );
        for (at, piece) in part.split('\t').enumerate() {
            let tab = if at > 0 { "<w:tab/>" } else { "" };
            let _ = write!(body, "{tab}<w:t xml:space=\"preserve\">{}</w:t>", escaped(piece));
        }
        body.push_str("</w:r>");
    }
    body.push_str("</w:p>");
}

fn look(line: &str) -> (Look, String) {
    if let Some(text) = line.strip_prefix("## ") {
        return (Look::Heading, text.to_owned());
    }
    if let Some(text) = line.strip_prefix("# ") {
        return (Look::Title, text.to_owned());
    }
    if let Some(text) = line.strip_prefix("> ") {
        return (Look::Under, text.to_owned());
    }
    if let Some(text) = line.strip_prefix("- ") {
        return (Look::Item, format!("-\t{text}"));
    }
    match line.split_once(". ") {
        Some((number, text)) if number.len() < 3 && number.bytes().all(|b| b.is_ascii_digit()) => {
            (Look::Item, format!("{number}.\t{text}"))
        }
        _ => (Look::Text, line.to_owned()),
    }
}

/// Characters of XML as entities; those that XML does not have are left out.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => written.push(c),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        letter::LetterKind,
        workbook::{Format, Workbook},
    };

    #[test]
    fn lines_become_paragraphs_that_a_reader_of_documents_reads() {
        let written = document("# A\n\n> b\n## C & <d>\n1. một **hai** ba\n- x\u{1}y\n").unwrap();
        let read = Workbook::read(&written, Format::Docx).unwrap();
        let texts: Vec<String> =
            read.sheets.iter().flat_map(|sheet| sheet.cells.values()).map(|cell| cell.text()).collect();
        assert_eq!(texts, ["A", "b", "C & <d>", "1.", "một hai ba", "-", "xy"]);
        assert_eq!(document("# A").unwrap(), document("# A").unwrap());
    }

    #[test]
    fn the_shipped_guide_names_agency_deadline_and_file_and_fits_a_page() {
        let letters = Letters::embedded().unwrap();
        let mut context = Letters::sample(LetterKind::Announcement);
        context.attachments = vec!["BC1552_ha-nam.xlsx".to_owned()];
        let guide = letters.guide(&context).unwrap();
        assert!(guide.file.ends_with(".docx"));
        let text = guide.lines;
        for part in [&context.agency.name, "BC1552_ha-nam.xlsx", &context.office.name] {
            assert!(text.contains(part), "{part}: {text}");
        }
        for word in ["yêu cầu", " phải "] {
            assert!(!text.contains(word), "{word}");
        }
        // Some 80 characters fit a line of 13 points, some 45 lines a page.
        let lines: usize = text.lines().filter(|line| !line.is_empty()).map(|line| 1 + line.chars().count() / 80).sum();
        assert!(lines < 42, "{lines} lines");
    }
}
