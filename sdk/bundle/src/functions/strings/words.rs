//! `snakecase`, `kebabcase`, `camelcase`. Source: xstrings 1.5, whose words these are: a run of capitals, a capital
//! with its small letters, a run of letters, of digits, of punctuation, of connectors (`-`, `_`, space).

use super::runes::{is_letter, is_number, is_punctuation, is_upper, runes, to_lower, to_upper};
use crate::{fault::Fault, functions::Call, value::Value};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    End,
    Invalid,
    Number,
    Capital,
    Letters,
    Connector,
    Punctuation,
    Other,
}

/// A text cut into words, from left to right.
struct Words<'a> {
    text: &'a [u8],
    kind: Kind,
    word: &'a [u8],
}

impl<'a> Words<'a> {
    fn advance(&mut self) {
        let (kind, length) = first_word(self.text);
        let (word, rest) = self.text.split_at(length);
        (self.kind, self.word, self.text) = (kind, word, rest);
    }

    fn is(&self, kinds: &[Kind]) -> bool {
        kinds.contains(&self.kind)
    }
}

/// The first valid character at `text`'s start, with the length of it and of the invalid bytes before it;
/// `previous` if there is none.
fn valid_rune(text: &[u8], previous: char) -> (char, usize) {
    let mut length = 0;
    for (rune, size) in runes(text) {
        length += size;
        if rune != char::REPLACEMENT_CHARACTER {
            return (rune, length);
        }
    }
    (previous, length)
}

/// How many bytes at the start of `text` belong to a run of characters that satisfy `belongs`; with the character
/// that ended it (or the last one) and the length of the run's last character.
fn run(text: &[u8], first: char, belongs: impl Fn(char) -> bool) -> (usize, char, usize) {
    let (mut length, mut rune, mut last) = (0, first, 0);
    while length < text.len() {
        let (next, size) = valid_rune(&text[length..], rune);
        rune = next;
        if !belongs(rune) {
            break;
        }
        length += size;
        last = size;
    }
    (length, rune, last)
}

fn first_word(text: &[u8]) -> (Kind, usize) {
    if text.is_empty() {
        return (Kind::End, 0);
    }
    let (first, size) = valid_rune(text, char::REPLACEMENT_CHARACTER);
    let rest = &text[size..];
    let small = |rune| is_alphabet(rune) && !is_upper(rune);
    let (kind, length) = match first {
        char::REPLACEMENT_CHARACTER => (Kind::Invalid, 0),
        rune if is_connector(rune) => (Kind::Connector, run(rest, rune, is_connector).0),
        rune if is_punctuation(rune) => (Kind::Punctuation, run(rest, rune, is_punctuation).0),
        rune if is_upper(rune) => (Kind::Capital, capital_word(rest, rune)),
        rune if is_alphabet(rune) => (Kind::Letters, run(rest, rune, small).0),
        rune if is_number(rune) => (Kind::Number, run(rest, rune, is_number).0),
        rune => {
            let other =
                |rune| !(is_connector(rune) || is_alphabet(rune) || is_number(rune) || is_punctuation(rune));
            (Kind::Other, run(rest, rune, other).0)
        }
    };
    (kind, size + length)
}

/// The rest of a word that began with a capital: `HTTP` of `HTTPStatus`, `Status` of `Status`.
fn capital_word(rest: &[u8], first: char) -> usize {
    let (capitals, next, last) = run(rest, first, is_upper);
    if capitals == 0 {
        return run(rest, first, |rune| is_alphabet(rune) && !is_upper(rune)).0;
    }
    // The last capital starts the next word if small letters follow.
    if capitals < rest.len() && is_alphabet(next) { capitals - last } else { capitals }
}

fn is_connector(rune: char) -> bool {
    rune == '-' || rune == '_' || rune.is_whitespace()
}

/// Letters, but for the Chinese characters that count as words of their own.
fn is_alphabet(rune: char) -> bool {
    let chinese =
        matches!(rune, '\u{4E00}'..='\u{9FCC}' | '\u{3400}'..='\u{4D85}' | '\u{20000}'..='\u{2B81D}');
    !chinese && is_letter(rune)
}

