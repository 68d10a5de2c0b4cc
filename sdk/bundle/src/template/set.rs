//! Parsed templates by name.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use foldhash::fast::RandomState;

use super::{ahead::Ahead, parser, phrases::Phrasebook, source::Source, tree::Template};
use crate::{fault::Fault, parallel::identity, value::Str};

/// Longest text of one template, in bytes.
pub(super) const MAX_SOURCE_BYTES: usize = 64 << 20;

/// Templates that know each other: files and what they define.
#[derive(Debug, Default)]
pub struct TemplateSet {
    templates: HashMap<Str, Rc<Template>, RandomState>,
    phrases: Phrasebook,
}

impl TemplateSet {
    /// Adds the template `file` and the templates that `text` defines. A later template replaces an earlier one of
    /// its name, unless it holds only space.
    ///
    /// # Errors
    /// If `text` is no template, with the place; then nothing of it is added.
    pub fn parse(&mut self, file: &str, text: impl Into<Str>) -> Result<(), Fault> {
        let templates = parse_text(file, &text.into(), &mut self.phrases)?;
        self.add(templates);
        Ok(())
    }

    /// As [`TemplateSet::parse`] for each of the files and their texts in order, but parsed at the same time, some of
    /// them already.
    ///
    /// # Errors
    /// The first one; then the files before it are added.
    pub(crate) fn parse_all(&mut self, files: &[(&str, &Str)], ahead: &Ahead) -> Result<(), Fault> {
        let texts: Vec<_> = files.iter().map(|(_, text)| *text).collect();
        let mut parsed = ahead.0.finish(&texts);
        for (file, text) in files {
            let templates = match parsed.remove(&identity(text)) {
                Some(parsed) => parsed.of(file).templates()?,
                None => parse_text(file, text, &mut self.phrases)?,
            };
            self.add(templates);
        }
        Ok(())
    }

    fn add(&mut self, templates: Vec<Template>) {
        for template in templates {
            let replaces = !template.is_empty() || !self.templates.contains_key(&*template.name);
            if replaces {
                self.templates.insert(template.name.clone(), Rc::new(template));
            }
        }
    }

    /// Whether there is a template `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.templates.contains_key(name.as_bytes())
    }

    /// Whether the file `name` calls a function that takes its time.
    pub(crate) fn is_slow(&self, name: &str) -> bool {
        self.templates.get(name.as_bytes()).is_some_and(|template| template.is_slow)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.templates.keys().map(|name| &**name)
    }

    /// The template `name`.
    pub(super) fn find(&self, name: &[u8]) -> Option<&Rc<Template>> {
        self.templates.get(name)
    }
}

/// The templates of one text, the text itself last.
pub(super) fn parse_text(name: &str, text: &Str, phrases: &mut Phrasebook) -> Result<Vec<Template>, Fault> {
    let source = Arc::new(Source { file: name.to_owned(), text: text.clone() });
    if text.len() > MAX_SOURCE_BYTES {
        let cause =
            format!("a template of {} bytes is over the limit of {MAX_SOURCE_BYTES} bytes", text.len());
        return Err(Fault::limit(cause).at(source.place(0)));
    }
    parser::parse(&source, phrases)?.templates()
}
