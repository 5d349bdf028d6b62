//! The marks of state secrets (Luật Bảo vệ bí mật nhà nước 2018, Điều 8: Mật, Tối mật, Tuyệt mật), told from the many
//! words that only contain the same syllable, such as "bảo mật" and "mật khẩu". A mark stands by itself: in capitals,
//! in brackets, alone on its line, or behind "Độ mật:". It knows no mail; it looks at single lines.

use crate::text;

/// What before the syllable makes it part of another word.
const BEFORE: [&str; 13] =
    ["bảo", "bí", "thân", "cẩn", "đường", "rỉ", "độ", "không", "chưa", "giải", "hết", "hoặc", "gấu"];
/// What behind it does.
const BEHIND: [&str; 12] = ["khẩu", "độ", "mã", "thiết", "ong", "ngữ", "danh", "vụ", "thư", "ước", "đàm", "lệnh"];
/// What before a mark in capitals makes a warning of its line.
const WARNINGS: [&str; 3] = ["không", "cấm", "đừng"];
/// Lines longer than this are prose, in which only capitals are a mark.
const LONG: usize = 60;

/// A word with where it stands in its line.
struct Word {
    lower: String,
    from: usize,
    to: usize,
}

/// Whether a line of a subject, a text or a file's name bears a mark.
pub fn marked(line: &str) -> bool {
    let line = text::composed(line);
    if !may_be_marked(&line) {
        return false;
    }
    let words = words(&line);
    (0..words.len()).any(|at| words[at].lower == "mật" && is_mark(&line, &words, at)) || is_unmarked(&line, &words)
}

/// Whether a grade stands there in capitals without their marks, as in the names of files.
fn is_unmarked(line: &str, words: &[Word]) -> bool {
    words.windows(2).enumerate().any(|(at, pair)| {
        let grade = &line[pair[0].from..pair[0].to];
        let is_grade = ["TUYET", "TOI"].contains(&grade) && &line[pair[1].from..pair[1].to] == "MAT";
        let behind = words.get(at + 2).map(|word| text::unmarked(&word.lower));
        let is_other = behind.is_some_and(|behind| BEHIND.iter().any(|word| text::unmarked(word) == behind));
        is_grade && !is_other
    })
}

/// Whether a cell is a mark and nothing else.
pub fn is_mark_alone(cell: &str) -> bool {
    let cell = text::composed(cell);
    may_be_marked(&cell) && cell.chars().count() <= LONG && {
        let lower: Vec<String> = words(&cell).into_iter().map(|word| word.lower).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let rest = match lower.as_slice() {
            ["độ", "mật", rest @ ..] | ["mức", "độ", "mật", rest @ ..] | ["dấu", "độ", "mật", rest @ ..] => {
                rest
            }
            whole => whole,
        };
        matches!(rest, ["mật"] | ["tối" | "tuyệt", "mật"]) || (rest.len() == 2 && is_unmarked(&cell, &words(&cell)))
    }
}

/// Every mark has the word "mật", which few other texts have a letter of.
fn may_be_marked(line: &str) -> bool {
    line.contains(['ậ', 'Ậ']) || line.contains("MAT")
}

fn is_mark(line: &str, words: &[Word], at: usize) -> bool {
    let graded = at > 0 && ["tối", "tuyệt"].contains(&words[at - 1].lower.as_str()) && touches(line, words, at);
    let first = if graded { at - 1 } else { at };
    let (from, to) = (words[first].from, words[at].to);
    let (before, behind) = (line[..from].trim_end(), line[to..].trim_start());
    // "Độ mật: Tối mật", but not "Độ mật: ..." itself.
    let labelled =
        before.ends_with(':') && first >= 2 && words[first - 1].lower == "mật" && words[first - 2].lower == "độ";
    if labelled {
        return true;
    }
    let next_before = first.checked_sub(1).filter(|_| touches(line, words, first)).map(|at| words[at].lower.as_str());
    let next_behind = words.get(at + 1).filter(|_| touches(line, words, at + 1)).map(|word| word.lower.as_str());
    if next_behind.is_some_and(|word| BEHIND.contains(&word)) {
        return false;
    }
    if !graded && next_before.is_some_and(|word| BEFORE.contains(&word)) {
        return false;
    }
    if line[from..to].chars().all(|c| !c.is_lowercase()) {
        // A gateway's "không gửi thông tin MẬT qua thư điện tử".
        let is_warned = !graded && words[..first].iter().any(|word| WARNINGS.contains(&word.lower.as_str()));
        return !is_warned;
    }
    let bracketed =
        before.ends_with(['(', '[', '{', '<', '"', '“']) && behind.starts_with([')', ']', '}', '>', '"', '”']);
    let alone = before.is_empty() && (behind.is_empty() || behind.trim_matches(['.', '!', '/']).is_empty());
    let heads =
        before.is_empty() && behind.starts_with([':', '-', '–', '—', ';', '|']) && line.chars().count() <= 4 * LONG;
    bracketed || alone || heads
}

