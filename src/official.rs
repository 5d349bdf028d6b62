//! The official document that comes with a report: a signed letter as PDF or Word, of which staff need the number and
//! the date. Both are read from its text where it has one, else from the name of its file, which is a hint and no more.
//! Pictures of paper have no text; nothing here guesses what they show.

mod pdf;

use crate::{
    attachment::{Attachment, FileKind},
    text,
    workbook::{Format, Workbook},
};
use jiff::civil::Date;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The number stands in the head of a letter; what follows quotes the numbers of others.
const HEAD: usize = 2_000;
/// Documents of one mail that are looked into.
const MOST: usize = 20;

/// An official document among the files of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The attachment at this place.
    pub file: usize,
    /// Such as `45/BC-UBND`.
    pub number: Option<String>,
    pub dated: Option<Date>,
    pub told_by: ToldBy,
}

/// Where number and date were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToldBy {
    Text,
    FileName,
    /// There was neither.
    Nothing,
}

impl ToldBy {
    pub fn as_str(self) -> &'static str {
        match self {
            ToldBy::Text => "text",
            ToldBy::FileName => "file_name",
            ToldBy::Nothing => "nothing",
        }
    }
}

/// The documents among the files of a mail. `ours` is the number of the letter they answer, which is not theirs.
pub fn documents(attachments: &[Attachment], ours: &str) -> Vec<Document> {
    let files = attachments.iter().enumerate().filter(|(_, file)| is_document(file.kind));
    files.take(MOST).map(|(at, file)| document(at, file, ours)).collect()
}

/// Whether a file of this kind may be the official letter itself.
pub fn is_document(kind: FileKind) -> bool {
    matches!(kind, FileKind::Pdf | FileKind::Docx | FileKind::Doc | FileKind::Odt | FileKind::Image)
}

/// Whether a file by its name is an appendix and no letter.
pub fn is_appendix(name: &str) -> bool {
    /// Words at the head of the name, without marks.
    const NAMES: [&str; 4] = ["phu luc", "phuluc", "bieu mau", "mau phu luc"];
    let name = text::plain(&name.replace(['_', '-', '.'], " "));
    NAMES.iter().any(|head| name == *head || name.strip_prefix(head).is_some_and(|rest| rest.starts_with(' ')))
}

fn document(at: usize, file: &Attachment, ours: &str) -> Document {
    let words = match file.kind {
        FileKind::Pdf => pdf::first_text(&file.bytes),
        FileKind::Docx => document_text(&file.bytes),
        _ => String::new(),
    };
    let head: String = text::clean(&words).chars().take(HEAD).collect();
    let (number, dated) = (number_in(&head, ours), date_in(&head));
    if number.is_some() || dated.is_some() {
        return Document { file: at, number, dated, told_by: ToldBy::Text };
    }
    let (number, dated) = in_name(&file.name, ours);
    let told_by = if number.is_some() || dated.is_some() { ToldBy::FileName } else { ToldBy::Nothing };
    Document { file: at, number, dated, told_by }
}

/// The text at the head of a document of Word.
fn document_text(bytes: &[u8]) -> String {
    let Ok(document) = Workbook::read(bytes, Format::Docx) else { return String::new() };
    let cells = document.sheets.iter().flat_map(|sheet| sheet.cells.values()).take(60);
    cells.map(|cell| cell.text() + "\n").collect()
}

fn number_in(head: &str, ours: &str) -> Option<String> {
    /// "Số:" with its colon is the head of a letter; without it, a letter speaks of another one.
    static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\bS(?:ố|Ố)\s*:\s*(\d{1,5})\s*/\s*((?:\d{4}\s*/\s*)?\p{Lu}[\p{L}&.]*(?:\s?[-–]\s?[\p{L}&.()]+)*)")
            .ok()
    });
    let found = NUMBER.as_ref()?.captures_iter(head).map(|found| tidy(&found[1], &found[2]));
    found.into_iter().find(|number| text::key(number) != text::key(ours))
}

fn tidy(number: &str, symbol: &str) -> String {
    let symbol: String = symbol.chars().filter(|c| !c.is_whitespace()).collect();
    format!("{number}/{}", symbol.replace('–', "-").trim_end_matches(['.', '-']))
}

fn date_in(head: &str) -> Option<Date> {
    static DATE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)ngày\s*(\d{1,2})\s*tháng\s*(\d{1,2})\s*năm\s*(\d{4})").ok());
    let found = DATE.as_ref()?.captures(head)?;
    date(&found[1], &found[2], &found[3])
}

