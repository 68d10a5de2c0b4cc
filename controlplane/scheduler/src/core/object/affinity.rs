//! Affinity, selectors and spreading, as the API sends them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A pod's `affinity`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// About nodes.
    pub node_affinity: Option<NodeAffinity>,
    /// Pods that should be near.
    pub pod_affinity: Option<PodAffinity>,
    /// Pods that should be far.
    pub pod_anti_affinity: Option<PodAffinity>,
}

/// Wishes about nodes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity {
    /// One of its terms must match.
    pub required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
    /// Each that matches counts.
    pub preferred_during_scheduling_ignored_during_execution: Option<Vec<PreferredTerm>>,
}

/// Terms of which one must match.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector {
    /// The terms.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// Requirements that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm {
    /// About labels.
    pub match_expressions: Option<Vec<Requirement>>,
    /// About fields; there is `metadata.name`.
    pub match_fields: Option<Vec<Requirement>>,
}

/// A term that counts `weight` if it matches.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PreferredTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The term.
    pub preference: NodeSelectorTerm,
}

/// One requirement of a term.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Requirement {
    /// The label's or field's name.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`.
    pub operator: String,
    /// What it is compared with.
    pub values: Option<Vec<String>>,
}

/// Wishes about the pods near by.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinity {
    /// All must hold.
    pub required_during_scheduling_ignored_during_execution: Option<Vec<PodAffinityTerm>>,
    /// Each that holds counts.
    pub preferred_during_scheduling_ignored_during_execution: Option<Vec<WeightedPodAffinityTerm>>,
}

/// A wish with its weight.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WeightedPodAffinityTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The wish.
    pub pod_affinity_term: PodAffinityTerm,
}

/// Which pods, and what near means.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinityTerm {
    /// The pods; none if absent, all if empty.
    pub label_selector: Option<LabelSelector>,
    /// Their namespaces; the pod's own if these and the selector are absent.
    pub namespaces: Option<Vec<String>>,
    /// Their namespaces by label; none if absent, all if empty.
    pub namespace_selector: Option<LabelSelector>,
    /// The label of nodes that are near each other if they have the same value of it.
    pub topology_key: String,
    /// Labels whose values must be those of the pod itself.
    pub match_label_keys: Option<Vec<String>>,
    /// Labels whose values must not be those of the pod itself.
    pub mismatch_label_keys: Option<Vec<String>>,
}

/// A selector of labels.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels with their values.
    pub match_labels: Option<BTreeMap<String, String>>,
    /// Requirements; `In`, `NotIn`, `Exists`, `DoesNotExist`.
    pub match_expressions: Option<Vec<Requirement>>,
}

/// How pods spread over domains of nodes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySpreadConstraint {
    /// By how many pods domains may differ.
    pub max_skew: i32,
    /// The label whose values are the domains.
    pub topology_key: String,
    /// `DoNotSchedule` or `ScheduleAnyway`.
    pub when_unsatisfiable: String,
    /// The pods that are counted.
    pub label_selector: Option<LabelSelector>,
    /// With fewer domains, the smallest counts as empty.
    pub min_domains: Option<i32>,
    /// `Honor` (the default) or `Ignore` node affinity and selector.
    pub node_affinity_policy: Option<String>,
    /// `Honor` or `Ignore` (the default) taints.
    pub node_taints_policy: Option<String>,
    /// Labels whose values must be those of the pod itself.
    pub match_label_keys: Option<Vec<String>>,
}
