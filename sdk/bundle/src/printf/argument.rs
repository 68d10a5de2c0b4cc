//! One value printed by one verb.

use super::{
    MAX_PRINTED_BYTES, MAX_PRINTED_DEPTH, decimals,
    flags::{Flags, truncate},
    quote,
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
    pub(super) fn bad_verb(&mut self, value: &Value, verb: char) {
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
            'v' | 'd' if self.flags == Flags::default() => decimals::write(self.out, bytes),
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
