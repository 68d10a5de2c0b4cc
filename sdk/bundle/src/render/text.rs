//! Pieces of rendered files, which are not copied out of them.

use std::{fmt, ops::Deref, sync::Arc};

/// A piece of a text; a clone is a reference. Threads may share it.
#[derive(Clone, Default)]
pub struct Text {
    whole: Arc<String>,
    start: usize,
    end: usize,
}

impl Text {
    /// The part of `whole` that `part`, which lies in it, is.
    pub(super) fn within(whole: &Arc<String>, part: &str) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        let end = start.wrapping_add(part.len());
        match whole.get(start..end) {
            Some(_) => Self { whole: Arc::clone(whole), start, end },
            None => part.to_owned().into(),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { start: 0, end: text.len(), whole: Arc::new(text) }
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.whole[self.start..self.end]
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_it_was_cut_from() {
        let whole = Arc::new("über: 1\n---\nb: 2\n".to_owned());
        for part in [&whole[..], &whole[6..8], &whole[13..], ""] {
            assert_eq!(&*Text::within(&whole, part), part);
        }
        assert_eq!(&*Text::within(&whole, "elsewhere"), "elsewhere");
        assert_eq!(&*Text::from("own".to_owned()), "own");
        assert_eq!(&*Text::default(), "");
    }
}
