//! One of a list of options, as it stands in a cell: in other case and spacing, followed by words of the
//! agency's own, or ticked within the whole printed list. Two options are never guessed into one, and an
//! option behind a word of denial ("chưa được phê duyệt") is not that option.

use super::{
    number,
    spelling::{self, Spelled},
    tick,
};
use crate::{form::declaration::ChoiceList, text};
use std::ops::Range;

/// Words that may stand in place of "…", as the name of an office does.
const MOST_BETWEEN: usize = 10;

/// What a cell of a choice column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice<'a> {
    /// The code, and the words behind the option.
    One { code: &'a str, rest: String },
    /// Every option of the list, none marked.
    WholeList,
    /// More than one option.
    Several(Vec<&'a str>),
    /// None of the options.
    Unknown,
}

/// Where an option's words stand in a key.
struct Hit<'a> {
    code: &'a str,
    start: usize,
    end: usize,
    /// Bytes of the option's own words; fewer than all where others stand between them.
    own: usize,
    /// Whether words of the agency's own belong to it.
    free_text: bool,
}

/// What is worked out of a list once for all cells, each with the place of its option.
#[derive(Debug, Clone, Default)]
pub struct WorkedOut {
    /// The keys of all names, in the order of options; any may be the whole answer.
    whole: Vec<(usize, String)>,
    /// The keys of those that are met within a text: a short alias is part of too many sentences.
    within: Vec<(usize, String)>,
    spelled: Vec<Spelled>,
}

fn worked_out(list: &ChoiceList) -> &WorkedOut {
    list.worked_out.get_or_init(|| {
        let mut made = WorkedOut::default();
        for (at, option) in list.options.iter().enumerate() {
            let names = option.aliases.iter().chain([&option.text]);
            made.whole.extend(names.map(|name| (at, text::key(name))));
            let long = |alias: &&String| alias.split_whitespace().count() > 2;
            let names = option.aliases.iter().filter(long).chain([&option.text]);
            for name in names.filter(|_| !option.free_text) {
                made.within.push((at, text::key(name)));
                made.spelled.extend(Spelled::new(&option.code, name).filter(|_| !name.contains('…')));
            }
        }
        made
    })
}

/// Whether a text is an option's own, or another word for it, and nothing besides.
pub fn is_option(list: &ChoiceList, text: &str) -> bool {
    let key = text::key(text);
    worked_out(list).whole.iter().any(|(_, name)| *name == key)
}

/// Reads the text of a cell by a list. The text is cleaned and holds no printed prompt.
pub fn read<'a>(list: &'a ChoiceList, text: &str) -> Choice<'a> {
    let text = &*tick::folded(text);
    let key = key_of_lines(text);
    let (hits, denied) = hits(list, text, &key);
    let mut codes: Vec<&str> = Vec::new();
    for hit in &hits {
        if !codes.contains(&hit.code) {
            codes.push(hit.code);
        }
    }
    if codes.len() > 1 {
        if let Some(code) = ticked(list, text).or_else(|| ticked_within(&hits, &key)) {
            return Choice::One { code, rest: String::new() };
        }
        let ticks = ticked_lines(list, text);
        if ticks.len() > 1 && ticks.len() < list.options.len() {
            return Choice::Several(ticks);
        }
        let leading = leading(list, &hits, &key);
        // One that is explained by all the others has words between them.
        if codes.len() == list.options.len() && (leading.is_none() || !says_more(&hits, &key)) {
            return Choice::WholeList;
        }
        return match leading {
            Some(hit) => Choice::One { code: hit.code, rest: rest_of(text, &key, hit.end) },
            None => Choice::Several(codes),
        };
    }
    match hits.first() {
        // "Chưa đáp ứng hoàn toàn" is neither of the two options that share its words.
        Some(hit) if denied.iter().any(|other| other.start < hit.end && hit.start < other.end) => Choice::Unknown,
        Some(hit) => Choice::One { code: hit.code, rest: rest_of(text, &key, hit.end) },
        None => short_answer(list, text, &key),
    }
}

