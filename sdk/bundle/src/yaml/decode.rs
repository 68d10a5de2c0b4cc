//! Nodes to values, by way of what JSON can hold: all numbers become `float64`, all keys strings.

use std::collections::BTreeMap;

use super::{
    Error, binary,
    node::{Content, Document, Node},
    number::push_general_single,
    parse::TAG_PREFIX,
    resolve::{Resolved, Rules, resolve},
};
use crate::{
    json::{self, lossy},
    printf::sprintf,
    stack::deep,
    value::{Map, MapType, Str, Value},
};

/// Levels at which decoding stops at once: beyond [`super::MAX_DEPTH`] it fails in the end, and in other words only if
/// something else is wrong too.
const MAX_DECODED_DEPTH: usize = 2 * super::MAX_DEPTH;

type Entries = BTreeMap<Str, Value>;

/// How numbers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// As `float64`, which is what Go makes of JSON.
    Float,
    /// Integers of up to 64 bits as `int64` or `uint64`, others as `float64`.
    Exact,
}

/// What of a document is an error, and what becomes of its numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) numbers: Numbers,
    /// Whether a key may occur once only.
    pub(super) strict: bool,
    /// What unquoted scalars mean.
    pub(super) rules: Rules,
}

/// The value of a document.
pub(super) fn decode(document: &Document<'_>, options: Options) -> Result<Value, Error> {
    let mut decoder = Decoder::new(document, options);
    let value = decoder.node(0)?;
    if !decoder.duplicates.is_empty() {
        return Err(Error::Duplicates(decoder.duplicates));
    }
    if decoder.suspect {
        reject_keys(&value)?;
        reject_infinite(&value)?;
    }
    // On its way through JSON the value is written, where an empty list or map is no level more, and read.
    match decoder.deepest {
        [inside, _] if inside > super::MAX_DEPTH => return Err(Error::Json(json::Error::Depth)),
        [_, any] if any > super::MAX_DEPTH => return Err(Error::Mismatch(json::Error::Depth)),
        _ => {}
    }
    Ok(value)
}

/// The value of a plain document, of a mapping only the `wanted` entries.
pub(super) fn decode_some(document: &Document<'_>, wanted: impl Fn(&[u8]) -> bool) -> Result<Value, Error> {
    if !matches!(document.nodes[0].content, Content::Mapping) {
        return decode(document, EXACT);
    }
    let mut decoder = Decoder::new(document, EXACT);
    let mut entries = Entries::new();
    let mut children = document.children(0);
    while let (Some(key), Some(item)) = (children.next(), children.next()) {
        let name = decoder.key(key)?;
        if wanted(&name) {
            entries.insert(name, decoder.node(item)?);
        }
    }
    Ok(Value::Map(Map::of(MapType::Any, entries)))
}

/// What is read without a rule of its own.
pub(super) const EXACT: Options = Options { numbers: Numbers::Exact, strict: false, rules: Rules::Version2 };

/// A value in Go's syntax, as goyaml has it.
fn go_syntax(value: &Value) -> String {
    let text = sprintf(b"%+#v", std::slice::from_ref(value));
    text.text().replace(MapType::Any.name(), "map[interface {}]interface {}")
}

struct Decoder<'d> {
    document: &'d Document<'d>,
    options: Options,
    /// The aliases being followed.
    open: Vec<usize>,
    steps: usize,
    alias_steps: usize,
    duplicates: Vec<String>,
    /// Whether there was a number or a key that JSON cannot have.
    suspect: bool,
    /// How many lists and maps the current node lies in.
    depth: usize,
    /// The most of them that any node lay in, and any list or map was, empty ones included.
    deepest: [usize; 2],
}

impl<'d> Decoder<'d> {
    fn new(document: &'d Document<'d>, options: Options) -> Self {
        Self {
            document,
            options,
            open: Vec::new(),
            steps: 0,
            alias_steps: 0,
            duplicates: Vec::new(),
            suspect: false,
            depth: 0,
            deepest: [0; 2],
        }
    }

    /// Counts one node, and fails if too many of them come from aliases.
    fn step(&mut self) -> Result<(), Error> {
        self.steps += 1;
        self.alias_steps += usize::from(!self.open.is_empty());
        let (steps, alias_steps) = (self.steps as f64, self.alias_steps as f64);
        if self.alias_steps > 100 && self.steps > 1000 && alias_steps / steps > alias_share(steps) {
            return Err(Error::Meaning("document contains excessive aliasing".to_owned()));
        }
        Ok(())
    }

    /// Does `follow` with the node that an alias stands for.
    fn alias<T>(
        &mut self,
        index: usize,
        target: usize,
        name: &str,
        follow: impl FnOnce(&mut Self, usize) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.open.contains(&index) {
            return Err(Error::Meaning(format!("anchor '{name}' value contains itself")));
        }
        self.open.push(index);
        if self.open.len() > super::MAX_DEPTH {
            return Err(Error::Depth);
        }
        let result = deep(|| follow(self, target))?;
        self.open.pop();
        Ok(result)
    }

