//! How the page is to use, in a real browser: on a phone, on a wide screen, with a keyboard, with a screen reader.

use super::{Shown, reached};
use crate::harness::Browser;
use serde_json::json;

/// The Tab key, by its WebDriver code.
const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';

/// One of each kind of page.
const PATHS: [&str; 7] = [
    "/campaigns/1552",
    "/campaigns/1552/held",
    "/campaigns/1552/agencies/nghe-an",
    "/reports/2",
    "/messages/3",
    "/letters/3",
    "/nothing",
];

#[test]
fn no_page_is_wider_than_a_phone_or_a_screen() {
    let shown = Shown::open("", &[]);
    for width in [320, 400, 500, 700, 1280, 1440] {
        let browser = Browser::open(width);
        for path in PATHS {
            browser.go(&format!("http://{}{path}", shown.address));
            let wide = browser.ask("return document.documentElement.scrollWidth");
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{path} is {wide} wide at {width}");
            let styled = browser.ask("return getComputedStyle(document.querySelector('header')).borderBottomStyle");
            assert_eq!(styled, "solid", "{path} has no style");
        }
    }
}

#[test]
fn no_word_of_a_table_is_cut_to_pieces() {
    let shown = Shown::open("", &[]);
    for width in [320, 400, 500, 700, 1000, 1280, 1920, 2560] {
        let browser = Browser::open(width);
        for path in PATHS.iter().filter(|path| shown.get(path).text().contains("<table")) {
            browser.go(&format!("http://{}{path}", shown.address));
            // Letters and digits that belong together stand on one line; what is longer than any word may go on in the next.
            let cut = browser.ask(
                "const found = [];
                 for (const cell of document.querySelectorAll('th, td')) {
                     // On a phone the headings are there for screen readers alone.
                     if (cell.closest('thead') && getComputedStyle(cell.closest('thead')).position === 'absolute') continue;
                     const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
                     for (let text; (text = texts.nextNode());)
                         for (const word of text.data.matchAll(/[\\p{L}\\p{M}\\p{N}]{2,20}/gu)) {
                             const range = document.createRange();
                             range.setStart(text, word.index);
                             range.setEnd(text, word.index + word[0].length);
                             if (new Set([...range.getClientRects()].map(one => Math.round(one.top))).size > 1
                                 && !/@/.test(cell.textContent)) found.push(word[0]);
                         }
                 }
                 return found;",
            );
            assert_eq!(cut, json!([]), "{path} at {width}");
        }
    }
}

#[test]
fn the_report_begins_where_the_page_does_and_is_read_row_by_row_where_it_is_narrow() {
    let shown = Shown::open("", &[]);
    for (width, cards) in [(400, true), (1280, true), (3800, false)] {
        let browser = Browser::open(width);
        browser.go(&format!("http://{}/reports/2", shown.address));
        let left = browser.ask(
            "return ['header p', 'main h1', 'footer p'].map(one => document.querySelector(one).getBoundingClientRect().left)",
        );
        assert!(left.as_array().unwrap().windows(2).all(|two| two[0] == two[1]), "{width}: {left}");
        let labelled = browser.ask(
            "return [...document.querySelectorAll('.answers td:not(.name)')].filter(one => one.textContent)
                 .every(one => getComputedStyle(one, '::before').content.startsWith('\"'))",
        );
        assert_eq!(labelled, cards, "{width}");
        // The sheet as it came scrolls within its place.
        let scrolls =
            "const one = document.querySelector('.sheet').parentNode; return one.scrollWidth > one.clientWidth";
        assert_eq!(browser.ask(scrolls), cards, "{width}");
    }
}

#[test]
fn everything_is_reached_by_keyboard_and_seen_where_it_is() {
    let shown = Shown::open("", &[]);
    let browser = Browser::open(1440);
    for path in PATHS {
        browser.go(&format!("http://{}{path}", shown.address));
        browser.press(TAB);
        assert_eq!(browser.ask("return document.activeElement.className"), "skip", "{path}");
        browser.press(ENTER);
        assert_eq!(browser.ask("return location.hash"), "#main", "{path}");
        // Every link and every part that scrolls can be tabbed to and shows it.
        let hidden = browser.ask(
            "const all = [...document.querySelectorAll('a[href], [tabindex=\"0\"]')];
             return all.filter(one => { one.focus({focusVisible: true});
                 const style = getComputedStyle(one);
                 return document.activeElement !== one || style.outlineStyle === 'none'; }).map(one => one.outerHTML)",
        );
        assert_eq!(hidden, json!([]), "{path}");
        let stuck = browser.ask(
            "return [...document.querySelectorAll('*')].filter(one => one.scrollWidth > one.clientWidth + 1
                 && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX) && one.tabIndex < 0).length",
        );
        assert_eq!(stuck, 0, "{path}: a part that scrolls cannot be reached by keyboard");
    }
}

