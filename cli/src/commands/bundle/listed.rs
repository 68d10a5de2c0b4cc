//! Flags that take several values at once, as Helm reads them: a line of values with commas between them, where quotes keep
//! the commas of one. In: the text of a flag; out: its values.

/// The values of one flag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed(pub Vec<String>);

impl Listed {
    /// The values of all of a flag's occurrences.
    pub fn all(flags: &[Self]) -> impl Iterator<Item = &String> {
        flags.iter().flat_map(|flag| &flag.0)
    }
}

/// Reads a flag's text.
///
/// # Errors
/// A quote in the wrong place, with its column.
pub fn listed(text: &str) -> Result<Listed, String> {
    let line = text.split('\n').next().unwrap_or_default();
    let mut values = Vec::new();
    let mut rest = line;
    while !line.is_empty() {
        let at = line.len() - rest.len();
        let wrong = |column: usize, what: &str| {
            Err(format!("parse error on line 1, column {}: {what}", at + column + 1))
        };
        let behind = match rest.strip_prefix('"') {
            None => {
                let (value, behind) = split(rest);
                if let Some(quote) = value.find('"') {
                    return wrong(quote, "bare \" in non-quoted-field");
                }
                values.push(value.to_owned());
                behind
            }
            Some(quoted) => {
                let Some((value, length)) = unquoted(quoted) else {
                    return wrong(rest.len(), "extraneous or missing \" in quoted-field");
                };
                values.push(value);
                match split(&quoted[length..]) {
                    ("", behind) => behind,
                    _ => return wrong(length, "extraneous or missing \" in quoted-field"),
                }
            }
        };
        match behind {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    Ok(Listed(values))
}

/// What is before the first comma, and what is behind it.
fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once(',').map_or((text, None), |(value, behind)| (value, Some(behind)))
}

/// What is before the closing quote, where two stand for one, and the length until behind it.
fn unquoted(text: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut at = 0;
    loop {
        let quote = at + text[at..].find('"')?;
        value.push_str(&text[at..quote]);
        if !text[quote + 1..].starts_with('"') {
            return Some((value, quote + 1));
        }
        value.push('"');
        at = quote + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_part_values_and_quotes_keep_them() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            ("a,", &["a", ""]),
            (" a , b", &[" a ", " b"]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"a\"\"b\"", &["a\"b"]),
            ("\"\"", &[""]),
            ("a\nb", &["a"]),
        ] {
            let expected = Listed(expected.iter().map(ToString::to_string).collect());
            assert_eq!(listed(text), Ok(expected), "{text}");
        }
        for (text, column, what) in [
            ("a\"b", 2, "bare \" in non-quoted-field"),
            ("\"a,b.yaml\",a\"c", 13, "bare \" in non-quoted-field"),
            ("\"a,b.yaml\"x", 10, "extraneous or missing \" in quoted-field"),
            ("\"a,b.yaml", 10, "extraneous or missing \" in quoted-field"),
        ] {
            let told = format!("parse error on line 1, column {column}: {what}");
            assert_eq!(listed(text), Err(told), "{text}");
        }
    }
}
