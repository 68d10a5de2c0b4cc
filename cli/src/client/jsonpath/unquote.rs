//! Quoted text with Go's escapes, in either kind of quotes.

/// What a text in quotes says; `None` if it is none.
pub(super) fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    if !inner.contains(['\\', quote]) {
        return Some(inner.into());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => escape(&mut rest, quote, &mut bytes)?,
            next if next == quote => return None,
            next => bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What comes after a backslash.
fn escape(rest: &mut std::str::Chars<'_>, quote: char, bytes: &mut Vec<u8>) -> Option<()> {
    let kind = rest.next()?;
    let mut number = |first: Option<char>, count: usize, radix: u32| {
        let digits = first.into_iter().chain(rest.by_ref()).take(count);
        let mut all = 0;
        let value = digits
            .inspect(|_| all += 1)
            .try_fold(0u32, |sum, digit| Some(sum * radix + digit.to_digit(radix)?));
        value.filter(|_| all == count)
    };
    let byte = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        kind if kind == quote => kind as u8,
        'x' => u8::try_from(number(None, 2, 16)?).ok()?,
        '0'..='7' => u8::try_from(number(Some(kind), 3, 8)?).ok()?,
        'u' | 'U' => {
            let character = char::from_u32(number(None, if kind == 'u' { 4 } else { 8 }, 16)?)?;
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(());
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_quotes_say_what_they_say_in_go() {
        for (text, expected) in [
            (r#""a""#, Some("a")),
            (r#""it's""#, Some("it's")),
            (r"'it\'s'", Some("it's")),
            (r#""\'""#, None),
            (r#""a\tb\n\\""#, Some("a\tb\n\\")),
            (r#""\u00e9\x41\101\U0001f600""#, Some("éAA😀")),
            (r#""\u00e""#, None),
            (r#""\q""#, None),
            (r#""\400""#, None),
            (r#""\""#, None),
            (r#"""#, None),
            (r#""a"b""#, None),
        ] {
            assert_eq!(unquote(text).as_deref(), expected, "{text}");
        }
    }
}
