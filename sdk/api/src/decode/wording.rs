//! What Go's JSON scanner says about malformed JSON; used only after decoding has failed.
//!
//! Source: the states and messages of Go's `encoding/json` scanner.

/// Deepest nesting that is still explained.
const DEPTH_MAX: usize = 10_000;

/// Go's message for `bytes`, or `None` when Go would find no syntax error.
pub(super) fn explain(bytes: &[u8]) -> Option<String> {
    let mut scanner = Scanner { bytes, at: 0 };
    scanner.document().err()
}

#[derive(Clone, Copy, PartialEq)]
enum Container {
    Array,
    Object,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), String> {
        let mut open = Vec::new();
        self.value_or_opening(&mut open)?;
        while let Some(container) = open.last().copied() {
            match (self.token()?, container) {
                (b',', Container::Array) => self.value_or_opening(&mut open)?,
                (b',', Container::Object) => {
                    let first = self.token()?;
                    self.key_and_value(first, &mut open)?;
                }
                (b']', Container::Array) | (b'}', Container::Object) => {
                    open.pop();
                }
                (_, Container::Array) => return Err(self.bad("after array element")),
                (_, Container::Object) => return Err(self.bad("after object key:value pair")),
            }
        }
        match self.token() {
            Ok(_) => Err(self.bad("after top-level value")),
            Err(_) => Ok(()),
        }
    }

    /// A scalar or an empty container, or the opening of one with its first value.
    fn value_or_opening(&mut self, open: &mut Vec<Container>) -> Result<(), String> {
        loop {
            if open.len() > DEPTH_MAX {
                return Err("exceeded max depth".into());
            }
            match self.token()? {
                b'[' => {
                    let start = self.at;
                    if self.token()? == b']' {
                        return Ok(());
                    }
                    self.at = start;
                    open.push(Container::Array);
                }
                b'{' => match self.token()? {
                    b'}' => return Ok(()),
                    first => {
                        open.push(Container::Object);
                        self.key(first)?;
                    }
                },
                b'"' => return self.string(),
                b't' => return self.literal("true"),
                b'f' => return self.literal("false"),
                b'n' => return self.literal("null"),
                first @ (b'-' | b'0'..=b'9') => return self.number(first),
                _ => return Err(self.bad("looking for beginning of value")),
            }
        }
    }

    fn key_and_value(&mut self, first: u8, open: &mut Vec<Container>) -> Result<(), String> {
        self.key(first)?;
        self.value_or_opening(open)
    }

    fn key(&mut self, first: u8) -> Result<(), String> {
        if first != b'"' {
            return Err(self.bad("looking for beginning of object key string"));
        }
        self.string()?;
        if self.token()? == b':' { Ok(()) } else { Err(self.bad("after object key")) }
    }

    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.byte()? {
                b'"' => return Ok(()),
                b'\\' => match self.byte()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            if !self.byte()?.is_ascii_hexdigit() {
                                return Err(self.bad("in \\u hexadecimal character escape"));
                            }
                        }
                    }
                    _ => return Err(self.bad("in string escape code")),
                },
                0..=0x1f => return Err(self.bad("in string literal")),
                _ => {}
            }
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for expected in word.bytes().skip(1) {
            if self.byte()? != expected {
                let expected = char::from(expected);
                return Err(self.bad(&format!("in literal {word} (expecting '{expected}')")));
            }
        }
        Ok(())
    }

    fn number(&mut self, first: u8) -> Result<(), String> {
        let first = if first == b'-' { self.byte()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return Err(self.bad("in numeric literal")),
        }
        if self.eat(b".") {
            if !self.byte()?.is_ascii_digit() {
                return Err(self.bad("after decimal point in numeric literal"));
            }
            self.digits();
        }
        if self.eat(b"eE") {
            self.eat(b"+-");
            if !self.byte()?.is_ascii_digit() {
                return Err(self.bad("in exponent of numeric literal"));
            }
            self.digits();
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn eat(&mut self, any: &[u8]) -> bool {
        let found = self.bytes.get(self.at).is_some_and(|byte| any.contains(byte));
        self.at += usize::from(found);
        found
    }

    fn byte(&mut self) -> Result<u8, String> {
        let byte = *self.bytes.get(self.at).ok_or("unexpected end of JSON input")?;
        self.at += 1;
        Ok(byte)
    }

    fn token(&mut self) -> Result<u8, String> {
        loop {
            match self.byte()? {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                byte => return Ok(byte),
            }
        }
    }

    /// Complains about the byte just read.
    fn bad(&self, context: &str) -> String {
        let byte = self.bytes[self.at - 1];
        let shown = match byte {
            b'\'' => "\\'".into(),
            b'"' => "\"".into(),
            b'\\' => "\\\\".into(),
            b'\n' => "\\n".into(),
            b'\r' => "\\r".into(),
            b'\t' => "\\t".into(),
            b' '..=b'~' => char::from(byte).to_string(),
            0..=0x7f => format!("\\x{byte:02x}"),
            _ => char::from(byte).to_string(),
        };
        format!("invalid character '{shown}' {context}")
    }
}