/// `snakecase TEXT` and `kebabcase TEXT`.
pub(super) fn separated(call: &Call<'_>, connector: char) -> Result<Value, Fault> {
    let mut words = Words { text: call.text(0)?, kind: Kind::End, word: b"" };
    let mut result = Vec::with_capacity(words.text.len() + 8);
    words.advance();
    while !words.text.is_empty() {
        let (kind, word) = (words.kind, words.word);
        if kind != Kind::Connector {
            write_word(&mut result, kind, word, connector);
        }
        words.advance();
        match kind {
            Kind::Number => finish_number(&mut words, &mut result, connector),
            Kind::Connector => write_word(&mut result, kind, word, connector),
            Kind::Punctuation => {}
            _ if words.kind == Kind::Number => after_letters(&mut words, &mut result, connector),
            _ => connect(&words, &mut result, connector, &[Kind::Connector, Kind::Punctuation]),
        }
    }
    write_word(&mut result, words.kind, words.word, connector);
    Ok(Value::string(result))
}

/// Digits swallow the small letters and digits after them (`2m3s`).
fn finish_number(words: &mut Words<'_>, result: &mut Vec<u8>, connector: char) {
    while words.is(&[Kind::Letters, Kind::Number]) {
        write_word(result, words.kind, words.word, connector);
        words.advance();
    }
    connect(words, result, connector, &[Kind::End, Kind::Invalid, Kind::Punctuation, Kind::Connector]);
}

/// Digits after letters belong to these (`bld4`), unless small letters follow the digits (`http_2xx`).
fn after_letters(words: &mut Words<'_>, result: &mut Vec<u8>, connector: char) {
    if words.text.is_empty() {
        return;
    }
    let digits = words.word;
    words.advance();
    if words.kind == Kind::Letters {
        push(result, connector);
        result.extend_from_slice(digits);
        finish_number(words, result, connector);
    } else {
        result.extend_from_slice(digits);
        connect(words, result, connector, &[Kind::Connector, Kind::Punctuation]);
    }
}

/// Writes the connector unless the word at hand is of a kind that takes none before it.
fn connect(words: &Words<'_>, result: &mut Vec<u8>, connector: char, without: &[Kind]) {
    if !words.is(without) {
        push(result, connector);
    }
}

fn write_word(result: &mut Vec<u8>, kind: Kind, word: &[u8], connector: char) {
    if kind != Kind::Capital && kind != Kind::Connector {
        result.extend_from_slice(word);
        return;
    }
    for (rune, _) in runes(word) {
        let written = match rune {
            rune if is_connector(rune) => connector,
            rune if is_upper(rune) => to_lower(rune),
            rune => rune,
        };
        push(result, written);
    }
}

fn push(result: &mut Vec<u8>, rune: char) {
    result.extend_from_slice(rune.encode_utf8(&mut [0; 4]).as_bytes());
}

/// `camelcase TEXT`: `FooBar` of `foo_bar`. Connectors at the start stay; the last one of a text of nothing else
/// comes out twice, as in Go's library.
pub(super) fn camel(call: &Call<'_>) -> Result<Value, Fault> {
    let characters: Vec<char> = runes(call.text(0)?).map(|(rune, _)| rune).collect();
    let leading = characters.iter().take_while(|rune| is_connector(**rune)).count();
    let mut result: String = characters[..leading].iter().collect();
    let Some((first, rest)) = characters[leading..].split_first() else {
        result.extend(characters.last());
        return Ok(Value::from(result));
    };
    let mut lowering = is_upper(*first);
    let mut pending = to_upper(*first);
    for rune in rest {
        let mut rune = *rune;
        match (is_connector(pending), is_connector(rune)) {
            (true, true) => result.push(pending),
            (true, false) => {
                lowering = is_upper(rune);
                rune = to_upper(rune);
            }
            (false, _) => {
                lowering = lowering && is_upper(rune);
                if lowering {
                    rune = to_lower(rune);
                }
                result.push(pending);
            }
        }
        pending = rune;
    }
    result.push(pending);
    Ok(Value::from(result))
}
