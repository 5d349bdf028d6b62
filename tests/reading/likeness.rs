//! How alike the form's own names are, and how like their near-misses: the bounds of `form::locate::likeness` must lie
//! between the two. `tests/reading-report` prints the figures that `docs/reading.md` gives.

use super::form_1552;
use phuluc::{
    form::{
        declaration::Form,
        locate::likeness::{HEADING, RELATED, ROW},
    },
    text::{self, Name},
};

/// The names of one thing, by its section and id.
struct Named {
    id: String,
    names: Vec<Name>,
}

fn columns(form: &Form) -> Vec<Vec<Named>> {
    let of = |section: &phuluc::form::declaration::Section| {
        let named =
            section.template_columns().map(|column| Named { id: column.id().to_owned(), names: column.names.clone() });
        named.collect()
    };
    form.sections.iter().map(of).collect()
}

/// Rows with their sub-rows; those of one name, which number and place tell apart, are one.
fn rows(form: &Form) -> Vec<Vec<Named>> {
    let of = |section: &phuluc::form::declaration::Section| {
        let mut found: Vec<Named> = Vec::new();
        for row in &section.rows {
            let subs = row.subrows.iter().map(|sub| (format!("…/{}", sub.id.get_ref()), &sub.names));
            for (id, names) in std::iter::once((row.id().to_owned(), &row.names)).chain(subs) {
                let same = |known: &&mut Named| {
                    known.id == id || names.iter().any(|name| known.names.iter().any(|other| other.key == name.key))
                };
                match found.iter_mut().find(same) {
                    Some(known) => known.names.extend(names.iter().cloned()),
                    None => found.push(Named { id, names: names.clone() }),
                }
            }
        }
        found
    };
    form.sections.iter().map(of).collect()
}

/// The likest two names of different things: by letters, and which.
fn likest(groups: &[Vec<Named>]) -> (f64, String) {
    let mut best = (0.0, String::new());
    for group in groups {
        for (at, one) in group.iter().enumerate() {
            for other in &group[at + 1..] {
                for (a, b) in one.names.iter().flat_map(|a| other.names.iter().map(move |b| (a, b))) {
                    if a.spelling(b) > best.0 {
                        best = (a.spelling(b), format!("{} {:?} / {} {:?}", one.id, a.key, other.id, b.key));
                    }
                }
            }
        }
    }
    best
}

/// A name as people mistype it: in every so many words two letters change places, one is left out, or one is doubled;
/// all of it without marks.
fn mistyped(key: &str, every: usize, how: usize) -> String {
    let words = key.split(' ').enumerate().map(|(at, word)| {
        let mut letters: Vec<char> = word.chars().collect();
        if at % every == every - 1 && letters.len() > 2 && letters.iter().all(|letter| letter.is_alphabetic()) {
            match (at / every + how) % 3 {
                0 => letters.swap(1, 2),
                1 => drop(letters.remove(1)),
                _ => letters.insert(1, letters[1]),
            }
        }
        letters.into_iter().collect::<String>()
    });
    text::unmarked(&words.collect::<Vec<_>>().join(" "))
}

/// The least like near-miss, and whether each is likest to the thing it is a near-miss of.
fn least_like(groups: &[Vec<Named>], every: usize) -> (f64, String) {
    let mut worst = (1.0, String::new());
    for group in groups {
        for one in group {
            for name in one.names.iter().filter(|name| name.len() > 1) {
                for how in 0..3 {
                    let typed = Name::of(&mistyped(&name.key, every, how));
                    let best =
                        |named: &Named| named.names.iter().map(|known| known.spelling(&typed)).fold(0.0, f64::max);
                    let own = best(one);
                    for other in group.iter().filter(|other| other.id != one.id) {
                        assert!(best(other) < own, "{:?} is taken for {} and not {}", typed.key, other.id, one.id);
                    }
                    if own < worst.0 {
                        worst = (own, format!("{:?}", typed.key));
                    }
                }
            }
        }
    }
    worst
}

#[test]
fn names_that_differ_are_less_alike_than_near_misses_of_one() {
    let form = form_1552();
    for (what, groups, every, bound) in [("columns", columns(&form), 3, HEADING), ("rows", rows(&form), 4, ROW)] {
        let (highest, pair) = likest(&groups);
        let (lowest, typed) = least_like(&groups, every);
        println!("{what}: two that differ are at most {highest:.3} alike ({pair})");
        println!(
            "{what}: one that is mistyped is at least {lowest:.3} alike ({typed}); the bound is {}",
            bound.letters
        );
        assert!(highest < bound.letters && bound.letters <= lowest, "the bound of {what} joins or loses names");
    }
}

#[test]
fn an_abbreviated_name_is_related_to_its_row() {
    let short = [
        ("Hệ thống thông tin", "HTTT"),
        ("thủ tục hành chính", "TTHC"),
        ("công nghệ thông tin", "CNTT"),
        ("cơ sở dữ liệu", "CSDL"),
        ("quốc gia", "QG"),
        ("an toàn, an ninh mạng", "ATANM"),
    ];
    let form = form_1552();
    let mut lowest = (1.0_f64, String::new());
    let named = |row: &&phuluc::form::declaration::Row| row.names.iter().any(|name| name.len() > 1);
    for row in form.sections.iter().flat_map(|section| &section.rows).filter(named) {
        let mut key = text::key(&row.label);
        for (long, short) in short {
            key = key.replace(&text::key(long), &text::key(short));
        }
        let name = Name::of(&key);
        // Nothing but one abbreviation is a row that nobody knows, which is told.
        if name.len() < 2 {
            continue;
        }
        let likest = row.names.iter().map(|known| known.likeness(&name)).fold(0.0, f64::max);
        if likest < lowest.0 {
            lowest = (likest, key);
        }
    }
    let (lowest, key) = lowest;
    println!("rows: abbreviated, they share at least {lowest:.3} of their words ({key:?}); the bound is {RELATED}");
    assert!(lowest >= RELATED);
}
