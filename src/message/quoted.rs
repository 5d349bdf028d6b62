//! The words of a mail that its sender wrote, without the mail it answers. Programs quote in many ways, and none
//! says where its quotation begins; so everything from the first sign of one on is left out, and words written
//! between quoted lines with it. Better too little than somebody else's words.

use std::sync::LazyLock;

use regex::Regex;

/// Lines that an attribution may be broken over.
const ATTRIBUTION: usize = 3;

static HEADER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\*?(from|sent|to|subject|date|từ|người gửi|đã gửi|ngày gửi|gửi lúc|tới|đến|chủ đề|tiêu đề|ngày)\*?\s*:",
    )
    .ok()
});
static ATTRIBUTES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(wrote|writes|đã viết|viết|schrieb|a écrit)\s*:\s*$").ok());
static DIVIDES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^(_{10,}|-{3,}\s*[\p{L} ]{6,40}\s*-{3,}|-{5,}.*|begin forwarded message:?|--\s*)$").ok()
});

/// The sender's own words. A line that holds `mark` stands in every mail of ours that can be answered.
pub fn own_words(text: &str, mark: Option<&str>) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let end = (0..lines.len()).find(|at| quotes_from(&lines, *at, mark)).unwrap_or(lines.len());
    lines[..end].join("\n").trim().to_owned()
}

fn quotes_from(lines: &[&str], at: usize, mark: Option<&str>) -> bool {
    let is = |what: &LazyLock<Option<Regex>>, line: &str| what.as_ref().is_some_and(|regex| regex.is_match(line));
    let line = lines[at].trim();
    let starts = |line: &str| line.starts_with('>') || mark.is_some_and(|mark| line.contains(mark));
    if starts(line) || is(&DIVIDES, lines[at].trim_start()) {
        return true;
    }
    // Two headers in a row, as Outlook repeats them; one alone may be the sender's.
    if is(&HEADER, line) {
        let next = lines[at + 1..].iter().map(|line| line.trim()).find(|line| !line.is_empty());
        return next.is_some_and(|next| is(&HEADER, next));
    }
    attribution(lines, at).is_some_and(|after| {
        let next = lines[after..].iter().map(|line| line.trim()).find(|line| !line.is_empty());
        next.is_none_or(|next| starts(next) || !at_end(lines, after))
    })
}

/// Where the lines that say who wrote what follows end, if they begin here: they name an address or a year.
fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    if lines[at].trim().is_empty() {
        return None;
    }
    let ends = |line: &&str| ATTRIBUTES.as_ref().is_some_and(|regex| regex.is_match(line.trim()));
    let last = lines[at..].iter().take(ATTRIBUTION).take_while(|line| !line.trim().is_empty()).position(ends)?;
    let whole = lines[at..=at + last].join(" ");
    let dated = whole.contains('@')
        || whole.split(|c: char| !c.is_ascii_digit()).any(|word| word.len() == 4 || word.len() == 2);
    dated.then_some(at + last + 1)
}

fn at_end(lines: &[&str], at: usize) -> bool {
    lines[at..].iter().all(|line| line.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_left_out() {
        let own = "Mục 4.1 ghi cả đơn vị trực thuộc.\n\nTrân trọng,\nLan";
        for quotation in [
            "> Kính gửi\n> Nội dung",
            "On Mon, 20 Feb 2023 at 09:00, Báo cáo <baocao@mic.example> wrote:\n> Nội dung",
            "On Mon, Feb 20, 2023 at 9:00 AM Báo cáo\n<baocao@mic.example> wrote:\n\nNội dung",
            "Vào Th 2, 20 thg 2, 2023 vào lúc 09:00 Báo cáo <baocao@mic.example>\nđã viết:\n\n> Nội dung",
            "Vào 09:00, 20/02/2023, Báo cáo đã viết:\nNội dung",
            "-----Original Message-----\nFrom: a\nNội dung",
            "----- Thư gốc -----\nNội dung",
            "________________________________\nTừ: Báo cáo <baocao@mic.example>\nĐã gửi: Thứ Hai\nNội dung",
            "From: Báo cáo <baocao@mic.example>\nSent: Monday\nTo: Lan\nNội dung",
            "*Từ:* Báo cáo\n*Đã gửi:* 20/02\nNội dung",
            "Begin forwarded message:\nNội dung",
            "-- \nLan\n0900 000 000",
            "#1552-ha-noi-7\nNội dung",
        ] {
            assert_eq!(own_words(&format!("{own}\n\n{quotation}\n"), Some("#1552-ha-noi-7")), own, "{quotation}");
        }
        assert_eq!(own_words("> Nội dung", None), "");
        for whole in [
            "Đề nghị ghi như sau:\n- Đến: 2023\nXem trang 4.",
            "Từ: 2021 đến nay, đơn vị đã có.\nTrân trọng.",
            "Ông A đã viết:\nnhư vậy.",
            "Thứ nhất - thứ hai - thứ ba",
        ] {
            assert_eq!(own_words(whole, Some("#1552-ha-noi-7")), whole);
        }
    }
}
