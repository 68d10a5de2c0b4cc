//! Groups: `(..)`, `(?:..)`, `(?P<name>..)`, `(?<name>..)`, `(?flags)`, `(?flags:..)`.

use regex_syntax::hir::{Capture, Hir};

use super::syntax::{Flags, MAX_NESTING, Parser, Piece};

impl<'a> Parser<'a> {
    /// The rest of a group whose parenthesis is read. Flags alone are no piece, but hold to the end of the group
    /// around them.
    pub(super) fn group(&mut self, pieces: &mut Vec<Piece>) -> Result<(), String> {
        let outer = self.flags;
        let from = self.rest;
        let name = if self.eat("?P<") || self.eat("?<") {
            Some(self.group_name(from)?)
        } else if self.eat("?") {
            let flags = self.read_flags();
            let read = &from[..from.len() - self.rest.len()];
            let refused = || format!("invalid or unsupported Perl syntax: `({read}`");
            let (flags, opens) = flags.ok_or_else(refused)?;
            self.flags = flags;
            if !opens {
                return Ok(());
            }
            None
        } else {
            Some("")
        };
        let index = name.map(|name| {
            self.groups.push(name);
            self.groups.len() as u32
        });
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err("expression nests too deeply".into());
        }
        let mut piece = self.alternatives()?;
        self.depth -= 1;
        self.flags = outer;
        if !self.eat(")") {
            return Err("missing closing )".into());
        }
        if let Some(index) = index {
            piece.expression = Hir::capture(Capture { index, name: None, sub: Box::new(piece.expression) });
        }
        pieces.push(piece);
        Ok(())
    }

    /// The name of a group that begins, but for its parenthesis, with `from`.
    fn group_name(&mut self, from: &str) -> Result<&'a str, String> {
        let open = || format!("invalid named capture: `({from}`");
        let (name, behind) = self.rest.split_once('>').ok_or_else(open)?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(format!("invalid named capture: `({}`", &from[..from.len() - behind.len()]));
        }
        self.rest = behind;
        Ok(name)
    }

    /// `i-s)` or `i-s:`: the flags as they are then, and whether a group follows; `None` for anything else.
    fn read_flags(&mut self) -> Option<(Flags, bool)> {
        let (mut flags, mut on, mut seen) = (self.flags, true, false);
        loop {
            let flag = match self.next() {
                Some('i') => &mut flags.fold_case,
                Some('m') => &mut flags.lines,
                Some('s') => &mut flags.dot_all,
                Some('U') => &mut flags.lazy,
                Some('-') if on => {
                    (on, seen) = (false, false);
                    continue;
                }
                Some(end @ (':' | ')')) if on || seen => return Some((flags, end == ':')),
                _ => return None,
            };
            *flag = on;
            seen = true;
        }
    }
}
