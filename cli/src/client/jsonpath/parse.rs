//! Templates as they are written. In: a text; out: its actions, each a row of steps.

use super::unquote;

/// How deep filters and lists of indexes may be nested in each other.
const MAX_DEPTH: usize = 32;

/// What stands in braces, or outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// Text outside braces.
    Text(String),
    /// One pair of braces.
    Steps(Vec<Step>),
}

/// From what was found to what is found next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Field(String),
    Wildcard,
    Recursive,
    Slice(Slice),
    Union(Vec<Vec<Step>>),
    Filter {
        left: Vec<Step>,
        operator: String,
        right: Vec<Step>,
    },
    Exists(Vec<Step>),
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// `range`, `end`, or a mistake.
    Word(String),
}

/// `[FROM:TO:STEP]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) from: Option<i64>,
    pub(super) to: To,
    pub(super) step: Option<i64>,
}

/// Where a slice ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    End,
    At(i64),
    /// One index only: the slice ends after it.
    After(i64),
}

/// The actions of a template.
pub(super) fn actions(text: &str, depth: usize) -> Result<Vec<Action>, String> {
    if depth > MAX_DEPTH {
        return Err(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            found.push(Action::Text(rest[..open].into()));
        }
        let mut reader = Reader { text: &rest[open + 1..], at: 0, depth };
        found.push(Action::Steps(reader.steps()?));
        rest = &rest[open + 1 + reader.at..];
    }
    if !rest.is_empty() {
        found.push(Action::Text(rest.into()));
    }
    Ok(found)
}

