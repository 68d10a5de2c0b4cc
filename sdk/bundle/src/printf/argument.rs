//! One value printed by one verb.

use super::{
    MAX_PRINTED_BYTES, MAX_PRINTED_DEPTH,
    flags::{Flags, truncate},
    float, quote,
};
use crate::{
    stack::deep,
    value::{List, Map, MapType, Object, Structure, Value},
};

/// What Go prints for nil.
const NIL: &[u8] = b"<nil>";

/// Prints values by verbs into a buffer.
pub(super) struct Printer<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) flags: Flags,
    depth: usize,
    limit: usize,
}

impl<'a> Printer<'a> {
    /// A printer that appends to `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let limit = out.len().saturating_add(MAX_PRINTED_BYTES);
        Self { out, flags: Flags::default(), depth: 0, limit }
    }

    /// Prints an argument as the format's `verb` says.
    pub(super) fn argument(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.flags.pad(self.out, NIL),
            (Value::Nil, _) => self.bad_verb(value, verb),
            (_, 'T') => self.text(value.type_name().as_bytes()),
            (_, 'p') => self.pointer(value),
            // Only `Errorf` knows `%w`.
            (_, 'w') if !matches!(value, Value::Bytes(_)) => self.bad_verb(value, verb),
            _ => self.value(value, verb),
        }
    }

    /// `%p`: an address, which is another one in every run, in Go too.
    fn pointer(&mut self, value: &Value) {
        let address = match value {
            Value::List(list) if list.is_nil() => 0,
            Value::List(list) => list.address(),
            Value::Map(map) if map.is_nil() => 0,
            Value::Map(map) => map.address(),
            Value::Bytes(bytes) => bytes.as_ptr().addr(),
            Value::Object(object) if object.kind_name() == "ptr" => std::rc::Rc::as_ptr(object).addr(),
            _ => return self.bad_verb(value, 'p'),
        };
        let prefix = if self.flags.sharp { "" } else { "0x" };
        self.digits(&format!("{address:x}"), prefix, address as u64, false);
    }

    /// Prints a value that is not a bare nil argument.
    fn value(&mut self, value: &Value, verb: char) {
        match value {
            Value::Nil => self.nil_inside(),
            Value::Bool(flag) => self.boolean(value, *flag, verb),
            Value::Int(number) | Value::Int64(number) => {
                self.integer(value, number.unsigned_abs(), *number < 0, verb);
            }
            Value::Byte(number) => self.integer(value, u64::from(*number), false, verb),
            Value::Uint64(number) => self.integer(value, *number, false, verb),
            Value::Float(number) => self.float(value, *number, verb),
            Value::Str(text) => self.string(value, text, verb),
            Value::Bytes(bytes) => self.bytes(bytes, verb),
            Value::List(list) => deep(|| self.list(list, verb)),
            Value::Map(map) => deep(|| self.map(map, map.map_type().name(), verb)),
            Value::Object(object) => deep(|| self.object(value, object.as_ref(), verb)),
        }
    }

    /// `%!d(string=x)`: the verb does not fit the value.
    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.out.extend_from_slice(format!("%!{verb}(").as_bytes());
        if matches!(value, Value::Nil) {
            self.out.extend_from_slice(NIL);
        } else {
            self.out.extend_from_slice(value.type_name().as_bytes());
            self.out.push(b'=');
            match value {
                // Go asks a value no more how it wants to be printed.
                Value::Object(object) if is_integer(&object.plain()) => self.value(&object.plain(), 'v'),
                Value::Object(object) => match object.structure() {
                    Some(structure) => self.structure(object.as_ref(), &structure, 'v'),
                    None => self.argument(value, 'v'),
                },
                _ => self.argument(value, 'v'),
            }
        }
        self.out.push(b')');
    }

    /// A nil among the items of a list or map.
    fn nil_inside(&mut self) {
        let text: &[u8] = if self.flags.sharp_v { b"interface {}(nil)" } else { NIL };
        self.out.extend_from_slice(text);
    }

    fn boolean(&mut self, value: &Value, flag: bool, verb: char) {
        match verb {
            't' | 'v' => self.flags.pad(self.out, if flag { b"true" } else { b"false" }),
            _ => self.bad_verb(value, verb),
        }
    }

    fn integer(&mut self, value: &Value, size: u64, negative: bool, verb: char) {
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
    fn digits(&mut self, digits: &str, prefix: &str, size: u64, negative: bool) {
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

    fn float(&mut self, value: &Value, number: f64, verb: char) {
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

    fn string(&mut self, value: &Value, text: &[u8], verb: char) {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => self.text(text),
            'q' => self.quoted(text),
            'x' | 'X' => self.hexadecimal(text, verb == 'X'),
            _ => self.bad_verb(value, verb),
        }
    }

    /// A text, cut to the precision and padded.
    fn text(&mut self, text: &[u8]) {
        let text = self.cut(text);
        self.flags.pad(self.out, text);
    }

    fn cut<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        match self.flags.precision {
            Some(precision) => truncate(text, precision),
            None => text,
        }
    }

    fn quoted(&mut self, text: &[u8]) {
        let text = self.cut(text);
        if self.flags.sharp && quote::can_backquote(text) {
            let quoted = [b"`", text, b"`"].concat();
            return self.flags.pad(self.out, &quoted);
        }
        let quoted = if self.flags.plus { quote::quote_ascii(text) } else { quote::quote(text) };
        self.flags.pad(self.out, quoted.as_bytes());
    }

    /// Each byte as two digits; a space flag separates them, a sharp flag prefixes `0x`.
    fn hexadecimal(&mut self, bytes: &[u8], upper: bool) {
        let flags = self.flags;
        let shown = &bytes[..flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
        let prefix = match (flags.sharp, upper) {
            (false, _) => "",
            (true, false) => "0x",
            (true, true) => "0X",
        };
        let mut text = String::with_capacity(shown.len() * 2 + 2);
        for (index, byte) in shown.iter().enumerate() {
            if index > 0 && flags.space {
                text.push(' ');
            }
            if index == 0 || flags.space {
                text.push_str(prefix);
            }
            text.push_str(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") });
        }
        flags.pad(self.out, text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8], verb: char) {
        match verb {
            'v' if self.flags.sharp_v => {
                let items: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:x}")).collect();
                let name = if self.depth == 0 { "[]byte" } else { "[]uint8" };
                self.out.extend_from_slice(format!("{name}{{{}}}", items.join(", ")).as_bytes());
            }
            's' => self.text(bytes),
            'q' => self.quoted(bytes),
            'x' | 'X' => self.hexadecimal(bytes, verb == 'X'),
            _ => {
                self.out.push(b'[');
                for (index, byte) in bytes.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b' ');
                    }
                    self.value(&Value::Byte(*byte), verb);
                }
                self.out.push(b']');
            }
        }
    }

    /// Whether one level more may be printed: not in a value that contains itself.
    fn descend(&mut self) -> bool {
        self.depth += 1;
        self.depth <= MAX_PRINTED_DEPTH && self.out.len() < self.limit
    }

    fn list(&mut self, list: &List, verb: char) {
        let go = self.flags.sharp_v;
        if go {
            self.out.extend_from_slice(list.element().slice_name().as_bytes());
            if list.is_nil() {
                self.out.extend_from_slice(b"(nil)");
                return;
            }
        }
        self.out.push(if go { b'{' } else { b'[' });
        if self.descend() {
            for (index, item) in list.iter().enumerate() {
                self.separate(index);
                self.value(item, verb);
            }
        }
        self.depth -= 1;
        self.out.push(if go { b'}' } else { b']' });
    }

    /// A map whose type is called `name`.
    fn map(&mut self, map: &Map, name: &str, verb: char) {
        let go = self.flags.sharp_v;
        if go {
            self.out.extend_from_slice(name.as_bytes());
            if map.is_nil() {
                self.out.extend_from_slice(b"(nil)");
                return;
            }
            self.out.push(b'{');
        } else {
            self.out.extend_from_slice(b"map[");
        }
        if self.descend() {
            let strings = map.map_type() == MapType::Str;
            for (index, (key, item)) in map.entries().iter().enumerate() {
                self.separate(index);
                self.value(&Value::Str(key.clone()), verb);
                self.out.push(b':');
                // A `map[string]string` cannot hold a nil.
                let item = if strings && matches!(item, Value::Nil) { &Value::string("") } else { item };
                self.value(item, verb);
            }
        }
        self.depth -= 1;
        self.out.push(if go { b'}' } else { b']' });
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.extend_from_slice(if self.flags.sharp_v { b", " } else { b" " });
        }
    }

    /// An object with a text of its own prints it for the verbs of strings; other verbs see what it is made of.
    fn object(&mut self, value: &Value, object: &dyn Object, verb: char) {
        let structure = object.structure();
        let own_text = structure.as_ref().is_none_or(|structure| structure.has_text);
        match verb {
            'v' if self.flags.sharp_v && is_integer(&object.plain()) => self.value(&object.plain(), verb),
            'v' if self.flags.sharp_v
                && let Some(Ok(Value::Str(text))) = object.call("GoString", &[]) =>
            {
                self.text(&text);
            }
            'v' | 's'
                if own_text
                    && object.kind_name() != "map"
                    && (structure.is_none() || !self.flags.sharp_v) =>
            {
                self.text(object.print().as_bytes());
            }
            'q' | 'x' | 'X' if own_text && object.entries().is_none() => {
                self.string(value, object.print().as_bytes(), verb)
            }
            'b' | 'c' | 'd' | 'o' | 'O' | 'U' if is_integer(&object.plain()) => {
                self.value(&object.plain(), verb)
            }
            _ => match (structure, object.plain()) {
                (Some(structure), _) => self.structure(object, &structure, verb),
                (None, Value::List(list)) if !self.flags.sharp_v => self.list(&list, verb),
                (None, Value::Map(map)) if object.kind_name() == "map" => {
                    self.map(&map, object.type_name(), verb)
                }
                _ => self.bad_verb(value, verb),
            },
        }
    }

    /// A struct, field by field.
    fn structure(&mut self, object: &dyn Object, structure: &Structure, verb: char) {
        if object.kind_name() == "ptr" {
            self.out.push(b'&');
        }
        if self.flags.sharp_v {
            self.out.extend_from_slice(object.type_name().trim_start_matches('*').as_bytes());
        }
        self.out.push(b'{');
        if self.descend() {
            for (index, (name, item)) in structure.fields.iter().enumerate() {
                self.separate(index);
                if self.flags.sharp_v || self.flags.plus_v {
                    self.out.extend_from_slice(name.as_bytes());
                    self.out.push(b':');
                }
                self.value(item, verb);
            }
        }
        self.depth -= 1;
        self.out.push(b'}');
    }
}

fn is_integer(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Int64(_) | Value::Byte(_) | Value::Uint64(_))
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