    /// Runs `body`, which decodes a list or map at the current depth, one level deeper.
    fn deeper<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        self.deepest[1] = self.deepest[1].max(self.depth);
        if self.depth > MAX_DECODED_DEPTH {
            return Err(Error::Json(json::Error::Depth));
        }
        let result = deep(|| body(self));
        self.depth -= 1;
        result
    }

    fn node(&mut self, index: usize) -> Result<Value, Error> {
        self.step()?;
        self.deepest[0] = self.deepest[0].max(self.depth);
        let document = self.document;
        let node = &document.nodes[index];
        match &node.content {
            Content::Scalar { text, implicit } => self.scalar(node.tag.as_deref(), text, *implicit),
            Content::Sequence => {
                let items =
                    |decoder: &mut Self| document.children(index).map(|child| decoder.node(child)).collect();
                let items: Vec<_> = self.deeper(items)?;
                Ok(Value::list(items))
            }
            Content::Mapping => {
                let mut entries = Entries::new();
                self.deeper(|decoder| decoder.entries(index, &mut entries))?;
                Ok(Value::Map(Map::of(MapType::Any, entries)))
            }
            Content::Alias(target, name) => self.alias(index, *target, name, Self::node),
        }
    }

    /// Adds the entries of a mapping. Later ones replace earlier ones, merged ones too.
    fn entries(&mut self, mapping: usize, entries: &mut Entries) -> Result<(), Error> {
        let document = self.document;
        let mut children = document.children(mapping);
        while let (Some(key), Some(item)) = (children.next(), children.next()) {
            if is_merge(&document.nodes[key]) {
                self.merge(item, entries)?;
                continue;
            }
            let name = self.key(key)?;
            let value = self.node(item)?;
            if self.options.strict && entries.contains_key(&name) {
                let line = document.nodes[item].line + 1;
                self.duplicates.push(format!("line {line}: key {:?} already set in map", name.text()));
                continue;
            }
            entries.insert(name, value);
        }
        Ok(())
    }

    /// Adds the entries of the mappings that a merge key names.
    fn merge(&mut self, index: usize, entries: &mut Entries) -> Result<(), Error> {
        let document = self.document;
        match document.nodes[index].content {
            Content::Sequence => {
                let children: Vec<usize> = document.children(index).collect();
                // From the back, as the first mapping takes precedence.
                children.into_iter().rev().try_for_each(|child| self.merge_one(child, entries))
            }
            _ => self.merge_one(index, entries),
        }
    }

    fn merge_one(&mut self, index: usize, entries: &mut Entries) -> Result<(), Error> {
        let document = self.document;
        let is_mapping = |index: usize| matches!(document.nodes[index].content, Content::Mapping);
        match document.nodes[index].content {
            Content::Mapping => {
                self.step()?;
                self.entries(index, entries)
            }
            Content::Alias(target, name) if is_mapping(target) => {
                self.step()?;
                self.alias(index, target, name, |decoder, target| {
                    decoder.step()?;
                    decoder.entries(target, entries)
                })
            }
            _ => Err(Error::Meaning("map merge requires map or sequence of maps as the value".to_owned())),
        }
    }

    /// A key as JSON has it.
    fn key(&mut self, index: usize) -> Result<Str, Error> {
        let document = self.document;
        let node = &document.nodes[index];
        match &node.content {
            Content::Scalar { text, implicit } => {
                self.step()?;
                if !implicit && node.tag.is_none() {
                    return Ok(Str::from(&**text));
                }
                let (resolved, text) = tagged(node.tag.as_deref(), text, *implicit, self.options.rules)?;
                Ok(self.key_text(resolved, &text))
            }
            Content::Alias(target, name) => {
                self.step()?;
                self.alias(index, *target, name, Self::key)
            }
            Content::Sequence | Content::Mapping => {
                let key = self.node(index)?;
                Err(Error::Meaning(format!("invalid map key: {}", go_syntax(&key))))
            }
        }
    }

    /// A resolved key as a string.
    fn key_text(&mut self, resolved: Resolved, text: &str) -> Str {
        match resolved {
            Resolved::Str | Resolved::Timestamp => Str::from(text),
            Resolved::Bool(flag) => Str::from(if flag { "true" } else { "false" }),
            Resolved::Int(number) => Str::from(number.to_string()),
            Resolved::Float(number) => {
                let mut text = String::new();
                push_general_single(&mut text, number as f32);
                Str::from(text)
            }
            Resolved::Null => {
                self.suspect = true;
                Str::from([NO_KEY].as_slice())
            }
            Resolved::Unsigned(number) => {
                self.suspect = true;
                Str::from([&[NO_KEY], number.to_string().as_bytes()].concat())
            }
        }
    }

    fn scalar(&mut self, tag: Option<&str>, text: &str, implicit: bool) -> Result<Value, Error> {
        let (resolved, text) = tagged(tag, text, implicit, self.options.rules)?;
        Ok(match (resolved, self.options.numbers) {
            (Resolved::Null, _) => Value::Nil,
            (Resolved::Bool(flag), _) => Value::Bool(flag),
            (Resolved::Int(number), Numbers::Float) => Value::Float(number as f64),
            (Resolved::Int(number), Numbers::Exact) => Value::Int64(number),
            (Resolved::Unsigned(number), Numbers::Float) => Value::Float(number as f64),
            (Resolved::Unsigned(number), Numbers::Exact) => Value::Uint64(number),
            (Resolved::Float(number), _) => {
                self.suspect |= !number.is_finite();
                Value::Float(number)
            }
            (Resolved::Timestamp | Resolved::Str, _) => Value::Str(Str::from(&*text)),
        })
    }
}

