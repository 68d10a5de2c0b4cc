//! `commonLabels`, `labels` and `commonAnnotations`: where they go, by kind.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    fields,
    model::{FieldSpec, Kustomization},
    resource::{Resource, Resources},
};

type Pairs = BTreeMap<String, String>;

/// The kinds whose pod template takes labels, with the path to its metadata.
const TEMPLATES: &[(&str, &str)] = &[
    ("ReplicationController", "spec/template/metadata"),
    ("Deployment", "spec/template/metadata"),
    ("ReplicaSet", "spec/template/metadata"),
    ("DaemonSet", "spec/template/metadata"),
    ("StatefulSet", "spec/template/metadata"),
    ("Job", "spec/template/metadata"),
    ("CronJob", "spec/jobTemplate/metadata"),
    ("CronJob", "spec/jobTemplate/spec/template/metadata"),
];

/// Selectors and other labels that follow: kind, path to the labels, whether they are made if missing.
const SELECTORS: &[(&str, &str, bool)] = &[
    ("Service", "spec/selector", true),
    ("ReplicationController", "spec/selector", true),
    ("Deployment", "spec/selector/matchLabels", true),
    ("ReplicaSet", "spec/selector/matchLabels", true),
    ("DaemonSet", "spec/selector/matchLabels", true),
    ("StatefulSet", "spec/selector/matchLabels", true),
    ("Job", "spec/selector/matchLabels", false),
    ("CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    ("PodDisruptionBudget", "spec/selector/matchLabels", false),
    ("NetworkPolicy", "spec/podSelector/matchLabels", false),
    ("NetworkPolicy", "spec/ingress[]/from[]/podSelector/matchLabels", false),
    ("NetworkPolicy", "spec/egress[]/to[]/podSelector/matchLabels", false),
];

/// The selectors in a pod's spec that follow, never made.
const POD_SELECTORS: [&str; 5] = [
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution[]/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution[]/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution[]/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution[]/labelSelector/matchLabels",
    "topologySpreadConstraints[]/labelSelector/matchLabels",
];

/// Sets the labels of the kustomization.
pub(super) fn apply(own: &Kustomization, resources: &mut Resources) {
    let places = resources.places.clone();
    for entry in &own.labels {
        set(resources, &entry.pairs, entry.include_templates, entry.include_selectors);
        let further: &[FieldSpec] = match (entry.include_selectors, entry.include_templates) {
            (true, _) => &places.common_labels,
            (false, true) => &places.template_labels,
            (false, false) => &[],
        };
        for specs in [&entry.fields, &places.labels, further] {
            set_at(resources, specs, &entry.pairs);
        }
    }
    set(resources, &own.common_labels, true, true);
    if !own.common_labels.is_empty() {
        set_at(resources, &places.common_labels, &own.common_labels);
    }
}

/// Sets labels or annotations at the places that are named.
pub(super) fn set_at(resources: &mut Resources, specs: &[FieldSpec], pairs: &Pairs) {
    for spec in specs {
        for resource in resources.iter_mut().filter(|one| spec.means(one)) {
            put(&mut resource.object, &spec.path, spec.create, pairs);
        }
    }
}

fn set(resources: &mut Resources, pairs: &Pairs, templates: bool, selectors: bool) {
    if pairs.is_empty() {
        return;
    }
    for resource in resources.iter_mut() {
        let kind = resource.kind().to_owned();
        let object = &mut resource.object;
        put(object, "metadata/labels", true, pairs);
        if templates || selectors {
            for path in paths(TEMPLATES, &kind) {
                put(object, &format!("{path}/labels"), true, pairs);
            }
        }
        if !selectors {
            continue;
        }
        for (_, path, create) in SELECTORS.iter().filter(|(known, ..)| *known == kind) {
            put(object, path, *create, pairs);
        }
        if kind == "StatefulSet" {
            put(object, "spec/volumeClaimTemplates[]/metadata/labels", true, pairs);
        }
        if let (Some(spec), "Deployment" | "StatefulSet") = (fields::pod_spec(&kind), kind.as_str()) {
            for path in POD_SELECTORS {
                put(object, &format!("{spec}/{path}"), false, pairs);
            }
        }
    }
}

impl FieldSpec {
    /// Whether it speaks of such objects.
    pub(super) fn means(&self, one: &Resource) -> bool {
        let fits = |wanted: &Option<String>, own: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == own)
        };
        let (group, version) = one.group_version();
        fits(&self.group, group) && fits(&self.version, version) && fits(&self.kind, one.kind())
    }
}

/// Sets the annotations of the kustomization.
pub(super) fn annotate(own: &Kustomization, resources: &mut Resources) {
    if own.common_annotations.is_empty() {
        return;
    }
    for resource in resources.iter_mut() {
        let kind = resource.kind().to_owned();
        put(&mut resource.object, "metadata/annotations", true, &own.common_annotations);
        for path in paths(TEMPLATES, &kind) {
            put(&mut resource.object, &format!("{path}/annotations"), true, &own.common_annotations);
        }
    }
    let places = resources.places.common_annotations.clone();
    set_at(resources, &places, &own.common_annotations);
}

fn paths<'a>(table: &'a [(&str, &'a str)], kind: &str) -> impl Iterator<Item = &'a str> {
    table.iter().filter(move |(known, _)| *known == kind).map(|(_, path)| *path)
}

fn put(object: &mut Value, path: &str, create: bool, pairs: &Pairs) {
    fields::each(object, path, create, &mut |labels| {
        if labels.is_null() {
            *labels = Value::Object(Map::new());
        }
        if let Value::Object(labels) = labels {
            labels.extend(pairs.iter().map(|(key, value)| (key.clone(), json!(value))));
        }
    });
}