/// The key of a text whose line ends still tell its clauses apart.
fn key_of_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(text::key).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// Every option whose words stand in the key, and apart from them those that are denied. One within a longer
/// one does not count.
fn hits<'a>(list: &'a ChoiceList, text: &str, key: &str) -> (Vec<Hit<'a>>, Vec<Hit<'a>>) {
    let mut hits = Vec::new();
    for (option, words) in &worked_out(list).within {
        let code = list.options[*option].code.as_str();
        let mut from = 0;
        while let Some((found, own)) = find_option(list, key, words, from) {
            from = found.end;
            hits.push(Hit { code, start: found.start, end: found.end, own, free_text: false });
        }
    }
    let inner: Vec<bool> = hits
        .iter()
        .map(|hit| {
            hits.iter().any(|other| {
                let size = |hit: &Hit| (hit.end - hit.start, hit.own);
                other.start <= hit.start && hit.end <= other.end && size(other) > size(hit)
            })
        })
        .collect();
    let mut inner = inner.into_iter();
    hits.retain(|_| !inner.next().unwrap_or(false));
    let (denied, mut hits): (Vec<Hit>, Vec<Hit>) =
        hits.into_iter().partition(|hit| is_denied(list, key, hit.start) || is_aim(list, key, hit));
    hits.extend(at_beginning(list, text, key));
    hits.sort_by_key(|hit| hit.start);
    (hits, denied)
}

/// Where an option's words stand from an offset on, and how many bytes of them: with a few others in place of "…".
fn find_option(list: &ChoiceList, key: &str, words: &str, from: usize) -> Option<(Range<usize>, usize)> {
    let Some((head, tail)) = words.split_once("...") else {
        return find_loosely(key, words, from).map(|found| (found, words.len()));
    };
    let (head, tail) = (head.trim_end(), tail.trim_start());
    let mut from = from;
    loop {
        let first = find_loosely(key, head, from)?;
        from = first.end;
        let last = find_loosely(key, tail, first.end);
        if let Some(last) = last.filter(|last| is_gap(list, &key[first.end..last.start])) {
            return Some((first.start..last.end, head.len() + tail.len()));
        }
    }
}

/// Whether words may stand in place of "…".
fn is_gap(list: &ChoiceList, between: &str) -> bool {
    let stops = list.denials.iter().chain(&list.not_between);
    between.split_whitespace().count() <= MOST_BETWEEN
        && !between.contains([',', ';', ':', '.', '(', ')', '/', '|', '\n'])
        && !stops.into_iter().any(|word| text::contains_words(between, &text::key(word)))
}

/// Where an option's words stand between word boundaries, from an offset on; its commas may be left out.
fn find_loosely(key: &str, words: &str, from: usize) -> Option<Range<usize>> {
    let starts = key[from..].match_indices(words.chars().next()?).map(|(at, _)| from + at);
    starts
        .filter(|at| !key[..*at].ends_with(char::is_alphanumeric))
        .find_map(|at| Some(at..at + length_of(&key[at..], words)?))
}

/// How many bytes of a text the words take that it begins with.
fn length_of(text: &str, words: &str) -> Option<usize> {
    let mut rest = text;
    for c in words.chars() {
        // Words may be wrapped anywhere between two of them.
        let wrapped = rest.strip_prefix('\n');
        rest = match (rest.strip_prefix(c), wrapped) {
            (Some(behind), _) => behind,
            (None, Some(behind)) if c == ' ' => behind,
            (None, Some(behind)) if rest.len() < text.len() => behind.strip_prefix(c)?,
            (None, _) if c == ',' => rest,
            (None, _) => return None,
        };
    }
    (!words.is_empty() && !rest.starts_with(char::is_alphanumeric)).then(|| text.len() - rest.len())
}

/// Whether a word of denial or doubt stands before a place, in the same clause.
fn is_denied(list: &ChoiceList, key: &str, at: usize) -> bool {
    let clause = key[..at].rsplit([',', ';', ':', '.', '(', ')', '/', '|', '\n']).next().unwrap_or_default();
    list.denials.iter().any(|word| text::contains_words(clause, &text::key(word)))
}

/// Whether words right before an option make an aim of it.
fn is_aim(list: &ChoiceList, key: &str, hit: &Hit) -> bool {
    let option = list.options.iter().find(|option| option.code == hit.code);
    let before = key[..hit.start].trim_end();
    let stands = |word: &String| text::ends_with_words(before, &text::key(word));
    option.is_some_and(|option| option.not_after.iter().any(stands))
}

