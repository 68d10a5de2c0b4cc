//! Cuts the text of a label selector into tokens (apimachinery `pkg/labels`).

/// A token; identifiers and operators keep their text for error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    End,
    Close,
    Comma,
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
    In,
    NotIn,
    Open,
    Word,
    /// A run of special characters that is no operator.
    Unknown,
}

/// All tokens of `text` with their spelling, ending with [`Token::End`].
pub(super) fn tokens(text: &str) -> Vec<(Token, &str)> {
    let mut list = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else {
            list.push((Token::End, ""));
            return list;
        };
        let (token, length) = if special(first) { symbol(rest) } else { word(rest) };
        list.push((token, &rest[..length]));
        rest = &rest[length..];
    }
}

fn special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn word(text: &str) -> (Token, usize) {
    let end = |c: char| special(c) || matches!(c, ' ' | '\t' | '\r' | '\n');
    let length = text.find(end).unwrap_or(text.len());
    let token = match &text[..length] {
        "in" => Token::In,
        "notin" => Token::NotIn,
        _ => Token::Word,
    };
    (token, length)
}

fn symbol(text: &str) -> (Token, usize) {
    match text.as_bytes() {
        [b'=', b'=', ..] => (Token::DoubleEquals, 2),
        [b'!', b'=', ..] => (Token::NotEquals, 2),
        [b'=', ..] => (Token::Equals, 1),
        [b'!', ..] => (Token::Not, 1),
        [b'(', ..] => (Token::Open, 1),
        [b')', ..] => (Token::Close, 1),
        [b',', ..] => (Token::Comma, 1),
        [b'>', ..] => (Token::Greater, 1),
        [b'<', ..] => (Token::Less, 1),
        _ => (Token::Unknown, text.chars().next().map_or(0, char::len_utf8)),
    }
}
