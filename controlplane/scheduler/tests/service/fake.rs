//! An API server of pods, nodes and events in memory, with faults, as far as a scheduler uses it.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Steps of waiting for something, of [`STEP`] simulated time each.
const STEPS_MAX: usize = 100_000;
const STEP: Duration = Duration::from_millis(10);

/// The server; clones are the same server.
#[derive(Clone)]
pub(crate) struct FakeApi {
    state: watch::Sender<State>,
}

#[derive(Default)]
pub(crate) struct State {
    revision: u64,
    /// By plural and `namespace/name`.
    objects: BTreeMap<(String, String), Value>,
    /// All changes: plural, and the watch's line.
    log: Vec<(String, Bytes)>,
    /// Watches older than this get 410.
    compacted: u64,
    /// Watches opened before the last disconnection end.
    disconnections: u64,
    /// So many bindings are refused with 503.
    pub(crate) refuse_bindings: usize,
    /// Bindings made, in order.
    pub(crate) bindings: Vec<(String, String)>,
    /// Bindings asked for.
    pub(crate) attempts: usize,
    /// Deletions asked for, in order.
    pub(crate) deletions: Vec<String>,
    /// So many deletions are refused with 503.
    pub(crate) refuse_deletions: usize,
}

impl State {
    pub(crate) fn put(&mut self, plural: &str, key: &str, mut object: Value) -> Value {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let place = (plural.to_owned(), key.to_owned());
        let kind = if self.objects.contains_key(&place) { "MODIFIED" } else { "ADDED" };
        self.objects.insert(place, object.clone());
        self.tell(plural, kind, &object);
        object
    }

    fn remove(&mut self, plural: &str, key: &str) {
        self.revision += 1;
        let mut object = self.objects.remove(&(plural.to_owned(), key.to_owned())).unwrap();
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        self.tell(plural, "DELETED", &object);
    }

    /// Removes an object without telling anybody.
    pub(crate) fn forget(&mut self, plural: &str, key: &str) {
        self.objects.remove(&(plural.to_owned(), key.to_owned())).unwrap();
        self.revision += 1;
        self.log.push(("nobody".into(), Bytes::new()));
    }

    fn tell(&mut self, plural: &str, kind: &str, object: &Value) {
        let line = format!("{}\n", json!({"type": kind, "object": object}));
        // One entry a revision, so that a revision is a position in the log.
        self.log.push((plural.to_owned(), line.into()));
    }

    pub(crate) fn get(&self, plural: &str, key: &str) -> Option<&Value> {
        self.objects.get(&(plural.to_owned(), key.to_owned()))
    }

    pub(crate) fn all(&self, plural: &str) -> Vec<&Value> {
        self.objects.iter().filter(|((kind, _), _)| kind == plural).map(|(_, object)| object).collect()
    }

    pub(crate) fn node_of(&self, pod: &str) -> Option<&str> {
        self.get("pods", &format!("default/{pod}"))?["spec"]["nodeName"].as_str()
    }

    /// The condition `PodScheduled` of a pod: reason and message.
    pub(crate) fn condition(&self, pod: &str) -> Option<(&str, &str)> {
        let pod = self.get("pods", &format!("default/{pod}"))?;
        let condition = pod["status"]["conditions"].as_array()?.first()?;
        Some((condition["reason"].as_str()?, condition["message"].as_str()?))
    }

    /// The node that is kept for a pod.
    pub(crate) fn nominated(&self, pod: &str) -> Option<&str> {
        self.get("pods", &format!("default/{pod}"))?["status"]["nominatedNodeName"].as_str()
    }

    /// Reason, message and count of each event of a pod.
    pub(crate) fn events(&self, pod: &str) -> Vec<(&str, &str, u64)> {
        let about = |event: &&Value| event["involvedObject"]["name"] == pod;
        self.all("events")
            .into_iter()
            .filter(about)
            .map(|event| {
                let text = |name: &str| event[name].as_str().unwrap();
                (text("reason"), text("message"), event["count"].as_u64().unwrap())
            })
            .collect()
    }
}

impl FakeApi {
    pub(crate) fn new() -> Self {
        Self { state: watch::Sender::new(State::default()) }
    }

