//! Readiness as Helm 3 saw it, which `--wait=legacy` asks for: fewer kinds, `maxUnavailable` heeded, nothing ever fails
//! before the time is over but a Job.

use serde_json::Value;

use super::{Judgement, State, judged, number, status, true_condition};

/// Judges an object of a release; `jobs` says whether Jobs must complete.
pub(super) fn judge(object: &Value, group: &str, kind: &str, jobs: bool) -> Judgement {
    let problem = match (group, kind) {
        ("", "Pod") => true_condition(object, "Ready").is_none().then(|| "Pod is not ready".into()),
        ("batch", "Job") if jobs => return job(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "Service") => service(object),
        ("apps" | "extensions", "Deployment") => deployment(object),
        ("apps" | "extensions", "DaemonSet") => daemon_set(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("" | "apps" | "extensions", "ReplicationController" | "ReplicaSet") => replicas(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        _ => None,
    };
    match problem {
        Some(message) => judged(State::InProgress, message),
        None => judged(State::Current, format!("{kind} is ready")),
    }
}

fn job(object: &Value) -> Judgement {
    let limit = number(object, "/spec/backoffLimit", 6);
    if status(object, "failed") > limit {
        return judged(State::Failed, "Job is failed");
    }
    let wanted = number(object, "/spec/completions", 1);
    match status(object, "succeeded") < wanted {
        true => judged(State::InProgress, "Job is not completed"),
        false => judged(State::Current, "Job is completed"),
    }
}

fn claim(object: &Value) -> Option<String> {
    (object["status"]["phase"] != "Bound").then(|| "PersistentVolumeClaim is not bound".into())
}

fn service(object: &Value) -> Option<String> {
    let spec = &object["spec"];
    if spec["type"] == "ExternalName" {
        return None;
    }
    if spec["clusterIP"].as_str().unwrap_or_default().is_empty() {
        return Some("Service does not have cluster IP address".into());
    }
    let has = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    let waits = spec["type"] == "LoadBalancer"
        && !has(&spec["externalIPs"])
        && !has(&object["status"]["loadBalancer"]["ingress"]);
    waits.then(|| "Service does not have load balancer ingress IP address".into())
}

/// The controller has not seen the object as it is.
fn is_stale(object: &Value) -> bool {
    status(object, "observedGeneration") < number(object, "/metadata/generation", 0)
}

/// How many may be unavailable: a number, or a share of `total`, rounded down where `down`, else up.
fn unavailable(value: &Value, total: i64, down: bool) -> i64 {
    let share = value.as_str().and_then(|text| text.strip_suffix('%')?.parse::<i64>().ok());
    match (value.as_i64(), share) {
        (Some(number), _) => number.min(total),
        (_, Some(percent)) if down => total * percent / 100,
        (_, Some(percent)) => (total * percent + 99) / 100,
        _ => 0,
    }
}

/// The pods of the newest revision are counted without their ReplicaSet: of the ready ones, as many are old as there are
/// old ones at all.
fn deployment(object: &Value) -> Option<String> {
    if is_stale(object) {
        return Some("Deployment is not observed yet".into());
    }
    let wanted = number(object, "/spec/replicas", 1);
    let strategy = &object["spec"]["strategy"];
    let rolling = strategy["type"].as_str().unwrap_or("RollingUpdate") == "RollingUpdate";
    let limit = match &strategy["rollingUpdate"]["maxUnavailable"] {
        Value::Null if rolling => wanted * 25 / 100,
        value if rolling => unavailable(value, wanted, true),
        _ => 0,
    };
    let old = status(object, "replicas") - status(object, "updatedReplicas");
    let ready = (status(object, "readyReplicas") - old).max(0);
    (ready < wanted - limit).then(|| format!("{ready} out of {} expected pods are ready", wanted - limit))
}

fn daemon_set(object: &Value) -> Option<String> {
    if is_stale(object) {
        return Some("DaemonSet is not observed yet".into());
    }
    let strategy = &object["spec"]["updateStrategy"];
    if strategy["type"].as_str().unwrap_or("RollingUpdate") != "RollingUpdate" {
        return None;
    }
    let wanted = status(object, "desiredNumberScheduled");
    let updated = status(object, "updatedNumberScheduled");
    if updated != wanted {
        return Some(format!("{updated} out of {wanted} expected pods have been scheduled"));
    }
    let limit = match &strategy["rollingUpdate"]["maxUnavailable"] {
        Value::Null => 1.min(wanted),
        value => unavailable(value, wanted, false),
    };
    let ready = status(object, "numberReady");
    (ready < wanted - limit).then(|| format!("{ready} out of {} expected pods are ready", wanted - limit))
}

fn stateful_set(object: &Value) -> Option<String> {
    if is_stale(object) {
        return Some("StatefulSet is not observed yet".into());
    }
    let strategy = &object["spec"]["updateStrategy"];
    if strategy["type"].as_str().unwrap_or("RollingUpdate") != "RollingUpdate" {
        return None;
    }
    let partition = strategy["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
    let wanted = number(object, "/spec/replicas", 1);
    let (updated, ready) = (status(object, "updatedReplicas"), status(object, "readyReplicas"));
    if updated < wanted - partition {
        return Some(format!("{updated} out of {} expected pods have been scheduled", wanted - partition));
    }
    if ready != wanted {
        return Some(format!("{ready} out of {wanted} expected pods are ready"));
    }
    let same = object["status"]["currentRevision"] == object["status"]["updateRevision"];
    (partition == 0 && !same).then(|| "its revisions differ".into())
}

fn replicas(object: &Value) -> Option<String> {
    if is_stale(object) {
        return Some("it is not observed yet".into());
    }
    let (ready, wanted) = (status(object, "readyReplicas"), number(object, "/spec/replicas", 1));
    (ready < wanted).then(|| format!("{ready} out of {wanted} expected pods are ready"))
}

/// A definition whose names are taken counts as ready: that is nobody's business here.
fn definition(object: &Value) -> Option<String> {
    let refused = super::condition(object, "NamesAccepted").is_some_and(|found| found["status"] == "False");
    let established = true_condition(object, "Established").is_some();
    (!refused && !established).then(|| "CustomResourceDefinition is not established".into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_judged_as_helm_3_did() {
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        let rolled =
            json!({"observedGeneration": 1, "replicas": 4, "updatedReplicas": 4, "readyReplicas": 3});
        let rolling =
            json!({"observedGeneration": 1, "replicas": 5, "updatedReplicas": 1, "readyReplicas": 4});
        let daemons = json!({"observedGeneration": 1, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3,
            "numberReady": 2});
        let set = json!({"observedGeneration": 1, "updatedReplicas": 2, "readyReplicas": 2, "currentRevision": "a",
            "updateRevision": "b"});
        let strict = json!({"replicas": 4, "strategy": {"rollingUpdate": {"maxUnavailable": "0%"}}});
        for (group, kind, spec, status, expected) in [
            ("", "Pod", json!({}), ready, State::Current),
            ("", "Pod", json!({}), json!({"phase": "Succeeded"}), State::InProgress),
            ("", "ConfigMap", json!({}), json!({}), State::Current),
            ("", "PersistentVolumeClaim", json!({}), json!({"phase": "Bound"}), State::Current),
            ("", "Service", json!({"type": "ExternalName"}), json!({}), State::Current),
            (
                "",
                "Service",
                json!({"clusterIP": "10.0.0.1", "type": "LoadBalancer"}),
                json!({}),
                State::InProgress,
            ),
            ("apps", "Deployment", json!({"replicas": 4}), rolled.clone(), State::Current),
            ("apps", "Deployment", strict, rolled, State::InProgress),
            ("apps", "Deployment", json!({"replicas": 4}), rolling, State::InProgress),
            ("apps", "Deployment", json!({"replicas": 0}), json!({}), State::InProgress),
            ("apps", "DaemonSet", json!({}), daemons.clone(), State::Current),
            (
                "apps",
                "DaemonSet",
                json!({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}),
                daemons,
                State::InProgress,
            ),
            ("apps", "StatefulSet", json!({"replicas": 2}), set.clone(), State::InProgress),
            (
                "apps",
                "StatefulSet",
                json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}}),
                set,
                State::Current,
            ),
            ("batch", "Job", json!({"completions": 2}), json!({"succeeded": 1}), State::InProgress),
            ("batch", "Job", json!({}), json!({"failed": 7}), State::Failed),
        ] {
            let object = json!({"kind": kind, "metadata": {"generation": 1}, "spec": spec, "status": status});
            assert_eq!(judge(&object, group, kind, true).state, expected, "{object}");
        }
        assert_eq!(judge(&json!({}), "batch", "Job", false).state, State::Current);
    }
}
