//! How far an object is from what it is meant to be, judged by its status alone, as kstatus does (which Helm 4 waits
//! by). Pure: an object and the present in, a judgement out.

mod legacy;
mod workloads;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use workloads::{daemon_set, deployment, replica_set, stateful_set};

/// How long a pod may be without a node before that counts as a failure.
const SCHEDULE_WINDOW: SignedDuration = SignedDuration::from_secs(15);

/// How far an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is as it should be.
    Current,
    /// It is getting there.
    InProgress,
    /// It will not get there by itself.
    Failed,
    /// It is being deleted.
    Terminating,
}

impl State {
    /// kstatus' word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Current => "Current",
            State::InProgress => "InProgress",
            State::Failed => "Failed",
            State::Terminating => "Terminating",
        }
    }
}

/// A state and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The state.
    pub state: State,
    /// For people.
    pub message: String,
}

/// By which rules objects are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Objects of a release: a Job is ready once it has started.
    Release,
    /// The same, but a Job must complete.
    ReleaseWithJobs,
    /// Hooks: Pods and Jobs must complete, anything else is ready at once.
    Hook,
    /// Objects of a release, by the rules of Helm 3: Jobs do not count.
    Legacy,
    /// The same, but a Job must complete.
    LegacyWithJobs,
}

fn judged(state: State, message: impl Into<String>) -> Judgement {
    Judgement { state, message: message.into() }
}

/// Judges an object.
pub fn judge(object: &Value, rules: Rules, now: Timestamp) -> Judgement {
    let kind = object["kind"].as_str().unwrap_or_default();
    let group =
        object["apiVersion"].as_str().unwrap_or_default().split_once('/').map_or("", |(group, _)| group);
    if matches!(rules, Rules::Legacy | Rules::LegacyWithJobs) {
        return legacy::judge(object, group, kind, rules == Rules::LegacyWithJobs);
    }
    if let Some(found) = general(object) {
        return found;
    }
    match (group, kind, rules) {
        ("batch", "Job", Rules::Hook | Rules::ReleaseWithJobs) => job_to_complete(object),
        ("", "Pod", Rules::Hook) => pod_to_complete(object),
        (_, _, Rules::Hook) => judged(State::Current, "Resource is current"),
        ("batch", "Job", _) => job_to_start(object),
        ("", "Pod", _) => pod(object, now),
        ("", "PersistentVolumeClaim", _) => claim(object),
        ("", "Service", _) => service(object),
        ("apps" | "extensions", "Deployment", _) => deployment(object),
        ("apps" | "extensions", "ReplicaSet", _) => replica_set(object),
        ("apps" | "extensions", "DaemonSet", _) => daemon_set(object),
        ("apps", "StatefulSet", _) => stateful_set(object),
        ("policy", "PodDisruptionBudget", _) => budget(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition", _) => definition(object),
        _ => judged(State::Current, "Resource is current"),
    }
}

/// What holds for every kind; `None` where the kind decides.
fn general(object: &Value) -> Option<Judgement> {
    if object["metadata"]["deletionTimestamp"].is_string() {
        return Some(judged(State::Terminating, "Resource scheduled for deletion"));
    }
    let generation = object["metadata"]["generation"].as_i64();
    let observed = object["status"]["observedGeneration"].as_i64();
    if let (Some(generation), Some(observed)) = (generation, observed)
        && generation != observed
    {
        let kind = object["kind"].as_str().unwrap_or_default();
        let message =
            format!("{kind} generation is {generation}, but latest observed generation is {observed}");
        return Some(judged(State::InProgress, message));
    }
    for (condition, state) in [("Reconciling", State::InProgress), ("Stalled", State::Failed)] {
        if let Some(found) = true_condition(object, condition) {
            return Some(judged(state, found["message"].as_str().unwrap_or_default()));
        }
    }
    None
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|one| one["type"] == kind)
}

fn true_condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    condition(object, kind).filter(|found| found["status"] == "True")
}

fn number(object: &Value, pointer: &str, default: i64) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(default)
}

fn status(object: &Value, field: &str) -> i64 {
    object["status"][field].as_i64().unwrap_or(0)
}

fn claim(object: &Value) -> Judgement {
    match object["status"]["phase"].as_str().unwrap_or("unknown") {
        "Bound" => judged(State::Current, "PVC is Bound"),
        phase => judged(State::InProgress, format!("PVC is not Bound. phase: {phase}")),
    }
}

