//! The HTML of letters: well formed, inline only, the same words as the text, and unmoved by hostile input.

use crate::sample;
use phuluc::letter::{
    Context, LetterKind, Letters,
    context::{FileFacts, Group, Spot},
};

/// Elements that have no end tag.
const EMPTY: [&str; 2] = ["meta", "br"];

/// Whether every element is closed where it should be, and every `&` begins a reference.
fn assert_well_formed(html: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>'), "a bare > in {text:?}");
        for (amp, _) in text.match_indices('&') {
            assert!(text[amp..].split_once(';').is_some_and(|(name, _)| name.len() <= 7), "a bare & in {text:?}");
        }
        let tag = &rest[at..];
        if tag.starts_with("<!--") {
            rest = &tag[tag.find("-->").expect("a comment ends") + 3..];
            continue;
        }
        let end = tag.find('>').expect("a tag ends");
        let (inner, behind) = (&tag[1..end], &tag[end + 1..]);
        rest = behind;
        assert_eq!(inner.matches('"').count() % 2, 0, "quotes in <{inner}>");
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
        } else if !inner.starts_with('!') {
            let name = inner.split([' ', '/']).next().unwrap_or_default().to_owned();
            if EMPTY.contains(&name.as_str()) {
                assert!(inner.ends_with('/'), "<{inner}>");
            } else {
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "{open:?} not closed");
}

/// The words a reader sees.
fn visible(html: &str) -> String {
    let body = &html[html.find("<body").unwrap_or(0)..];
    let mut text = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'");
    text.replace("&amp;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_page_is_well_formed_and_needs_nothing_from_elsewhere() {
    for kind in LetterKind::ALL {
        let html = sample(kind).html;
        assert_well_formed(&html);
        // Staff decide by links that write a mail; nothing else leads anywhere.
        let html = if kind == LetterKind::Digest { html.replace("href=\"mailto:", "") } else { html };
        for absent in ["<img", "<script", "<style", "<link", "http://", "https://", "href", "url("] {
            assert!(!html.to_lowercase().contains(absent), "{absent} in {}", kind.as_str());
        }
    }
}

#[test]
fn the_page_says_what_the_text_says() {
    for kind in LetterKind::ALL {
        let letter = sample(kind);
        let page = visible(&letter.html);
        for paragraph in letter.text.split("\n\n").filter(|p| !p.trim_start().starts_with(['-', '1', '2', '3', '>'])) {
            for part in paragraph.split("\n- ").next().unwrap_or_default().split("\n1. ").take(1) {
                let words = part.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(page.contains(&words), "{}: {words:?} not in {page:?}", kind.as_str());
            }
        }
    }
}

#[test]
fn hostile_words_neither_make_markup_nor_links_nor_lines() {
    let evil = "<b onclick=\"x\">&amp;'\"</td><script>alert(1)</script>\r\nBcc: a@evil.example\u{202E}\u{0}";
    let link = "xem http://evil.example/a?b=1&c=2 www.evil.example hoặc evil.example";
    let letters = Letters::embedded().unwrap();
    for kind in LetterKind::ALL {
        let mut context: Context = Letters::sample(kind);
        context.agency.name = evil.to_owned();
        context.agency.short_name = evil.to_owned();
        context.report.file_name = format!("{evil}{link}");
        context.report.documents = vec![FileFacts { name: evil.to_owned(), ..FileFacts::default() }];
        context.report.other_campaign = Some(link.to_owned());
        let spot = Spot {
            row: evil.to_owned(),
            label: link.to_owned(),
            sheet: evil.to_owned(),
            cell: "A1".to_owned(),
            line: evil.to_owned(),
            column: evil.to_owned(),
            found: format!("{evil} {link} {{{{ office.name }}}}"),
        };
        context.groups =
            vec![Group { problem: evil.to_owned(), advice: format!("đề nghị {evil}"), places: vec![spot] }];
        context.remarks = context.groups.clone();
        context.attachments = vec![evil.to_owned()];
        // Without its last line: wrapped by chance, it would begin a line as a header does.
        let markup = evil.split("\r\n").next().unwrap_or_default();
        for held in &mut context.digest.held {
            (held.from, held.subject, held.guess) = (markup.to_owned(), format!("{markup}{link}"), markup.to_owned());
            held.links[0].mailto = "javascript:alert(1)".to_owned();
        }
        for since in context.digest.unread.iter_mut().chain(&mut context.digest.correcting) {
            since.agency = markup.to_owned();
        }
        for group in &mut context.digest.groups {
            group.missing = vec![markup.to_owned(), link.to_owned()];
        }
        let letter = letters.render(kind, &context).unwrap();
        assert_well_formed(&letter.html);
        assert!(!letter.html.contains("<script") && !letter.html.contains("<b onclick"), "{}", letter.html);
        assert!(!letter.subject.contains(['\n', '\r', '\u{202E}', '\u{0}']));
        for text in [&letter.html, &letter.text] {
            assert!(!text.contains("http://") && !text.contains("www.evil"), "{text}");
            assert!(!text.contains(['\u{202E}', '\u{0}', '\r']));
        }
        assert!(!letter.text.lines().any(|line| line.starts_with("Bcc:")));
    }
}

#[test]
fn a_letter_of_three_hundred_findings_lists_them_all() {
    let letters = Letters::embedded().unwrap();
    let mut context = Letters::sample(LetterKind::Correction);
    let spot = |n: usize| Spot { row: format!("1.{n}"), cell: format!("D{n}"), ..context.groups[0].places[0].clone() };
    context.groups[0].places = (1..=300).map(spot).collect();
    let letter = letters.render(LetterKind::Correction, &context).unwrap();
    assert_well_formed(&letter.html);
    for n in 1..=300 {
        assert!(letter.html.contains(&format!("<b>D{n}</b>")));
    }
    assert!(letter.text.contains("1.300"));
}

#[test]
fn a_folders_letters_replace_the_built_in_ones_and_errors_name_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("neutral.txt", "Subject: [{{ campaign.token }}] Riêng\n\nKính gửi {{ agency.name }}\n");
    let letters = Letters::load(folder.path()).unwrap();
    let letter = letters.render(LetterKind::Neutral, &Letters::sample(LetterKind::Neutral)).unwrap();
    assert_eq!(letter.subject, "[BC1552] Riêng");
    for (name, text, place) in [
        ("neutral.txt", "Subject: x\n\n{{ agency.colour }}\n", "neutral.txt:3: "),
        ("neutral.txt", "Subject: x\n\n\n{% if %}\n", "neutral.txt:4: "),
        ("neutral.txt", "Kính gửi\n", "neutral.txt:1: the first line"),
        ("neutral.html", "<p>\n{{ colour }}</p>\n", "neutral.html:2: "),
        ("received.txt", "\n{{ report.colour }}\n", "received.txt:2: "),
        ("findings.toml", "[codes.other]\nproblem = 1\n", "findings.toml:2: "),
        ("findings.toml", "[codes.missing]\nproblem = ''\nadvice = ''\n", "findings.toml:1: [codes.other]"),
        ("findings.toml", "[codes.other]\nproblem = '{{ colour }}'\nadvice = ''\n", "findings.toml, codes.other"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let error = Letters::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains(place), "{error:?} does not contain {place:?}");
    }
    assert!(Letters::load(&folder.path().join("none")).is_err());
}
