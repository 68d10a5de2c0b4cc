//! A stream of documents cut at its `---` lines, as Kubernetes' readers cut it: by lines alone, without parsing.

use std::borrow::Cow;

use super::Error;

/// The documents in `stream`, each ending with a newline, without the separators between them (a separator
/// before the first document stays). Line endings become newlines.
///
/// # Errors
/// Each item can be [`Error::Separator`]: a line that starts with `---` and goes on with anything but a comment.
pub fn documents(stream: &[u8]) -> impl Iterator<Item = Result<Cow<'_, [u8]>, Error>> {
    Documents { rest: stream }
}

struct Documents<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<Cow<'a, [u8]>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.rest;
        let mut length = 0;
        while length < stream.len() {
            let line = &stream[length..];
            let width = line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |at| at + 1);
            let line = &line[..width];
            if let Some(after) = line.strip_prefix(b"---") {
                let after = after.trim_ascii();
                if after.first().is_some_and(|byte| *byte != b'#') {
                    self.rest = &[];
                    return Some(Err(Error::Separator(String::from_utf8_lossy(after).into_owned())));
                }
                if length > 0 {
                    self.rest = &stream[length + width..];
                    return Some(Ok(lines(&stream[..length])));
                }
            }
            length += width;
        }
        self.rest = &[];
        (!stream.is_empty()).then(|| Ok(lines(stream)))
    }
}

/// The text with a newline after each line.
fn lines(text: &[u8]) -> Cow<'_, [u8]> {
    if text.ends_with(b"\n") && !text.contains(&b'\r') {
        return Cow::Borrowed(text);
    }
    let mut clean = Vec::with_capacity(text.len() + 1);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        clean.extend_from_slice(line);
        clean.push(b'\n');
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

    use super::documents;

    #[test]
    fn streams_are_cut_at_separators() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("a: 1", &["a: 1\n"]),
            ("a: 1\r\nb: 2\r\n", &["a: 1\nb: 2\n"]),
            ("---\na: 1\n---  # next\nb: 2\n", &["---\na: 1\n", "b: 2\n"]),
            ("---\n---\na: 1\n", &["---\n", "a: 1\n"]),
            ("a: 1\n---\n", &["a: 1\n"]),
            ("a: |\n  ---\n", &["a: |\n  ---\n"]),
        ];
        for (stream, expected) in cases {
            let found: Vec<_> =
                documents(stream.as_bytes()).map(|document| document.unwrap().into_owned()).collect();
            let expected: Vec<_> = expected.iter().map(|document| document.as_bytes().to_vec()).collect();
            assert_eq!(found, expected, "{stream:?}");
        }
        assert!(documents(b"a: 1\n--- b: 2\n").any(|document| document.is_err()));
    }
}