/// Whether only blanks part a word from the one before it.
fn touches(line: &str, words: &[Word], at: usize) -> bool {
    at > 0 && line[words[at - 1].to..words[at].from].chars().all(|c| c.is_whitespace() || c == '_')
}

fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut from = None;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match (c.is_alphanumeric(), from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                words.push(Word { lower: line[start..at].to_lowercase(), from: start, to: at });
                from = None;
            }
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_by_itself() {
        for line in [
            "MẬT",
            "Mật",
            "(Mật)",
            "[MẬT] Báo cáo kết quả",
            "(Tối mật) Báo cáo",
            "TỐI MẬT",
            "TUYỆT MẬT",
            "Tuyệt mật",
            "Độ mật: Mật",
            "Độ mật: Tối mật",
            "Mức độ mật: TUYỆT MẬT",
            "Báo cáo MẬT về an ninh mạng",
            "CÔNG VĂN MẬT",
            "BÁO CÁO TỐI MẬT CỦA BỘ",
            "Mật - Báo cáo số 12",
            "Mật: báo cáo",
            "Phu luc 1552 (Tuyệt mật).xlsx",
            "BC_MẬT.xlsx",
            "BC_TỐI_MẬT_2023.xlsx",
            "MA\u{302}\u{323}T",
            "Re: [BC1552] MẬT: số liệu",
            "45 TUYET MAT.pdf",
            "TOI MAT",
        ] {
            assert!(marked(line), "{line}");
        }
    }

    #[test]
    fn words_that_hold_the_syllable_are_no_marks() {
        for line in [
            "",
            "Báo cáo an toàn bảo mật",
            "BÁO CÁO AN TOÀN BẢO MẬT",
            "BẢO MẬT",
            "Mật khẩu của tệp là 123",
            "MẬT KHẨU: 123",
            "Mật độ dân số",
            "MẬT ĐỘ",
            "Bảo vệ bí mật nhà nước",
            "LUẬT BẢO VỆ BÍ MẬT NHÀ NƯỚC",
            "BAN CƠ YẾU, CỤC MẬT MÃ",
            "mối quan hệ thân mật",
            "Độ mật: Không",
            "Độ mật: không mật",
            "Độ mật:",
            "ĐỘ MẬT",
            "Mức độ mật: Thường",
            "Tài liệu này không mật",
            "VĂN BẢN KHÔNG MẬT",
            "Tệp có mật ong",
            "Giải mật tài liệu",
            "phương án bảo mật hệ thống (bảo mật nhiều lớp)",
            "Hệ thống xử lý thông tin mật cần kết nối riêng",
            "MAT",
            "Nhật Mật",
        ] {
            assert!(!marked(line), "{line}");
        }
    }

    #[test]
    fn a_cell_is_a_mark_only_as_a_whole() {
        for cell in ["MẬT", "(Mật)", "Tối mật", " TUYỆT MẬT ", "Độ mật: Mật", "Mức độ mật: Tối mật"]
        {
            assert!(is_mark_alone(cell), "{cell}");
        }
        for cell in ["Bảo mật", "Độ mật", "Độ mật: Không", "Mật khẩu", "Báo cáo MẬT", "", "Mật độ"]
        {
            assert!(!is_mark_alone(cell), "{cell}");
        }
    }
}
