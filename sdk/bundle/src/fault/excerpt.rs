//! Lines of a text with their numbers, one of them marked: what a report shows of a template or a document.

use std::fmt;

/// Most characters shown of a line.
const MAX_WIDTH: usize = 100;

/// Characters shown before what is marked, where a line is too long to be shown whole.
const LEAD: usize = 40;

/// One marked line, with the lines before it.
pub(crate) struct Excerpt<'a> {
    /// The lines, the marked one last.
    pub(crate) lines: &'a [&'a str],
    /// The marked line's number, from 1.
    pub(crate) number: usize,
    /// What is marked: the first byte, from 0, and how many characters; without it the line is only shown.
    pub(crate) mark: Option<(usize, usize)>,
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.number.to_string().len();
        let first = self.number + 1 - self.lines.len();
        for (index, line) in self.lines.iter().enumerate() {
            let marked = index + 1 == self.lines.len();
            let (shown, before) = window(line, self.mark.filter(|_| marked).map_or(0, |(start, _)| start));
            writeln!(out, "  {:>width$} | {}", first + index, shown.trim_end())?;
            if let Some((_, count)) = self.mark.filter(|_| marked) {
                let room = shown.chars().count().saturating_sub(before).max(1);
                let (blank, under) = (" ".repeat(before), "^".repeat(count.clamp(1, room)));
                writeln!(out, "  {:>width$} | {blank}{under}", "")?;
            }
        }
        Ok(())
    }
}

/// The part of a line around the byte at `start`, tabs as blanks, and how many characters of it are before `start`.
fn window(line: &str, start: usize) -> (String, usize) {
    let start = line.floor_char_boundary(start);
    let before = line[..start].chars().count();
    let skipped = if line.chars().count() <= MAX_WIDTH { 0 } else { before.saturating_sub(LEAD) };
    let clean = |letter: char| if letter.is_control() { ' ' } else { letter };
    (line.chars().skip(skipped).take(MAX_WIDTH).map(clean).collect(), before - skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_under_what_they_mark() {
        let excerpt = Excerpt { lines: &["a:", "\té: {{ .X.y }}"], number: 10, mark: Some((8, 4)) };
        assert_eq!(excerpt.to_string(), "   9 | a:\n  10 |  é: {{ .X.y }}\n     |        ^^^^\n");
        let long = format!("{}{{{{ .X }}}}", "ä".repeat(200));
        let excerpt = Excerpt { lines: &[&long], number: 1, mark: Some((403, 99)) };
        let shown = excerpt.to_string();
        assert!(shown.ends_with("^^^^^\n") && shown.contains("ä{{ .X }}"), "{shown}");
    }
}
