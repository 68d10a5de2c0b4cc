//! Actions that a chart's templates have in common, parsed once: charts repeat two of three of theirs. In: what stands
//! between the delimiters, and the pipeline that it was parsed to. Out: that pipeline, for the next such action.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;

use super::{token::Keyword, tree::Pipeline};

/// Longest action that is kept, in bytes; longer ones hardly repeat.
pub(super) const MAX_PHRASE_BYTES: usize = 256;

/// Most actions that are kept.
const MAX_PHRASES: usize = 16 << 10;

/// What parsing an action gave, wherever it stands: it depends on nothing outside the action.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    /// `if`, `with` or `range`, where the action begins with it.
    pub(super) keyword: Option<Keyword>,
    pub(super) pipeline: Arc<Pipeline>,
    /// Whether it calls a function that takes its time.
    pub(super) is_slow: bool,
}

/// Actions by what stands between their delimiters, without space at its ends.
#[derive(Debug, Default)]
pub(super) struct Phrasebook(HashMap<Box<[u8]>, Phrase, RandomState>);

impl Phrasebook {
    /// The action that is written so.
    pub(super) fn find(&self, text: &[u8]) -> Option<&Phrase> {
        self.0.get(text)
    }

    /// Keeps an action, unless there are too many.
    pub(super) fn add(&mut self, text: &[u8], phrase: Phrase) {
        if self.0.len() < MAX_PHRASES {
            self.0.insert(text.into(), phrase);
        }
    }
}
