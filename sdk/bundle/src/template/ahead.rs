//! Templates that are parsed while their chart is still being read. In: its files. Out: what each text holds, whatever
//! its file will be called once the chart's name and dependencies are known.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    parser::{self, Parsed},
    set::MAX_SOURCE_BYTES,
    source::Source,
};
use crate::{chart::File, parallel::Batch, value::Str};

/// Texts on their way to what they hold, none by default. Clones share them, and the first that asks gets them.
#[derive(Clone, Debug, Default)]
pub struct Ahead(Arc<Mutex<Begun>>);

#[derive(Debug)]
struct Begun {
    batch: Batch<Str, Option<Parsed>>,
    /// The texts in the order in which the batch was given them.
    texts: Vec<Str>,
}

impl Default for Begun {
    fn default() -> Self {
        Self { batch: Batch::new(parse), texts: Vec::new() }
    }
}

impl Begun {
    fn add(&mut self, text: &Str) {
        self.texts.push(text.clone());
        self.batch.give(text.clone(), text.len());
    }
}

impl Ahead {
    /// Begins with a file if it is a template of the chart or of one of its subcharts.
    pub fn add(&self, file: &File) {
        if is_template(&file.name) {
            self.begun().add(&file.data);
        }
    }

    fn begun(&self) -> MutexGuard<'_, Begun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `texts` hold, also those that were not begun with, as far as they are well-formed.
    pub(super) fn finish(&self, texts: &[&Str]) -> HashMap<Identity, Parsed> {
        let mut begun = mem::take(&mut *self.begun());
        let known: HashSet<_> = begun.texts.iter().map(identity).collect();
        let wanted: HashSet<_> = texts.iter().map(|text| identity(text)).collect();
        texts.iter().filter(|text| !known.contains(&identity(text))).for_each(|text| begun.add(text));
        let parsed = begun.batch.finish_some(|text| wanted.contains(&identity(text)));
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

    fn begin(files: &[File]) -> Ahead {
        let ahead = Ahead::default();
        files.iter().for_each(|file| ahead.add(file));
        ahead
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
        let ahead = begin(&files);
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
        let ahead = begin(&files);
        let fault = set.parse_all(&[("c/templates/own.yaml", own)], &ahead).unwrap_err();
        assert_eq!(
            fault.to_string(),
            TemplateSet::default().parse("c/templates/own.yaml", own.clone()).unwrap_err().to_string()
        );
    }
}
