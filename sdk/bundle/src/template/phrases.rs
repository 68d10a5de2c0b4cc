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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use proptest::prelude::*;

    use super::{
        super::{parser, source::Source},
        *,
    };

    /// What a text holds or why it holds nothing, told to the last position.
    fn parsed(text: &str, phrases: &mut Phrasebook) -> String {
        let source = Arc::new(Source { file: "file".to_owned(), text: text.into() });
        format!("{:?}", parser::parse(&source, phrases).map_err(|fault| (fault.cause, fault.trace)))
    }

    #[test]
    fn actions_are_kept_by_all_that_matters_to_them() {
        let kept = |text: &str| {
            let mut phrases = Phrasebook::default();
            parsed(text, &mut phrases);
            let mut kept: Vec<_> = phrases.0.keys().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
            kept.sort();
            kept
        };
        let long = "x".repeat(MAX_PHRASE_BYTES);
        for (text, expected) in [
            ("{{ .a | quote }}{{-  .a | quote -}}{{.a|quote}}", vec![".a | quote", ".a|quote"]),
            ("{{ if $.a }}{{ else if .b }}{{ end }}{{- range .c }}{{ break }}{{end}}", vec!["if $.a", "range .c"]),
            ("{{ `}}` }}{{ \"}}\" }}{{/* .a */}}{{ define \"x\" }}{{ end }}{{ template \"x\" .a }}", vec![]),
            ("{{ $x := 1 }}{{ $x }}{{ with $y := .a }}{{ $y.z }}{{ .z }}{{ end }}", vec![".z"]),
            ("{{ .a }}{{ $ }}{{ $ := 1 }}{{ $ }}{{ .b }}", vec!["$", ".a"]),
            (&format!("{{{{ .{long} }}}}"), vec![]),
        ] {
            assert_eq!(kept(text), expected, "{text}");
        }
    }

    #[test]
    fn no_more_are_kept_than_the_limit() {
        let text: String = (0..=MAX_PHRASES).map(|number| format!("{{{{ .a{number} }}}}")).collect();
        let mut phrases = Phrasebook::default();
        assert_eq!(parsed(&text, &mut phrases), parsed(&text, &mut Phrasebook::default()));
        assert_eq!(phrases.0.len(), MAX_PHRASES);
    }

    proptest! {
        #[test]
        fn a_text_holds_the_same_whatever_is_known(texts in prop::collection::vec(
            "(\\{\\{-? ?(if |with |range |else |else if |define \"x\"|template \"x\" |block \"x\" )?\
             (\\.a|\\.a\\.b|\\$|\\$\\.a|\\$x|\\$ := |\\$x := |\\$x = |`\\}\\}|`\\{\\{`|\"\\}\\}\"|end|else|1|-|nil|now|no|/\\* c \\*/)?\
             ( ?\\|? ?(not|\"y\"|\\.c|\\(\\.b\\)\\.c|`\\{\\{|`))?[ \n]?-?\\}\\}|b| |\n){0,12}",
            1..4,
        )) {
            let mut phrases = Phrasebook::default();
            for text in texts.iter().chain(&texts) {
                prop_assert_eq!(parsed(text, &mut phrases), parsed(text, &mut Phrasebook::default()), "{}", text);
            }
        }
    }
}
