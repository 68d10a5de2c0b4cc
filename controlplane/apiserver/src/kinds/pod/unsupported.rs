//! What Kubernetes knows and naru does not do yet: one table of field paths and one walker.
//!
//! A field that is accepted must act. So these are refused with a field error that says so, and a row goes away with
//! the feature's arrival.

use std::sync::LazyLock;

use naru_api::Object;
use serde_json::Value;

use crate::kinds::{
    fields::{entries, flag, items},
    path::{Path, Problems},
};

/// When a field counts as used.
enum When {
    /// It holds anything but nothing.
    Set,
    /// It is true.
    True,
    /// It is false.
    False,
    /// It holds a text other than these.
    Not(&'static [&'static str]),
    /// It is a map with other keys than these; each is reported.
    OtherKeys(&'static [&'static str]),
}

/// A field, when it counts, and what it is, with an article.
struct Row(&'static str, When, &'static str);

/// Paths start at `spec`; `*containers` is both lists of containers, `name[]` every item of a list, `*` every field.
const TABLE: &[Row] = &[
    Row("*containers[].livenessProbe", When::Set, "a liveness probe"),
    Row("*containers[].readinessProbe", When::Set, "a readiness probe"),
    Row("*containers[].startupProbe", When::Set, "a startup probe"),
    Row("*containers[].lifecycle", When::Set, "a lifecycle hook"),
    Row("*containers[].restartPolicy", When::Set, "a container's own restart policy"),
    Row("*containers[].restartPolicyRules", When::Set, "a container's own restart policy"),
    Row("*containers[].resizePolicy", When::Set, "a resize policy"),
    Row("*containers[].volumeDevices", When::Set, "a raw block volume"),
    Row("*containers[].tty", When::True, "a terminal"),
    Row("*containers[].stdin", When::True, "standard input"),
    Row("*containers[].stdinOnce", When::True, "standard input"),
    Row("*containers[].ports[].hostPort", When::Set, HOST_PORT),
    Row("*containers[].ports[].hostIP", When::Set, HOST_PORT),
    Row("*containers[].env[].valueFrom.fileKeyRef", When::Set, "a variable from a file"),
    Row("*containers[].resources.claims", When::Set, "a resource claim"),
    Row("*containers[].volumeMounts[].mountPropagation", When::Not(&["None"]), "mount propagation"),
    Row("*containers[].volumeMounts[].bindMountOptions", When::Set, "a mount option"),
    Row("*containers[].volumeMounts[].recursiveReadOnly", When::Not(&["Disabled"]), "recursiveReadOnly"),
    Row("*containers[].securityContext.windowsOptions", When::Set, "Windows"),
    Row("*containers[].securityContext.procMount", When::Not(&["Default"]), "another proc mount"),
    Row(
        "*containers[].securityContext.seccompProfile.localhostProfile",
        When::Set,
        "a local seccomp profile",
    ),
    Row(
        "*containers[].securityContext.appArmorProfile.localhostProfile",
        When::Set,
        "a local AppArmor profile",
    ),
    Row("*containers[].securityContext.seccompProfile.type", When::Not(PROFILES), "a local seccomp profile"),
    Row(
        "*containers[].securityContext.appArmorProfile.type",
        When::Not(PROFILES),
        "a local AppArmor profile",
    ),
    Row("securityContext.seLinuxChangePolicy", When::Set, "SELinux"),
    Row("securityContext.windowsOptions", When::Set, "Windows"),
    Row("securityContext.sysctls", When::Set, "a sysctl"),
    Row("securityContext.seccompProfile.localhostProfile", When::Set, "a local seccomp profile"),
    Row("securityContext.appArmorProfile.localhostProfile", When::Set, "a local AppArmor profile"),
    Row("securityContext.seccompProfile.type", When::Not(PROFILES), "a local seccomp profile"),
    Row("securityContext.appArmorProfile.type", When::Not(PROFILES), "a local AppArmor profile"),
    Row("securityContext.supplementalGroupsPolicy", When::Not(&["Merge"]), "a strict groups policy"),
    Row("volumes[]", When::OtherKeys(VOLUMES), "this volume type"),
    Row("volumes[].emptyDir.medium", When::Not(&["Memory"]), "this medium"),
    Row("volumes[].emptyDir.mode", When::Set, "a mode of the directory"),
    Row("volumes[].*.defaultUser", When::Set, OWNER),
    Row("volumes[].*.items[].user", When::Set, OWNER),
    Row("volumes[].projected.sources[].*.items[].user", When::Set, OWNER),
    Row("volumes[].projected.sources[]", When::OtherKeys(PROJECTIONS), "this projection"),
    Row("ephemeralContainers", When::Set, "an ephemeral container"),
    Row("hostPID", When::True, "the host's process namespace"),
    Row("hostIPC", When::True, "the host's IPC namespace"),
    Row("hostUsers", When::False, "a user namespace"),
    Row("shareProcessNamespace", When::True, "a shared process namespace"),
    Row("subdomain", When::Set, "a subdomain"),
    Row("setHostnameAsFQDN", When::True, "a fully qualified hostname"),
    Row("hostnameOverride", When::Set, "a hostname override"),
    Row("resources", When::Set, "pod-level resources"),
    Row("resourceClaims", When::Set, "a resource claim"),
    Row("overhead", When::Set, "pod overhead"),
    Row("evictionResponders", When::Set, "an eviction responder"),
    Row("schedulingGroup", When::Set, "a scheduling group"),
    Row("os.name", When::Not(&["linux"]), "this operating system"),
];

