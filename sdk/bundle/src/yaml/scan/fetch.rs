//! Each kind of token, taken where its first byte was seen: what it does to the keys and blocks that are open.

use super::{Error, Kind, Scanner, SimpleKey, TOO_DEEP};
use crate::yaml::{MAX_DEPTH, scalar::Style};

impl<'a, const COMMENTS: bool> Scanner<'a, COMMENTS> {
    pub(super) fn fetch_stream_end(&mut self) -> Result<(), Error> {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll(-1, self.mark);
        self.remove_key()?;
        self.key_allowed = false;
        self.push(Kind::StreamEnd, self.mark);
        Ok(())
    }

    pub(super) fn fetch_document_indicator(&mut self, kind: Kind<'a>) -> Result<(), Error> {
        self.unroll(-1, self.mark);
        self.remove_key()?;
        self.key_allowed = false;
        self.push(kind, self.mark);
        self.skip(3);
        Ok(())
    }

    pub(super) fn fetch_directive(&mut self) -> Result<(), Error> {
        self.unroll(-1, self.mark);
        self.remove_key()?;
        self.key_allowed = false;
        let mark = self.mark;
        let kind = self.directive()?;
        self.push(kind, mark);
        Ok(())
    }

    pub(super) fn fetch_flow_start(&mut self, kind: Kind<'a>) -> Result<(), Error> {
        self.save_key()?;
        let token = self.taken + self.queue.len();
        self.keys.push(SimpleKey { token, ..SimpleKey::default() });
        if self.keys.len() - 1 > MAX_DEPTH {
            return Err(self.failure(TOO_DEEP));
        }
        self.key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    pub(super) fn fetch_flow_end(&mut self, kind: Kind<'a>) -> Result<(), Error> {
        self.remove_key()?;
        if self.in_flow() {
            let inner = self.keys.pop().expect("invariant: a flow context has its key");
            let outer = self.keys.last_mut().expect("invariant: the block context stays");
            outer.held &= outer.token != inner.token;
        }
        self.key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    pub(super) fn fetch_flow_entry(&mut self) -> Result<(), Error> {
        self.remove_key()?;
        self.key_allowed = true;
        self.push_indicator(Kind::FlowEntry);
        Ok(())
    }

    pub(super) fn fetch_block_entry(&mut self) -> Result<(), Error> {
        if !self.in_flow() {
            if !self.key_allowed {
                return Err(self.failure("block sequence entries are not allowed in this context"));
            }
            self.roll(self.mark.column, None, Kind::BlockSequenceStart, self.mark)?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.push_indicator(Kind::BlockEntry);
        Ok(())
    }

    pub(super) fn fetch_key(&mut self) -> Result<(), Error> {
        if !self.in_flow() {
            if !self.key_allowed {
                return Err(self.failure("mapping keys are not allowed in this context"));
            }
            self.roll(self.mark.column, None, Kind::BlockMappingStart, self.mark)?;
        }
        self.remove_key()?;
        self.key_allowed = !self.in_flow();
        self.push_indicator(Kind::Key);
        Ok(())
    }

    pub(super) fn fetch_value(&mut self) -> Result<(), Error> {
        let level = self.keys.len() - 1;
        if self.is_valid(level)? {
            let key = self.keys[level];
            self.insert(Some(key.token), Kind::Key, key.mark);
            self.roll(key.mark.column, Some(key.token), Kind::BlockMappingStart, key.mark)?;
            self.keys[level].possible = false;
            self.keys[level].held = false;
            self.key_allowed = false;
        } else {
            if !self.in_flow() {
                if !self.key_allowed {
                    return Err(self.failure("mapping values are not allowed in this context"));
                }
                self.roll(self.mark.column, None, Kind::BlockMappingStart, self.mark)?;
            }
            self.key_allowed = !self.in_flow();
        }
        self.push_indicator(Kind::Value);
        Ok(())
    }

    /// A token that may start a simple key.
    pub(super) fn fetch_word(&mut self, scan: fn(&mut Self) -> Result<Kind<'a>, Error>) -> Result<(), Error> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.mark;
        let kind = scan(self)?;
        self.push(kind, mark);
        Ok(())
    }

    pub(super) fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), Error> {
        self.remove_key()?;
        self.key_allowed = true;
        let mark = self.mark;
        let text = self.block_scalar(literal)?;
        let style = if literal { Style::Literal } else { Style::Folded };
        self.push(Kind::Scalar { text: text.into(), style }, mark);
        Ok(())
    }
}
