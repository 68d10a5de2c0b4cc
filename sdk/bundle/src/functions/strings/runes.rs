//! Texts as Go ranges over them: characters, and U+FFFD for each byte that belongs to none. With Go's properties
//! of characters, where Rust's differ: one-to-one case mappings, and letters by general category.

use icu_properties::{CodePointMapData, props::GeneralCategory};

/// The characters of `text` with the bytes each takes up; an invalid byte is U+FFFD of one byte.
pub(in crate::functions) fn runes(text: &[u8]) -> impl Iterator<Item = (char, usize)> + '_ {
    text.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(|rune| (rune, rune.len_utf8()));
        valid.chain(chunk.invalid().iter().map(|_| (char::REPLACEMENT_CHARACTER, 1)))
    })
}

/// Each character replaced. Invalid bytes become U+FFFD, as in Go.
pub(in crate::functions) fn map_runes(text: &[u8], mut replace: impl FnMut(char) -> char) -> String {
    let mut result = String::with_capacity(text.len());
    result.extend(runes(text).map(|(rune, _)| replace(rune)));
    result
}

/// Go's `unicode.ToUpper`: one character for one (`ß` stays).
pub(super) fn to_upper(rune: char) -> char {
    let mut upper = rune.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => with_iota_adscript(rune),
    }
}

/// The capital of a Greek letter with a small iota: the only characters whose upper case is several characters
/// in full, yet another single one in short.
fn with_iota_adscript(rune: char) -> char {
    let code = u32::from(rune);
    let capital = match code {
        0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7 => code + 8,
        0x1FB3 | 0x1FC3 | 0x1FF3 => code + 9,
        _ => code,
    };
    char::from_u32(capital).unwrap_or(rune)
}

/// Go's `unicode.ToLower`: one character for one.
pub(super) fn to_lower(rune: char) -> char {
    rune.to_lowercase().next().unwrap_or(rune)
}

/// Go's `unicode.ToTitle`: the upper case, but for digraphs and Georgian.
pub(super) fn to_title(rune: char) -> char {
    match rune {
        '\u{01C4}'..='\u{01C6}' => '\u{01C5}',
        '\u{01C7}'..='\u{01C9}' => '\u{01C8}',
        '\u{01CA}'..='\u{01CC}' => '\u{01CB}',
        '\u{01F1}'..='\u{01F3}' => '\u{01F2}',
        '\u{10D0}'..='\u{10FA}' | '\u{10FD}'..='\u{10FF}' => rune,
        other => to_upper(other),
    }
}

fn category(rune: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(rune)
}

/// Go's `unicode.IsUpper`.
pub(super) fn is_upper(rune: char) -> bool {
    if rune.is_ascii() {
        rune.is_ascii_uppercase()
    } else {
        category(rune) == GeneralCategory::UppercaseLetter
    }
}

/// Go's `unicode.IsLower`.
pub(super) fn is_lower(rune: char) -> bool {
    if rune.is_ascii() {
        rune.is_ascii_lowercase()
    } else {
        category(rune) == GeneralCategory::LowercaseLetter
    }
}

/// Go's `unicode.IsTitle`.
pub(super) fn is_title(rune: char) -> bool {
    !rune.is_ascii() && category(rune) == GeneralCategory::TitlecaseLetter
}

/// Go's `unicode.IsLetter`.
pub(in crate::functions) fn is_letter(rune: char) -> bool {
    use GeneralCategory as Category;
    if rune.is_ascii() {
        return rune.is_ascii_alphabetic();
    }
    matches!(
        category(rune),
        Category::UppercaseLetter
            | Category::LowercaseLetter
            | Category::TitlecaseLetter
            | Category::ModifierLetter
            | Category::OtherLetter
    )
}

/// Go's `unicode.IsDigit`.
pub(in crate::functions) fn is_digit(rune: char) -> bool {
    if rune.is_ascii() { rune.is_ascii_digit() } else { category(rune) == GeneralCategory::DecimalNumber }
}

/// Go's `unicode.IsNumber`.
pub(super) fn is_number(rune: char) -> bool {
    use GeneralCategory as Category;
    if rune.is_ascii() {
        return rune.is_ascii_digit();
    }
    matches!(category(rune), Category::DecimalNumber | Category::LetterNumber | Category::OtherNumber)
}

/// Go's `unicode.IsPunct`.
pub(super) fn is_punctuation(rune: char) -> bool {
    use GeneralCategory as Category;
    matches!(
        category(rune),
        Category::ConnectorPunctuation
            | Category::DashPunctuation
            | Category::OpenPunctuation
            | Category::ClosePunctuation
            | Category::InitialPunctuation
            | Category::FinalPunctuation
            | Category::OtherPunctuation
    )
}