#[test]
fn a_screen_reader_is_told_what_everything_is() {
    let shown = Shown::open("", &[]);
    let browser = Browser::open(1440);
    for path in PATHS {
        browser.go(&format!("http://{}{path}", shown.address));
        let tree = browser.command("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().unwrap();
        let role = |node: &serde_json::Value| node["role"]["value"].as_str().unwrap_or_default().to_owned();
        let named = |node: &serde_json::Value| !node["name"]["value"].as_str().unwrap_or_default().trim().is_empty();
        for node in nodes.iter().filter(|node| node["ignored"] != true) {
            let needs = ["link", "heading", "image", "region", "navigation", "columnheader", "rowheader"];
            assert!(!needs.contains(&role(node).as_str()) || named(node), "{path}: {node}");
        }
        for landmark in ["banner", "main", "contentinfo", "navigation"] {
            assert!(nodes.iter().any(|node| role(node) == landmark), "{path} has no {landmark}");
        }
        let levels = browser.ask("return [...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])");
        let levels: Vec<u64> = levels.as_array().unwrap().iter().map(|level| level.as_u64().unwrap()).collect();
        assert!(levels[0] == 1 && levels.windows(2).all(|two| two[1] <= two[0] + 1), "{path}: {levels:?}");
        assert_eq!(browser.ask("return document.documentElement.lang"), "vi");
    }
    assert!(reached(&shown).len() > 100);
}

#[test]
fn what_changed_is_told_to_a_screen_reader_cell_by_cell_and_labelled_on_a_phone() {
    let shown = Shown::open("", &[]);
    for (width, cells_have) in [(1440, false), (390, true)] {
        let browser = Browser::open(width);
        browser.go(&format!("http://{}/campaigns/1552/agencies/nghe-an", shown.address));
        let table =
            "[...document.querySelectorAll('caption')].find(one => one.textContent.includes('khác so với')).parentNode";
        // On a phone the heading of its column stands before each answer, since the columns are gone.
        let labelled = browser.ask(&format!(
            "return [...({table}).querySelectorAll('td')].map(one => getComputedStyle(one, '::before').content)"
        ));
        let labelled: Vec<&str> = labelled.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        assert_eq!(labelled.len(), 6);
        assert!(labelled.iter().all(|label| label.starts_with('"') == cells_have), "{width}: {labelled:?}");
        let seen = browser.ask(&format!(
            "return [...({table}).querySelectorAll('caption, th[scope=row], td')].every(one => one.getClientRects().length && one.innerText.trim())"
        ));
        assert_eq!(seen, true, "{width}");
    }
    let browser = Browser::open(1440);
    browser.go(&format!("http://{}/campaigns/1552/agencies/nghe-an", shown.address));
    let tree = browser.command("Accessibility.getFullAXTree", &json!({}));
    let named = |role: &str, name: &str| {
        let nodes = tree["nodes"].as_array().unwrap().iter();
        nodes.filter(|node| node["role"]["value"] == role && node["name"]["value"] == name).count()
    };
    assert_eq!(named("table", "2 nội dung khác so với lần thứ 1"), 1);
    assert_eq!((named("rowheader", "Mục 1.2"), named("rowheader", "Mục 4.1")), (1, 1));
    assert_eq!((named("columnheader", "Lần thứ 1"), named("columnheader", "Lần thứ 2")), (1, 1));
    assert_eq!(named("heading", "Lần thứ 2 so với lần thứ 1"), 1);
    // The version is reached from its heading by keyboard.
    browser.ask("return document.querySelector('h3 a').focus({focusVisible: true})");
    browser.press(ENTER);
    assert!(browser.ask("return location.pathname").as_str().unwrap().starts_with("/reports/"));
}

#[test]
fn text_stands_out_from_its_ground() {
    let shown = Shown::open("", &[]);
    let browser = Browser::open(1440);
    for path in PATHS {
        browser.go(&format!("http://{}{path}", shown.address));
        // WCAG 2.2, 1.4.3: 4.5 to 1.
        let faint = browser.ask(
            "const parts = text => text.match(/[\\d.]+/g).map(Number);
             const light = ([r, g, b]) => { const f = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
                 return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
             const ground = one => { for (let at = one; at; at = at.parentElement) {
                 const colour = parts(getComputedStyle(at).backgroundColor); if (colour.length < 4 || colour[3] > 0) return colour; }
                 return [255, 255, 255]; };
             return [...document.querySelectorAll('body *')].filter(one => [...one.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
                 .filter(one => { const a = light(parts(getComputedStyle(one).color)), b = light(ground(one));
                     return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5; }).map(one => one.outerHTML.slice(0, 120))",
        );
        assert_eq!(faint, json!([]), "{path}");
    }
}
