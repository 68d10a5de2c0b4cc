//! `transformers` and `generators` that are built in: what a kustomization's own fields do, with the places named. In: their files or
//! texts; out: changed and further objects. Programs and functions are refused.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Error, Place, add_entry, documents, generate, images, labels,
    model::{FieldSpec, Generator, Image, Kustomization, Patch, Replacement, Replicas, Target, deserialize},
    names, patch, replacement,
    resource::Resources,
};

/// One of them, as its file says.
struct Plugin {
    kind: String,
    name: String,
    namespace: String,
    /// What it is to do.
    settings: Value,
}

/// `generators`, before everything that changes objects.
pub(super) fn generate(
    at: &mut Place<'_, '_>,
    own: &Kustomization,
    resources: &mut Resources,
) -> Result<(), Error> {
    const FIELD: &str = "generators";
    for plugin in read(at, FIELD, &own.generators)? {
        let mut generator: Generator = plugin.settings(at, FIELD)?;
        if generator.name.is_empty() {
            generator.name = plugin.name;
        }
        if generator.namespace.is_none() && !plugin.namespace.is_empty() {
            generator.namespace = Some(plugin.namespace);
        }
        let mut made = Kustomization::default();
        match plugin.kind.as_str() {
            "ConfigMapGenerator" => made.config_map_generator.push(generator),
            "SecretGenerator" => made.secret_generator.push(generator),
            other => return Err(at.fault(FIELD, format!("{other} is not supported"))),
        }
        generate::add(at, &made, resources)?;
    }
    Ok(())
}

/// `transformers`, after everything that the kustomization's own fields change.
pub(super) fn apply(
    at: &mut Place<'_, '_>,
    own: &Kustomization,
    resources: &mut Resources,
) -> Result<(), Error> {
    read(at, FIELD, &own.transformers)?.into_iter().try_for_each(|plugin| plugin.apply(at, resources))
}

const FIELD: &str = "transformers";

/// Those of a field's entries, each a file, a folder, or a text.
fn read(at: &mut Place<'_, '_>, field: &str, entries: &[String]) -> Result<Vec<Plugin>, Error> {
    let mut all = Vec::new();
    for entry in entries {
        let objects = if entry.contains('\n') || entry.contains(": ") {
            documents(at.path, entry.as_bytes())?
        } else {
            let mut found = Resources::default();
            add_entry(at, entry, &mut found, |_| false)?;
            found.into_objects()
        };
        all.extend(objects);
    }
    all.into_iter().map(|object| plugin(object).map_err(|problem| at.fault(field, problem))).collect()
}

fn plugin(mut object: Value) -> Result<Plugin, String> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("/apiVersion"), text("/kind"));
    let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    if api_version != "builtin" {
        return Err(format!("{api_version}/{kind} is not built in, and no program is run"));
    }
    if name.is_empty() {
        return Err(format!("a {kind} without metadata.name"));
    }
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|field, _| !matches!(field.as_str(), "apiVersion" | "kind" | "metadata"));
    }
    Ok(Plugin { kind, name, namespace, settings: object })
}

/// `PrefixTransformer`, `SuffixTransformer` and both in one.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Affixes {
    prefix: String,
    suffix: String,
    field_specs: Vec<FieldSpec>,
}

/// `LabelTransformer` and `AnnotationsTransformer`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Pairs {
    #[serde(alias = "annotations")]
    labels: BTreeMap<String, String>,
    field_specs: Vec<FieldSpec>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Images {
    image_tag: Image,
    field_specs: Vec<FieldSpec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Counts {
    replica: Replicas,
    #[serde(default)]
    field_specs: Vec<FieldSpec>,
}

/// `PatchJson6902Transformer`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonPatch {
    target: Target,
    path: Option<String>,
    #[serde(rename = "jsonOp")]
    operations: Option<String>,
}

/// `PatchStrategicMergeTransformer`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Merges {
    paths: Vec<String>,
    patches: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copies {
    replacements: Vec<Replacement>,
}

impl Plugin {
    fn settings<T: DeserializeOwned>(&self, at: &Place<'_, '_>, field: &str) -> Result<T, Error> {
        deserialize(at.path, &format!("{field}: {} {}: ", self.kind, self.name), self.settings.clone())
    }

    fn apply(self, at: &Place<'_, '_>, resources: &mut Resources) -> Result<(), Error> {
        match self.kind.as_str() {
            "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
                affix(&self.settings(at, FIELD)?, resources);
            }
            "LabelTransformer" | "AnnotationsTransformer" => {
                let Pairs { labels, field_specs } = self.settings(at, FIELD)?;
                labels::set_at(resources, &field_specs, &labels);
            }
            "NamespaceTransformer" => {
                let wanted: names::Namespace = self.settings(at, FIELD)?;
                return wanted.set(&self.namespace, resources).map_err(|problem| at.fault(FIELD, problem));
            }
            "ImageTagTransformer" => {
                let Images { image_tag, field_specs } = self.settings(at, FIELD)?;
                images::set_image(&image_tag, &field_specs, resources);
            }
            "ReplicaCountTransformer" => {
                let Counts { replica, field_specs } = self.settings(at, FIELD)?;
                return images::set_count(&replica, &field_specs, resources)
                    .map_err(|problem| at.fault(FIELD, problem));
            }
            "PatchTransformer" => {
                let patches = vec![self.settings::<Patch>(at, FIELD)?];
                return patch::apply(at, &Kustomization { patches, ..Kustomization::default() }, resources);
            }
            "PatchJson6902Transformer" => {
                let JsonPatch { target, path, operations } = self.settings(at, FIELD)?;
                let patches_json =
                    vec![Patch { target: Some(target), path, patch: operations, ..Patch::default() }];
                let own = Kustomization { patches_json, ..Kustomization::default() };
                return patch::json_files(at, &own, resources);
            }
            "PatchStrategicMergeTransformer" => {
                let Merges { paths, patches } = self.settings(at, FIELD)?;
                let own = Kustomization {
                    patches_strategic_merge: paths
                        .into_iter()
                        .chain((!patches.is_empty()).then_some(patches))
                        .collect(),
                    ..Kustomization::default()
                };
                return patch::strategic_files(at, &own, resources);
            }
            "ReplacementTransformer" => {
                let Copies { replacements } = self.settings(at, FIELD)?;
                let own = Kustomization { replacements, ..Kustomization::default() };
                return replacement::apply(at, &own, resources);
            }
            other => return Err(at.fault(FIELD, format!("{other} is not supported"))),
        }
        Ok(())
    }
}

/// Puts a prefix and a suffix around the texts at the places that are named.
fn affix(wanted: &Affixes, resources: &mut Resources) {
    let Affixes { prefix, suffix, field_specs } = wanted;
    let is_name = |spec: &FieldSpec| spec.path == "metadata/name";
    for resource in resources.iter_mut().filter(|resource| !names::is_fixed(resource)) {
        let meant: Vec<&FieldSpec> = field_specs.iter().filter(|spec| spec.means(resource)).collect();
        for spec in meant {
            match is_name(spec) {
                true => names::add_affix(resource, prefix, suffix),
                false => names::put_around(resource, spec, prefix, suffix),
            }
        }
    }
}