/// How much of a document may come from aliases, by the number of its nodes: 99 % of a small one, 10 % of one
/// with millions.
fn alias_share(steps: f64) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    0.99 - 0.89 * ((steps - LOW) / (HIGH - LOW)).clamp(0.0, 1.0)
}

fn is_merge(node: &Node<'_>) -> bool {
    match &node.content {
        Content::Scalar { text, implicit } if text == "<<" => {
            *implicit || node.tag.as_deref().and_then(|tag| tag.strip_prefix(TAG_PREFIX)) == Some("merge")
        }
        _ => false,
    }
}

/// What a scalar means with its tag, if it has one; an unknown tag makes a string.
fn tagged<'t>(
    tag: Option<&str>,
    text: &'t str,
    implicit: bool,
    rules: Rules,
) -> Result<(Resolved, std::borrow::Cow<'t, str>), Error> {
    let Some(tag) = tag else {
        let resolved = if implicit { resolve(text, rules) } else { Resolved::Str };
        return Ok((resolved, text.into()));
    };
    let Some(kind) = tag.strip_prefix(TAG_PREFIX) else { return Ok((Resolved::Str, text.into())) };
    if kind == "binary" {
        let bytes = binary::decode(text)
            .ok_or_else(|| Error::Meaning("!!binary value contains invalid base64 data".to_owned()))?;
        return Ok((Resolved::Str, lossy(&bytes).into_owned().into()));
    }
    if !matches!(kind, "bool" | "int" | "float" | "null" | "timestamp") {
        return Ok((Resolved::Str, text.into()));
    }
    let mut resolved = resolve(text, rules);
    if resolved == Resolved::Timestamp && kind != "timestamp" {
        resolved = Resolved::Str;
    }
    let found = match resolved {
        Resolved::Null => "null",
        Resolved::Bool(_) => "bool",
        Resolved::Int(number) if kind == "float" => return Ok((Resolved::Float(number as f64), text.into())),
        Resolved::Int(_) | Resolved::Unsigned(_) => "int",
        Resolved::Float(_) => "float",
        Resolved::Timestamp => "timestamp",
        Resolved::Str => "str",
    };
    if found != kind {
        return Err(Error::Meaning(format!("cannot decode !!{found} `{text}` as a !!{kind}")));
    }
    Ok((resolved, text.into()))
}

/// The first byte of what stands for a key that JSON cannot have. No text that was read has it.
const NO_KEY: u8 = 0xff;

/// Fails for keys that JSON cannot have. Only now, as goyaml does: they may have been replaced since.
fn reject_keys(value: &Value) -> Result<(), Error> {
    match value {
        Value::List(list) => deep(|| list.iter().try_for_each(reject_keys)),
        Value::Map(map) => deep(|| {
            map.entries().iter().try_for_each(|(key, item)| match &**key {
                [NO_KEY] => Err(unsupported("%!s(<nil>)", "<nil>".to_owned(), item)),
                [NO_KEY, number @ ..] => {
                    let number: u64 = String::from_utf8_lossy(number).parse().unwrap_or(u64::MAX);
                    Err(unsupported("uint64", format!("{number:#x}"), item))
                }
                _ => reject_keys(item),
            })
        }),
        _ => Ok(()),
    }
}

fn unsupported(kind: &'static str, key: String, value: &Value) -> Error {
    Error::Key { kind, key, value: go_syntax(value) }
}

/// Fails for numbers that JSON cannot have.
fn reject_infinite(value: &Value) -> Result<(), Error> {
    match value {
        Value::Float(number) if !number.is_finite() => Err(Error::Json(json::Error::unsupported(*number))),
        Value::List(list) => deep(|| list.iter().try_for_each(reject_infinite)),
        Value::Map(map) => deep(|| map.entries().values().try_for_each(reject_infinite)),
        _ => Ok(()),
    }
}
