//! How good the nodes are that fit: each score normalised from 0 to 100, by the plugin's name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{World, domain, filters, list, number};

const MIB: i64 = 1024 * 1024;

impl World {
    /// The scores of the nodes that fit, in their order.
    pub(in crate::core::tests) fn scores(
        &self,
        pod: &Value,
        nodes: &[&Value],
    ) -> BTreeMap<&'static str, Vec<i64>> {
        let each = |score: &dyn Fn(&Value) -> i64| nodes.iter().map(|node| score(node)).collect::<Vec<_>>();
        BTreeMap::from([
            ("NodeResourcesFit", each(&|node| self.least_allocated(pod, node))),
            ("NodeResourcesBalancedAllocation", each(&|node| self.balance(pod, node))),
            ("TaintToleration", inverted(shares(each(&|node| avoided(pod, node))))),
            ("NodeAffinity", shares(each(&|node| preferred(pod, node)))),
            ("InterPodAffinity", stretched(each(&|node| self.wishes(pod, node)))),
            ("PodTopologySpread", self.spread_scores(pod, nodes)),
        ])
    }

    fn least_allocated(&self, pod: &Value, node: &Value) -> i64 {
        let offered = &node["status"]["allocatable"];
        let free = |name: &str, unit: i64, default: i64| {
            let request = |pod: &Value| {
                let request = &pod["spec"]["containers"][0]["resources"]["requests"][name];
                request.as_i64().map_or(default, |amount| amount * unit)
            };
            let taken = self.on(node).map(request).sum::<i64>() + request(pod);
            let offered = number(&offered[name]) * unit;
            (offered > 0).then(|| if taken > offered { 0 } else { (offered - taken) * 100 / offered })
        };
        let scores: Vec<i64> =
            [free("cpu", 1000, 100), free("memory", 1, 200 * MIB)].into_iter().flatten().collect();
        if scores.is_empty() { 0 } else { scores.iter().sum::<i64>() / scores.len() as i64 }
    }

    fn balance(&self, pod: &Value, node: &Value) -> i64 {
        let request =
            |pod: &Value, name: &str| number(&pod["spec"]["containers"][0]["resources"]["requests"][name]);
        if request(pod, "cpu") == 0 && request(pod, "memory") == 0 {
            return 0;
        }
        let evenness = |extra: bool| {
            let shares = ["cpu", "memory"].map(|name| {
                let taken = self.on(node).map(|pod| request(pod, name)).sum::<i64>();
                let offered = number(&node["status"]["allocatable"][name]) as f64;
                let taken = taken + if extra { request(pod, name) } else { 0 };
                (offered > 0.0).then(|| (taken as f64 / offered).min(1.0))
            });
            match shares {
                [Some(cpu), Some(memory)] => ((1.0 - (cpu - memory).abs() / 2.0) * 100.0) as i64,
                _ => 100,
            }
        };
        50 + (50 + evenness(true) - evenness(false)) / 2
    }

    /// What the wishes of the pod about others, and theirs about it, come to on a node.
    fn wishes(&self, pod: &Value, node: &Value) -> i64 {
        let mut sum = 0;
        for (other, there) in self.placed() {
            let worth = |owner: &Value, about: &Value, terms: Vec<(i64, Value)>| {
                let counts = |term: &Value| {
                    let key = &term["topologyKey"];
                    self.is_about(term, owner, about)
                        && domain(node, key).is_some()
                        && domain(node, key) == domain(there, key)
                };
                terms.iter().filter(|(_, term)| counts(term)).map(|(weight, _)| weight).sum::<i64>()
            };
            sum += worth(pod, other, weighted(pod));
            let welcome = filters::required(other, "podAffinity").into_iter().map(|term| (1, term));
            sum += worth(other, pod, weighted(other).into_iter().chain(welcome).collect());
        }
        sum
    }

    fn spread_scores(&self, pod: &Value, nodes: &[&Value]) -> Vec<i64> {
        let all = list(&pod["spec"]["topologySpreadConstraints"]);
        let soft: Vec<_> = all.iter().filter(|one| one["whenUnsatisfiable"] == "ScheduleAnyway").collect();
        if soft.is_empty() {
            return vec![0; nodes.len()];
        }
        let complete = |node: &Value| soft.iter().all(|one| domain(node, &one["topologyKey"]).is_some());
        let counted: Vec<_> = nodes.iter().filter(|node| complete(node)).collect();
        let sum = |node: &Value| {
            let of = |constraint: &&Value| {
                let key = &constraint["topologyKey"];
                let by_node = key == "kubernetes.io/hostname";
                let count = if by_node {
                    self.counted_on(pod, constraint, node)
                } else {
                    let domains = self.domains(pod, constraint, &soft);
                    domains.get(&domain(node, key).unwrap()).copied().unwrap_or(0)
                };
                let distinct: BTreeSet<_> = counted.iter().map(|node| domain(node, key)).collect();
                let size = if by_node { counted.len() } else { distinct.len() };
                count as f64 * ((size + 2) as f64).ln() + (number(&constraint["maxSkew"]) - 1) as f64
            };
            soft.iter().map(of).sum::<f64>().round() as i64
        };
        let sums: Vec<Option<i64>> = nodes.iter().map(|node| complete(node).then(|| sum(node))).collect();
        let (least, most) = (
            sums.iter().flatten().min().copied().unwrap_or(0),
            sums.iter().flatten().max().copied().unwrap_or(0),
        );
        let score = |sum: i64| if most == 0 { 100 } else { 100 * (most + least - sum) / most };
        sums.into_iter().map(|sum| sum.map_or(0, score)).collect()
    }
}

