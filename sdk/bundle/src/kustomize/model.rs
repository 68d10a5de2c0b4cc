//! `kustomization.yaml`: the fields that are understood; any other is refused by name.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Error, plain};
use crate::yaml;

/// A kustomization or a component.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Kustomization {
    pub(super) api_version: Option<String>,
    pub(super) kind: Option<String>,
    #[serde(rename = "metadata")]
    pub(super) _metadata: Option<Value>,
    pub(super) resources: Vec<String>,
    pub(super) bases: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) namespace: Option<String>,
    pub(super) name_prefix: String,
    pub(super) name_suffix: String,
    pub(super) common_labels: BTreeMap<String, String>,
    pub(super) labels: Vec<Labels>,
    pub(super) common_annotations: BTreeMap<String, String>,
    pub(super) images: Vec<Image>,
    pub(super) replicas: Vec<Replicas>,
    pub(super) patches: Vec<Patch>,
    pub(super) patches_strategic_merge: Vec<String>,
    #[serde(rename = "patchesJson6902")]
    pub(super) patches_json: Vec<Patch>,
    pub(super) replacements: Vec<Replacement>,
    pub(super) vars: Vec<Var>,
    pub(super) config_map_generator: Vec<Generator>,
    pub(super) secret_generator: Vec<Generator>,
    pub(super) generator_options: GeneratorOptions,
    pub(super) sort_options: Option<SortOptions>,
    pub(super) build_metadata: Vec<String>,
    pub(super) generators: Vec<String>,
    pub(super) transformers: Vec<String>,
    pub(super) configurations: Vec<String>,
}

/// In which order the objects come out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct SortOptions {
    /// `legacy` or `fifo`.
    pub(super) order: String,
    pub(super) legacy_sort_options: Option<LegacySortOptions>,
}

/// Kinds that come first and last.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct LegacySortOptions {
    pub(super) order_first: Vec<String>,
    pub(super) order_last: Vec<String>,
}

/// An entry of `labels`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Labels {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
    pub(super) fields: Vec<FieldSpec>,
}

/// A place in objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FieldSpec {
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    /// Steps separated by slashes; a backslash keeps one that belongs to a name.
    pub(super) path: String,
    pub(super) create: bool,
}

/// An entry of `images`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: Option<String>,
    pub(super) new_tag: Option<String>,
    pub(super) tag_suffix: Option<String>,
    pub(super) digest: Option<String>,
}

/// An entry of `replicas`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replicas {
    pub(super) name: String,
    pub(super) count: u64,
}

/// An entry of `patches` or `patchesJson6902`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Patch {
    pub(super) path: Option<String>,
    pub(super) patch: Option<String>,
    pub(super) target: Option<Target>,
    pub(super) options: PatchOptions,
}

/// What a patch may change besides.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct PatchOptions {
    pub(super) allow_name_change: bool,
    pub(super) allow_kind_change: bool,
}

/// Which objects a patch changes. Names are regular expressions that must match as a whole.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Target {
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) label_selector: Option<String>,
    pub(super) annotation_selector: Option<String>,
}

/// An entry of `replacements`: a value that is copied, or the file that says so.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Replacement {
    pub(super) path: Option<String>,
    pub(super) source: Option<Source>,
    pub(super) source_value: Option<String>,
    pub(super) targets: Vec<Destination>,
}

/// Where a value is copied from; what is given must be so.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Source {
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) field_path: Option<String>,
    pub(super) options: FieldOptions,
}

/// Where a value is copied to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Destination {
    pub(super) select: Option<Target>,
    pub(super) reject: Vec<Target>,
    pub(super) field_paths: Vec<String>,
    pub(super) options: FieldOptions,
}

/// Which part of a text is meant, and whether a field is made.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FieldOptions {
    pub(super) delimiter: String,
    pub(super) index: i64,
    pub(super) create: bool,
}

/// An entry of `vars`: a field of an object that others quote.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Var {
    pub(super) name: String,
    #[serde(rename = "objref")]
    pub(super) object: VarObject,
    #[serde(rename = "fieldref")]
    pub(super) field: VarField,
}

/// The object.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct VarObject {
    pub(super) api_version: Option<String>,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
}

/// The field.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VarField {
    #[serde(rename = "fieldPath", alias = "fieldpath")]
    pub(super) path: Option<String>,
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Generator {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) behavior: Option<String>,
    pub(super) files: Vec<String>,
    pub(super) literals: Vec<String>,
    pub(super) envs: Vec<String>,
    pub(super) env: Option<String>,
    #[serde(rename = "type")]
    pub(super) secret_type: Option<String>,
    pub(super) options: GeneratorOptions,
}

/// What generated objects have in common.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct GeneratorOptions {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) disable_name_suffix_hash: bool,
    pub(super) immutable: bool,
}

impl Kustomization {
    /// Reads the file at `path`.
    pub(super) fn read(path: &str, text: Vec<u8>) -> Result<Self, Error> {
        let empty = || Error::Read { path: path.into(), problem: "it is empty".into() };
        let value = yaml::read_exact(&text).map_err(|source| Error::Yaml { path: path.into(), source })?;
        let document = plain(path, &value)?;
        if document.is_null() {
            return Err(empty());
        }
        let own: Self = deserialize(path, "", document)?;
        let group = if own.is_component() { "v1alpha1" } else { "v1beta1" };
        let expected = format!("kustomize.config.k8s.io/{group}");
        if own.api_version.as_ref().is_some_and(|given| !given.is_empty() && *given != expected) {
            let problem = format!("must be {expected}");
            return Err(Error::Field { path: path.into(), field: "apiVersion".into(), problem });
        }
        match own.kind.as_deref() {
            None | Some("" | "Kustomization" | "Component") => Ok(own),
            Some(other) => Err(Error::Field {
                path: path.into(),
                field: "kind".into(),
                problem: format!("{other:?} must be Kustomization or Component"),
            }),
        }
    }

    /// Whether it changes its user's resources instead of bringing its own.
    pub(super) fn is_component(&self) -> bool {
        self.kind.as_deref() == Some("Component")
    }
}

/// What a document of the file at `path` says; `field` is where in the kustomization that stands.
pub(super) fn deserialize<T: DeserializeOwned>(path: &str, field: &str, document: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(document).map_err(|error| Error::Field {
        path: path.into(),
        field: [field, &error.path().to_string()].concat(),
        problem: match error.inner().to_string() {
            text if text.starts_with("unknown field") => "this field is not supported".into(),
            text => text,
        },
    })
}