fn service(object: &Value) -> Judgement {
    let needs_address = object["spec"]["type"] == "LoadBalancer";
    match needs_address && object["spec"]["clusterIP"].as_str().unwrap_or_default().is_empty() {
        true => judged(State::InProgress, "ClusterIP not set. Service type: LoadBalancer"),
        false => judged(State::Current, "Service is ready"),
    }
}

fn budget(object: &Value) -> Judgement {
    let (healthy, desired) = (status(object, "currentHealthy"), status(object, "desiredHealthy"));
    match healthy >= desired {
        true => judged(State::Current, "AllowedDisruptions has been computed."),
        false => judged(State::InProgress, format!("Budget not met. healthy: {healthy}/{desired}")),
    }
}

fn definition(object: &Value) -> Judgement {
    let refused = condition(object, "NamesAccepted").filter(|found| found["status"] == "False");
    if let Some(refused) = refused {
        return judged(State::Failed, refused["message"].as_str().unwrap_or_default());
    }
    match true_condition(object, "Established").is_some() {
        true => judged(State::Current, "CRD is established"),
        false => judged(State::InProgress, "Install in progress"),
    }
}

fn job_to_start(object: &Value) -> Judgement {
    let failed = true_condition(object, "Failed").is_some();
    let done = true_condition(object, "Complete").is_some();
    if failed || done {
        return job_to_complete(object);
    }
    match object["status"]["startTime"].is_string() {
        true => judged(State::Current, "Job in progress"),
        false => judged(State::InProgress, "Job not started"),
    }
}

fn job_to_complete(object: &Value) -> Judgement {
    let completions = number(object, "/spec/completions", number(object, "/spec/parallelism", 1));
    if true_condition(object, "Complete").is_some() {
        let message = format!("Job Completed. succeeded: {}/{completions}", status(object, "succeeded"));
        return judged(State::Current, message);
    }
    if true_condition(object, "Failed").is_some() {
        return judged(
            State::Failed,
            format!("Job Failed. failed: {}/{completions}", status(object, "failed")),
        );
    }
    judged(State::InProgress, "Job in progress")
}

fn pod_to_complete(object: &Value) -> Judgement {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match object["status"]["phase"].as_str().unwrap_or_default() {
        "Succeeded" => judged(State::Current, format!("pod {name} succeeded")),
        "Failed" => judged(State::Failed, format!("pod {name} failed")),
        _ => judged(State::InProgress, "Pod in progress"),
    }
}

fn pod(object: &Value, now: Timestamp) -> Judgement {
    match object["status"]["phase"].as_str().unwrap_or_default() {
        "Succeeded" => judged(State::Current, "Pod has completed successfully"),
        "Failed" => judged(State::Current, "Pod has completed, but not successfully"),
        "Running" if true_condition(object, "Ready").is_some() => judged(State::Current, "Pod is Ready"),
        "Running" => match crash_looping(object) {
            Some(names) => judged(State::Failed, format!("Containers in CrashLoop state: {names}")),
            None => judged(State::InProgress, "Pod is running but is not Ready"),
        },
        "Pending" => pending_pod(object, now),
        _ => judged(State::InProgress, "Pod phase not available"),
    }
}

fn pending_pod(object: &Value, now: Timestamp) -> Judgement {
    let unscheduled = condition(object, "PodScheduled")
        .is_some_and(|found| found["status"] == "False" && found["reason"] == "Unschedulable");
    if !unscheduled {
        return judged(State::InProgress, "Pod is in the Pending phase");
    }
    let created = object["metadata"]["creationTimestamp"].as_str().and_then(|text| text.parse().ok());
    match created.is_some_and(|created: Timestamp| now.duration_since(created) < SCHEDULE_WINDOW) {
        true => judged(State::InProgress, "Pod has not been scheduled"),
        false => judged(State::Failed, "Pod could not be scheduled"),
    }
}

