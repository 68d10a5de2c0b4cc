//! What a scalar means: null, bool, number, timestamp or string. YAML 1.1 as goyaml resolves it: base-60 numbers
//! are strings, `0o17` and `0644` are both octal, and digits may be grouped by underscores anywhere.

use super::timestamp::is_timestamp;

/// Which of goyaml's two rule sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// goyaml v2, for everything but `toYamlPretty`: `y`, `yes`, `on` and the like are bools.
    Version2,
    /// goyaml v3, for `toYamlPretty`: they are strings.
    Version3,
}

/// A resolved scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Resolved {
    /// `null`, `~`, nothing.
    Null,
    /// `true`, `on`, `y`.
    Bool(bool),
    /// Up to 64 bits, signed.
    Int(i64),
    /// Above `i64::MAX`, up to 64 bits.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// A date or a time.
    Timestamp,
    /// Anything else.
    Str,
}

/// Resolves an unquoted, untagged scalar.
pub(super) fn resolve(text: &str, rules: Rules) -> Resolved {
    match text.as_bytes().first() {
        None => Resolved::Null,
        Some(b'0'..=b'9' | b'+' | b'-') => number(text),
        Some(b'.') => point(text),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text, rules),
        Some(_) => Resolved::Str,
    }
}

fn word(text: &str, rules: Rules) -> Resolved {
    match text {
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        _ => match old_bool(text) {
            Some(flag) if rules == Rules::Version2 => Resolved::Bool(flag),
            _ => Resolved::Str,
        },
    }
}

/// The bools of YAML 1.1 that YAML 1.2 dropped.
pub(super) fn old_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// A scalar that starts with a point.
fn point(text: &str) -> Resolved {
    match text {
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" => Resolved::Float(f64::INFINITY),
        _ => float(text),
    }
}

/// A scalar that starts with a digit or a sign.
fn number(text: &str) -> Resolved {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if is_timestamp(text) {
        return Resolved::Timestamp;
    }
    let grouped;
    let plain = if text.contains('_') {
        grouped = text.replace('_', "");
        &grouped
    } else {
        text
    };
    integer(plain).or_else(|| binary(plain)).unwrap_or_else(|| float(plain))
}

/// An integer with the prefixes of Go's literals; `None` if it is none, or beyond 64 bits.
fn integer(text: &str) -> Option<Resolved> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = text.len() != digits.len();
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    let magnitude = unsigned(digits, radix)?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Resolved::Int);
    }
    match i64::try_from(magnitude) {
        Ok(small) => Some(Resolved::Int(small)),
        Err(_) if !signed => Some(Resolved::Unsigned(magnitude)),
        Err(_) => None,
    }
}

/// Digits only: no sign, at least one.
fn unsigned(digits: &str, radix: u32) -> Option<u64> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// goyaml's own reading of binary numbers, which also takes a sign after the prefix: `0b-101`.
fn binary(text: &str) -> Option<Resolved> {
    let digits = text.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Resolved::Int)
}

/// A decimal number with a point or an exponent; beyond `float64` it is a string.
fn float(text: &str) -> Resolved {
    if !is_decimal(text.as_bytes()) {
        return Resolved::Str;
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Resolved::Float(number),
        _ => Resolved::Str,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &[u8]) -> bool {
    let digits = |from: &[u8]| from.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let whole = digits(unsigned);
    let mut rest = &unsigned[whole..];
    if let [b'.', after @ ..] = rest {
        let fraction = digits(after);
        if whole + fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    } else if whole == 0 {
        return false;
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        _ => false,
    }
}

/// Whether `text` is a base-60 number of YAML 1.1 (`1:30`), which is a string here but is written quoted:
/// `[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?`
pub(super) fn is_base_60(text: &str) -> bool {
    let bytes = text.as_bytes();
    let unsigned = bytes.strip_prefix(b"-").or_else(|| bytes.strip_prefix(b"+")).unwrap_or(bytes);
    if !unsigned.first().is_some_and(u8::is_ascii_digit) || !unsigned.contains(&b':') {
        return false;
    }
    let mut groups = unsigned.split(|byte| *byte == b':');
    let is_group = |byte: &u8| byte.is_ascii_digit() || *byte == b'_';
    let Some(first) = groups.next() else { return false };
    if !first.iter().all(is_group) {
        return false;
    }
    let mut rest = groups.peekable();
    while let Some(group) = rest.next() {
        let (group, fraction) = match group.iter().position(|byte| *byte == b'.') {
            Some(point) if rest.peek().is_none() => (&group[..point], &group[point + 1..]),
            _ => (group, &group[..0]),
        };
        let sexagesimal = match group {
            [digit] => digit.is_ascii_digit(),
            [b'0'..=b'5', digit] => digit.is_ascii_digit(),
            _ => false,
        };
        if !sexagesimal || !fraction.iter().all(is_group) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Resolved, Rules, is_base_60, resolve};

    #[test]
    fn scalars_resolve_as_goyaml_resolves_them() {
        let cases: &[(&str, Resolved)] = &[
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("NULL", Resolved::Null),
            ("nULL", Resolved::Str),
            ("y", Resolved::Bool(true)),
            ("Off", Resolved::Bool(false)),
            ("TRUE", Resolved::Bool(true)),
            ("tRUE", Resolved::Str),
            ("0", Resolved::Int(0)),
            ("-0", Resolved::Int(0)),
            ("0644", Resolved::Int(420)),
            ("-0644", Resolved::Int(-420)),
            ("0o17", Resolved::Int(15)),
            ("08", Resolved::Float(8.0)),
            ("0x1F", Resolved::Int(31)),
            ("0b101", Resolved::Int(5)),
            ("0b-101", Resolved::Int(-5)),
            ("0b", Resolved::Str),
            ("0x", Resolved::Str),
            ("1_000", Resolved::Int(1000)),
            ("1_0.5", Resolved::Float(10.5)),
            ("+12", Resolved::Int(12)),
            ("+-12", Resolved::Str),
            ("18446744073709551615", Resolved::Unsigned(u64::MAX)),
            ("+18446744073709551615", Resolved::Float(18446744073709551615.0)),
            ("-9223372036854775808", Resolved::Int(i64::MIN)),
            ("18446744073709551616", Resolved::Float(18446744073709551616.0)),
            ("0x10000000000000000", Resolved::Str),
            ("1.", Resolved::Float(1.0)),
            (".5", Resolved::Float(0.5)),
            (".", Resolved::Str),
            ("._5", Resolved::Str),
            ("1e3", Resolved::Float(1000.0)),
            ("1e", Resolved::Str),
            ("1e999", Resolved::Str),
            ("1:30", Resolved::Str),
            ("2001-01-01", Resolved::Timestamp),
            ("-.INF", Resolved::Float(f64::NEG_INFINITY)),
            ("<<", Resolved::Str),
            ("é", Resolved::Str),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve(text, Rules::Version2), *expected, "{text}");
        }
        assert_eq!(resolve("y", Rules::Version3), Resolved::Str);
    }

    #[test]
    fn base_60_numbers_are_known() {
        for text in ["1:30", "+1:2:3", "1_0:59.5_", "190:20:30.", "12:00"] {
            assert!(is_base_60(text), "{text}");
        }
        for text in ["1:60", "a:1", "1:", ":30", "1:2.5:3", "1", "1:300", "1.5:30"] {
            assert!(!is_base_60(text), "{text}");
        }
    }
}
