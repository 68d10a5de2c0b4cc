//! Whether a pod may run on a node, and the words of the first filter that refuses it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{World, domain, holds, list, matches, number};

impl World {
    /// The reasons against a node, of the first filter that has any.
    pub(in crate::core::tests) fn reasons(&self, pod: &Value, node: &Value) -> Vec<String> {
        let filters = [
            World::unschedulable,
            World::taints,
            World::node_affinity,
            World::ports,
            World::resources,
            World::spread,
            World::pod_affinity,
        ];
        let reasons = filters.into_iter().map(|filter| filter(self, pod, node));
        reasons.into_iter().find(|reasons| !reasons.is_empty()).unwrap_or_default()
    }

    fn unschedulable(&self, pod: &Value, node: &Value) -> Vec<String> {
        let cordoned = node["spec"]["unschedulable"] == true;
        let tolerated = tolerates(pod, "node.kubernetes.io/unschedulable", "", "NoSchedule");
        told(cordoned && !tolerated, "node(s) were unschedulable")
    }

    fn taints(&self, pod: &Value, node: &Value) -> Vec<String> {
        let Some((key, value)) = untolerated(pod, node) else { return Vec::new() };
        vec![format!("node(s) had untolerated taint {{{key}: {value}}}")]
    }

    fn node_affinity(&self, pod: &Value, node: &Value) -> Vec<String> {
        told(!likes(pod, node), "node(s) didn't match Pod's node affinity/selector")
    }

    fn ports(&self, pod: &Value, node: &Value) -> Vec<String> {
        let ports = |pod: &Value| list(&pod["spec"]["containers"][0]["ports"]);
        let conflict = |a: &Value, b: &Value| {
            let any = |port: &Value| port["hostIP"].is_null();
            a["hostPort"] == b["hostPort"]
                && a["protocol"] == b["protocol"]
                && (any(a) || any(b) || a["hostIP"] == b["hostIP"])
        };
        let taken: Vec<Value> = self.on(node).flat_map(ports).collect();
        let clash = ports(pod).iter().any(|wanted| taken.iter().any(|taken| conflict(wanted, taken)));
        told(clash, "node(s) didn't have free ports for the requested pod ports")
    }

    fn resources(&self, pod: &Value, node: &Value) -> Vec<String> {
        let offered = &node["status"]["allocatable"];
        let request =
            |pod: &Value, name: &str| number(&pod["spec"]["containers"][0]["resources"]["requests"][name]);
        let mut reasons = told(self.on(node).count() as i64 >= number(&offered["pods"]), "Too many pods");
        for name in ["cpu", "memory", "example.com/gpu"] {
            let (wanted, taken) =
                (request(pod, name), self.on(node).map(|pod| request(pod, name)).sum::<i64>());
            reasons.extend(told(
                wanted > 0 && wanted + taken > number(&offered[name]),
                &format!("Insufficient {name}"),
            ));
        }
        reasons
    }

    fn spread(&self, pod: &Value, node: &Value) -> Vec<String> {
        let all = list(&pod["spec"]["topologySpreadConstraints"]);
        let hard: Vec<_> = all.iter().filter(|one| one["whenUnsatisfiable"] == "DoNotSchedule").collect();
        for constraint in &hard {
            let Some(here) = domain(node, &constraint["topologyKey"]) else {
                let words = "node(s) didn't match pod topology spread constraints (missing required label)";
                return vec![words.into()];
            };
            let counts = self.domains(pod, constraint, &hard);
            let enough = counts.len() as i64 >= constraint["minDomains"].as_i64().unwrap_or(1);
            let fewest = if enough { counts.values().copied().min().unwrap_or(i64::MAX / 2) } else { 0 };
            let itself = i64::from(self.counts(pod, constraint, pod));
            let skew = counts.get(&here).copied().unwrap_or(0) + itself - fewest;
            if skew > number(&constraint["maxSkew"]) {
                return vec!["node(s) didn't match pod topology spread constraints".into()];
            }
        }
        Vec::new()
    }

    /// The pods of each domain of a constraint that has a node that counts.
    pub(super) fn domains(&self, pod: &Value, constraint: &Value, all: &[&Value]) -> BTreeMap<String, i64> {
        let mut counts = BTreeMap::new();
        for node in &self.nodes {
            let labelled = all.iter().all(|one| domain(node, &one["topologyKey"]).is_some());
            if !labelled || !is_eligible(pod, constraint, node) {
                continue;
            }
            let count = self.counted_on(pod, constraint, node);
            *counts.entry(domain(node, &constraint["topologyKey"]).unwrap()).or_insert(0) += count;
        }
        counts
    }