fn crash_looping(object: &Value) -> Option<String> {
    let lists =
        ["initContainerStatuses", "containerStatuses"].map(|field| object["status"][field].as_array());
    let names: Vec<&str> = lists
        .into_iter()
        .flatten()
        .flatten()
        .filter(|one| one["state"]["waiting"]["reason"] == "CrashLoopBackOff")
        .filter_map(|one| one["name"].as_str())
        .collect();
    (!names.is_empty()).then(|| names.join(","))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(api_version: &str, kind: &str, spec: Value, status: Value) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "generation": 2,
            "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec, "status": status})
    }

    #[test]
    fn each_kind_by_its_own_rules() {
        use Rules::{Hook, Release, ReleaseWithJobs};
        use State::{Current, Failed, InProgress};
        let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        let done = json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
        let lost = json!({"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]});
        let unscheduled = json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]});
        let looping = json!({"phase": "Running", "containerStatuses": [
            {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
        let available = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
            "readyReplicas": 2, "conditions": [{"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]});
        let stale = json!({"observedGeneration": 1});
        let deployment_spec = json!({"replicas": 2, "progressDeadlineSeconds": 600});
        let daemons = json!({"observedGeneration": 2, "desiredNumberScheduled": 3, "currentNumberScheduled": 3,
            "updatedNumberScheduled": 3, "numberAvailable": 2, "numberReady": 3});
        for (api_version, kind, spec, status, rules, state, message) in [
            ("v1", "ConfigMap", json!({}), json!({}), Release, Current, "Resource is current"),
            ("v1", "Pod", json!({}), ready.clone(), Release, Current, "Pod is Ready"),
            ("v1", "Pod", json!({}), ready, Hook, InProgress, "Pod in progress"),
            ("v1", "Pod", json!({}), json!({"phase": "Succeeded"}), Hook, Current, "pod x succeeded"),
            ("v1", "Pod", json!({}), json!({"phase": "Failed"}), Hook, Failed, "pod x failed"),
            ("v1", "Pod", json!({}), json!({}), Release, InProgress, "Pod phase not available"),
            ("v1", "Pod", json!({}), looping, Release, Failed, "Containers in CrashLoop state: a"),
            ("v1", "Pod", json!({}), unscheduled, Release, Failed, "Pod could not be scheduled"),
            ("batch/v1", "Job", json!({}), done, Hook, Current, "Job Completed. succeeded: 1/1"),
            ("batch/v1", "Job", json!({}), lost, Release, Failed, "Job Failed. failed: 1/1"),
            ("batch/v1", "Job", json!({}), json!({"startTime": "t"}), Release, Current, "Job in progress"),
            (
                "batch/v1",
                "Job",
                json!({}),
                json!({"startTime": "t"}),
                ReleaseWithJobs,
                InProgress,
                "Job in progress",
            ),
            (
                "apps/v1",
                "Deployment",
                deployment_spec.clone(),
                available,
                Release,
                Current,
                "Deployment is available. Replicas: 2",
            ),
            (
                "apps/v1",
                "Deployment",
                deployment_spec.clone(),
                json!({"replicas": 1}),
                Release,
                InProgress,
                "Replicas: 1/2",
            ),
            (
                "apps/v1",
                "Deployment",
                deployment_spec,
                stale,
                Release,
                InProgress,
                "Deployment generation is 2, but latest observed generation is 1",
            ),
            ("apps/v1", "DaemonSet", json!({}), daemons, Release, InProgress, "Available: 2/3"),
            (
                "apps/v1",
                "StatefulSet",
                json!({}),
                json!({"replicas": 1, "readyReplicas": 1, "currentReplicas": 1}),
                Release,
                Current,
                "All replicas scheduled as expected. Replicas: 1",
            ),
            (
                "v1",
                "PersistentVolumeClaim",
                json!({}),
                json!({"phase": "Pending"}),
                Release,
                InProgress,
                "PVC is not Bound. phase: Pending",
            ),
            (
                "v1",
                "Service",
                json!({"type": "LoadBalancer"}),
                json!({}),
                Release,
                InProgress,
                "ClusterIP not set. Service type: LoadBalancer",
            ),
            (
                "example.com/v1",
                "Widget",
                json!({}),
                json!({"conditions": [{"type": "Stalled", "status": "True", "message": "no"}]}),
                Release,
                Failed,
                "no",
            ),
        ] {
            let now = "2026-01-01T01:00:00Z".parse().unwrap();
            let found = judge(&with(api_version, kind, spec, status), rules, now);
            assert_eq!((found.state, found.message.as_str()), (state, message), "{kind} {rules:?}");
        }
    }

    #[test]
    fn what_is_being_deleted_is_not_ready() {
        let object = json!({"kind": "Pod", "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let found = judge(&object, Rules::Release, Timestamp::UNIX_EPOCH);
        assert_eq!((found.state, found.state.as_str()), (State::Terminating, "Terminating"));
    }
}
