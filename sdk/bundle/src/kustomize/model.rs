//! `kustomization.yaml`: the fields that are understood; any other is refused by name.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Error, documents};

/// A kustomization or a component.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Kustomization {
    #[serde(rename = "apiVersion")]
    _api_version: Option<String>,
    kind: Option<String>,
    #[serde(rename = "metadata")]
    _metadata: Option<Value>,
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
    pub(super) config_map_generator: Vec<Generator>,
    pub(super) secret_generator: Vec<Generator>,
    pub(super) generator_options: GeneratorOptions,
}

/// An entry of `labels`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Labels {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
}

/// An entry of `images`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: Option<String>,
    pub(super) new_tag: Option<Value>,
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
    pub(super) options: BTreeMap<String, bool>,
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
        let document =
            documents(path, &text)?.into_iter().next().unwrap_or(Value::Object(Default::default()));
        let own: Self = serde_path_to_error::deserialize(document).map_err(|error| Error::Field {
            path: path.into(),
            field: error.path().to_string(),
            problem: match error.inner().to_string() {
                text if text.starts_with("unknown field") => "this field is not supported".into(),
                text => text,
            },
        })?;
        match own.kind.as_deref() {
            None | Some("Kustomization" | "Component") => Ok(own),
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
