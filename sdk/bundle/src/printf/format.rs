//! The format string: flags, widths, precisions, argument indexes and verbs.

use super::{argument::Printer, flags::Flags};
use crate::value::{Str, Value};

/// A width, precision or index above this is refused while more digits follow, as in Go.
const MAX_NUMBER: usize = 1_000_000;

/// Go's `Sprintf`: `format` with its verbs replaced by `arguments`.
pub fn sprintf(format: &[u8], arguments: &[Value]) -> Str {
    let mut out = Vec::with_capacity(format.len() + 16 * arguments.len());
    let mut run =
        Run { format, position: 0, arguments, next: 0, after_index: false, reordered: false, good: true };
    while run.text(&mut out) {
        if !run.verb(&mut out) {
            break;
        }
    }
    run.extra(&mut out);
    out.into()
}

/// One pass over a format.
struct Run<'a> {
    format: &'a [u8],
    position: usize,
    arguments: &'a [Value],
    /// The argument that the next verb takes.
    next: usize,
    /// Whether an index such as `[3]` came just before.
    after_index: bool,
    /// Whether any index occurred: then unused arguments are no fault.
    reordered: bool,
    /// Whether the present verb's indexes are all valid.
    good: bool,
}

impl Run<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.position).copied()
    }

    /// Copies up to the next `%` and passes it; false at the end of the format.
    fn text(&mut self, out: &mut Vec<u8>) -> bool {
        let rest = &self.format[self.position..];
        let length = memchr::memchr(b'%', rest).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..length]);
        self.position += length + 1;
        length < rest.len()
    }

    /// Prints by the verb at hand; false if the format ends before one.
    fn verb(&mut self, out: &mut Vec<u8>) -> bool {
        self.good = true;
        self.after_index = false;
        let mut flags = self.flags();
        self.index();
        self.width(&mut flags, out);
        self.precision(&mut flags, out);
        if !self.after_index {
            self.index();
        }
        let Some(verb) = self.character() else {
            out.extend_from_slice(b"%!(NOVERB)");
            return false;
        };
        match verb {
            '%' => out.push(b'%'),
            _ if !self.good => out.extend_from_slice(format!("%!{verb}(BADINDEX)").as_bytes()),
            _ => match self.arguments.get(self.next) {
                None => out.extend_from_slice(format!("%!{verb}(MISSING)").as_bytes()),
                Some(argument) => {
                    self.next += 1;
                    let mut printer = Printer::new(out);
                    printer.flags = if matches!(verb, 'v' | 'w') { flags.for_value() } else { flags };
                    printer.argument(argument, verb);
                }
            },
        }
        true
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.position += 1;
        }
        flags
    }

    /// An argument index: `[3]`.
    fn index(&mut self) {
        self.after_index = false;
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.position..];
        let close = if rest.len() < 3 { None } else { memchr::memchr(b']', rest) };
        let Some(close) = close else {
            self.good = false;
            self.position += 1;
            return;
        };
        let (number, end) = number(rest, 1, close);
        self.position += close + 1;
        let valid = number.filter(|_| end == close);
        match valid {
            Some(number) if (1..=self.arguments.len()).contains(&number) => {
                self.next = number - 1;
                self.after_index = true;
            }
            other => {
                self.good = false;
                self.after_index = other.is_some();
            }
        }
    }

    fn width(&mut self, flags: &mut Flags, out: &mut Vec<u8>) {
        if self.peek() == Some(b'*') {
            self.position += 1;
            match self.number_argument() {
                None => out.extend_from_slice(b"%!(BADWIDTH)"),
                Some(width) => {
                    if width < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                }
            }
            self.after_index = false;
            return;
        }
        let (width, end) = number(self.format, self.position, self.format.len());
        self.position = end;
        flags.width = width;
        if self.after_index && width.is_some() {
            self.good = false;
        }
    }

    fn precision(&mut self, flags: &mut Flags, out: &mut Vec<u8>) {
        if self.peek() != Some(b'.') {
            return;
        }
        self.position += 1;
        if self.after_index {
            self.good = false;
        }
        self.index();
        if self.peek() == Some(b'*') {
            self.position += 1;
            let precision = self.number_argument().and_then(|number| usize::try_from(number).ok());
            if precision.is_none() {
                out.extend_from_slice(b"%!(BADPREC)");
            }
            flags.precision = precision;
            self.after_index = false;
            return;
        }
        let (precision, end) = number(self.format, self.position, self.format.len());
        self.position = end;
        flags.precision = Some(precision.unwrap_or(0));
    }

    /// The argument that a `*` takes; `None` if it is missing, no integer or too large.
    fn number_argument(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        let plain = match argument {
            Value::Object(object) => &object.plain(),
            other => other,
        };
        let number = match plain {
            Value::Int(number) | Value::Int64(number) => *number,
            Value::Byte(number) => i64::from(*number),
            Value::Uint64(number) => i64::try_from(*number).ok()?,
            _ => return None,
        };
        usize::try_from(number.unsigned_abs()).is_ok_and(|size| size <= MAX_NUMBER).then_some(number)
    }

    /// The verb: one character, an invalid byte counting as U+FFFD.
    fn character(&mut self) -> Option<char> {
        let rest = self.format.get(self.position..)?;
        let chunk = rest.utf8_chunks().next()?;
        let first = chunk.valid().chars().next();
        self.position += first.map_or(1, char::len_utf8);
        Some(first.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// `%!(EXTRA int=2)`: arguments that no verb took.
    fn extra(&self, out: &mut Vec<u8>) {
        let extra = self.arguments.get(self.next..).unwrap_or_default();
        if self.reordered || extra.is_empty() {
            return;
        }
        out.extend_from_slice(b"%!(EXTRA ");
        for (index, argument) in extra.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            if !matches!(argument, Value::Nil) {
                out.extend_from_slice(argument.type_name().as_bytes());
                out.push(b'=');
            }
            Printer::new(out).argument(argument, 'v');
        }
        out.push(b')');
    }
}

/// The decimal number from `start` and where it ends; too large a number swallows everything up to `limit`.
fn number(text: &[u8], start: usize, limit: usize) -> (Option<usize>, usize) {
    let mut value = None;
    let mut position = start;
    while let Some(digit) = text.get(position).filter(|digit| position < limit && digit.is_ascii_digit()) {
        let so_far = value.unwrap_or(0);
        if so_far > MAX_NUMBER {
            return (None, limit);
        }
        value = Some(so_far * 10 + usize::from(digit - b'0'));
        position += 1;
    }
    (value, position)
}