/// The old way to choose a container's AppArmor profile: an annotation, with the container's name behind this.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const HOST_PORT: &str = "a host port";
const OWNER: &str = "an owner of a file";
const PROFILES: &[&str] = &["RuntimeDefault", "Unconfined"];
const VOLUMES: &[&str] = &["name", "emptyDir", "hostPath", "configMap", "secret", "downwardAPI", "projected"];
const PROJECTIONS: &[&str] = &["configMap", "secret", "downwardAPI"];

/// The table as a tree of field names, so that a pod is walked once and only along the fields that it has.
static TREE: LazyLock<Node> = LazyLock::new(|| {
    let mut root = Node::default();
    for row in TABLE {
        match row.0.strip_prefix("*containers") {
            Some(rest) => {
                for list in ["containers[]", "initContainers[]"] {
                    let rest = rest.trim_start_matches("[]").trim_start_matches('.');
                    root.at(list).below(rest).rows.push(row);
                }
            }
            None => root.below(row.0).rows.push(row),
        }
    }
    root
});

/// A field, the items of the list in it, or (`*`) every field.
#[derive(Default)]
struct Node {
    field: &'static str,
    /// Whether the node is about the items of the list in the field.
    list: bool,
    rows: Vec<&'static Row>,
    children: Vec<Node>,
}

impl Node {
    /// The node that a pattern below this one names.
    fn below(&mut self, pattern: &'static str) -> &mut Node {
        match pattern.split_once('.') {
            Some((segment, rest)) => self.at(segment).below(rest),
            None => self.at(pattern),
        }
    }

    fn at(&mut self, segment: &'static str) -> &mut Node {
        let (field, list) = match segment.strip_suffix("[]") {
            Some(field) => (field, true),
            None => (segment, false),
        };
        let found = self.children.iter().position(|child| child.field == field && child.list == list);
        let at = found.unwrap_or_else(|| {
            self.children.push(Node { field, list, ..Node::default() });
            self.children.len() - 1
        });
        &mut self.children[at]
    }
}

/// Reports every field of `pod` that is in the table.
pub(super) fn check(pod: &Object, problems: &mut Problems) {
    let spec = &pod["spec"];
    let metadata = Path::root("metadata");
    let annotations = metadata.child("annotations");
    for (key, profile) in entries(&pod["metadata"]["annotations"]) {
        if key.starts_with(APP_ARMOR) && profile != "runtime/default" && profile != "unconfined" {
            problems
                .forbidden(&annotations.key(key), "a local AppArmor profile is not supported by naru yet");
        }
    }
    // A container in the host's network has its ports on the host without anybody's doing.
    Walk { host_network: flag(&spec["hostNetwork"]) }.node(&TREE, spec, &Path::root("spec"), problems);
}

struct Walk {
    host_network: bool,
}

impl Walk {
    fn node(&self, node: &Node, value: &Value, path: &Path<'_>, problems: &mut Problems) {
        for Row(_, when, what) in node.rows.iter().filter(|row| !(self.host_network && row.2 == HOST_PORT)) {
            Step { when, what }.test(value, path, problems);
        }
        if node.children.is_empty() {
            return;
        }
        for (key, value) in entries(value).filter(|(_, value)| !value.is_null()) {
            let path = path.child(key);
            for child in node.children.iter().filter(|child| child.field == key || child.field == "*") {
                if child.list {
                    for (index, item) in items(value).iter().enumerate() {
                        self.node(child, item, &path.index(index), problems);
                    }
                } else {
                    self.node(child, value, &path, problems);
                }
            }
        }
    }
}

struct Step<'a> {
    when: &'a When,
    what: &'a str,
}

