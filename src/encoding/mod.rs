//! Vietnamese as it was written before Unicode: TCVN3 (the .Vn fonts) and VNI (the VNI fonts), which spreadsheets
//! show as `Ch­a ®¸p øng`. What a text is, its font says; where none is known, all texts of a sheet vote, by
//! what they would be as syllables, and never one alone: `Cã` is right in both. Text with a letter that only
//! Unicode has is never touched. Comes before anything else is done with a text: cleaning would lose letters.

mod syllable;
mod tables;

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};
use syllable::is_syllable;
use unicode_normalization::char::is_combining_mark;

/// An encoding of before Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Legacy {
    Tcvn3,
    /// In a font that shows small letters as capitals, since the encoding has hardly any.
    Tcvn3Capitals,
    Vni,
}

/// Different words of a sheet that must be none as Unicode and some in the old encoding before it is believed.
const FEWEST_WORDS: usize = 6;
/// With fewer than this it is believed, and said.
const ENOUGH_WORDS: usize = 15;

/// What the texts of a sheet were found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    pub legacy: Legacy,
    /// Whether some texts of the sheet are Unicode all the same.
    pub mixed: bool,
    /// Whether few words speak for it.
    pub thin: bool,
}

/// What a text is after all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// It stays as it is.
    Unicode,
    /// What it says, and whether that is beyond doubt.
    Legacy { text: String, sure: bool },
    /// It stays as it is, though it would make sense in the old encoding as well.
    Doubtful,
}

impl Legacy {
    /// What a font of this name is made for; none for a font of today.
    pub fn of_font(name: &str) -> Option<Legacy> {
        let small = name.to_lowercase();
        if small.starts_with(".vn") {
            Some(if name.ends_with('H') { Legacy::Tcvn3Capitals } else { Legacy::Tcvn3 })
        } else {
            (small.starts_with("vni-") || small.starts_with("vni ")).then_some(Legacy::Vni)
        }
    }

    /// What the characters of a text stand for.
    pub fn decode(self, text: &str) -> String {
        match self {
            Legacy::Tcvn3 => tcvn3(text),
            Legacy::Tcvn3Capitals => tcvn3(text).to_uppercase(),
            Legacy::Vni => vni(text),
        }
    }
}

fn tcvn3(text: &str) -> String {
    static LETTERS: LazyLock<HashMap<char, char>> = LazyLock::new(|| tables::TCVN3.iter().copied().collect());
    let mut decoded = String::with_capacity(text.len() + text.len() / 2);
    for c in text.chars() {
        let letter = LETTERS.get(&c).copied().unwrap_or(c);
        // There are no capitals with tones: typists put the tone's small letter behind the capital.
        let tone_alone = "àảãáạ".contains(letter) && letter != c && decoded.ends_with('A');
        if tone_alone {
            decoded.pop();
            decoded.extend(letter.to_uppercase());
        } else {
            decoded.push(letter);
        }
    }
    decoded
}

fn vni(text: &str) -> String {
    static SIGNS: LazyLock<HashMap<&str, char>> = LazyLock::new(|| tables::VNI.iter().copied().collect());
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let one = first.len_utf8();
        let two = one + rest[one..].chars().next().map_or(0, char::len_utf8);
        let (letter, length) = match (SIGNS.get(&rest[..two]), SIGNS.get(&rest[..one])) {
            (Some(letter), _) => (*letter, two),
            (None, Some(letter)) => (*letter, one),
            (None, None) => (first, one),
        };
        decoded.push(letter);
        rest = &rest[length..];
    }
    decoded
}

/// Whether the texts of a sheet in old fonts are old. Many write Unicode and never touch the font; their program
/// shows the letters in another, and the font says nothing.
pub fn fonts_tell<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let (mut old, mut new) = (0, 0);
    for text in texts.filter(|text| !text.is_ascii()) {
        new += usize::from(is_unicode(text));
        old += usize::from(!is_unicode(text) && marked_words(text).any(|word| !is_syllable(word)));
    }
    old >= new
}

/// Whether a text has a letter that no old encoding can be mistaken for.
fn is_unicode(text: &str) -> bool {
    text.chars().any(|c| u32::from(c) > 0xFF && (c.is_alphabetic() || is_combining_mark(c)))
}

/// The words that hold more than ASCII.
fn marked_words(text: &str) -> impl Iterator<Item = &str> {
    let apart = |c: char| c.is_whitespace() || c.is_ascii_punctuation() || "–—“”‘’…".contains(c);
    text.split(apart).filter(|word| !word.is_ascii())
}

fn makes_sense(legacy: Legacy, word: &str) -> bool {
    // In a font of capitals the letters below are small.
    let legacy = if legacy == Legacy::Tcvn3Capitals { Legacy::Tcvn3 } else { legacy };
    is_syllable(&legacy.decode(word))
}

/// Has the texts of a sheet vote on what they are; none where they are Unicode, or say too little.
pub fn vote<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Vote> {
    let mut unicode = false;
    let mut words = BTreeSet::new();
    for text in texts.filter(|text| !text.is_ascii()) {
        if is_unicode(text) {
            unicode = true;
        } else {
            words.extend(marked_words(text));
        }
    }
    let (sound, odd): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| is_syllable(word));
    let explained = |legacy: Legacy| odd.iter().filter(|word| makes_sense(legacy, word)).count();
    let legacy = if explained(Legacy::Vni) > explained(Legacy::Tcvn3) { Legacy::Vni } else { Legacy::Tcvn3 };
    let count = explained(legacy);
    // A few words may be foreign, or misspelt.
    let believed = count >= FEWEST_WORDS && count * 5 >= odd.len() * 4;
    // Sound words that the encoding would spoil are Unicode.
    let mixed = unicode || sound.iter().any(|word| !makes_sense(legacy, word));
    believed.then_some(Vote { legacy, mixed, thin: count < ENOUGH_WORDS })
}

/// What a text is, by its font and by the vote of its sheet.
pub fn decode(text: &str, font: Option<Legacy>, vote: Option<Vote>) -> Decoded {
    let Some(legacy) = font.or(vote.map(|vote| vote.legacy)) else { return Decoded::Unicode };
    if text.is_ascii() || is_unicode(text) {
        return Decoded::Unicode;
    }
    let words = || marked_words(text);
    let odd = words().filter(|word| !is_syllable(word)).count();
    let senseless = words().filter(|word| !makes_sense(legacy, word)).count();
    if odd == 0 && senseless > 0 {
        return Decoded::Unicode;
    }
    let text = legacy.decode(text);
    match (font, vote) {
        (Some(_), _) => Decoded::Legacy { text, sure: true },
        (None, Some(vote)) if odd == 0 && vote.mixed => Decoded::Doubtful,
        // Nothing in it is a word either way: a sign, a unit.
        (None, Some(_)) if odd == senseless && senseless == words().count() => Decoded::Unicode,
        // Abbreviations and units make no sense either way.
        (None, vote) => {
            let speaks = odd > 0 && odd >= 2 * senseless || senseless == 0;
            Decoded::Legacy { text, sure: speaks && vote.is_some_and(|vote| !vote.thin) }
        }
    }
}

#[cfg(test)]
mod tests;
