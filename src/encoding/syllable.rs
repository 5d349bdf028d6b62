//! Whether some letters can be a Vietnamese syllable: a beginning, a rhyme, and a tone that goes with it. The
//! lists are of sounds, not of words, so that names and new words pass; what is foreign mostly does not.

use unicode_normalization::UnicodeNormalization;

const BEGINNINGS: [&str; 28] = [
    "", "ngh", "ng", "nh", "ch", "gh", "gi", "kh", "ph", "th", "tr", "qu", "b", "c", "d", "đ", "g", "h", "k", "l", "m",
    "n", "p", "r", "s", "t", "v", "x",
];

const RHYMES: &str = " a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en \
    eng eo ep et ê êch êm ên êng ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu o oa oac oach \
    oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot ô ôc ôi \
    ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u ua uân uâng uât uây uc uê uêch uên uênh uêt ui um un ung uơ uôc uôi uôm uôn \
    uông uôt up ut uy uya uych uyên uyêt uyn uynh uyp uyt uyu ư ưa ưc ưi ưm ưng ươc ươi ươm ươn ương ươp ươt ươu ưt \
    ưu y yêm yên yêng yêt yêu ";

/// Whether a word of letters is a syllable. Capitals stand at its beginning or throughout.
pub(super) fn is_syllable(word: &str) -> bool {
    let mut letters = word.chars();
    let Some(first) = letters.next() else { return false };
    let all_small = letters.clone().all(char::is_lowercase);
    let all_capital = first.is_uppercase() && letters.all(char::is_uppercase);
    if !(all_small || all_capital) || !word.chars().all(char::is_alphabetic) {
        return false;
    }
    let mut tone = None;
    let mut tones = 0;
    let bare = |c: &char| {
        let is_tone = matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}');
        if is_tone {
            tone = Some(*c);
            tones += 1;
        }
        !is_tone
    };
    let bare: String = word.to_lowercase().nfd().filter(bare).collect::<String>().nfc().collect();
    let stopped = ["c", "ch", "p", "t"].iter().any(|end| bare.ends_with(end));
    if tones > 1 || (stopped && !matches!(tone, Some('\u{301}' | '\u{323}'))) {
        return false;
    }
    let rhymes = |rest: &str| !rest.is_empty() && RHYMES.contains(&format!(" {rest} "));
    BEGINNINGS.iter().any(|begin| bare.strip_prefix(begin).is_some_and(rhymes))
}

#[cfg(test)]
mod tests {
    use super::is_syllable;

    #[test]
    fn syllables_are_told_from_other_letters() {
        for word in [
            "Đã", "đáp", "ứng", "nghiệp", "quyết", "gì", "giữ", "Giêng", "khuỷu", "NGUYỄN", "xây", "ương", "yếu",
            "huyện", "quý", "thuở", "hoặc", "Ủy", "hoá",
        ] {
            assert!(is_syllable(word), "{word}");
        }
        for word in ["", "®¸p", "tÕ", "bằnf", "xlsx", "một2", "cat", "qàu", "â", "ẵ", "Straße", "café", "çà"]
        {
            assert!(!is_syllable(word), "{word}");
        }
    }
}