/// An option with words of the agency's own ("Khác: …") stands at the beginning of a line.
fn at_beginning<'a>(list: &'a ChoiceList, text: &str, key: &str) -> Option<Hit<'a>> {
    let lines: Vec<String> = text.lines().map(text::key).collect();
    list.options.iter().filter(|option| option.free_text).find_map(|option| {
        let mut words: Vec<String> = option.aliases.iter().map(|alias| text::key(alias)).collect();
        words.push(text::key(&option.text));
        words.sort_by_key(|words| std::cmp::Reverse(words.len()));
        let begins = |words: &String| lines.iter().any(|line| text::find_words(line, words) == Some(0));
        let words = words.into_iter().find(begins)?;
        let start = text::find_words(key, &words)?;
        Some(Hit { code: &option.code, start, end: start + words.len(), own: words.len(), free_text: true })
    })
}

/// The option at the beginning, when the others are part of the sentence behind it and not of a list.
fn leading<'a, 'h>(list: &ChoiceList, hits: &'h [Hit<'a>], key: &str) -> Option<&'h Hit<'a>> {
    let first = hits.first().filter(|hit| hit.start == 0)?;
    // Behind "Khác:" everything is the agency's own.
    if first.free_text && key[first.end..].trim_start().starts_with([':', ';', ',', '(', '-']) {
        return Some(first);
    }
    let explains = list.options.iter().find(|option| option.code == first.code).map(|option| &option.explained_by);
    let others = || hits.iter().filter(|hit| hit.code != first.code);
    let contradicts = others().any(|hit| {
        let before = key[first.end.min(hit.start)..hit.start].trim_end();
        let goes_on = key[hit.end..].trim_start_matches([' ', ':', '(', '-']).starts_with(char::is_alphanumeric);
        let clause = before.rsplit([',', ';', '.', '(', '\n']).next().unwrap_or_default();
        // "Đáp ứng một phần, chưa đáp ứng ký số" explains itself, and so does "phần còn lại chưa đáp ứng"; a bare option
        // behind it would not.
        if (goes_on || clause.contains(char::is_alphanumeric))
            && explains.is_some_and(|codes| codes.iter().any(|code| code == hit.code))
        {
            return false;
        }
        let contrast = list.contrasts.iter().any(|word| text::contains_words(before, &text::key(word)));
        contrast
            || hit.start < first.end
            // Line ends are blanks in a key, so two options with nothing between them are a list as well.
            || before.is_empty()
            || before.ends_with(['/', ';', ',', '-', '+', '*', '.', ':', '•', '|'])
    });
    (!contradicts).then_some(first)
}

/// Whether there are words beside the options.
fn says_more(hits: &[Hit], key: &str) -> bool {
    let within = |at: usize| hits.iter().any(|hit| hit.start <= at && at < hit.end);
    key.char_indices().any(|(at, c)| c.is_alphanumeric() && !within(at))
}

/// Whether the words behind an option may take something of it back: "Đã đáp ứng (80%)", "Đã đáp ứng, còn thiếu ký số".
pub fn is_limited(list: &ChoiceList, code: &str, rest: &str) -> bool {
    let Some(option) = list.options.iter().find(|option| option.code == code) else { return false };
    if option.limits.is_empty() || rest.is_empty() {
        return false;
    }
    let key = text::key(rest);
    let is_share = |(at, _): (usize, &str)| {
        let before = key[..at].trim_end();
        let figures = before.rsplit(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).next();
        figures.and_then(number::number).is_some_and(|share| share < 100.0)
    };
    key.match_indices('%').any(is_share)
        || number::ratios(rest).iter().any(|ratio| ratio.part < ratio.whole)
        || option.limits.iter().any(|word| text::contains_words(&key, &text::key(word)))
}