    pub(crate) fn client(&self) -> kube::Client {
        let api = self.clone();
        let router = Router::new().fallback(move |request: Request| {
            let api = api.clone();
            async move { api.serve(request).await }
        });
        naru_client::in_process(router, ())
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut result = None;
        self.state.send_modify(|state| result = Some(change(state)));
        result.unwrap()
    }

    /// A pod of the default scheduler; `spec` is merged into its spec.
    pub(crate) fn pod(&self, name: &str, spec: Value) {
        let mut merged = json!({"schedulerName": "default-scheduler", "containers": [{"name": "c"}]});
        for (key, value) in spec.as_object().unwrap() {
            merged[key] = value.clone();
        }
        let metadata = json!({"name": name, "namespace": "default", "uid": format!("uid-{name}")});
        let pod = json!({"metadata": metadata, "spec": merged, "status": {"phase": "Pending"}});
        self.with(|state| state.put("pods", &format!("default/{name}"), pod));
    }

    pub(crate) fn pod_requesting(&self, name: &str, cpu: &str) {
        self.pod(name, json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}));
    }

    /// A ready node of so many CPUs.
    pub(crate) fn node(&self, name: &str, cpu: u32) {
        let node = json!({
            "metadata": {"name": name, "uid": format!("uid-{name}"), "labels": {"kubernetes.io/hostname": name}},
            "status": {
                "allocatable": {"cpu": cpu.to_string(), "memory": "64Gi", "pods": "1000"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        });
        self.with(|state| state.put("nodes", name, node));
    }

    pub(crate) fn update(&self, plural: &str, key: &str, change: impl FnOnce(&mut Value)) {
        self.with(|state| {
            let mut object = state.get(plural, key).unwrap().clone();
            change(&mut object);
            state.put(plural, key, object);
        });
    }

    pub(crate) fn delete(&self, plural: &str, key: &str) {
        self.with(|state| state.remove(plural, key));
    }

    /// Ends every watch and forgets history, so that watches have to list again. What `meanwhile` does is not seen.
    pub(crate) fn disconnect(&self, meanwhile: impl FnOnce(&mut State)) {
        self.with(|state| {
            meanwhile(state);
            state.disconnections += 1;
            state.compacted = state.revision;
        });
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&State) -> bool) {
        for _ in 0..STEPS_MAX {
            if holds(&self.state.borrow()) {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("this never happened: {what}");
    }

    async fn serve(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let all: Vec<_> = parts.uri.path().trim_start_matches('/').split('/').collect();
        // `api/v1/...`, or `apis/group/v1/...`.
        let path = if all[0] == "api" { &all[2..] } else { &all[3..] };
        let query = parts.uri.query().unwrap_or_default();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        match (parts.method, path) {
            (Method::GET, [plural]) if query.contains("watch=true") => self.watch(plural, query),
            (Method::GET, [plural]) => self.list(plural),
            (Method::POST, ["namespaces", ns, "pods", name, "binding"]) => self.bind(ns, name, &body),
            (Method::DELETE, ["namespaces", ns, "pods", name]) => self.begin_deletion(ns, name, &body),
            (Method::PATCH, ["namespaces", ns, "pods", name, "status"]) => {
                self.patch("pods", &format!("{ns}/{name}"), &body)
            }
            (Method::POST, ["namespaces", ns, "events"]) => {
                let key = format!("{ns}/{}", body["metadata"]["name"].as_str().unwrap());
                answer(self.with(|state| state.put("events", &key, body)))
            }
            (Method::PATCH, ["namespaces", ns, "events", name]) => {
                self.patch("events", &format!("{ns}/{name}"), &body)
            }
            (method, path) => panic!("a scheduler does not ask for {method} {path:?}"),
        }
    }

    fn list(&self, plural: &str) -> Response {
        let state = self.state.borrow();
        let metadata = json!({"resourceVersion": state.revision.to_string()});
        answer(json!({"apiVersion": "v1", "kind": "List", "metadata": metadata, "items": state.all(plural)}))
    }

    fn watch(&self, plural: &str, query: &str) -> Response {
        let version = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion=")).unwrap();
        let position: usize = version.parse().unwrap();
        if (position as u64) < self.state.borrow().compacted {
            // As Kubernetes does it: inside the stream.
            let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410,
                "reason": "Expired", "message": "too old resource version"});
            return answer(json!({"type": "ERROR", "object": status}));
        }
        Body::from_stream(self.lines(plural.to_owned(), position)).into_response()
    }

    fn lines(
        &self,
        plural: String,
        position: usize,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
        let changes = self.state.subscribe();
        let opened_at = changes.borrow().disconnections;
        stream::unfold((changes, position), move |(mut changes, mut position)| {
            let plural = plural.clone();
            async move {
                loop {
                    {
                        let state = changes.borrow_and_update();
                        if state.disconnections != opened_at {
                            return None;
                        }
                        while let Some((kind, line)) = state.log.get(position) {
                            position += 1;
                            if *kind == plural {
                                let line = line.clone();
                                drop(state);
                                return Some((Ok(line), (changes, position)));
                            }
                        }
                    }
                    changes.changed().await.ok()?;
                }
            }
        })
    }

    fn bind(&self, namespace: &str, name: &str, binding: &Value) -> Response {
        let key = format!("{namespace}/{name}");
        self.with(|state| {
            state.attempts += 1;
            if state.refuse_bindings > 0 {
                state.refuse_bindings -= 1;
                return failure(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the store is down");
            }
            let Some(pod) = state.get("pods", &key) else {
                return failure(StatusCode::NOT_FOUND, "NotFound", "no such pod");
            };
            if pod["metadata"]["uid"] != binding["metadata"]["uid"] || !pod["spec"]["nodeName"].is_null() {
                return failure(StatusCode::CONFLICT, "Conflict", "bound already, or another pod");
            }
            let node = binding["target"]["name"].as_str().unwrap().to_owned();
            let mut pod = pod.clone();
            pod["spec"]["nodeName"] = json!(node);
            state.put("pods", &key, pod);
            state.bindings.push((name.to_owned(), node));
            answer(json!({"apiVersion": "v1", "kind": "Status", "status": "Success", "code": 201}))
        })
    }

    /// A deletion with grace: the pod stays until the test removes it.
    fn begin_deletion(&self, namespace: &str, name: &str, how: &Value) -> Response {
        let key = format!("{namespace}/{name}");
        self.with(|state| {
            let Some(mut pod) = state.get("pods", &key).cloned() else {
                return failure(StatusCode::NOT_FOUND, "NotFound", "no such pod");
            };
            assert_eq!(how["preconditions"]["uid"], pod["metadata"]["uid"], "only this very pod");
            state.deletions.push(name.to_owned());
            if state.refuse_deletions > 0 {
                state.refuse_deletions -= 1;
                return failure(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the store is down");
            }
            pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            answer(state.put("pods", &key, pod))
        })
    }

    /// A merge of one level more than needed; lists are replaced.
    fn patch(&self, plural: &str, key: &str, patch: &Value) -> Response {
        self.with(|state| {
            let Some(object) = state.get(plural, key) else {
                return failure(StatusCode::NOT_FOUND, "NotFound", "no such object");
            };
            let mut object = object.clone();
            merge(&mut object, patch);
            answer(state.put(plural, key, object))
        })
    }
}

fn merge(target: &mut Value, patch: &Value) {
    match patch {
        Value::Object(fields) => {
            for (key, value) in fields {
                merge(&mut target[key], value);
            }
        }
        other => *target = other.clone(),
    }
}

fn answer(value: Value) -> Response {
    axum::Json(value).into_response()
}

fn failure(code: StatusCode, reason: &str, message: &str) -> Response {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "code": code.as_u16(), "reason": reason, "message": message,
    });
    (code, axum::Json(status)).into_response()
}

/// A scheduler that runs until the end of the test.
pub(crate) struct Running(
    #[expect(dead_code, reason = "dropping it stops the scheduler")] tokio::task::JoinSet<()>,
);

/// Starts a scheduler.
pub(crate) fn start(api: &FakeApi) -> Running {
    let client = api.client();
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        let options = naru_scheduler::Options::default();
        naru_scheduler::run(client, options, tokio_util::sync::CancellationToken::new()).await.unwrap();
    });
    Running(task)
}
