//! `Warning` headers (RFC 7234, as client-go reads them): what a client should know though its request is served.
//!
//! Source of the behaviour: kube-apiserver's warning recorder, which sends each text once and no more of them than clients
//! and proxies take in headers.

use std::{borrow::Cow, collections::HashSet};

use http::{HeaderMap, HeaderValue, header};

/// Characters of all warnings together. When there are more, each is cut to [`ITEM_MAX`].
const TOTAL_MAX: usize = 4096;
/// Characters of one warning among many.
const ITEM_MAX: usize = 256;

/// Adds these warnings, as many as there is room for. One that no header can hold is left out.
pub(crate) fn warn(headers: &mut HeaderMap, warnings: &[String]) {
    for warning in fitting(warnings) {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
        if let Ok(value) = HeaderValue::from_bytes(format!("299 - \"{quoted}\"").as_bytes()) {
            headers.append(header::WARNING, value);
        }
    }
}

/// Each warning once, and cut if that is what it takes.
fn fitting(warnings: &[String]) -> Vec<Cow<'_, str>> {
    let mut seen = HashSet::new();
    let distinct: Vec<&str> = warnings.iter().map(String::as_str).filter(|one| seen.insert(*one)).collect();
    let length = |text: &str| text.chars().count();
    if distinct.iter().map(|one| length(one)).sum::<usize>() <= TOTAL_MAX {
        return distinct.into_iter().map(Cow::Borrowed).collect();
    }
    let mut written = 0;
    let cut = distinct.into_iter().map(|one| one.chars().take(ITEM_MAX).collect::<String>());
    cut.take_while(|one| {
        let room = written < TOTAL_MAX;
        written += length(one);
        room
    })
    .map(Cow::Owned)
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sent(warnings: &[String]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        warn(&mut headers, warnings);
        let values = headers.get_all(header::WARNING).iter();
        values.map(|value| String::from_utf8(value.as_bytes().to_vec()).unwrap()).collect()
    }

    #[test]
    fn warnings_are_quoted_and_said_once() {
        let foo = "unknown field \"spec.foo\"".to_string();
        let other = "unknown field \"spec.größe\"\n".to_string();
        assert_eq!(
            sent(&[foo.clone(), other, foo]),
            [r#"299 - "unknown field \"spec.foo\"""#, r#"299 - "unknown field \"spec.größe\" ""#]
        );
    }

    #[test]
    fn more_than_headers_hold_is_cut() {
        let long = |first: char| format!("{first}{}", "ü".repeat(2999));
        assert_eq!(sent(&[long('a')])[0].chars().count(), 3000 + 8, "one alone is sent whole");
        let both = sent(&[long('a'), long('b')]);
        assert_eq!(both.iter().map(|one| one.chars().count()).collect::<Vec<_>>(), [256 + 8; 2]);
        let many: Vec<String> =
            (0..100_000).map(|index| format!("unknown field \"spec.x{index}\"")).collect();
        let all: usize = sent(&many).iter().map(String::len).sum();
        assert!((TOTAL_MAX..2 * TOTAL_MAX).contains(&all), "{all}");
    }
}
