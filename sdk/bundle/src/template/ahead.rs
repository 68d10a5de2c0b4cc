//! Templates that are parsed while their chart is still being read. In: its files. Out: what each text holds, whatever
//! its file will be called once the chart's name and dependencies are known.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    parser::{self, Parsed},
    set::MAX_SOURCE_BYTES,
    source::Source,
};
use crate::{chart::File, parallel::Crew, value::Str};

/// Texts on their way to what they hold, none by default. Clones share them, and the first that asks gets them.
#[derive(Clone, Debug, Default)]
pub struct Ahead(Arc<Mutex<Begun>>);

#[derive(Debug)]
struct Begun {
    crew: Crew<Str, Option<Parsed>>,
    /// The texts in the order in which the crew was given them.
    texts: Vec<Str>,
}

impl Default for Begun {
    fn default() -> Self {
        Self { crew: Crew::new(parse), texts: Vec::new() }
    }
}

impl Begun {
    fn add(&mut self, text: &Str) {
        self.texts.push(text.clone());
        self.crew.give(text.clone(), text.len());
    }
}

impl Ahead {
    /// Begins with the templates among the files of a chart, its subcharts' included.
    pub fn begin(files: &[File]) -> Self {
        let mut begun = Begun::default();
        let templates = files.iter().filter(|file| is_template(&file.name));
        templates.for_each(|file| begun.add(&file.data));
        Self(Arc::new(Mutex::new(begun)))
    }

    /// What `texts` hold, also those that were not begun with, as far as they are well-formed.
    pub(super) fn finish(&self, texts: &[&Str]) -> HashMap<Identity, Parsed> {
        let mut begun = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let known: HashSet<_> = begun.texts.iter().map(identity).collect();
        let wanted: HashSet<_> = texts.iter().map(|text| identity(text)).collect();
        texts.iter().filter(|text| !known.contains(&identity(text))).for_each(|text| begun.add(text));
        let parsed = begun.crew.finish_some(|text| wanted.contains(&identity(text)));
        let identities = begun.texts.iter().map(identity);
        identities.zip(parsed).filter_map(|(text, parsed)| Some((text, parsed??))).collect()
    }
}

/// Where a text is in memory, and its bytes: cheaper to compare than the text.
pub(super) type Identity = (usize, usize);

pub(super) fn identity(text: &Str) -> Identity {
    (text.as_ptr() as usize, text.len())
}

/// Whether a file is one of `templates/`, the chart's or a subchart's.
fn is_template(mut name: &str) -> bool {
    while let Some((_, inner)) = name.strip_prefix("charts/").and_then(|below| below.split_once('/')) {
        name = inner;
    }
    name.starts_with("templates/")
}

/// What a text holds; why not is found out where its file's name is known.
fn parse(text: Str) -> Option<Parsed> {
    if text.len() > MAX_SOURCE_BYTES {
        return None;
    }
    parser::parse(Arc::new(Source { file: String::new(), text })).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use super::super::TemplateSet;
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.into(), data: text.into() }
    }

    #[test]
    fn templates_are_those_of_the_chart_and_its_subcharts() {
        for name in ["templates/a.yaml", "charts/b/templates/_a.tpl", "charts/b/charts/c/templates/d/e"] {
            assert!(is_template(name), "{name}");
        }
        for name in
            ["values.yaml", "charts/templates/a.yaml", "charts/b/files/templates/a", "crds/templates/a"]
        {
            assert!(!is_template(name), "{name}");
        }
    }

    #[test]
    fn a_text_holds_the_same_under_any_name_and_as_often_as_it_is_used() {
        let files = [
            file("templates/a.yaml", "{{ define \"x\" }}1{{ end }}{{ .a }}"),
            file("templates/broken.yaml", "\n{{ .a"),
            file("templates/own.yaml", "{{ define \"c/templates/own.yaml\" }}1{{ end }}{{ .a }}"),
        ];
        let ahead = Ahead::begin(&files);
        let [a, broken, own] = files.each_ref().map(|file| &*file.data);
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
        let ahead = Ahead::begin(&files);
        let fault = set.parse_all(&[("c/templates/own.yaml", own)], &ahead).unwrap_err();
        assert_eq!(
            fault.to_string(),
            TemplateSet::default().parse("c/templates/own.yaml", own.clone()).unwrap_err().to_string()
        );
    }
}
