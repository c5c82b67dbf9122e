//! The form in which texts and queries are compared. Spec: specs/consultation.md §12.

use icu_casemap::CaseMapper;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization as _;

/// Folds a text for search: compatibility decomposition, without combining marks, characters that are not seen and
/// tatweel; letters of Arabic that are written in several ways made one; digits of Arabic made ASCII; case folded.
/// Folding twice is folding once.
#[must_use]
pub fn fold(text: &str) -> String {
    let category = CodePointMapData::<GeneralCategory>::new();
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut letters = String::with_capacity(text.len());
    for c in text.nfkd() {
        let unseen = matches!(
            category.get(c),
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark | GeneralCategory::Format
        ) || ignorable.contains(c);
        if unseen {
            continue;
        }
        if let Some(letter) = one_spelling(c) {
            letters.push(letter);
        }
    }
    let folded = CaseMapper::new().fold_string(&letters);
    // Case folding of what is decomposed can give what is not.
    folded
        .nfkd()
        .filter(|c| category.get(*c) != GeneralCategory::NonspacingMark)
        .collect()
}

/// The letter that stands for all spellings of a letter; `None` for what is left out. Hamza above and below, madda and
/// the vowel signs are combining marks once a text is decomposed.
fn one_spelling(c: char) -> Option<char> {
    Some(match c {
        // Tatweel, high hamza.
        '\u{0640}' | '\u{0674}' => return None,
        // Alef wasla, alef with wavy hamza above and below.
        '\u{0671}'..='\u{0673}' => '\u{0627}',
        // Ta marbuta.
        '\u{0629}' => '\u{0647}',
        // Alef maksura, Farsi yeh.
        '\u{0649}' | '\u{06CC}' => '\u{064A}',
        // Keheh.
        '\u{06A9}' => '\u{0643}',
        '\u{0660}'..='\u{0669}' => ascii_digit(c, 0x0660),
        '\u{06F0}'..='\u{06F9}' => ascii_digit(c, 0x06F0),
        c if c.is_control() => ' ',
        c => c,
    })
}

fn ascii_digit(c: char, zero: u32) -> char {
    char::from_digit(u32::from(c) - zero, 10).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scenario_43_spellings_of_arabic_are_one() {
        assert_eq!(fold("أحمد"), fold("احمد"));
        assert_eq!(fold("مدرسه"), fold("مدرسة"));
        for (a, b) in [
            ("إسلام", "اسلام"),
            ("آمنة", "امنه"),
            ("ٱلكتاب", "الكتاب"),
            ("مُحَمَّدٌ", "محمد"),
            ("قطـــر", "قطر"),
            ("على", "علي"),
            ("مسؤول", "مسوول"),
            ("هيئة", "هييه"),
            ("هٰذا", "هذا"),
            ("ﻻ", "لا"),
            ("کتاب", "كتاب"),
            ("علی", "علي"),
            ("المادة ٤", "المادة 4"),
            ("۱۲", "12"),
            ("مي\u{200C}خواهم", "ميخواهم"),
            ("\u{200F}قطر", "قطر"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} and {b}");
        }
        // Different words stay different.
        for (a, b) in [("علم", "عالم"), ("سماء", "سما"), ("كتاب", "كتب")] {
            assert_ne!(fold(a), fold(b), "{a} and {b}");
        }
    }

    #[test]
    fn case_accents_and_widths_are_one() {
        for (a, b) in [
            ("Straße", "STRASSE"),
            ("Café", "cafe"),
            ("ＰＡＲＫ", "park"),
            ("İstanbul", "istanbul"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁne", "fine"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} and {b}");
        }
        assert_eq!(fold("a\u{0}b\nc"), "a b c");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn folding_forgets_how_marks_were_composed(text in "\\PC{0,40}") {
            let composed: String = text.nfc().collect();
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(fold(&composed), fold(&decomposed));
        }
    }
}