impl Step<'_> {
    fn test(&self, value: &Value, path: &Path<'_>, problems: &mut Problems) {
        let used = match self.when {
            When::Set => !is_nothing(value),
            When::True => value == true,
            When::False => value == false,
            When::Not(known) => value.as_str().is_some_and(|text| !text.is_empty() && !known.contains(&text)),
            When::OtherKeys(known) => {
                for (key, _) in entries(value).filter(|(key, value)| {
                    // An empty map chooses a type too, for example `csi: {}`.
                    !value.is_null() && !known.contains(&key.as_str())
                }) {
                    self.report(&path.child(key), problems);
                }
                false
            }
        };
        if used {
            self.report(path, problems);
        }
    }

    fn report(&self, path: &Path<'_>, problems: &mut Problems) {
        problems.forbidden(path, format!("{} is not supported by naru yet", self.what));
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use naru_api::schema::{Definition, Scalar, Shape, Type, definition};
    use serde_json::json;

    use super::*;

    fn found(spec: Value) -> Vec<String> {
        let mut problems = Problems::default();
        check(&json!({"spec": spec}), &mut problems);
        problems.into_errors().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_unsupported_is_refused_by_name() {
        let table = [
            (
                json!({"containers": [{}, {"livenessProbe": {}}]}),
                "spec.containers[1].livenessProbe: Forbidden: a liveness probe is not supported by naru yet",
            ),
            (
                json!({"initContainers": [{"restartPolicy": "Always"}]}),
                "spec.initContainers[0].restartPolicy: Forbidden: a container's own restart policy is not \
                 supported by naru yet",
            ),
            (
                json!({"containers": [{"ports": [{"hostPort": 80}]}]}),
                "spec.containers[0].ports[0].hostPort: Forbidden: a host port is not supported by naru yet",
            ),
            (
                json!({"hostPID": true}),
                "spec.hostPID: Forbidden: the host's process namespace is not supported by naru yet",
            ),
            (
                json!({"volumes": [{"name": "v", "nfs": {}}]}),
                "spec.volumes[0].nfs: Forbidden: this volume type is not supported by naru yet",
            ),
            (
                json!({"securityContext": {"seccompProfile": {"type": "Localhost"}}}),
                "spec.securityContext.seccompProfile.type: Forbidden: a local seccomp profile is not \
                 supported by naru yet",
            ),
        ];
        for (spec, expected) in table {
            assert_eq!(found(spec.clone()), [expected], "{spec}");
        }
    }

    #[test]
    fn profiles_in_annotations_count_too() {
        for (profile, refused) in
            [("runtime/default", false), ("unconfined", false), ("localhost/x", true), ("odd", true)]
        {
            let mut problems = Problems::default();
            let annotations = json!({format!("{APP_ARMOR}a"): profile});
            check(&json!({"metadata": {"annotations": annotations}, "spec": {}}), &mut problems);
            assert_eq!(!problems.into_errors().is_empty(), refused, "{profile}");
        }
    }

    #[test]
    fn what_is_supported_passes() {
        let fine = [
            json!({"hostPID": false, "hostUsers": true, "shareProcessNamespace": false}),
            json!({"containers": [{"tty": false, "stdin": false, "volumeDevices": []}]}),
            json!({"containers": [{"volumeMounts": [{"mountPropagation": "None"}]}]}),
            json!({"hostNetwork": true, "containers": [{"ports": [{"hostPort": 80}]}]}),
            json!({"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}, {"name": "w", "nfs": null}]}),
        ];
        for spec in fine {
            assert_eq!(found(spec.clone()), [""; 0], "{spec}");
        }
    }

    /// Calls `visit` with every field of plain type below `owner`: its path, and a pod's spec with a value in it.
    fn leaves(
        owner: &Definition,
        path: &str,
        wrap: &dyn Fn(Value) -> Value,
        visit: &mut dyn FnMut(&str, Value),
    ) {
        for field in owner.fields() {
            let path = format!("{path}.{}", field.name);
            let wrap = |value: Value| wrap(json!({ field.name: value }));
            leaf(field.ty, &path, &wrap, visit);
        }
    }

    fn leaf(ty: Type, path: &str, wrap: &dyn Fn(Value) -> Value, visit: &mut dyn FnMut(&str, Value)) {
        match ty.shape() {
            Shape::Object(id) => leaves(id.get(), path, wrap, visit),
            Shape::List(item) | Shape::WrappedList(item) => {
                leaf(item, &format!("{path}[]"), &|value| wrap(json!([value])), visit);
            }
            Shape::Map(item) => leaf(item, &format!("{path}[x]"), &|value| wrap(json!({"x": value})), visit),
            Shape::Scalar(Scalar::Bool) => {
                visit(path, wrap(json!(true)));
                visit(path, wrap(json!(false)));
            }
            Shape::Scalar(Scalar::Int32 | Scalar::Int64 | Scalar::Double) => visit(path, wrap(json!(7))),
            Shape::Scalar(_) => visit(path, wrap(json!("7"))),
        }
    }

    #[test]
    fn every_field_of_the_schema_is_accepted_on_purpose_or_refused() {
        let spec = definition("io.k8s.api.core.v1.PodSpec").expect("in the facts");
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        leaves(spec, "spec", &|value| value, &mut |path, spec| {
            let known = if found(spec).is_empty() { &mut accepted } else { &mut refused };
            known.push(path.replace("initContainers", "containers"));
        });
        accepted.retain(|path| !refused.contains(path));
        accepted.sort();
        accepted.dedup();
        let on_purpose: Vec<&str> =
            include_str!("accepted.txt").lines().filter(|line| !line.starts_with('#')).collect();
        for path in &accepted {
            assert!(on_purpose.contains(&path.as_str()), "{path} is new: refuse it, or make it work");
        }
        for path in on_purpose {
            assert!(accepted.iter().any(|one| one == path), "{path} is not accepted, or not in the schema");
        }
    }
}
