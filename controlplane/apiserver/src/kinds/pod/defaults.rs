//! Fills in what a pod leaves out, so that readers see the value that is meant.
//!
//! Source of the behaviour: kube-apiserver's defaulting of core/v1 and its admission steps ServiceAccount and
//! DefaultTolerationSeconds. The priority, which takes other objects, comes with the create verb.

use naru_api::{Object, meta, quantity::Quantity};
use serde_json::{Map, Value, json};

use crate::kinds::fields::{flag, set_default, set_default_text, text};

/// How long a pod stays on a node that stopped answering, in seconds, when it does not say.
const DEFAULT_TOLERATION_SECONDS: u32 = 300;
/// The taints for which that holds.
const DEFAULT_TOLERATIONS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
/// `0644`: the mode of files in configMap, secret, downwardAPI and projected volumes.
const DEFAULT_FILE_MODE: u32 = 0o644;
/// How long a projected service account token is good for, in seconds.
const TOKEN_SECONDS: u32 = 3600;

/// Completes `pod.spec`. Idempotent.
pub(super) fn complete(pod: &mut Object) {
    let spec = meta::child_mut(pod, "spec");
    let host_network = spec.get("hostNetwork").is_some_and(flag);
    for list in ["initContainers", "containers"] {
        for container in maps_mut(spec.get_mut(list)) {
            complete_container(container, host_network);
        }
    }
    for volume in maps_mut(spec.get_mut("volumes")) {
        complete_volume(volume);
    }
    set_default_text(spec, "restartPolicy", "Always");
    set_default(spec, "terminationGracePeriodSeconds", || json!(30));
    if spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0) {
        spec.insert("terminationGracePeriodSeconds".into(), json!(1));
    }
    set_default_text(spec, "dnsPolicy", "ClusterFirst");
    set_default(spec, "securityContext", || json!({}));
    set_default_text(spec, "schedulerName", "default-scheduler");
    set_default(spec, "enableServiceLinks", || json!(true));
    complete_service_account(spec);
    complete_tolerations(spec);
}

/// The maps in a list that may be missing.
fn maps_mut(list: Option<&mut Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    list.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// `serviceAccount` is the old name of `serviceAccountName`; both are always there and alike.
fn complete_service_account(spec: &mut Map<String, Value>) {
    let named = |key: &str| text(spec.get(key).unwrap_or(&Value::Null)).to_string();
    let name = [named("serviceAccountName"), named("serviceAccount"), "default".into()]
        .into_iter()
        .find(|name| !name.is_empty());
    let name = Value::from(name.expect("invariant: the last choice is not empty"));
    spec.insert("serviceAccountName".into(), name.clone());
    spec.insert("serviceAccount".into(), name);
}

fn complete_tolerations(spec: &mut Map<String, Value>) {
    set_default(spec, "tolerations", || json!([]));
    let Some(Value::Array(tolerations)) = spec.get_mut("tolerations") else { return };
    for key in DEFAULT_TOLERATIONS {
        let tolerated = tolerations.iter().any(|one| {
            let (one_key, effect) = (text(&one["key"]), text(&one["effect"]));
            (one_key == key || one_key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        });
        if !tolerated {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": DEFAULT_TOLERATION_SECONDS,
            }));
        }
    }
}

fn complete_container(container: &mut Map<String, Value>, host_network: bool) {
    let image = text(container.get("image").unwrap_or(&Value::Null));
    let policy = if is_latest(image) { "Always" } else { "IfNotPresent" };
    set_default_text(container, "imagePullPolicy", policy);
    set_default_text(container, "terminationMessagePath", "/dev/termination-log");
    set_default_text(container, "terminationMessagePolicy", "File");
    set_default(container, "resources", || json!({}));
    if let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) {
        complete_resources(resources);
    }
    for port in maps_mut(container.get_mut("ports")) {
        set_default_text(port, "protocol", "TCP");
        if host_network && let Some(number) = port.get("containerPort").cloned() {
            set_default(port, "hostPort", || number);
        }
    }
    for variable in maps_mut(container.get_mut("env")) {
        if let Some(source) = variable.get_mut("valueFrom").and_then(Value::as_object_mut) {
            complete_references(source);
        }
    }
}

/// Requests that are missing are what the limits are; all quantities get their canonical form.
fn complete_resources(resources: &mut Map<String, Value>) {
    for list in ["limits", "requests"] {
        if let Some(quantities) = resources.get_mut(list).and_then(Value::as_object_mut) {
            quantities.values_mut().for_each(canonicalise);
        }
    }
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    if limits.is_empty() {
        return;
    }
    set_default(resources, "requests", || json!({}));
    let Some(requests) = resources.get_mut("requests").and_then(Value::as_object_mut) else { return };
    for (name, quantity) in limits {
        set_default(requests, &name, || quantity);
    }
}

/// Writes a quantity in its canonical form (`0.5` is `500m`), in whole thousandths; leaves what is no quantity for
/// validation.
pub(crate) fn canonicalise(value: &mut Value) {
    if let Ok(quantity) = Quantity::from_value(value) {
        let rounded = i64::try_from(quantity.to_milli()).map_or(quantity, Quantity::from_milli);
        let whole = if rounded == quantity { quantity } else { rounded };
        *value = Value::String(whole.to_string());
    }
}

