//! Go's `filepath.Match`: `*`, `?` and classes never match a slash; a backslash takes the next character literally.

/// A pattern that is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// Whether the whole `name` matches. Malformed parts fail only where Go's scan reaches them.
///
/// # Errors
/// If the pattern is malformed.
pub fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    check(&pattern)?;
    Ok(matches_at(&pattern, &name))
}

/// Refuses what Go refuses: classes without an end or without a member, a backslash at the end.
fn check(pattern: &[char]) -> Result<(), BadPattern> {
    let mut rest = pattern;
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            '\\' => after.get(1..).ok_or(BadPattern)?,
            '[' => class(after, '\0')?.1,
            _ => after,
        };
    }
    Ok(())
}

fn matches_at(pattern: &[char], name: &[char]) -> bool {
    // The last star seen and where its match began: enough to go back to, since a later star makes the earlier moot.
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(at) {
            None if position == name.len() => return true,
            None => None,
            Some('*') => {
                star = Some((at + 1, position));
                Some((at + 1, position))
            }
            Some(_) => match name.get(position) {
                None => return false,
                Some(letter) => one(&pattern[at..], *letter).map(|used| (at + used, position + 1)),
            },
        };
        (at, position) = match (step, star) {
            (Some(next), _) => next,
            (None, Some((after, began))) if name.get(began).is_some_and(|letter| *letter != '/') => {
                star = Some((after, began + 1));
                (after, began + 1)
            }
            (None, _) => return false,
        };
    }
}

/// How many characters of the pattern match `letter`, if they do.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match pattern[0] {
        '?' => (letter != '/').then_some(1),
        '\\' => (pattern.get(1) == Some(&letter)).then_some(2),
        '[' => {
            let (hit, rest) = class(&pattern[1..], letter).ok()?;
            (hit && letter != '/').then_some(pattern.len() - rest.len())
        }
        literal => (literal == letter).then_some(1),
    }
}

/// Reads a class after its `[`; whether `letter` is of it, and what follows the `]`.
fn class(pattern: &[char], letter: char) -> Result<(bool, &[char]), BadPattern> {
    let (negated, mut rest) = match pattern.split_first() {
        Some(('^', rest)) => (true, rest),
        _ => (false, pattern),
    };
    let (mut hit, mut members) = (false, 0);
    loop {
        if members > 0
            && let Some((']', after)) = rest.split_first()
        {
            return Ok((hit != negated, after));
        }
        let (low, after) = member(rest)?;
        let (high, after) = match after.split_first() {
            Some(('-', after)) => member(after)?,
            _ => (low, after),
        };
        hit |= low <= letter && letter <= high;
        members += 1;
        rest = after;
    }
}

fn member(pattern: &[char]) -> Result<(char, &[char]), BadPattern> {
    let (letter, rest) = match pattern.split_first().ok_or(BadPattern)? {
        ('-' | ']', _) => return Err(BadPattern),
        ('\\', rest) => rest.split_first().ok_or(BadPattern)?,
        pair => pair,
    };
    if rest.is_empty() { Err(BadPattern) } else { Ok((*letter, rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_go_does() {
        let cases = [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a/b", false),
            ("a*/b", "abc/b", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("ab[c]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[x\\-]", "-", true),
            ("*x", "xxx", true),
            ("templates/.?*", "templates/.x", true),
            ("templates/.?*", "templates/sub/.x", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), Ok(expected), "{pattern} {name}");
        }
        for pattern in ["[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "a[", "\\"] {
            assert_eq!(matches(pattern, "a"), Err(BadPattern), "{pattern}");
        }
    }
}
