//! Go's regular expressions read: literals, escapes, repetitions and groups. Source: Go's `regexp/syntax` with the
//! flags of `regexp.Compile`.
//!
//! In: a pattern. Out: an expression for the matcher, or Go's words for what is wrong. Differences from Rust's own
//! syntax that make this parser necessary: `\d \w \s \b` and `[:alpha:]` are ASCII only, `\Q..\E` quotes, `{` is
//! literal where no repetition follows, repetitions cannot be stacked and count to 1000 at most, `[` needs no
//! escape in a class, there are no class operations, no `\<`, `\u`, `\x{..}` of other forms.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

use super::class;

/// Largest count of a repetition, nested ones multiplied.
const MAX_REPETITION: u64 = 1000;
/// Deepest nesting of groups. Go allows 1000; nobody writes more than a few.
pub(super) const MAX_NESTING: usize = 200;

/// What `(?i)` and its like switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `i`: upper and lower case alike.
    pub(super) fold_case: bool,
    /// `m`: `^` and `$` at each line.
    pub(super) lines: bool,
    /// `s`: `.` matches a new line too.
    pub(super) dot_all: bool,
    /// `U`: repetitions take as little as they can.
    pub(super) lazy: bool,
}

/// A part of an expression.
pub(super) struct Piece {
    pub(super) expression: Hir,
    /// The counts of the repetitions in it, multiplied.
    pub(super) weight: u64,
}

impl Piece {
    fn new(expression: Hir) -> Self {
        Self { expression, weight: 1 }
    }
}

/// The reader of one pattern.
pub(super) struct Parser<'a> {
    /// What is still to be read.
    pub(super) rest: &'a str,
    pub(super) flags: Flags,
    /// The names of the groups so far, empty for those without.
    pub(super) groups: Vec<&'a str>,
    pub(super) depth: usize,
}

/// Reads a pattern: the expression, and the names of its groups, empty for those without.
///
/// # Errors
/// Go's words for what is wrong.
pub(super) fn parse(pattern: &str) -> Result<(Hir, Vec<String>), String> {
    let mut parser = Parser { rest: pattern, flags: Flags::default(), groups: Vec::new(), depth: 0 };
    let unclosed = |cause: String| match cause.as_str() {
        "missing closing )" => format!("{cause}: `{pattern}`"),
        _ => cause,
    };
    let piece = parser.alternatives().map_err(unclosed)?;
    if !parser.rest.is_empty() {
        return Err(format!("unexpected ): `{pattern}`"));
    }
    Ok((piece.expression, parser.groups.into_iter().map(String::from).collect()))
}

impl<'a> Parser<'a> {
    /// Takes `prefix` off what is to be read.
    pub(super) fn eat(&mut self, prefix: &str) -> bool {
        let behind = self.rest.strip_prefix(prefix);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// Takes one character off.
    pub(super) fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let first = characters.next();
        self.rest = characters.as_str();
        first
    }

    /// `a|b|c`, up to a closing parenthesis or the end.
    pub(super) fn alternatives(&mut self) -> Result<Piece, String> {
        let (mut alternatives, mut weight) = (Vec::new(), 1);
        loop {
            let piece = self.sequence()?;
            weight = weight.max(piece.weight);
            alternatives.push(piece.expression);
            if !self.eat("|") {
                return Ok(Piece { expression: Hir::alternation(alternatives), weight });
            }
        }
    }

