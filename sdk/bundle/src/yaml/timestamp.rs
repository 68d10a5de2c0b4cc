//! Which plain scalars are timestamps: `2001-12-14`, `2001-12-14T21:59:43.10-05:00`, `2001-12-14 21:59:43`.
//! They are read as strings all the same; what depends on it is that strings which look so are written quoted.
//!
//! Source of the behaviour: Go's `time.Parse` with the four layouts of goyaml, with its leniency (one-digit
//! fields, a comma before the fraction, offsets of 24 hours and 60 minutes).

/// Whether goyaml takes `text` for a timestamp.
pub(super) fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let year = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if year != 4 || bytes.get(4) != Some(&b'-') {
        return false;
    }
    parse(bytes).is_some()
}

fn parse(bytes: &[u8]) -> Option<()> {
    let year = bytes[..4].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    let mut rest = Rest(&bytes[5..]);
    let month = rest.number()?;
    rest.literal(b'-')?;
    let day = rest.number()?;
    if !(1..=12).contains(&month) || !(1..=days(year, month)).contains(&day) {
        return None;
    }
    match rest.0.first() {
        None => return Some(()),
        Some(b'T' | b't') => {
            rest.0 = &rest.0[1..];
            rest.time()?;
            rest.zone()?;
        }
        Some(b' ') => {
            while rest.literal(b' ').is_some() {}
            rest.time()?;
        }
        Some(_) => return None,
    }
    rest.0.is_empty().then_some(())
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// What of the text is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn literal(&mut self, expected: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        (*first == expected).then(|| self.0 = rest)
    }

    fn digit(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first()?;
        first.is_ascii_digit().then(|| {
            self.0 = rest;
            u32::from(first - b'0')
        })
    }

    /// One digit or two.
    fn number(&mut self) -> Option<u32> {
        let first = self.digit()?;
        Some(self.digit().map_or(first, |second| first * 10 + second))
    }

    fn time(&mut self) -> Option<()> {
        let hour = self.number()?;
        self.literal(b':')?;
        let minute = self.number()?;
        self.literal(b':')?;
        let second = self.number()?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if let [b'.' | b',', b'0'..=b'9', ..] = self.0 {
            self.0 = &self.0[1..];
            while self.digit().is_some() {}
        }
        Some(())
    }

    /// `Z` or an offset: `+01:00`.
    fn zone(&mut self) -> Option<()> {
        if self.literal(b'Z').is_some() {
            return Some(());
        }
        self.literal(b'+').or_else(|| self.literal(b'-'))?;
        let hour = self.digit()? * 10 + self.digit()?;
        self.literal(b':')?;
        let minute = self.digit()? * 10 + self.digit()?;
        (hour <= 24 && minute <= 60).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_timestamp;

    #[test]
    fn timestamps_are_told_from_strings() {
        let yes = [
            "2001-12-14",
            "2001-1-2",
            "2001-12-14T21:59:43.10-05:00",
            "2001-12-14t21:59:43Z",
            "2001-12-14 21:59:43",
            "2001-12-14  1:2:3,5",
            "2024-02-29",
            "2001-12-14T21:59:43+24:60",
        ];
        let no = [
            "2001-12",
            "2001-13-01",
            "2001-02-29",
            "2001-12-14T21:59:43",
            "2001-12-14 21:59:43Z",
            "2001-12-14T24:00:00Z",
            "2001-12-14x",
            "20011-12-14",
            "201-12-14",
            "2001-12-14T21:59:43.Z",
            "2001-12-14T21:59:43-5:00",
        ];
        for text in yes {
            assert!(is_timestamp(text), "{text}");
        }
        for text in no {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