/// The one option of a list kept in a single line that bears a tick, all before or all behind their options.
fn ticked_within<'a>(hits: &[Hit<'a>], key: &str) -> Option<&'a str> {
    const BOXES: [&str; 14] = ["()", "☐", "□", "☑", "☒", "✓", "✔", "🗹", "[", "]", "( )", "(x)", "(v)", "(+)"];
    const TICKS: [&str; 13] = ["☑", "☒", "✓", "✔", "🗹", "[x]", "[v]", "[✓]", "(x)", "(v)", "(+)", "[ x ]", "[ v ]"];
    let first = hits.first()?;
    let leads = BOXES.iter().any(|mark| key[..first.start].contains(mark));
    let ticks = hits.iter().enumerate().filter(|(at, hit)| {
        let before = &key[at.checked_sub(1).map_or(0, |at| hits[at].end).min(hit.start)..hit.start];
        let after = &key[hit.end..hits.get(at + 1).map_or(key.len(), |next| next.start.max(hit.end))];
        TICKS
            .iter()
            .any(|mark| if leads { before.trim_end().ends_with(mark) } else { after.trim_start().starts_with(mark) })
    });
    let codes: Vec<&str> = ticks.map(|(_, hit)| hit.code).collect();
    match codes.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// The one line of a kept list that bears a tick.
fn ticked<'a>(list: &'a ChoiceList, text: &str) -> Option<&'a str> {
    match ticked_lines(list, text).as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// The options of a kept list whose lines bear a tick: `[x]`, `(x)`, `x`, `☑`, `✓`.
fn ticked_lines<'a>(list: &'a ChoiceList, text: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let bare = line.trim_start_matches(['-', '+', '*', ' ']);
        let folded = bare.to_lowercase();
        let tick = ["[x]", "(x)", "[v]", "(v)", "[✓]", "(+)", "x ", "v ", "☑", "☒", "✓", "✔", "🗹"]
            .into_iter()
            .any(|mark| folded.starts_with(mark))
            || [" x", "(x)", "[x]", "[✓]", "☑", "✓", "✔", "(v)"].into_iter().any(|mark| folded.ends_with(mark));
        let key = text::key(bare);
        let option = list.options.iter().find(|option| text::contains_words(&key, &text::key(&option.text)));
        if let (true, Some(option)) = (tick, option) {
            found.push(option.code.as_str());
        }
    }
    found
}

/// An alias, or the option without its marks, as the whole answer or up to the first punctuation.
fn short_answer<'a>(list: &'a ChoiceList, text: &str, key: &str) -> Choice<'a> {
    let head = key.split([':', ';', ',', '(', '.', '\n']).next().unwrap_or_default().trim();
    let made = worked_out(list);
    for (candidate, rest) in [(key, false), (head, true)] {
        if let Some((option, _)) = made.whole.iter().find(|(_, name)| name == candidate) {
            let rest = if rest { rest_of(text, key, head.len()) } else { String::new() };
            return Choice::One { code: &list.options[*option].code, rest };
        }
    }
    match spelling::at_beginning(key, &made.spelled) {
        Some((code, end)) => Choice::One { code, rest: rest_of(text, key, end) },
        None => Choice::Unknown,
    }
}

/// The words of the cell behind the option, in their own writing where they can be found there.
fn rest_of(text: &str, key: &str, end: usize) -> String {
    let rest = key[end..].trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | ';' | ',' | '.' | '-'));
    if rest.is_empty() {
        return String::new();
    }
    let tail = text::tail_of(text, rest, key[..end].chars().count()).map(text::clean);
    tail.or_else(|| last_lines(text, rest)).unwrap_or_else(|| rest.to_owned())
}

