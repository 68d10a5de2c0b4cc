//! The patterns of `.Files.Glob`: `*`, `**`, `?`, `[a-z]`, `[!abc]`, `{a,b}`, with `/` as the separator.
//! Source: gobwas/glob. A malformed pattern matches everything, as Helm has it.

use std::{collections::BTreeSet, iter::Peekable, str::Chars};

/// How deep braces may nest; deeper patterns match everything.
const MAX_DEPTH: usize = 32;

/// A pattern.
#[derive(Debug)]
pub struct Glob(Option<Vec<Token>>);

#[derive(Debug)]
enum Token {
    Text(char),
    /// `?`: one character but the separator.
    Single,
    /// `*`: any characters but the separator.
    Any,
    /// `**`: any characters.
    Super,
    Range {
        low: char,
        high: char,
        negated: bool,
    },
    List {
        members: Vec<char>,
        negated: bool,
    },
    Terms(Vec<Vec<Token>>),
}

struct Malformed;

impl Glob {
    /// Reads a pattern.
    pub fn new(pattern: &str) -> Self {
        let mut letters = pattern.chars().peekable();
        Self(sequence(&mut letters, 0).map(|(tokens, _)| tokens).ok())
    }

    /// Whether all of `path` matches.
    pub fn matches(&self, path: &str) -> bool {
        let Some(tokens) = &self.0 else { return true };
        let path: Vec<char> = path.chars().collect();
        run(tokens, &path, BTreeSet::from([0])).contains(&path.len())
    }
}

/// The positions after `tokens`, from each of `starts`.
fn run(tokens: &[Token], path: &[char], starts: BTreeSet<usize>) -> BTreeSet<usize> {
    tokens.iter().fold(starts, |starts, token| match token {
        Token::Terms(terms) => terms.iter().flat_map(|term| run(term, path, starts.clone())).collect(),
        Token::Any => starts.into_iter().flat_map(|start| start..=end_of_element(path, start)).collect(),
        Token::Super => starts.first().map_or_else(BTreeSet::new, |first| (*first..=path.len()).collect()),
        one => starts
            .into_iter()
            .filter(|start| path.get(*start).is_some_and(|letter| is_match(one, *letter)))
            .map(|start| start + 1)
            .collect(),
    })
}

fn end_of_element(path: &[char], start: usize) -> usize {
    path[start..].iter().position(|letter| *letter == '/').map_or(path.len(), |length| start + length)
}

fn is_match(token: &Token, letter: char) -> bool {
    match token {
        Token::Text(text) => *text == letter,
        Token::Single => letter != '/',
        Token::Range { low, high, negated } => (*low..=*high).contains(&letter) != *negated,
        Token::List { members, negated } => members.contains(&letter) != *negated,
        Token::Any | Token::Super | Token::Terms(_) => false,
    }
}

/// Tokens up to the end or, within braces, to a comma or a closing brace; also what ended them.
fn sequence(
    letters: &mut Peekable<Chars<'_>>,
    depth: usize,
) -> Result<(Vec<Token>, Option<char>), Malformed> {
    let mut tokens = Vec::new();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            '\\' => match letters.next() {
                Some(literal) => Token::Text(literal),
                None => break,
            },
            '?' => Token::Single,
            '*' if letters.next_if_eq(&'*').is_some() => Token::Super,
            '*' => Token::Any,
            '[' => class(letters)?,
            '{' => terms(letters, depth + 1)?,
            ',' | '}' if depth > 0 => return Ok((tokens, Some(letter))),
            literal => Token::Text(literal),
        });
    }
    Ok((tokens, None))
}

/// What stands in braces; a missing closing brace is let pass.
fn terms(letters: &mut Peekable<Chars<'_>>, depth: usize) -> Result<Token, Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let mut terms = Vec::new();
    loop {
        let (tokens, end) = sequence(letters, depth)?;
        terms.push(tokens);
        if end != Some(',') {
            return Ok(Token::Terms(terms));
        }
    }
}

/// One range or one list of characters, after its bracket.
fn class(letters: &mut Peekable<Chars<'_>>) -> Result<Token, Malformed> {
    let negated = letters.next_if_eq(&'!').is_some();
    let first = letters.next().ok_or(Malformed)?;
    if letters.next_if_eq(&'-').is_some() {
        let high = letters.next().filter(|high| *high >= first).ok_or(Malformed)?;
        return match letters.next() {
            Some(']') => Ok(Token::Range { low: first, high, negated }),
            _ => Err(Malformed),
        };
    }
    let mut members = Vec::new();
    let mut next = Some(first);
    loop {
        match next.ok_or(Malformed)? {
            ']' if members.is_empty() => return Err(Malformed),
            ']' => return Ok(Token::List { members, negated }),
            '\\' => members.push(letters.next().ok_or(Malformed)?),
            member => members.push(member),
        }
        next = letters.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let cases = [
            ("*.txt", "a.txt", true),
            ("*.txt", "d/a.txt", false),
            ("**.txt", "d/a.txt", true),
            ("d/**", "d/e/f", true),
            ("d/*", "d/e/f", false),
            ("d/**/f", "d/e/f", true),
            ("d/**/f", "d/f", false),
            ("?.txt", "a.txt", true),
            ("?", "/", false),
            ("[a-c].txt", "b.txt", true),
            ("[!a-c].txt", "b.txt", false),
            ("[abc]", "c", true),
            ("[!abc]", "d", true),
            ("{a,b/c}.txt", "b/c.txt", true),
            ("{a,{b,c}}", "c", true),
            ("{a,b", "b", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("[a-c0-9]", "anything/at all", true),
            ("[", "x", true),
            ("", "", true),
            ("", "a", false),
            ("a,b", "a,b", true),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(Glob::new(pattern).matches(path), expected, "{pattern} {path}");
        }
    }
}
