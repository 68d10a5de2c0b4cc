//! Which objects a target means. In: names and versions as regular expressions that must match as a whole, selectors of
//! labels and annotations; out: whether an object, by what it is or was called, is meant.

use naru_api::selector::LabelSelector;
use regex_automata::meta::Regex;
use serde_json::Value;

use super::{
    model::Target,
    resource::{Resource, effective},
};

/// A target whose patterns were read.
pub(super) struct Selection {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Option<LabelSelector>,
    annotations: Option<LabelSelector>,
}

impl Selection {
    /// Reads a target.
    ///
    /// # Errors
    /// A pattern or a selector that is none.
    pub(super) fn new(target: &Target) -> Result<Self, String> {
        let pattern = |text: &Option<String>| {
            let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
            Regex::new(&format!("^(?:{text})$")).map(Some).map_err(|error| format!("target: {error}"))
        };
        let selector = |text: &Option<String>| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(LabelSelector::parse).transpose().map_err(|problem| format!("target: {problem}"))
        };
        Ok(Self {
            group: pattern(&target.group)?,
            version: pattern(&target.version)?,
            kind: pattern(&target.kind)?,
            name: pattern(&target.name)?,
            namespace: pattern(&target.namespace)?,
            labels: selector(&target.label_selector)?,
            annotations: selector(&target.annotation_selector)?,
        })
    }

    /// Whether a patch with this target changes an object: name and namespace are those of now or those of the manifests.
    pub(super) fn means(&self, one: &Resource) -> bool {
        self.fits_kind(one)
            && (fits(&self.name, one.name()) || fits(&self.name, one.original_name()))
            && (fits(&self.namespace, one.effective_namespace())
                || fits(&self.namespace, one.original_namespace()))
            && self.fits_pairs(one)
    }

    /// Whether a replacement means it: by any of the names that it had, with the namespace of that time.
    pub(super) fn means_any(&self, one: &Resource) -> bool {
        self.means_name(one) && self.fits_pairs(one)
    }

    /// The same but for labels and annotations.
    pub(super) fn means_name(&self, one: &Resource) -> bool {
        let called = |name: &str, namespace: &str| {
            fits(&self.name, name) && fits(&self.namespace, effective(one.kind(), namespace))
        };
        let before = || one.previous().iter().any(|(name, namespace)| called(name, namespace));
        self.fits_kind(one) && (called(one.name(), one.namespace()) || before())
    }

    fn fits_kind(&self, one: &Resource) -> bool {
        let (group, version) = one.group_version();
        fits(&self.group, group) && fits(&self.version, version) && fits(&self.kind, one.kind())
    }

    fn fits_pairs(&self, one: &Resource) -> bool {
        let selects = |selector: &Option<LabelSelector>, pairs: &Value| {
            selector.as_ref().is_none_or(|selector| selector.matches(|key| pairs[key].as_str()))
        };
        let metadata = &one.object["metadata"];
        selects(&self.labels, &metadata["labels"]) && selects(&self.annotations, &metadata["annotations"])
    }
}

fn fits(pattern: &Option<Regex>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
}