    /// How many pods of a node count for a constraint. None do if its selector matches everything.
    pub(super) fn counted_on(&self, pod: &Value, constraint: &Value, node: &Value) -> i64 {
        let mut selector = constraint["labelSelector"].clone();
        for key in list(&constraint["matchLabelKeys"]) {
            super::require(&mut selector, key.as_str().unwrap(), "In", pod);
        }
        let everything = selector == json!({});
        let counts = |other: &&Value| !everything && self.counts(pod, constraint, other);
        self.on(node).filter(counts).count() as i64
    }

    /// Whether a pod counts for a constraint of another.
    pub(super) fn counts(&self, owner: &Value, constraint: &Value, pod: &Value) -> bool {
        let mut selector = constraint["labelSelector"].clone();
        for key in list(&constraint["matchLabelKeys"]) {
            super::require(&mut selector, key.as_str().unwrap(), "In", owner);
        }
        pod["metadata"]["deletionTimestamp"].is_null()
            && pod["metadata"]["namespace"] == owner["metadata"]["namespace"]
            && matches(&selector, &pod["metadata"]["labels"])
    }

    fn pod_affinity(&self, pod: &Value, node: &Value) -> Vec<String> {
        let near = required(pod, "podAffinity");
        let all_about = |other: &Value| near.iter().all(|term| self.is_about(term, pod, other));
        let shares = |term: &Value, there: &Value| {
            let key = &term["topologyKey"];
            domain(node, key).is_some() && domain(node, key) == domain(there, key)
        };
        let is_near =
            |term: &Value| self.placed().any(|(other, there)| all_about(other) && shares(term, there));
        let nobody = !self.placed().any(|(other, there)| {
            all_about(other) && near.iter().any(|term| domain(there, &term["topologyKey"]).is_some())
        });
        let first = nobody && all_about(pod);
        let placeable = near.iter().all(|term| domain(node, &term["topologyKey"]).is_some());
        if !near.is_empty() && !(placeable && (first || near.iter().all(is_near))) {
            return vec!["node(s) didn't match pod affinity rules".into()];
        }
        let far = required(pod, "podAntiAffinity");
        let too_near = |term: &Value| {
            self.placed().any(|(other, there)| self.is_about(term, pod, other) && shares(term, there))
        };
        if far.iter().any(too_near) {
            return vec!["node(s) didn't match pod anti-affinity rules".into()];
        }
        let kept_far = self.placed().any(|(other, there)| {
            let against = |term: &Value| self.is_about(term, other, pod) && shares(term, there);
            required(other, "podAntiAffinity").iter().any(against)
        });
        told(kept_far, "node(s) didn't satisfy existing pods anti-affinity rules")
    }
}

pub(super) fn required(pod: &Value, kind: &str) -> Vec<Value> {
    list(&pod["spec"]["affinity"][kind]["requiredDuringSchedulingIgnoredDuringExecution"])
}

fn told(yes: bool, words: &str) -> Vec<String> {
    if yes { vec![words.to_owned()] } else { Vec::new() }
}

/// Whether a node counts for a constraint of a pod.
pub(super) fn is_eligible(pod: &Value, constraint: &Value, node: &Value) -> bool {
    (constraint["nodeAffinityPolicy"] == "Ignore" || likes(pod, node))
        && (constraint["nodeTaintsPolicy"] != "Honor" || untolerated(pod, node).is_none())
}

/// Whether a pod's node affinity matches.
fn likes(pod: &Value, node: &Value) -> bool {
    let affinity = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let all = |term: &Value| {
        list(&term["matchExpressions"]).iter().all(|one| holds(one, &node["metadata"]["labels"]))
    };
    affinity.is_null() || list(&affinity["nodeSelectorTerms"]).iter().any(all)
}

fn untolerated(pod: &Value, node: &Value) -> Option<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let taints = list(&node["spec"]["taints"]).into_iter();
    let mut taints = taints.map(|taint| (text(&taint["key"]), text(&taint["value"]), text(&taint["effect"])));
    let bad = taints
        .find(|(key, value, effect)| effect != "PreferNoSchedule" && !tolerates(pod, key, value, effect));
    bad.map(|(key, value, _)| (key, value))
}

pub(super) fn tolerates(pod: &Value, key: &str, value: &str, effect: &str) -> bool {
    list(&pod["spec"]["tolerations"]).iter().any(|one| {
        (one["effect"].is_null() || one["effect"] == effect)
            && (one["key"].is_null() || one["key"] == key)
            && (one["operator"] == "Exists" || one["value"].as_str().unwrap_or_default() == value)
    })
}