fn date(day: &str, month: &str, year: &str) -> Option<Date> {
    let year = year.parse().ok().filter(|year| (2000..2100).contains(year))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// What the name of a file tells. It cannot hold a stroke, so that other signs stand for it; systems that sign
/// documents put the sender's code before the number.
fn in_name(name: &str, ours: &str) -> (Option<String>, Option<Date>) {
    static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?:^|[\s_.(,-])(\d{1,5})\s*[-_.\s]\s*((?:(?:19|20)\d{2}[-_.])?(?:(?:BC|CV|KH|TB|TTr|QĐ|QD|CT|CTr|BB|NQ)[-_]\p{Lu}[\p{L}&]+|\p{Lu}{3,})(?:[-_]\p{Lu}[\p{L}&]*\p{Lu})*)",
        )
        .ok()
    });
    static DATE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?:^|\D)(\d{1,2})[.\-_](\d{1,2})[.\-_](20\d{2})(?:\D|$)").ok());
    static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:\d{2,3}\.)+[GHK]\d{2}[-_.]").ok());
    let name = text::clean(name);
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let stem = CODE.as_ref().map_or(stem.into(), |code| code.replace(stem, " "));
    let number = NUMBER.as_ref().and_then(|number| number.captures(&stem));
    let number = number.map(|found| tidy(&found[1], &found[2].replace('_', "-")));
    let dated = DATE.as_ref().and_then(|date| date.captures(&stem));
    let dated = dated.and_then(|found| date(&found[1], &found[2], &found[3]));
    (number.filter(|number| text::key(number) != text::key(ours)), dated)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "488/BTTTT-CĐSQG";

    #[test]
    fn the_number_of_a_letter_is_that_of_its_head() {
        for (head, number, dated) in [
            ("UBND TỈNH HÀ NAM\nSố: 45/BC-UBND\nHà Nam, ngày 05 tháng 02 năm 2023", "45/BC-UBND", "2023-02-05"),
            ("Số:1234 / STTTT - CNTT", "1234/STTTT-CNTT", ""),
            ("Số: 12/2023/QĐ–UBND", "12/2023/QĐ-UBND", ""),
            ("SỐ : 7/TTr-STTTT.", "7/TTr-STTTT", ""),
            ("Thực hiện Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023", "", ""),
            ("Số: 488/BTTTT-CĐSQG", "", ""),
            ("Số:      /BC-UBND, ngày    tháng 02 năm 2023", "", ""),
            ("ngày 31 tháng 02 năm 2023", "", ""),
        ] {
            assert_eq!(number_in(head, OURS).unwrap_or_default(), number, "{head}");
            assert_eq!(date_in(head).map(|date| date.to_string()).unwrap_or_default(), dated, "{head}");
        }
    }

    #[test]
    fn an_appendix_is_no_letter() {
        for (name, is) in [
            ("Phụ lục Đồng Tháp.docx", true),
            ("PHU_LUC-1.doc", true),
            ("phụ lục.docx", true),
            ("Biểu mẫu báo cáo.odt", true),
            ("Phục đáp công văn.docx", false),
            ("Công văn và phụ lục.docx", false),
            ("scan0001.pdf", false),
        ] {
            assert_eq!(is_appendix(name), is, "{name}");
        }
    }

    #[test]
    fn the_name_of_a_file_is_a_hint() {
        for (name, number, dated) in [
            ("00.00.H57-20-CT-UBND-2024_signed.pdf", "20/CT-UBND", ""),
            ("45-BC-UBND.pdf", "45/BC-UBND", ""),
            ("CV 325_UBND-KGVX ngay 27.02.2023.pdf", "325/UBND-KGVX", "2023-02-27"),
            ("1234_BTP-CNTT (28-02-2023).pdf", "1234/BTP-CNTT", "2023-02-28"),
            ("Phu luc 1.pdf", "", ""),
            ("bao cao 2023.pdf", "", ""),
            ("Scan0001.pdf", "", ""),
            ("488_BTTTT-CĐSQG.pdf", "", ""),
        ] {
            let (found, day) = in_name(name, OURS);
            assert_eq!(found.unwrap_or_default(), number, "{name}");
            assert_eq!(day.map(|date| date.to_string()).unwrap_or_default(), dated, "{name}");
        }
    }
}
