//! The handles of tags, `!`, `!!` and those that a document's directives name, and what they stand for.

use std::borrow::Cow;

use super::{
    Error,
    parse::{TAG_PREFIX, failure},
    scan::{Kind, Scanner},
};

/// Handles and prefixes, those of the document first.
#[derive(Debug, Default)]
pub(super) struct Handles<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Handles<'a> {
    /// Takes the directives that stand here.
    pub(super) fn read<const COMMENTS: bool>(scanner: &mut Scanner<'a, COMMENTS>) -> Result<Self, Error> {
        let mut handles = Vec::new();
        let mut versions = 0;
        while matches!(scanner.peek()?.kind, Kind::Version(..) | Kind::TagPrefix(_)) {
            let token = scanner.next()?;
            match token.kind {
                Kind::Version(..) if versions > 0 => {
                    return failure("found duplicate %YAML directive", token.mark);
                }
                Kind::Version(1, 1) => versions += 1,
                Kind::Version(..) => return failure("found incompatible YAML document", token.mark),
                Kind::TagPrefix(prefix) => {
                    if handles.iter().any(|(handle, _)| *handle == prefix.0) {
                        return failure("found duplicate %TAG directive", token.mark);
                    }
                    handles.push(*prefix);
                }
                _ => {}
            }
        }
        // The defaults come last, so that directives go before them.
        handles.push((Cow::Borrowed("!"), Cow::Borrowed("!")));
        handles.push((Cow::Borrowed("!!"), Cow::Borrowed(TAG_PREFIX)));
        Ok(Self(handles))
    }

    /// The long form of a tag; `None` if nobody said what its handle stands for.
    pub(super) fn expand(&self, handle: &str, suffix: &str) -> Option<Box<str>> {
        let prefix = match self.0.iter().find(|(known, _)| *known == handle) {
            _ if handle.is_empty() => "",
            Some((_, prefix)) => prefix,
            None => return None,
        };
        Some(format!("{prefix}{suffix}").into())
    }
}
