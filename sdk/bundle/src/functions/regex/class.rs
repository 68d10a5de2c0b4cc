//! Classes of characters: `[a-z]`, `[[:alpha:]]`, `\d`, `\pL`, `\p{Greek}`, and escaped single characters.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::syntax::Parser;

/// Every character.
pub(super) fn any() -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)])
}

/// Every character but one.
pub(super) fn any_but(excluded: char) -> ClassUnicode {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(excluded, excluded)]);
    class.negate();
    class
}

fn of_ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(first, last)| ClassUnicodeRange::new(*first, *last)))
}

/// Folded if the flag says so, then negated: in this order, as in Go.
fn finished(mut class: ClassUnicode, fold_case: bool, negated: bool) -> ClassUnicode {
    if fold_case {
        class.case_fold_simple();
    }
    if negated {
        class.negate();
    }
    class
}

/// `[..]`, whose bracket is read; `start` begins with it.
pub(super) fn bracketed(parser: &mut Parser<'_>, start: &str) -> Result<ClassUnicode, String> {
    let negated = parser.eat("^");
    let fold_case = parser.flags.fold_case;
    let mut class = ClassUnicode::empty();
    let mut first = true;
    while first || !parser.eat("]") {
        first = false;
        if let Some(named) = posix(parser)? {
            class.union(&named);
            continue;
        }
        let here = parser.rest;
        if parser.eat("\\") {
            if let Some(escaped) = escaped(parser, here)? {
                class.union(&escaped);
                continue;
            }
            parser.rest = here;
        }
        let range = range(parser, start)?;
        class.union(&finished(ClassUnicode::new([range]), fold_case, false));
    }
    if negated {
        class.negate();
    }
    Ok(class)
}

/// `a` or `a-z`.
fn range(parser: &mut Parser<'_>, start: &str) -> Result<ClassUnicodeRange, String> {
    let here = parser.rest;
    let first = class_character(parser, start)?;
    let ends_here =
        !parser.rest.starts_with('-') || parser.rest[1..].is_empty() || parser.rest[1..].starts_with(']');
    if ends_here {
        return Ok(ClassUnicodeRange::new(first, first));
    }
    parser.eat("-");
    let last = class_character(parser, start)?;
    if last < first {
        let range = &here[..here.len() - parser.rest.len()];
        return Err(format!("invalid character class range: `{range}`"));
    }
    Ok(ClassUnicodeRange::new(first, last))
}

fn class_character(parser: &mut Parser<'_>, start: &str) -> Result<char, String> {
    let here = parser.rest;
    match parser.next() {
        None => Err(format!("missing closing ]: `{start}`")),
        Some('\\') => escaped_character(parser, here),
        Some(character) => Ok(character),
    }
}

/// `[:alpha:]` inside brackets, if that is what comes next.
fn posix(parser: &mut Parser<'_>) -> Result<Option<ClassUnicode>, String> {
    let Some((name, behind)) = parser.rest.strip_prefix("[:").and_then(|inside| inside.split_once(":]"))
    else {
        return Ok(None);
    };
    let positive = name.strip_prefix('^');
    let ranges: &[(char, char)] = match positive.unwrap_or(name) {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7F')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1F'), ('\x7F', '\x7F')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return Err(format!("invalid character class range: `[:{name}:]`")),
    };
    parser.rest = behind;
    Ok(Some(finished(of_ranges(ranges), parser.flags.fold_case, positive.is_some())))
}

/// `\d`, `\pL` and their like, whose backslash is read; `None` if it is no class.
pub(super) fn escaped(parser: &mut Parser<'_>, start: &str) -> Result<Option<ClassUnicode>, String> {
    let Some(letter) = parser.rest.chars().next() else { return Ok(None) };
    let ranges: &[(char, char)] = match letter.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\x0C', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
        'p' => return unicode(parser, start).map(Some),
        _ => return Ok(None),
    };
    parser.next();
    Ok(Some(finished(of_ranges(ranges), parser.flags.fold_case, letter.is_ascii_uppercase())))
}

/// `pL`, `PL`, `p{Greek}`, `p{^Greek}`.
fn unicode(parser: &mut Parser<'_>, start: &str) -> Result<ClassUnicode, String> {
    let refused =
        |rest: &str| format!("invalid character class range: `{}`", &start[..start.len() - rest.len()]);
    let mut negated = parser.next() == Some('P');
    let here = parser.rest;
    let mut name = if parser.eat("{") {
        let (name, behind) = parser.rest.split_once('}').ok_or_else(|| refused(""))?;
        parser.rest = behind;
        name
    } else {
        parser.next();
        &here[..here.len() - parser.rest.len()]
    };
    if let Some(positive) = name.strip_prefix('^') {
        (name, negated) = (positive, !negated);
    }
    let table = category_or_script(name).ok_or_else(|| refused(parser.rest))?;
    Ok(finished(table, parser.flags.fold_case, negated))
}

/// The characters of a general category or a script.
fn category_or_script(name: &str) -> Option<ClassUnicode> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b" _-".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_name) {
        return None;
    }
    ["gc", "sc"].iter().find_map(|property| {
        let parsed = regex_syntax::parse(&format!("\\p{{{property}={name}}}")).ok()?;
        match parsed.into_kind() {
            HirKind::Class(Class::Unicode(class)) => Some(class),
            HirKind::Literal(literal) => {
                let character = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
                Some(of_ranges(&[(character, character)]))
            }
            _ => None,
        }
    })
}

/// The character that an escape means, whose backslash is read.
pub(super) fn escaped_character(parser: &mut Parser<'_>, start: &str) -> Result<char, String> {
    let refused = |rest: &str| format!("invalid escape sequence: `{}`", &start[..start.len() - rest.len()]);
    let letter = parser.next().ok_or("trailing backslash at end of expression: ``")?;
    let character = match letter {
        'a' => '\x07',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        // One digit alone would be a reference to a group, which does not exist here.
        '1'..='7' if !parser.rest.starts_with(|next| matches!(next, '0'..='7')) => {
            return Err(refused(parser.rest));
        }
        '0'..='7' => octal(parser, letter),
        'x' => hexadecimal(parser).ok_or_else(|| refused(parser.rest))?,
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
        _ => return Err(refused(parser.rest)),
    };
    Ok(character)
}

/// Up to three octal digits.
fn octal(parser: &mut Parser<'_>, first: char) -> char {
    let mut code = first.to_digit(8).unwrap_or_default();
    for _ in 0..2 {
        let Some(digit) = parser.rest.chars().next().and_then(|digit| digit.to_digit(8)) else { break };
        parser.next();
        code = code * 8 + digit;
    }
    char::from_u32(code).unwrap_or_default()
}

/// `7F` or `{10FFFF}`.
fn hexadecimal(parser: &mut Parser<'_>) -> Option<char> {
    let digits = if parser.eat("{") {
        let (digits, behind) = parser.rest.split_once('}')?;
        parser.rest = behind;
        digits
    } else {
        let digits = parser.rest.get(..2)?;
        parser.rest = &parser.rest[2..];
        digits
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let significant = Some(digits.trim_start_matches('0')).filter(|_| all_digits)?;
    let code = if significant.is_empty() { 0 } else { u32::from_str_radix(significant, 16).ok()? };
    char::from_u32(code)
}