/// A pod's preferences about pods; those against them have a negative weight.
fn weighted(pod: &Value) -> Vec<(i64, Value)> {
    let side = |kind: &str, sign: i64| {
        let all = list(&pod["spec"]["affinity"][kind]["preferredDuringSchedulingIgnoredDuringExecution"]);
        all.into_iter().map(move |one| (sign * number(&one["weight"]), one["podAffinityTerm"].clone()))
    };
    side("podAffinity", 1).chain(side("podAntiAffinity", -1)).collect()
}

fn avoided(pod: &Value, node: &Value) -> i64 {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let asks = |taint: &&Value| {
        taint["effect"] == "PreferNoSchedule"
            && !filters::tolerates(pod, &text(&taint["key"]), &text(&taint["value"]), "PreferNoSchedule")
    };
    list(&node["spec"]["taints"]).iter().filter(asks).count() as i64
}

fn preferred(pod: &Value, node: &Value) -> i64 {
    let affinity =
        &pod["spec"]["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"];
    let holds = |one: &&Value| {
        list(&one["preference"]["matchExpressions"])
            .iter()
            .all(|one| super::holds(one, &node["metadata"]["labels"]))
    };
    list(affinity).iter().filter(holds).map(|one| number(&one["weight"])).sum()
}

/// Each as percents of the largest.
fn shares(values: Vec<i64>) -> Vec<i64> {
    let largest = values.iter().copied().max().unwrap_or(0);
    values.into_iter().map(|value| if largest == 0 { 0 } else { value * 100 / largest }).collect()
}

fn inverted(values: Vec<i64>) -> Vec<i64> {
    values.into_iter().map(|value| 100 - value).collect()
}

/// Each as percents of the way from the smallest to the largest.
fn stretched(values: Vec<i64>) -> Vec<i64> {
    let (least, most) =
        (values.iter().copied().min().unwrap_or(0), values.iter().copied().max().unwrap_or(0));
    let share = |value: i64| 100.0 * ((value - least) as f64 / (most - least) as f64);
    values.into_iter().map(|value| if most == least { 0 } else { share(value) as i64 }).collect()
}