/// `fieldRef` and `resourceFieldRef`, as in `env[].valueFrom` and in downwardAPI files.
fn complete_references(source: &mut Map<String, Value>) {
    if let Some(reference) = source.get_mut("fieldRef").and_then(Value::as_object_mut) {
        set_default_text(reference, "apiVersion", "v1");
    }
    if let Some(reference) = source.get_mut("resourceFieldRef").and_then(Value::as_object_mut) {
        set_default(reference, "divisor", || json!("0"));
        reference.get_mut("divisor").map(canonicalise);
    }
}

fn complete_volume(volume: &mut Map<String, Value>) {
    if volume.iter().all(|(key, value)| key == "name" || value.is_null()) {
        volume.insert("emptyDir".into(), json!({}));
    }
    for (kind, source) in volume.iter_mut() {
        let Some(source) = source.as_object_mut() else { continue };
        if matches!(kind.as_str(), "configMap" | "secret" | "downwardAPI" | "projected") {
            set_default(source, "defaultMode", || json!(DEFAULT_FILE_MODE));
        }
        match kind.as_str() {
            "emptyDir" => {
                source.get_mut("sizeLimit").map(canonicalise);
            }
            "hostPath" => set_default(source, "type", || json!("")),
            "downwardAPI" => maps_mut(source.get_mut("items")).for_each(complete_references),
            "projected" => maps_mut(source.get_mut("sources")).for_each(complete_projection),
            _ => {}
        }
    }
}

fn complete_projection(projection: &mut Map<String, Value>) {
    if let Some(downward) = projection.get_mut("downwardAPI").and_then(Value::as_object_mut) {
        maps_mut(downward.get_mut("items")).for_each(complete_references);
    }
    if let Some(token) = projection.get_mut("serviceAccountToken").and_then(Value::as_object_mut) {
        set_default(token, "expirationSeconds", || json!(TOKEN_SECONDS));
    }
}

/// Whether an image reference means the newest of its name: the tag `latest`, or neither tag nor digest.
fn is_latest(image: &str) -> bool {
    let (name, digest) = match image.split_once('@') {
        Some((name, _)) => (name, true),
        None => (image, false),
    };
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, tag)) => tag == "latest",
        None => !digest && !last.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(mut spec: Value) -> Value {
        let mut pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}});
        pod["spec"] = spec.take();
        complete(&mut pod);
        let once = pod.clone();
        complete(&mut pod);
        assert_eq!(pod, once, "defaulting is idempotent");
        pod["spec"].take()
    }

    #[test]
    fn a_small_pod_becomes_what_kubectl_shows() {
        let spec = completed(json!({"containers": [{"name": "a", "image": "nginx"}]}));
        let expected = json!({
            "containers": [{
                "name": "a", "image": "nginx", "imagePullPolicy": "Always", "resources": {},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            }],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "securityContext": {}, "schedulerName": "default-scheduler", "enableServiceLinks": true,
            "serviceAccountName": "default", "serviceAccount": "default",
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                 "tolerationSeconds": 300},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
                 "tolerationSeconds": 300},
            ],
        });
        assert_eq!(spec, expected);
    }

    #[test]
    fn tags_decide_the_pull_policy() {
        let table = [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1", false),
            ("localhost:5000/nginx", true),
            ("localhost:5000/nginx:2", false),
            ("nginx@sha256:00", false),
            ("nginx:latest@sha256:00", true),
            ("", false),
        ];
        for (image, latest) in table {
            assert_eq!(is_latest(image), latest, "{image:?}");
        }
    }

    #[test]
    fn requests_follow_limits_and_quantities_are_canonical() {
        let spec = completed(json!({"containers": [{
            "name": "a", "image": "i:1",
            "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}, "requests": {"memory": "512Mi"}},
        }]}));
        assert_eq!(
            spec["containers"][0]["resources"],
            json!({"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "512Mi"}})
        );
    }

    #[test]
    fn volumes_and_references_are_completed() {
        let spec = completed(json!({
            "containers": [{"name": "a", "image": "i:1", "ports": [{"containerPort": 80}],
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                        {"name": "B", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]}],
            "volumes": [{"name": "none"}, {"name": "c", "configMap": {"name": "c"}},
                {"name": "h", "hostPath": {"path": "/x"}},
                {"name": "p", "projected": {"sources": [
                    {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}}],
        }));
        let container = &spec["containers"][0];
        assert_eq!(container["ports"][0]["protocol"], "TCP");
        assert_eq!(container["ports"][0].get("hostPort"), None);
        assert_eq!(container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"], "v1");
        assert_eq!(container["env"][1]["valueFrom"]["resourceFieldRef"]["divisor"], "0");
        assert_eq!(spec["volumes"][0]["emptyDir"], json!({}));
        assert_eq!(spec["volumes"][1]["configMap"]["defaultMode"], 420);
        assert_eq!(spec["volumes"][2]["hostPath"]["type"], "");
        let item = &spec["volumes"][3]["projected"]["sources"][0]["downwardAPI"]["items"][0];
        assert_eq!(item["fieldRef"]["apiVersion"], "v1");
    }

    #[test]
    fn own_tolerations_stand() {
        let spec = completed(json!({
            "containers": [], "serviceAccount": "robot",
            "hostNetwork": true,
            "tolerations": [{"operator": "Exists"}],
        }));
        assert_eq!(spec["tolerations"], json!([{"operator": "Exists"}]));
        assert_eq!(spec["serviceAccountName"], "robot");
    }
}
