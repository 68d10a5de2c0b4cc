//! What is wrong with a pod's spec, in Kubernetes' order and words.
//!
//! Source of the behaviour: kube-apiserver's core validation (`ValidatePodSpec` and what it calls). The rules of a
//! noun are in its file: containers, env, volumes, resources, affinity, spreading, security.

mod containers;
mod dns;
mod env;
mod node_affinity;
mod pod_affinity;
mod resources;
mod security;
mod spread;
mod volumes;

use std::collections::HashSet;

use naru_api::{Object, names};
use serde_json::Value;

pub(crate) use self::resources::check_amount;
use crate::kinds::{
    fields::{items, text},
    path::{Path, Problems},
    priorityclass::POLICIES,
    selector::check_labels,
    taints::check_tolerations,
    words,
};

const RESTART_POLICIES: &[&str] = &["Always", "OnFailure", "Never"];
const DNS_POLICIES: &[&str] = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
/// The longest `activeDeadlineSeconds`.
const MAX_DEADLINE_SECONDS: i64 = i32::MAX as i64;

/// Checks the spec of a pod with its defaults filled in.
pub(super) fn check(pod: &Object, problems: &mut Problems) {
    let spec = &pod["spec"];
    let root = Path::root("spec");
    let volumes = volumes::check(&spec["volumes"], &root.child("volumes"), problems);
    containers::check(spec, &volumes, &root, problems);
    let restart_policy = text(&spec["restartPolicy"]);
    problems.check_one_of(&root.child("restartPolicy"), restart_policy, RESTART_POLICIES);
    problems.check_one_of(&root.child("dnsPolicy"), text(&spec["dnsPolicy"]), DNS_POLICIES);
    check_labels(&spec["nodeSelector"], &root.child("nodeSelector"), problems);
    security::check_pod(&spec["securityContext"], &root.child("securityContext"), problems);
    check_affinity(&spec["affinity"], &root.child("affinity"), problems);
    dns::check(spec, &root.child("dnsConfig"), problems);
    check_gates(spec, &root, problems);
    check_names(spec, &root, problems);
    check_deadline(&spec["activeDeadlineSeconds"], &root.child("activeDeadlineSeconds"), problems);
    check_tolerations(&spec["tolerations"], &root.child("tolerations"), problems);
    check_host_aliases(&spec["hostAliases"], &root.child("hostAliases"), problems);
    check_priority(spec, &root, problems);
    spread::check(&spec["topologySpreadConstraints"], &root.child("topologySpreadConstraints"), problems);
}

fn check_affinity(affinity: &Value, path: &Path<'_>, problems: &mut Problems) {
    node_affinity::check_node_affinity(&affinity["nodeAffinity"], &path.child("nodeAffinity"), problems);
    for side in ["podAffinity", "podAntiAffinity"] {
        pod_affinity::check(&affinity[side], &path.child(side), problems);
    }
}

fn check_gates(spec: &Value, root: &Path<'_>, problems: &mut Problems) {
    for (index, gate) in items(&spec["readinessGates"]).iter().enumerate() {
        let kind = text(&gate["conditionType"]);
        let list = root.child("readinessGates");
        problems.invalid_all(&list.index(index).child("conditionType"), kind, names::qualified_name(kind));
    }
    let list = root.child("schedulingGates");
    let mut seen = HashSet::new();
    for (index, gate) in items(&spec["schedulingGates"]).iter().enumerate() {
        let (path, name) = (list.index(index), text(&gate["name"]));
        problems.invalid_all(&path, name, names::qualified_name(name));
        if !seen.insert(name) {
            problems.duplicate(&path, name);
        }
    }
}

fn check_names(spec: &Value, root: &Path<'_>, problems: &mut Problems) {
    for field in ["serviceAccountName", "nodeName"] {
        let name = text(&spec[field]);
        if !name.is_empty() {
            problems.invalid_all(&root.child(field), name, names::dns1123_subdomain(name));
        }
    }
    let hostname = text(&spec["hostname"]);
    if !hostname.is_empty() {
        problems.invalid_all(&root.child("hostname"), hostname, names::dns1123_label(hostname));
    }
}

fn check_deadline(seconds: &Value, path: &Path<'_>, problems: &mut Problems) {
    if let Some(seconds) = seconds.as_i64() {
        problems.invalid_all(path, seconds, names::in_range(seconds, 1, MAX_DEADLINE_SECONDS));
    }
}

fn check_host_aliases(aliases: &Value, path: &Path<'_>, problems: &mut Problems) {
    for (index, alias) in items(aliases).iter().enumerate() {
        let path = path.index(index);
        let ip = text(&alias["ip"]);
        problems.invalid_all(&path.child("ip"), ip, words::ip_address(ip));
        let hostnames = path.child("hostnames");
        for (index, name) in items(&alias["hostnames"]).iter().enumerate() {
            let name = text(name);
            problems.invalid_all(&hostnames.index(index), name, names::dns1123_subdomain(name));
        }
    }
}

fn check_priority(spec: &Value, root: &Path<'_>, problems: &mut Problems) {
    let class = text(&spec["priorityClassName"]);
    if !class.is_empty() {
        problems.invalid_all(&root.child("priorityClassName"), class, names::dns1123_subdomain(class));
    }
    let policy = text(&spec["preemptionPolicy"]);
    if !policy.is_empty() {
        problems.check_one_of(&root.child("preemptionPolicy"), policy, POLICIES);
    }
}
