//! `configurations`: further places in objects that take names, labels, images and the like, besides those that everybody knows. In: the
//! files that a kustomization lists; out: the places, which count for it and for those who use it.

use serde::Deserialize;

use super::{
    Error, Place,
    model::{FieldSpec, deserialize},
    plain,
    resource::Resource,
};
use crate::yaml;

const FIELD: &str = "configurations";

/// Further places, by what they take.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Places {
    pub(super) name_prefix: Vec<FieldSpec>,
    pub(super) name_suffix: Vec<FieldSpec>,
    pub(super) namespace: Vec<FieldSpec>,
    pub(super) common_labels: Vec<FieldSpec>,
    pub(super) labels: Vec<FieldSpec>,
    pub(super) template_labels: Vec<FieldSpec>,
    pub(super) common_annotations: Vec<FieldSpec>,
    pub(super) name_reference: Vec<Referred>,
    pub(super) var_reference: Vec<FieldSpec>,
    pub(super) images: Vec<FieldSpec>,
    pub(super) replicas: Vec<FieldSpec>,
}

/// Objects that others refer to by name, and where those do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Referred {
    /// Of which group and version they are; empty for any.
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) field_specs: Vec<FieldSpec>,
}

impl Referred {
    /// Itself, and each place in an object where that may refer to it.
    pub(super) fn by<'a>(&'a self, one: &Resource) -> impl Iterator<Item = (&'a Self, &'a str)> {
        let meant: Vec<&FieldSpec> = self.field_specs.iter().filter(|spec| spec.means(one)).collect();
        meant.into_iter().map(move |spec| (self, spec.path.as_str()))
    }
}

impl Places {
    /// Adds those of the listed files.
    pub(super) fn read(&mut self, at: &Place<'_, '_>, files: &[String]) -> Result<(), Error> {
        for path in files {
            let text = at.read(path)?;
            let value =
                yaml::read_exact(&text).map_err(|source| Error::Yaml { path: path.into(), source })?;
            let document = plain(path, &value)?;
            if !document.is_null() {
                self.merge(deserialize(path, &format!("{FIELD}: "), document)?);
            }
        }
        Ok(())
    }

    /// Adds others that are not there yet.
    pub(super) fn merge(&mut self, other: Self) {
        let join = |own: &mut Vec<FieldSpec>, more: Vec<FieldSpec>| {
            for spec in more {
                if !own.contains(&spec) {
                    own.push(spec);
                }
            }
        };
        join(&mut self.name_prefix, other.name_prefix);
        join(&mut self.name_suffix, other.name_suffix);
        join(&mut self.namespace, other.namespace);
        join(&mut self.common_labels, other.common_labels);
        join(&mut self.labels, other.labels);
        join(&mut self.template_labels, other.template_labels);
        join(&mut self.common_annotations, other.common_annotations);
        join(&mut self.var_reference, other.var_reference);
        join(&mut self.images, other.images);
        join(&mut self.replicas, other.replicas);
        self.name_reference.extend(other.name_reference);
    }
}
