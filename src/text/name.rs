//! Names held against each other: by the words they share, and by their letters where one of them is misspelt. All
//! marks are left aside, so this measures likenesses and never decides between two names that differ in a mark.

use super::{key, without_marks, words as words_of};
use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash, Hasher},
};

/// A text prepared for being compared with many others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The text's key.
    pub key: String,
    /// The words of its plain key as numbers, sorted: 64 bits of each, enough for telling words apart.
    words: Vec<u64>,
    /// One bit for each word, by which most texts that share none are told apart at once.
    bits: u64,
    /// The same words as they follow each other, a blank between two.
    spelt: String,
}

impl Name {
    pub fn of(text: &str) -> Name {
        Name::of_key(key(text))
    }

    /// From a text that is a key already.
    pub fn of_key(key: String) -> Name {
        let plain = without_marks(&key);
        let mut words = Vec::new();
        let mut spelt = String::with_capacity(plain.len());
        for word in words_of(&plain) {
            if !spelt.is_empty() {
                spelt.push(' ');
            }
            spelt.push_str(word);
            words.push(number_of(word));
        }
        words.sort_unstable();
        let bits = words.iter().fold(0, |bits, word| bits | bit(*word));
        Name { words, bits, spelt, key }
    }

    /// How many words the text has.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How alike two texts are, from 0 to 1, by the words they share (Dice over words of the plain key).
    pub fn likeness(&self, other: &Name) -> f64 {
        let total = self.len() + other.len();
        // Texts of very different length share few words; they need not be compared.
        if total == 0 || self.len().min(other.len()) * 4 < total {
            return 0.0;
        }
        2.0 * self.shared(other) as f64 / total as f64
    }

    /// No more words than these are shared with another text, which is told sooner than how many are.
    pub fn most_shared(&self, other: &Name) -> usize {
        self.words.iter().filter(|word| bit(**word) & other.bits != 0).count()
    }

    /// How many words two texts share.
    pub fn shared(&self, other: &Name) -> usize {
        // Both are sorted, so each word is met once.
        let (mut left, mut right) = (self.words.as_slice(), other.words.as_slice());
        let mut shared = 0;
        while let ([one, more @ ..], [another, others @ ..]) = (left, right) {
            match one.cmp(another) {
                Ordering::Less => left = more,
                Ordering::Greater => right = others,
                Ordering::Equal => {
                    shared += 1;
                    (left, right) = (more, others);
                }
            }
        }
        shared
    }

    /// How alike two texts are spelt, from 0 to 1: one less the share of letters that are wrong, left out, added or
    /// swapped with their neighbour, all marks aside. Texts that share few whole words are not compared.
    pub fn spelling(&self, other: &Name) -> f64 {
        if self.likeness(other) < 0.5 {
            return 0.0;
        }
        let letters = |name: &Name| name.spelt.chars().collect::<Vec<char>>();
        let (a, b) = (letters(self), letters(other));
        let longest = a.len().max(b.len());
        // A fifth of the letters too many is no misspelling.
        if longest == 0 || a.len().abs_diff(b.len()) * 5 > longest || longest > 400 {
            return 0.0;
        }
        1.0 - mistakes(&a, &b) as f64 / longest as f64
    }
}

/// Words of up to eight letters, as all of Vietnamese are, are told apart for certain, longer ones by their hash.
fn number_of(word: &str) -> u64 {
    let mut letters = [0; 8];
    match letters.get_mut(..word.len()) {
        Some(place) => {
            place.copy_from_slice(word.as_bytes());
            u64::from_le_bytes(letters)
        }
        None => {
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            hasher.finish()
        }
    }
}

/// One of 64 bits, as evenly as multiplying spreads them.
fn bit(word: u64) -> u64 {
    1 << (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58)
}

/// The least number of letters to change, leave out, add or swap with their neighbour to make one text the other.
fn mistakes(a: &[char], b: &[char]) -> usize {
    // What both begin and end with costs nothing.
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut line: Vec<usize> = vec![0; b.len() + 1];
    for (i, of_a) in a.iter().enumerate() {
        line[0] = i + 1;
        for (j, of_b) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(of_a != of_b)).min(above[j + 1] + 1).min(line[j] + 1);
            if i > 0 && j > 0 && *of_a == b[j - 1] && a[i - 1] == *of_b {
                least = least.min(before[j - 1] + 1);
            }
            line[j + 1] = least;
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut line);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_are_more_words_shared_than_seemed_possible() {
        let names = ["chức năng", "chức năng, yêu cầu chưa đáp ứng", "ghi chú", "", "đáp ứng đáp ứng một phần", "số"]
            .map(Name::of);
        for a in &names {
            for b in &names {
                assert!(a.shared(b) <= a.most_shared(b), "{} / {}", a.key, b.key);
            }
        }
    }

    #[test]
    fn mistakes_are_counted_as_by_hand_and_alike_from_either_end() {
        let count = |a: &str, b: &str| mistakes(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abcd", "abdc", 1),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
            ("ca", "abc", 3),
        ] {
            assert_eq!(count(a, b), expected, "{a} {b}");
            assert_eq!(count(b, a), expected, "{b} {a}");
            let more = |text: &str| format!("so {text} hoa");
            assert_eq!(count(&more(a), &more(b)), expected, "{a} {b} within others");
        }
    }
}