/// The lines with which a text ends, in their own writing: the key of each has lost the mark at its head.
fn last_lines(text: &str, rest: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !text::key(line).is_empty()).collect();
    let from = lines.len().checked_sub(rest.lines().count())?;
    let (first, others) = lines[from..].split_first()?;
    let first = text::tail_of(first, rest.lines().next()?, 0)?;
    Some(text::clean(&[&[first], others].concat().join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::declaration::ChoiceOption;

    fn list(options: &[(&str, &str, &[&str], bool)]) -> ChoiceList {
        let option = |(code, text, aliases, free_text): &(&str, &str, &[&str], bool)| ChoiceOption {
            code: (*code).to_owned(),
            text: (*text).to_owned(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            free_text: *free_text,
            explained_by: if *code == "partial" { vec!["met".to_owned(), "not_met".to_owned()] } else { Vec::new() },
            not_after: if *code == "procured" {
                vec!["kế hoạch".to_owned(), "phấn đấu".to_owned()]
            } else {
                Vec::new()
            },
            limits: if *code == "met" { vec!["chưa".to_owned(), "còn thiếu".to_owned()] } else { Vec::new() },
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ChoiceList {
            options: options.iter().map(option).collect(),
            denials: words(&["chưa", "không", "cơ bản", "chuẩn bị"]),
            contrasts: words(&["nhưng", "hoặc", "và"]),
            not_between: words(&["trình"]),
            worked_out: Default::default(),
        }
    }

    fn compliance() -> ChoiceList {
        list(&[
            ("met", "Đã đáp ứng", &["Đáp ứng"], false),
            ("partial", "Đáp ứng một phần", &["Đáp ứng 1 phần", "Đã đáp ứng một phần", "Chưa đáp ứng đầy đủ"], false),
            ("not_met", "Chưa đáp ứng", &[], false),
        ])
    }

    fn stage() -> ChoiceList {
        list(&[
            ("bidding", "Tổ chức đấu thầu", &[], false),
            ("procuring", "Triển khai mua sắm", &[], false),
            ("procured", "Hoàn thành mua sắm", &[], false),
            ("other", "Khác: ghi rõ", &["Khác"], true),
        ])
    }

    fn shown(list: &ChoiceList, text: &str) -> String {
        match read(list, text) {
            Choice::One { code, rest } if rest.is_empty() => code.to_owned(),
            Choice::One { code, rest } => format!("{code} + {rest}"),
            Choice::WholeList => "whole list".to_owned(),
            Choice::Several(codes) => codes.join(" | "),
            Choice::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn compliance_as_people_write_it() {
        for (text, expected) in [
            ("Đã đáp ứng", "met"),
            ("đã  ĐÁP ứng.", "met"),
            ("- Chưa đáp ứng;", "not_met"),
            ("Đáp ứng một phần (70%)", "partial + (70%)"),
            ("Đáp ứng 1 phần", "partial"),
            ("Đã đáp ứng một phần; còn thiếu SSO", "partial + còn thiếu SSO"),
            ("Chưa đáp ứng đầy đủ", "partial"),
            ("Đáp ứng", "met"),
            ("Chưa thể đáp ứng", "unknown"),
            ("Chua dap ung", "not_met"),
            ("Chua dap ung vi thieu kinh phi", "not_met + vi thieu kinh phi"),
            ("Chưa đáp úng do thiếu kinh phí", "not_met + do thiếu kinh phí"),
            ("Đáp ứng môt phần (70%)", "partial + (70%)"),
            ("Đáp ứng một phần; chưa đáp ứng: ký số", "partial + chưa đáp ứng: ký số"),
            ("Đáp ứng một phần; phần còn lại chưa đáp ứng", "partial + phần còn lại chưa đáp ứng"),
            (
                "Đáp ứng một phần:\n- Đã đáp ứng: kết nối\n- Chưa đáp ứng: ATTT",
                "partial + Đã đáp ứng: kết nối\n- Chưa đáp ứng: ATTT",
            ),
            (
                "Đáp ứng một phần (đã đáp ứng: kết nối; chưa đáp ứng: ATTT)",
                "partial + (đã đáp ứng: kết nối; chưa đáp ứng: ATTT)",
            ),
            ("□ Đã đáp ứng\n■ Đáp ứng một phần\n□ Chưa đáp ứng", "partial"),
            ("○ Đã đáp ứng ● Đáp ứng một phần ○ Chưa đáp ứng", "partial"),
            ("● Đã đáp ứng\n● Đáp ứng một phần\n● Chưa đáp ứng", "whole list"),
            ("Đã đáp ứng\n[√] Đáp ứng một phần\nChưa đáp ứng", "partial"),
            ("( ) Đã đáp ứng ( ) Đáp ứng một phần (+) Chưa đáp ứng", "not_met"),
            ("Đã đáp ứng\nĐáp ứng một phần\nChưa đáp ứng", "whole list"),
            ("Đã đáp ứng/Đáp ứng một phần/Chưa đáp ứng", "whole list"),
            ("Đã đáp ứng, chưa đáp ứng", "met | not_met"),
            ("Đã đáp ứng\nChưa đáp ứng", "met | not_met"),
            ("Chưa đáp ứng một phần", "unknown"),
            ("☐ Đã đáp ứng\n☑ Đáp ứng một phần\n☐ Chưa đáp ứng", "partial"),
            ("Đã đáp ứng\nĐáp ứng một phần (x)\nChưa đáp ứng", "partial"),
            ("[x] Đã đáp ứng\n[ ] Đáp ứng một phần\n[ ] Chưa đáp ứng", "met"),
            ("Không có", "unknown"),
            ("Tốt", "unknown"),
            ("Cơ bản đã đáp ứng", "unknown"),
            ("Chưa thể nói là đã đáp ứng", "unknown"),
            ("Đã đáp ứng hoặc đáp ứng một phần", "met | partial"),
            ("Đã đáp ứng kết nối, nhưng chưa đáp ứng về an toàn", "met | not_met"),
            ("Đáp ứng một phần, chưa đáp ứng ký số", "partial + chưa đáp ứng ký số"),
            ("Đáp ứng một phần, chưa đáp ứng", "partial | not_met"),
            (
                "Đáp ứng một phần: đã đáp ứng kết nối, chưa đáp ứng ATTT",
                "partial + đã đáp ứng kết nối, chưa đáp ứng ATTT",
            ),
            ("Đáp ứng một phần, đã đáp ứng, chưa đáp ứng", "whole list"),
            ("☐ Đã đáp ứng ☑ Đáp ứng một phần ☐ Chưa đáp ứng", "partial"),
            ("[ ] Đã đáp ứng; [ ] Đáp ứng một phần; [x] Chưa đáp ứng", "not_met"),
            ("Đã đáp ứng ☑ Đáp ứng một phần ☐ Chưa đáp ứng ☐", "met"),
        ] {
            assert_eq!(shown(&compliance(), text), expected, "{text}");
        }
    }

    #[test]
    fn words_behind_an_option_may_take_it_back() {
        for (text, limited) in [
            ("Đã đáp ứng", false),
            ("Đã đáp ứng (100%)", false),
            ("Đã đáp ứng 80%", true),
            ("Đã đáp ứng 99,5 %", true),
            ("Đã đáp ứng 45/45 cơ quan", false),
            ("Đã đáp ứng 40/45 cơ quan", true),
            ("Đã đáp ứng (còn thiếu 02 chức năng)", true),
            ("Đã đáp ứng cấp tỉnh; cấp xã chưa đáp ứng", true),
            ("Đã đáp ứng theo Văn bản số 1552", false),
            ("Chưa đáp ứng, còn thiếu kinh phí", false),
        ] {
            let list = compliance();
            let Choice::One { code, rest } = read(&list, text) else { panic!("{text}") };
            assert_eq!(is_limited(&list, code, &rest), limited, "{text}");
        }
    }

    #[test]
    fn stages_with_words_behind_them() {
        for (text, expected) in [
            ("Triển khai mua sắm; dự kiến hoàn thành tháng 6/2023", "procuring + dự kiến hoàn thành tháng 6/2023"),
            ("Triển khai mua sắm sau khi tổ chức đấu thầu", "procuring + sau khi tổ chức đấu thầu"),
            ("Tổ chức đấu thầu; Triển khai mua sắm", "bidding | procuring"),
            ("Khác: Thuê của VNPT", "other + Thuê của VNPT"),
            ("Khác: ghi rõ", "other"),
            ("Khác", "other"),
            ("khác (chờ hướng dẫn)", "other + (chờ hướng dẫn)"),
            ("Tổ chức đấu thầu\nTriển khai mua sắm\nHoàn thành mua sắm\nKhác: ghi rõ", "whole list"),
            ("Chọn một trong các phương án\nTổ chức đấu thầu", "bidding"),
            ("Chưa tổ chức đấu thầu", "unknown"),
            ("Phấn đấu hoàn thành mua sắm trước 30/6/2023", "unknown"),
            ("Kế hoạch hoàn thành mua sắm quý II/2023", "unknown"),
            ("Sở Kế hoạch và Đầu tư đang tổ chức đấu thầu", "bidding"),
            ("Theo kế hoạch triển khai mua sắm; hoàn thành 6/2023", "procuring + hoàn thành 6/2023"),
            ("Chưa đủ kinh phí\nTổ chức\nđấu thầu", "bidding"),
            ("Chuẩn bị triển khai mua sắm", "unknown"),
            ("Tổ chức đấu thầu; chưa triển khai mua sắm", "bidding + chưa triển khai mua sắm"),
            ("Khác: đang tổ chức đấu thầu lại", "other + đang tổ chức đấu thầu lại"),
        ] {
            assert_eq!(shown(&stage(), text), expected, "{text}");
        }
    }
}