/// The steps of an expression that stands in another; what follows its own closing brace, if it has one, is ignored.
fn inner(text: &str, depth: usize) -> Result<Vec<Step>, String> {
    let first = actions(&format!("{{{text}}}"), depth + 1)?.into_iter().next();
    Ok(match first {
        Some(Action::Steps(steps)) => steps,
        _ => Vec::new(),
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// What comes until a character that is so.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(ends).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// What stands between the opening brace, which was read, and the closing one, which is read too.
    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with("[?(") {
                self.at += "[?(".len();
                steps.push(self.filter()?);
                continue;
            }
            if rest.starts_with("..") {
                self.at += "..".len();
                self.recursive(&mut steps)?;
                continue;
            }
            let start = self.at;
            match self.next() {
                Some('}') => return Ok(steps),
                None | Some('\n' | '\r') => return Err("unclosed action".into()),
                Some(' ' | '@' | '$') => {}
                Some('[') => self.array(&mut steps)?,
                Some(quote @ ('"' | '\'')) => steps.push(Step::Text(self.quoted(start, quote)?)),
                Some('.') => steps.push(self.field()),
                Some(first) if matches!(first, '+' | '-') || first.is_numeric() => {
                    self.until(|next| next != '.' && !next.is_numeric());
                    steps.push(number(&self.text[start..self.at])?);
                }
                Some(first) if first == '_' || first.is_alphabetic() => {
                    self.until(ends_word);
                    steps.push(match &self.text[start..self.at] {
                        "true" => Step::Bool(true),
                        "false" => Step::Bool(false),
                        word => Step::Word(word.into()),
                    });
                }
                Some(other) => return Err(format!("unrecognized character in action: {}", shown(other))),
            }
        }
    }

    /// After `..`.
    fn recursive(&mut self, steps: &mut Vec<Step>) -> Result<(), String> {
        if steps.last() == Some(&Step::Recursive) {
            return Err("invalid multiple recursive descent".into());
        }
        steps.push(Step::Recursive);
        if self.rest().starts_with(|next: char| next == '_' || next.is_alphanumeric()) {
            steps.push(self.field());
        }
        Ok(())
    }

    /// After `.`; a backslash makes the next character one of the name.
    fn field(&mut self) -> Step {
        let start = self.at;
        loop {
            self.until(|next| next == '\\' || ends_word(next));
            if !self.rest().starts_with('\\') {
                break;
            }
            self.next();
            self.next();
        }
        match &self.text[start..self.at] {
            "*" => Step::Wildcard,
            name => Step::Field(name.replace('\\', "")),
        }
    }

    /// After a quote, which began at `start`.
    fn quoted(&mut self, start: usize, quote: char) -> Result<String, String> {
        loop {
            self.until(|next| next == quote || next == '\n');
            match self.next() {
                Some(next) if next == quote => {}
                _ => return Err("unterminated quoted string".into()),
            }
            if self.text.as_bytes()[self.at - 2] != b'\\' {
                break;
            }
        }
        let text = &self.text[start..self.at];
        unquote::unquote(text).ok_or_else(|| format!("unquote string {text} error invalid syntax"))
    }

    /// After `[`.
    fn array(&mut self, steps: &mut Vec<Step>) -> Result<(), String> {
        let text = self.until(|next| next == ']' || next == '\n');
        if self.next() != Some(']') {
            return Err("unterminated array".into());
        }
        if text.contains(',') {
            let one = |index: &str| inner(&format!("[{}]", index.trim_matches(' ')), self.depth);
            steps.push(Step::Union(text.split(',').map(one).collect::<Result<_, _>>()?));
            return Ok(());
        }
        let name = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        if let Some(name) = name.filter(|name| !name.contains('\'')) {
            steps.extend(inner(&format!(".{name}"), self.depth)?);
            return Ok(());
        }
        steps.push(Step::Slice(slice(if text == "*" { ":" } else { text })?));
        Ok(())
    }

    /// After `[?(`. One quoted text is left out of the search for the end.
    fn filter(&mut self) -> Result<Step, String> {
        let start = self.at;
        let mut quote = None;
        let mut closed = false;
        loop {
            let next = self.next().filter(|next| *next != '\n').ok_or("unterminated filter")?;
            match next {
                '"' | '\'' if quote.is_none() => quote = Some(next),
                '"' | '\'' if quote == Some(next) && self.text.as_bytes()[self.at - 2] != b'\\' => {
                    closed = true;
                }
                ')' if quote.is_some() == closed => break,
                _ => {}
            }
        }
        let text = &self.text[start..self.at - 1];
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".into());
        }
        let is_operator = |next: char| matches!(next, '!' | '<' | '>' | '=');
        let begin = text.find(is_operator).filter(|begin| *begin > 0);
        let operation = begin.and_then(|begin| {
            let length = text[begin..].find(|next| !is_operator(next));
            // Of nothing but operators the last is what is compared with.
            let length = length.unwrap_or((text.len() - begin).saturating_sub(1));
            (length > 0).then_some((begin, begin + length))
        });
        let Some((begin, end)) = operation else { return Ok(Step::Exists(inner(text, self.depth)?)) };
        Ok(Step::Filter {
            left: inner(&text[..begin], self.depth)?,
            operator: text[begin..end].into(),
            right: inner(&text[end..], self.depth)?,
        })
    }
}

/// What a word or name ends before.
fn ends_word(next: char) -> bool {
    matches!(next, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

fn number(text: &str) -> Result<Step, String> {
    let whole = text.parse().map(Step::Int);
    let finite = |_| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Step::Float);
    whole.or_else(|error| finite(error).ok_or_else(|| format!("cannot parse number {text}")))
}

/// `FROM:TO:STEP`, `FROM:TO`, `FROM`; each may be missing.
fn slice(text: &str) -> Result<Slice, String> {
    let invalid = || format!("invalid array index {text}");
    let parts: Vec<&str> = text.split(':').collect();
    let digits =
        |part: &&str| part.strip_prefix('-').unwrap_or(part).bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(digits) {
        return Err(invalid());
    }
    let known = |at: usize| match parts.get(at).filter(|part| !part.is_empty()) {
        None => Ok(None),
        Some(part) => part.parse().map(Some).map_err(|_| format!("array index {part} is not a number")),
    };
    let from: Option<i64> = known(0)?;
    let to = match (parts.len(), known(1)?) {
        (1, _) => To::After(from.unwrap_or(0).saturating_add(1)),
        (_, None) => To::End,
        (_, Some(at)) => To::At(at),
    };
    Ok(Slice { from, to, step: known(2)? })
}

/// A character as Go names it.
fn shown(character: char) -> String {
    let code = format!("U+{:04X}", u32::from(character));
    if character.is_control() { code } else { format!("{code} '{character}'") }
}
