//! What a pod's sender should be told though the pod is accepted, in kube-apiserver's order.
//!
//! Source of the behaviour: kube-apiserver's `WarningsForPod` and the pod strategy's `WarningsOnCreate`. The warnings about a noun
//! are in its file: containers, disk, placement, volumes.

mod containers;
mod disk;
mod placement;
mod volumes;

use std::{collections::HashSet, net::IpAddr};

use naru_api::{Object, meta};
use serde_json::Value;

use crate::kinds::fields::{items, text};

/// The most letters of a DNS label.
const LABEL_MAX: usize = 63;

/// Where many items may each be at odds with many others, further warnings are not made: clients are not told so many
/// ([`crate::response::warn`]).
const ENOUGH: usize = 256;

/// Annotations that once did what fields do now: which, since when they do nothing, the field.
const DEAD_ANNOTATIONS: &[(&str, &str, &str)] = &[
    ("seccomp.security.alpha.kubernetes.io/pod", "v1.27", "seccompProfile"),
    ("scheduler.alpha.kubernetes.io/critical-pod", "v1.16", "priorityClassName"),
    ("security.alpha.kubernetes.io/sysctls", "v1.11", "sysctls"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "v1.11", "sysctls"),
];

/// The warnings about a new pod, which may lack its defaults.
pub(super) fn of(pod: &Object) -> Vec<String> {
    let mut found = Vec::new();
    name(meta::name(pod).unwrap_or_default(), &mut found);
    let spec = &pod["spec"];
    placement::of_nodes(spec, &mut found);
    annotations(&pod["metadata"]["annotations"], &mut found);
    volumes::of(items(&spec["volumes"]), &mut found);
    host_aliases(items(&spec["hostAliases"]), &mut found);
    image_pull_secrets(items(&spec["imagePullSecrets"]), &mut found);
    containers::of(spec, &mut found);
    placement::of_pods(spec, &mut found);
    disk::of(spec, &mut found);
    found
}

/// A pod's name becomes its hostname.
fn name(name: &str, found: &mut Vec<String>) {
    let why = if name.contains('.') {
        "must not contain dots"
    } else if name.len() > LABEL_MAX {
        "must be no more than 63 characters"
    } else {
        return;
    };
    found.push(format!(
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{why}]"
    ));
}

fn annotations(annotations: &Value, found: &mut Vec<String>) {
    for (key, since, field) in DEAD_ANNOTATIONS {
        if annotations.get(key).is_some() {
            found.push(format!(
                "metadata.annotations[{key}]: non-functional in {since}+; use the {field:?} field instead"
            ));
        }
    }
}

fn host_aliases(aliases: &[Value], found: &mut Vec<String>) {
    const LIST: &str = "spec.hostAliases";
    for (index, ip) in repeated(aliases, "ip") {
        found.push(format!("{LIST}[{index}].ip: duplicate ip {ip:?}"));
    }
    for (index, alias) in aliases.iter().enumerate() {
        let ip = text(&alias["ip"]);
        if let Ok(IpAddr::V6(parsed)) = ip.parse()
            && parsed.to_string() != ip
        {
            found.push(format!(
                "{LIST}[{index}].ip: IPv6 address {ip:?} should be in RFC 5952 canonical format (\"{parsed}\")"
            ));
        }
    }
}

fn image_pull_secrets(secrets: &[Value], found: &mut Vec<String>) {
    const LIST: &str = "spec.imagePullSecrets";
    for (index, name) in repeated(secrets, "name") {
        found.push(format!("{LIST}[{index}].name: duplicate name {name:?}"));
    }
    for (index, _) in secrets.iter().enumerate().filter(|(_, secret)| text(&secret["name"]).is_empty()) {
        found.push(format!("{LIST}[{index}].name: invalid empty name \"\""));
    }
}

/// The items whose `field` an earlier one has too, by their place.
fn repeated<'a>(list: &'a [Value], field: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let mut seen = HashSet::new();
    let values = list.iter().map(move |item| text(&item[field])).enumerate();
    values.filter(move |(_, value)| !seen.insert(*value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_but_accepted_pods_are_warned_about() {
        const NAME: &str = "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]";
        let table = [
            (json!({"metadata": {"name": "a"}, "spec": {}}), vec![]),
            (json!({"metadata": {"name": "a.b"}}), vec![NAME]),
            (
                json!({"metadata": {"annotations": {"scheduler.alpha.kubernetes.io/critical-pod": "", "a": "b"}}}),
                vec![
                    r#"metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead"#,
                ],
            ),
            (
                json!({"spec": {"hostAliases": [{"ip": "1.2.3.4"}, {"ip": "::0:1"}, {"ip": "::1"}, {"ip": "1.2.3.4"}]}}),
                vec![
                    r#"spec.hostAliases[3].ip: duplicate ip "1.2.3.4""#,
                    r#"spec.hostAliases[1].ip: IPv6 address "::0:1" should be in RFC 5952 canonical format ("::1")"#,
                ],
            ),
            (
                json!({"spec": {"imagePullSecrets": [{}, {"name": "a"}, {"name": ""}, {"name": "a"}]}}),
                vec![
                    r#"spec.imagePullSecrets[2].name: duplicate name """#,
                    r#"spec.imagePullSecrets[3].name: duplicate name "a""#,
                    r#"spec.imagePullSecrets[0].name: invalid empty name """#,
                    r#"spec.imagePullSecrets[2].name: invalid empty name """#,
                ],
            ),
        ];
        for (pod, expected) in table {
            assert_eq!(of(&pod), expected, "{pod}");
        }
    }

    #[test]
    fn not_every_pair_of_many_is_told() {
        let ports = vec![json!({"containerPort": 1}); 2000];
        let files = (0..1000).map(|index| format!("x/{index}")).chain(vec!["x".to_owned(); 2]);
        let files: Vec<_> = files.map(|path| json!({"key": "k", "path": path})).collect();
        for spec in [
            json!({"containers": [{"ports": ports}]}),
            json!({"volumes": [{"name": "v", "configMap": {"name": "a", "items": files[490..]}}]}),
        ] {
            assert!(of(&json!({"spec": spec})).len() <= ENOUGH);
        }
    }
}
