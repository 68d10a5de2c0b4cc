//! Numbers printed by one verb. Source of the behaviour: Go's `fmt`.

use super::{argument::Printer, float, quote};
use crate::value::Value;

impl Printer<'_> {
    /// An integer of this size and sign; `value` is what a verb that does not fit is told of.
    pub(super) fn integer(&mut self, value: &Value, size: u64, negative: bool, verb: char) {
        match verb {
            'v' if self.flags.sharp_v && matches!(value, Value::Byte(_) | Value::Uint64(_)) => {
                self.digits(&format!("{size:x}"), "0x", size, false);
            }
            'v' | 'd' => self.digits(&size.to_string(), "", size, negative),
            'b' => {
                self.digits(&format!("{size:b}"), if self.flags.sharp { "0b" } else { "" }, size, negative)
            }
            'o' => {
                let prefix = if self.flags.sharp && size != 0 { "0" } else { "" };
                self.digits(&format!("{size:o}"), prefix, size, negative);
            }
            'O' => {
                let prefix = if self.flags.sharp && size != 0 { "0o0" } else { "0o" };
                self.digits(&format!("{size:o}"), prefix, size, negative);
            }
            'x' => {
                self.digits(&format!("{size:x}"), if self.flags.sharp { "0x" } else { "" }, size, negative)
            }
            'X' => {
                self.digits(&format!("{size:X}"), if self.flags.sharp { "0X" } else { "" }, size, negative)
            }
            'c' => {
                let character = code_point(size, negative);
                self.flags.pad(self.out, character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'q' => {
                let quoted = quote::quote_character(code_point(size, negative), self.flags.plus);
                self.flags.pad(self.out, quoted.as_bytes());
            }
            'U' => self.unicode(if negative { size.wrapping_neg() } else { size }),
            _ => self.bad_verb(value, verb),
        }
    }

    /// An integer's digits with leading zeros, prefix and sign.
    pub(super) fn digits(&mut self, digits: &str, prefix: &str, size: u64, negative: bool) {
        let flags = self.flags;
        if flags.precision == Some(0) && size == 0 {
            return flags.without_zero().fill(self.out, flags.width.unwrap_or(0));
        }
        let sign = match (negative, flags.plus, flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let minimum = match (flags.precision, flags.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if flags.zero_pads() => width.saturating_sub(sign.len()),
            _ => 0,
        };
        let zeros = minimum.saturating_sub(digits.len());
        // A leading zero is all that the octal prefix asks for.
        let prefix = match prefix {
            "0" if zeros > 0 => "",
            "0o0" if zeros > 0 => "0o",
            other => other,
        };
        if flags.width.is_none() && zeros == 0 {
            for part in [sign, prefix, digits] {
                self.out.extend_from_slice(part.as_bytes());
            }
            return;
        }
        let text = format!("{sign}{prefix}{}{digits}", "0".repeat(zeros));
        flags.without_zero().pad(self.out, text.as_bytes());
    }

    /// `%U`: `U+0041`, with `#` the character too.
    fn unicode(&mut self, code: u64) {
        let minimum = self.flags.precision.unwrap_or(4).max(4);
        let digits = format!("{code:X}");
        let mut text = format!("U+{}{digits}", "0".repeat(minimum.saturating_sub(digits.len())));
        let character = u32::try_from(code).ok().and_then(char::from_u32).filter(|_| self.flags.sharp);
        if let Some(character) = character.filter(|character| quote::is_print(*character)) {
            text.push_str(&format!(" '{character}'"));
        }
        self.flags.without_zero().pad(self.out, text.as_bytes());
    }

    /// A float; `value` as for integers.
    pub(super) fn float(&mut self, value: &Value, number: f64, verb: char) {
        let (form, precision) = match verb {
            'v' => (b'g', None),
            'b' => (b'b', None),
            'g' => (b'g', None),
            'G' => (b'G', None),
            'x' => (b'x', None),
            'X' => (b'X', None),
            'f' | 'F' => (b'f', Some(6)),
            'e' => (b'e', Some(6)),
            'E' => (b'E', Some(6)),
            _ => return self.bad_verb(value, verb),
        };
        let precision = self.flags.precision.or(precision);
        let text = float::format(number, form, precision);
        if !number.is_finite() {
            return self.not_finite(number);
        }
        let (negative, mut text) = match text.strip_prefix('-') {
            Some(text) => (true, text.to_owned()),
            None => (false, text),
        };
        if self.flags.sharp && verb != 'b' {
            text = with_point(&text, verb, precision);
        }
        self.signed(negative, &text);
    }

    /// A sign as the flags ask for it, then the text; zeros to pad go between the two.
    fn signed(&mut self, negative: bool, text: &str) {
        let flags = self.flags;
        let sign = match (negative, flags.plus, flags.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let width = flags.width.unwrap_or(0);
        if !sign.is_empty() && flags.zero_pads() && width > text.len() + 1 {
            self.out.extend_from_slice(sign.as_bytes());
            flags.fill(self.out, width - text.len() - 1);
            self.out.extend_from_slice(text.as_bytes());
        } else {
            flags.pad(self.out, format!("{sign}{text}").as_bytes());
        }
    }

    /// `NaN` and the infinities, which zeros never pad.
    fn not_finite(&mut self, number: f64) {
        let flags = self.flags;
        let sign = match (number < 0.0, flags.plus, flags.space, number.is_nan()) {
            (true, ..) => "-",
            (_, true, ..) => "+",
            (_, _, true, _) => " ",
            (.., true) => "",
            _ => "+",
        };
        let name = if number.is_nan() { "NaN" } else { "Inf" };
        flags.without_zero().pad(self.out, format!("{sign}{name}").as_bytes());
    }
}

/// The character of a code point; U+FFFD if there is none.
fn code_point(size: u64, negative: bool) -> char {
    u32::try_from(size)
        .ok()
        .filter(|_| !negative)
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The sharp flag on a float: always a point, and for `%g` no zeros dropped.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let exponent_marks: &[char] = if matches!(verb, 'x' | 'X') { &['p', 'P'] } else { &['e', 'E', 'p', 'P'] };
    let split = text.find(exponent_marks).unwrap_or(text.len());
    let (number, tail) = text.split_at(split);
    let mut missing = match verb {
        'v' | 'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let digits = number.trim_start_matches(['0', '.', 'x', 'X']).bytes().filter(|byte| *byte != b'.').count();
    // Of `0x1p+00` Go counts the `x` too.
    let marks = usize::from(verb == 'x');
    missing = missing.saturating_sub(digits + marks);
    let mut out = String::from(number);
    if !number.contains('.') {
        if number == "0" {
            missing = missing.saturating_sub(1);
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', missing));
    out.push_str(tail);
    out
}
