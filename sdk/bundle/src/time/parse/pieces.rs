//! The pieces that a written time consists of: each reads its own from the start of a text and gives the rest back. Pure.

use crate::time::layout::Offset;

/// Why a field could not be read.
pub(super) enum Trouble {
    /// The text does not fit.
    Form,
    /// The number is out of range; which one.
    Range(&'static str),
}

/// What was read, and the text behind it.
type Read<'a, T> = Result<(T, &'a [u8]), Trouble>;

/// Removes the layout's literal text; runs of spaces are alike. Returns where it went wrong otherwise.
pub(super) fn skip<'a>(mut text: &'a [u8], mut prefix: &[u8]) -> Result<&'a [u8], &'a [u8]> {
    let unspaced = |text: &'a [u8]| &text[text.iter().take_while(|byte| **byte == b' ').count()..];
    while let [expected, after @ ..] = prefix {
        if *expected == b' ' {
            if text.first().is_some_and(|byte| *byte != b' ') {
                return Err(text);
            }
            prefix = &prefix[prefix.iter().take_while(|byte| **byte == b' ').count()..];
            text = unspaced(text);
            continue;
        }
        match text {
            [byte, rest @ ..] if byte == expected => text = rest,
            _ => return Err(text),
        }
        prefix = after;
    }
    Ok(text)
}

/// The number, if it is from `low` to `high`.
pub(super) fn within(number: i64, low: i64, high: i64, what: &'static str) -> Result<i64, Trouble> {
    if (low..=high).contains(&number) { Ok(number) } else { Err(Trouble::Range(what)) }
}

/// One or two digits; with `fixed` exactly two.
pub(super) fn number(text: &[u8], fixed: bool) -> Read<'_, i64> {
    match text {
        [tens, ones, rest @ ..] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            Ok((i64::from(tens - b'0') * 10 + i64::from(ones - b'0'), rest))
        }
        [digit, rest @ ..] if digit.is_ascii_digit() && !fixed => Ok((i64::from(digit - b'0'), rest)),
        _ => Err(Trouble::Form),
    }
}

/// Digits, possibly after a sign.
pub(super) fn signed(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut value: i64 = 0;
    for digit in digits {
        value =
            value.checked_mul(10)?.checked_add(i64::from(digit.checked_sub(b'0').filter(|d| *d <= 9)?))?;
    }
    Some(if negative { -value } else { value })
}

/// Two characters, of which the first may be a sign: 69 and above are in the 20th century.
pub(super) fn two_digit_year(text: &[u8]) -> Read<'_, i64> {
    let (digits, rest) = text.split_at_checked(2).ok_or(Trouble::Form)?;
    let year = signed(digits).ok_or(Trouble::Form)?;
    Ok((if year >= 69 { year + 1900 } else { year + 2000 }, rest))
}

/// Four characters, of which the first is a digit.
pub(super) fn long_year(text: &[u8]) -> Read<'_, i64> {
    let (digits, rest) = text.split_at_checked(4).ok_or(Trouble::Form)?;
    if !digits[0].is_ascii_digit() {
        return Err(Trouble::Form);
    }
    Ok((signed(digits).ok_or(Trouble::Form)?, rest))
}

/// The first of `names`, or of their first three letters, that `text` starts with, in any case.
pub(super) fn name<'a>(text: &'a [u8], names: &[&str], short: bool) -> Read<'a, usize> {
    for (index, name) in names.iter().enumerate() {
        let name = if short { &name.as_bytes()[..3] } else { name.as_bytes() };
        if text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return Ok((index, &text[name.len()..]));
        }
    }
    Err(Trouble::Form)
}

/// One to three digits after up to two spaces; with `fixed` exactly three.
pub(super) fn year_day(text: &[u8], fixed: bool) -> Read<'_, i64> {
    let spaces = if fixed { 0 } else { text.iter().take(2).take_while(|byte| **byte == b' ').count() };
    let text = &text[spaces..];
    let length = text.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 || fixed && length != 3 {
        return Err(Trouble::Form);
    }
    let (digits, rest) = text.split_at(length);
    Ok((signed(digits).ok_or(Trouble::Form)?, rest))
}

/// Whether a separator and a digit come next.
pub(super) fn starts_fraction(text: &[u8]) -> bool {
    matches!(text, [b'.' | b',', digit, ..] if digit.is_ascii_digit())
}

/// Bytes of a separator and all digits after it.
pub(super) fn fraction_length(text: &[u8]) -> usize {
    1 + text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// A numeric zone offset in seconds.
pub(super) fn offset(text: &[u8], form: Offset) -> Read<'_, i32> {
    let colon = usize::from(form.colon);
    let minutes_at = 3 + colon;
    let seconds_at = minutes_at + 2 + colon;
    let length = match form {
        Offset { minutes: false, .. } => 3,
        Offset { seconds: false, .. } => minutes_at + 2,
        _ => seconds_at + 2,
    };
    let (offset, rest) = text.split_at_checked(length).ok_or(Trouble::Form)?;
    let colons_fit = !form.colon || (offset[3] == b':' && (!form.seconds || offset[6] == b':'));
    if !colons_fit {
        return Err(Trouble::Form);
    }
    let pair = |wanted: bool, at: usize| {
        if wanted { number(&offset[at..at + 2], true).map(|pair| pair.0) } else { Ok(0) }
    };
    let (hours, minutes) = (pair(true, 1), pair(form.minutes, minutes_at));
    let seconds = pair(form.seconds, seconds_at);
    // Go checks the ranges before the form, and allows 24 hours and 60 minutes.
    let hours = within(hours?, 0, 24, "time zone offset hour")?;
    let minutes = within(minutes?, 0, 60, "time zone offset minute")?;
    let seconds = within(seconds?, 0, 60, "time zone offset second")?;
    let total = ((hours * 60 + minutes) * 60 + seconds) as i32;
    match offset[0] {
        b'+' => Ok((total, rest)),
        b'-' => Ok((-total, rest)),
        _ => Err(Trouble::Form),
    }
}

/// How many bytes of `text` look like a zone's abbreviation.
pub(super) fn abbreviation_length(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_hours_length(rest));
    }
    if matches!(text[0], b'+' | b'-') {
        return Some(signed_hours_length(text)).filter(|length| *length > 0);
    }
    let letters = text.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    match letters {
        3 => Some(3),
        4 if text[3] == b'T' || text.starts_with(b"WITA") => Some(4),
        5 if text[4] == b'T' => Some(5),
        _ => None,
    }
}

/// How many bytes of `text` are a signed number of up to 23 hours; 0 if none.
fn signed_hours_length(text: &[u8]) -> usize {
    let Some(b'+' | b'-') = text.first() else {
        return 0;
    };
    let digits = text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    match signed(&text[1..=digits]) {
        Some(0..=23) if digits > 0 => 1 + digits,
        _ => 0,
    }
}
