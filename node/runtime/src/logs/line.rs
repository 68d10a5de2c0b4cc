//! One line of a log file, taken apart and put together.

use jiff::Timestamp;

use super::Stream;

/// One line of a log file, without its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// When it was written, as in the file.
    pub time: &'a [u8],
    /// To which output.
    pub stream: Stream,
    /// Whether the text's line ends here.
    pub full: bool,
    /// The text.
    pub text: &'a [u8],
}

impl<'a> Line<'a> {
    /// Takes a line apart; `None` if it is not one (a torn write before a crash).
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let mut parts = line.splitn(4, |&byte| byte == b' ');
        let (time, stream, tag) = (parts.next()?, parts.next()?, parts.next()?);
        let text = parts.next().unwrap_or_default();
        let stream = match stream {
            b"stdout" => Stream::Stdout,
            b"stderr" => Stream::Stderr,
            _ => return None,
        };
        // The tag may have more parts, separated by colons; the first says what matters here.
        let full = match tag.first()? {
            b'F' => true,
            b'P' => false,
            _ => return None,
        };
        Some(Self { time, stream, full, text })
    }

    /// Whether it was written before `limit`.
    pub(super) fn before(&self, limit: &Timestamp) -> bool {
        let text = std::str::from_utf8(self.time).ok();
        text.and_then(|text| text.parse::<Timestamp>().ok()).is_some_and(|time| time < *limit)
    }
}

/// Appends one line to `out`.
pub(super) fn format(out: &mut Vec<u8>, time: &str, stream: Stream, full: bool, text: &[u8]) {
    out.extend_from_slice(time.as_bytes());
    out.push(b' ');
    out.extend_from_slice(stream.name().as_bytes());
    out.extend_from_slice(if full { b" F " } else { b" P " });
    out.extend_from_slice(text);
    out.push(b'\n');
}

/// A time as the file has it: always 9 decimals, so that times sort as text.
pub(super) fn time(now: Timestamp) -> String {
    format!("{now:.9}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let now: Timestamp = "2026-11-21T10:00:00.5Z".parse().unwrap();
        let mut out = Vec::new();
        format(&mut out, &time(now), Stream::Stderr, false, b"a  b");
        assert_eq!(out, b"2026-11-21T10:00:00.500000000Z stderr P a  b\n");
        let line = Line::parse(&out[..out.len() - 1]).unwrap();
        assert_eq!((line.stream, line.full, line.text), (Stream::Stderr, false, &b"a  b"[..]));
        assert!(!line.before(&now));
        assert!(line.before(&"2026-11-21T10:00:00.500000001Z".parse().unwrap()));
        assert_eq!(Line::parse(b"T stdout F").unwrap().text, b"");
        for torn in [&b"2026-11-21T10:00"[..], b"T stdou", b"T stdout", b"", b"T stdout X a"] {
            assert_eq!(Line::parse(torn), None);
        }
    }
}
