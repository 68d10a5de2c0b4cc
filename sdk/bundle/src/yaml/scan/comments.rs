//! Comments, collected beside the tokens: which token each belongs to, and whether it stands above that token, at the
//! end of its line, or below it.
//!
//! In: the scanner's place and the tokens it holds back. Out: [`Comment`]s in order. Source of the behaviour: goyaml
//! v3's rules, observed through the stock helm: blank lines, columns and the token before decide.

use super::{Kind, Mark, Scanner};
use crate::yaml::chars::{break_width, is_blank, is_break_or_end, width};

/// Most blanks and empty lines, in bytes, that are looked over for a comment.
const REACH: usize = 512;

/// Where a comment stands, seen from what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::yaml) enum Place {
    Head,
    Line,
    Foot,
}

/// A comment, of one line or of several.
#[derive(Debug)]
pub(in crate::yaml) struct Comment<'a> {
    pub(in crate::yaml) place: Place,
    /// It goes to the first token that starts here or later.
    pub(in crate::yaml) token: usize,
    /// Its lines, and an empty one where another comment is to be kept apart.
    pub(in crate::yaml) lines: Vec<&'a str>,
    /// Where it starts; columns of comments count from 1.
    start: Mark,
    /// Where the blanks before it start, and where those after it do; 0 for comments on a token's own line.
    reach: (usize, usize),
}

/// What is known while a run of comments is passed.
struct Run {
    /// Where the blanks start that go to the next comment.
    from: usize,
    /// The token that a foot belongs to.
    token: usize,
    /// The line on which a foot must start.
    foot_line: Option<usize>,
    after_colon: bool,
    /// No empty line has been passed.
    unbroken: bool,
    /// The last line was empty.
    after_empty: bool,
    start: Mark,
    line: usize,
    column: usize,
}

