//! Templates that are parsed while their chart is still being read: what each text holds, whatever its file will be
//! called once the chart's name and dependencies are known.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    parser::{self, Parsed},
    phrases::Phrasebook,
    set::MAX_SOURCE_BYTES,
    source::Source,
};
use crate::{parallel, value::Str};

/// Texts on their way to what they hold, as far as they are well-formed.
#[derive(Clone, Debug)]
pub(crate) struct Ahead(pub(super) parallel::Ahead<Parsed>);

impl Default for Ahead {
    fn default() -> Self {
        let books = Mutex::new(Vec::new());
        Self(parallel::Ahead::new(move |text| parse(text, &books)))
    }
}

impl Ahead {
    /// Begins with a text.
    pub(crate) fn add(&self, text: &Str) {
        self.0.add(text);
    }
}

/// What a text holds; why not is found out where its file's name is known.
fn parse(text: Str, books: &Mutex<Vec<Phrasebook>>) -> Option<Parsed> {
    if text.len() > MAX_SOURCE_BYTES {
        return None;
    }
    // Each thread that is at work has one to itself.
    let books = || books.lock().unwrap_or_else(PoisonError::into_inner);
    let mut phrases = books().pop().unwrap_or_default();
    let parsed = parser::parse(&Arc::new(Source { file: String::new(), text }), &mut phrases);
    books().push(phrases);
    parsed.ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use super::super::TemplateSet;
    use super::*;

    fn begin(texts: &[Str]) -> Ahead {
        let ahead = Ahead::default();
        texts.iter().for_each(|text| ahead.add(text));
        ahead
    }

    #[test]
    fn a_text_holds_the_same_under_any_name_and_as_often_as_it_is_used() {
        let texts = [
            "{{ define \"x\" }}1{{ end }}{{ .a }}",
            "\n{{ .a",
            "{{ define \"c/templates/own.yaml\" }}1{{ end }}{{ .a }}",
        ]
        .map(Str::from);
        let ahead = begin(&texts);
        let [a, broken, own] = &texts;
        let late = Str::from("late");
        let mut set = TemplateSet::default();
        let known = [("c/templates/a.yaml", a), ("c/charts/d/templates/a.yaml", a), ("late", &late)];
        set.parse_all(&known, &ahead).unwrap();
        for name in ["c/templates/a.yaml", "c/charts/d/templates/a.yaml", "late", "x"] {
            assert!(set.contains(name), "{name}");
        }
        let fault = set.parse_all(&[("c/templates/broken.yaml", broken)], &ahead).unwrap_err();
        assert_eq!(fault.trace[0].file, "c/templates/broken.yaml");
        assert_eq!(fault.trace[0].line, 2);
        let ahead = begin(&texts);
        let fault = set.parse_all(&[("c/templates/own.yaml", own)], &ahead).unwrap_err();
        assert_eq!(
            fault.to_string(),
            TemplateSet::default().parse("c/templates/own.yaml", own.clone()).unwrap_err().to_string()
        );
    }
}