    fn sequence(&mut self) -> Result<Piece, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut after_repetition = false;
        while let Some(first) = self.rest.chars().next().filter(|first| !matches!(first, '|' | ')')) {
            let start = self.rest;
            if let Some((least, most)) = self.repetition(first)? {
                let lazy = self.eat("?") != self.flags.lazy;
                let operator = &start[..start.len() - self.rest.len()];
                if after_repetition {
                    return Err(format!("invalid nested repetition operator: `{operator}`"));
                }
                let Some(piece) = pieces.pop() else {
                    return Err(format!("missing argument to repetition operator: `{operator}`"));
                };
                pieces.push(repeated(piece, least, most, lazy, first == '{', operator)?);
                after_repetition = true;
            } else {
                self.piece(&mut pieces)?;
                after_repetition = false;
            }
        }
        let weight = pieces.iter().map(|piece| piece.weight).max().unwrap_or(1);
        Ok(Piece {
            expression: Hir::concat(pieces.into_iter().map(|piece| piece.expression).collect()),
            weight,
        })
    }

    /// The repetition operator that begins with `first`, taken off: least and most counts.
    fn repetition(&mut self, first: char) -> Result<Option<(u32, Option<u32>)>, String> {
        let bounds = match first {
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            '{' => {
                let Some((least, most, behind)) = counts(&self.rest[1..]) else { return Ok(None) };
                let operator = &self.rest[..self.rest.len() - behind.len()];
                let too_large = least > MAX_REPETITION || most.is_some_and(|most| most > MAX_REPETITION);
                if too_large || most.is_some_and(|most| most < least) {
                    return Err(format!("invalid repeat count: `{operator}`"));
                }
                self.rest = behind;
                return Ok(Some((least as u32, most.map(|most| most as u32))));
            }
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(bounds))
    }

    /// One character, class, group or position; nothing for flags and empty quotations.
    fn piece(&mut self, pieces: &mut Vec<Piece>) -> Result<(), String> {
        let start = self.rest;
        let expression = match self.next() {
            Some('(') => return self.group(pieces),
            Some('[') => Hir::class(Class::Unicode(class::bracketed(self, start)?)),
            Some('.') if self.flags.dot_all => Hir::class(Class::Unicode(class::any())),
            Some('.') => Hir::class(Class::Unicode(class::any_but('\n'))),
            Some('^') => Hir::look(if self.flags.lines { Look::StartLF } else { Look::Start }),
            Some('$') => Hir::look(if self.flags.lines { Look::EndLF } else { Look::End }),
            Some('\\') => return self.escape(start, pieces),
            Some(literal) => self.literal(literal),
            None => return Ok(()),
        };
        pieces.push(Piece::new(expression));
        Ok(())
    }

    /// What follows a backslash, at which `start` begins.
    fn escape(&mut self, start: &'a str, pieces: &mut Vec<Piece>) -> Result<(), String> {
        let look = match self.rest.chars().next() {
            Some('A') => Some(Look::Start),
            Some('z') => Some(Look::End),
            Some('b') => Some(Look::WordAscii),
            Some('B') => Some(Look::WordAsciiNegate),
            _ => None,
        };
        let expression = if let Some(look) = look {
            self.next();
            Hir::look(look)
        } else if self.eat("Q") {
            let (quoted, behind) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.rest = behind;
            pieces.extend(quoted.chars().map(|literal| Piece::new(self.literal(literal))));
            return Ok(());
        } else if let Some(class) = class::escaped(self, start)? {
            Hir::class(Class::Unicode(class))
        } else {
            let literal = class::escaped_character(self, start)?;
            self.literal(literal)
        };
        pieces.push(Piece::new(expression));
        Ok(())
    }

    fn literal(&self, literal: char) -> Hir {
        if !self.flags.fold_case {
            return Hir::literal(literal.encode_utf8(&mut [0; 4]).as_bytes());
        }
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(literal, literal)]);
        class.case_fold_simple();
        Hir::class(Class::Unicode(class))
    }
}

/// `piece` repeated; counted repetitions multiply up to [`MAX_REPETITION`].
fn repeated(
    piece: Piece,
    least: u32,
    most: Option<u32>,
    lazy: bool,
    counted: bool,
    operator: &str,
) -> Result<Piece, String> {
    let count = u64::from(most.unwrap_or(least));
    let weight = match (counted, count) {
        (false, _) => piece.weight,
        (true, 0) => 1,
        (true, count) => piece.weight * count,
    };
    if weight > MAX_REPETITION {
        return Err(format!("invalid repeat count: `{operator}`"));
    }
    let repetition = Repetition { min: least, max: most, greedy: !lazy, sub: Box::new(piece.expression) };
    Ok(Piece { expression: Hir::repetition(repetition), weight })
}

/// The counts of `n}`, `n,}` and `n,m}`, and what is behind; `None` if `text` has none of these forms.
fn counts(text: &str) -> Option<(u64, Option<u64>, &str)> {
    let (least, rest) = count(text)?;
    if let Some(behind) = rest.strip_prefix('}') {
        return Some((least, Some(least), behind));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(behind) = rest.strip_prefix('}') {
        return Some((least, None, behind));
    }
    let (most, rest) = count(rest)?;
    Some((least, Some(most), rest.strip_prefix('}')?))
}

/// A number without leading zeros; one too long to be one is the largest there is.
fn count(text: &str) -> Option<(u64, &str)> {
    let rest = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().unwrap_or(u64::MAX), rest))
}
