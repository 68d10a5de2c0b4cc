//! Actions that a chart's templates have in common, parsed once: charts repeat about half of theirs. In: what stands
//! between the delimiters, and the pipeline that it was parsed to. Out: that pipeline, for the next such action.

use std::{hash::BuildHasher, sync::Arc};

use foldhash::fast::RandomState;

use super::{
    token::Keyword,
    tree::{Pipeline, Position},
};
use crate::value::Str;

/// Longest action that is kept, in bytes; longer ones hardly repeat.
pub(super) const MAX_PHRASE_BYTES: usize = 256;

/// Most actions that are kept: a power of two. Of those that fall on one place the last one is.
const MAX_PHRASES: usize = 4 << 10;

/// What parsing an action gave, wherever it stands: it depends on nothing outside the action.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    /// `if`, `with` or `range`, where the action begins with it.
    pub(super) keyword: Option<Keyword>,
    /// Whether it calls a function that takes its time.
    pub(super) is_slow: bool,
    pub(super) pipeline: Arc<Pipeline>,
}

/// Actions by what stands between their delimiters, without space at its ends.
#[derive(Debug, Default)]
pub(super) struct Phrasebook {
    places: Vec<Option<Kept>>,
    state: RandomState,
}

/// An action, and where in a text it stands.
#[derive(Debug)]
struct Kept {
    text: Str,
    start: Position,
    length: u16,
    phrase: Phrase,
}

impl Kept {
    fn says(&self, said: &[u8]) -> bool {
        let start = self.start as usize;
        usize::from(self.length) == said.len() && self.text[start..start + said.len()] == *said
    }
}

impl Phrasebook {
    /// The action that is written so.
    pub(super) fn find(&self, said: &[u8]) -> Option<&Phrase> {
        let kept = self.places.get(self.place(said))?.as_ref()?;
        kept.says(said).then_some(&kept.phrase)
    }

    /// Keeps an action of `text`, which is `length` bytes from `start` on, in place of another one if need be.
    pub(super) fn keep(&mut self, text: &Str, start: Position, length: usize, phrase: Phrase) {
        let at = start as usize;
        let (Some(said), Ok(length)) = (text.get(at..at + length), u16::try_from(length)) else { return };
        if self.places.is_empty() {
            self.places.resize_with(MAX_PHRASES, || None);
        }
        let place = self.place(said);
        self.places[place] = Some(Kept { text: text.clone(), start, length, phrase });
    }

    fn place(&self, said: &[u8]) -> usize {
        self.state.hash_one(said) as usize & (MAX_PHRASES - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
            // Of two that fall on one place one is lost, but hardly in each of several books.
            let mut books = [(); 8].map(|()| Phrasebook::default());
            books.iter_mut().for_each(|phrases| drop(parsed(text, phrases)));
            let kept = books.iter().flat_map(|phrases| phrases.places.iter().flatten());
            let said = |kept: &Kept| &text[kept.start as usize..][..kept.length as usize];
            kept.map(said).collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let long = "x".repeat(MAX_PHRASE_BYTES);
        for (text, expected) in [
            ("{{ .a | quote }}{{-  .a | quote -}}{{.a|quote}}", vec![".a | quote", ".a|quote"]),
            (
                "{{ if $.a }}{{ else if .b }}{{ end }}{{- range .c }}{{ break }}{{end}}",
                vec!["if $.a", "range .c"],
            ),
            ("{{ `}}` }}{{ \"}}\" }}{{/* .a */}}{{ define \"x\" }}{{ end }}{{ template \"x\" .a }}", vec![]),
            ("{{ $x := 1 }}{{ $x }}{{ with $y := .a }}{{ $y.z }}{{ .z }}{{ end }}", vec![".z"]),
            ("{{ .a }}{{ $ }}{{ $ := 1 }}{{ $ }}{{ .b }}", vec!["$", ".a"]),
            (&format!("{{{{ .{long} }}}}"), vec![]),
        ] {
            assert_eq!(kept(text), expected, "{text}");
        }
    }

    #[test]
    fn of_more_than_there_are_places_for_some_are_kept() {
        let text: String = (0..=MAX_PHRASES).map(|number| format!("{{{{ .a{number} }}}}")).collect();
        let mut phrases = Phrasebook::default();
        for _ in 0..2 {
            assert_eq!(parsed(&text, &mut phrases), parsed(&text, &mut Phrasebook::default()));
        }
        assert!((MAX_PHRASES / 2..=MAX_PHRASES).contains(&phrases.places.iter().flatten().count()));
        assert_eq!(phrases.places.len(), MAX_PHRASES);
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