impl<'a, const COMMENTS: bool> Scanner<'a, COMMENTS> {
    /// The first comment that was not taken yet.
    pub(in crate::yaml) fn comment(&self) -> Option<&Comment<'a>> {
        self.comments.front()
    }

    pub(in crate::yaml) fn take_comment(&mut self) -> Option<Comment<'a>> {
        self.comments.pop_front()
    }

    /// Line breaks since the last character that is no blank.
    fn breaks_before(&self) -> usize {
        let mut at = self.mark.offset;
        let mut count = 0;
        loop {
            let Some(before) = at.checked_sub(1) else { return count };
            let size = match self.bytes[before] {
                b' ' | b'\t' => 1,
                b'\n' if before > 0 && self.bytes[before - 1] == b'\r' => 2,
                _ => match (1..=3).find(|size| at >= *size && self.is_break_of(at - size, *size)) {
                    Some(size) => size,
                    None => return count,
                },
            };
            count += usize::from(!is_blank(self.bytes, before));
            at -= size;
        }
    }

    fn is_break_of(&self, at: usize, size: usize) -> bool {
        width(self.bytes[at]) == size && break_width(self.bytes, at) == size
    }

    /// The token, by its start, that a comment on the line of the next token belongs to: `:` and `,` leave it to the
    /// one before.
    pub(super) fn comment_token(&self, first: u8) -> usize {
        let passes_on = if self.in_flow() { b',' } else { b':' };
        match self.queue.back() {
            Some(last) if first == passes_on => last.mark.offset,
            None if first == passes_on => 0,
            _ => self.mark.offset,
        }
    }

    /// Takes the comment after a token, on its line, unless the token is a `-`: that one belongs to what follows.
    pub(super) fn line_comment_after(&mut self, token: usize) {
        if !matches!(self.queue.back(), Some(last) if matches!(last.kind, Kind::BlockEntry)) {
            self.line_comment(token);
        }
    }

    /// Takes a comment that starts after blanks here.
    pub(super) fn line_comment(&mut self, token: usize) {
        let rest = &self.bytes[self.mark.offset..];
        let blanks = rest.iter().take(REACH).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if blanks == REACH || rest.get(blanks) != Some(&b'#') || self.breaks_before() > 0 {
            return;
        }
        self.skip(blanks);
        let start = self.mark;
        let lines = vec![self.take_comment_line()];
        self.comments.push_back(Comment { place: Place::Line, token, lines, start, reach: (0, 0) });
    }

    fn take_comment_line(&mut self) -> &'a str {
        let Mark { offset, column, .. } = self.mark;
        self.skip_line_rest();
        let line = &self.text[offset..self.mark.offset];
        // Where a stream ends without a line break, its last column, in characters, decides which blocks end there.
        self.mark.column = column + line.chars().count();
        line
    }

    /// A comment on the line of a key whose value's first line is `- …` stands above that item instead.
    pub(super) fn lift_comment(&mut self) {
        let mut last = self.queue.iter().rev().map(|token| &token.kind);
        let first_item = matches!(last.next(), Some(Kind::BlockEntry))
            && matches!(last.next(), Some(Kind::BlockSequenceStart));
        let here = self.mark;
        if !first_item || break_width(self.bytes, here.offset) > 0 {
            return;
        }
        if let Some(comment) = self.comments.back_mut().filter(|comment| comment.place == Place::Line) {
            comment.place = Place::Head;
            if comment.start.line + 1 == here.line {
                comment.token = here.offset;
            }
        }
    }

    /// Where the block ends that is at the current indent: before the comments that stand at its column.
    pub(super) fn block_end(&self, end: Mark) -> Mark {
        let mut found = end;
        let mut stop = end.offset;
        for comment in self.comments.iter().rev() {
            if comment.reach.1 < stop {
                break;
            }
            if comment.start.column as isize == self.indent + 1 {
                found = comment.start;
            }
            stop = comment.reach.0;
        }
        found
    }

    /// Takes the comments from here on, to the line break after the last one; `start` is where the last token ended.
    pub(super) fn block_comments(&mut self, start: Mark) {
        let mut run = self.start_run(start);
        let mut lines = Vec::new();
        let mut ahead = 0;
        while ahead < REACH {
            run.column += 1;
            let at = self.mark.offset + ahead;
            if is_blank(self.bytes, at) {
                ahead += 1;
                continue;
            }
            let closes = self.in_flow() && matches!(self.at(ahead), b']' | b'}');
            if closes || is_break_or_end(self.bytes, at) {
                self.end_line(&mut run, &mut lines, at, closes);
                if break_width(self.bytes, at) == 0 {
                    break;
                }
                run.unbroken = false;
                run.after_empty = true;
                run.column = 0;
                run.line += 1;
                ahead += 1;
                continue;
            }
            let dedented = run.column <= self.outer_column() && run.column != run.start.column;
            if !lines.is_empty() && dedented {
                self.push_foot(&mut run, &mut lines, at);
            }
            if self.at(ahead) != b'#' {
                break;
            }
            if lines.is_empty() {
                run.start = Mark { offset: at, line: run.line, column: run.column };
            }
            run.after_empty = false;
            self.pass_to(at);
            lines.push(self.take_comment_line());
            (run.column, run.line) = (0, self.mark.line);
            // The line break itself is passed over without a look.
            ahead = 1;
        }
        if !lines.is_empty() {
            let reach = (run.from, self.mark.offset + ahead - 1);
            let token = run.start.offset;
            self.comments.push_back(Comment { place: Place::Head, token, lines, start: run.start, reach });
        }
    }

    fn start_run(&self, start: Mark) -> Run {
        let mut last = self.queue.iter().rev();
        let mut token = last.next();
        if matches!(token, Some(token) if matches!(token.kind, Kind::FlowEntry)) {
            token = last.next();
        }
        let breaks = self.breaks_before();
        let Mark { line, column, .. } = self.mark;
        let beside = breaks == 0 && column > 1;
        Run {
            from: start.offset,
            token: token.map_or(0, |token| token.mark.offset),
            foot_line: (start.line > 0).then(|| (line + 1 + usize::from(beside)).saturating_sub(breaks)),
            after_colon: token.is_some_and(|token| matches!(token.kind, Kind::Value)),
            unbroken: breaks <= 1,
            after_empty: false,
            start: Mark::default(),
            line,
            column,
        }
    }

    /// The column of the current block, 0 outside all.
    fn outer_column(&self) -> usize {
        usize::try_from(self.indent).unwrap_or(0)
    }

    /// At an empty line, the end, or (`closes`) a bracket that closes: what was collected may be a foot.
    fn end_line(&mut self, run: &mut Run, lines: &mut Vec<&'a str>, at: usize, closes: bool) {
        if run.after_empty && !closes {
            return;
        }
        let dedented = run.start.column <= self.outer_column();
        let below = Some(run.start.line) == run.foot_line && !run.after_colon;
        if closes || (run.unbroken && (below || dedented)) {
            if !lines.is_empty() {
                if dedented {
                    // It has nothing to do with the token before.
                    run.token = run.start.offset;
                }
                self.push_foot(run, lines, at);
            }
        } else if !lines.is_empty() && at < self.bytes.len() {
            lines.push("");
        }
    }

    fn push_foot(&mut self, run: &mut Run, lines: &mut Vec<&'a str>, at: usize) {
        let (token, start, reach) = (run.token, run.start, (run.from, at));
        let lines = std::mem::take(lines);
        self.comments.push_back(Comment { place: Place::Foot, token, lines, start, reach });
        (run.from, run.token) = (at, at);
    }

    /// Over blanks and line breaks, up to `at`.
    fn pass_to(&mut self, at: usize) {
        while self.mark.offset < at {
            if break_width(self.bytes, self.mark.offset) > 0 {
                self.skip_break();
            } else {
                self.skip(1);
            }
        }
    }
}
