//! `GET /containerLogs/{namespace}/{pod}/{container}`: which attempt's log is meant (pure), and the stream of it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, PodStatus};
use naru_runtime::{
    ContainerId,
    logs::{self, LogOptions, Stream},
};
use serde::Deserialize;

use crate::{
    context::Context,
    pods::{self, Engine, View, container_named},
};

/// The query, as the API's PodLogOptions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LogQuery {
    follow: Option<String>,
    previous: Option<String>,
    timestamps: Option<String>,
    since_seconds: Option<String>,
    since_time: Option<String>,
    tail_lines: Option<String>,
    limit_bytes: Option<String>,
    stream: Option<String>,
}

/// An answer that is no log: a code and kubelet's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, message.into())
}

/// A log, live if it is asked to be.
pub(super) async fn container_logs(
    State(context): State<Arc<Context>>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Refusal> {
    let missing = |what: String| Refusal(StatusCode::NOT_FOUND, what);
    let view = context.views.find(&namespace, &pod);
    let view = view.ok_or_else(|| missing(format!("pod {pod:?} does not exist")))?;
    if container_named(&view.pod, &container).is_none() {
        return Err(missing(format!("container {container:?} not found in pod {pod:?}")));
    }
    let previous = flag(&query.previous)?;
    let options = options(&query, context.clock.now())?;
    let (engine, id) = attempt(&view.status, &pod, &container, previous)?;
    let path =
        log_path(&context, &view, &id).ok_or_else(|| bad(format!("no log for container {container:?}")))?;
    let ended = ended(context, engine, id, options.follow);
    let body = Body::from_stream(logs::read(path, options, ended));
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response())
}

fn log_path(context: &Context, view: &View, id: &ContainerId) -> Option<PathBuf> {
    let meta = &view.pod.metadata;
    let uid = meta.uid.as_deref()?;
    let (name, attempt) = pods::parse_id(uid, id)?;
    let pod_logs = pods::pod_logs(context.logs(), meta.namespace.as_deref()?, meta.name.as_deref()?, uid);
    Some(pods::log_file(&pod_logs, name, attempt))
}

/// Ready once the container has ended, as far as its runtime knows.
async fn ended(context: Arc<Context>, engine: Engine, id: ContainerId, follow: bool) {
    /// How long after a shim did not answer it is asked again.
    const ASK_AGAIN: Duration = Duration::from_secs(1);
    if !follow {
        return;
    }
    loop {
        match context.runtime(engine).get(&id).await {
            Ok(task) => match task.wait().await {
                Ok(_) => return,
                Err(error) => tracing::debug!(%id, %error, "cannot wait for the end of a followed container"),
            },
            Err(naru_runtime::Error::NotFound { .. }) => return,
            Err(error) => tracing::debug!(%id, %error, "cannot find a followed container"),
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// A boolean of a query: absent is false, present without a value is true (as Kubernetes decodes it).
fn flag(text: &Option<String>) -> Result<bool, Refusal> {
    match text.as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("" | "true" | "1") => Ok(true),
        Some(other) => Err(bad(format!("invalid boolean {other:?}"))),
    }
}

fn number(name: &str, text: &Option<String>) -> Result<Option<u64>, Refusal> {
    let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|_| bad(format!("{name}: Invalid value: {text:?}: must be a number of at least 0")))
}

fn options(query: &LogQuery, now: Timestamp) -> Result<LogOptions, Refusal> {
    let since = match (number("sinceSeconds", &query.since_seconds)?, query.since_time.as_deref()) {
        (Some(seconds), _) => now.checked_sub(Duration::from_secs(seconds)).ok(),
        (None, Some(time)) if !time.is_empty() => {
            let parsed = time.parse().map_err(|_| bad(format!("sinceTime: Invalid value: {time:?}")));
            Some(parsed?)
        }
        _ => None,
    };
    let stream = match query.stream.as_deref() {
        None | Some("" | "All") => None,
        Some("Stdout") => Some(Stream::Stdout),
        Some("Stderr") => Some(Stream::Stderr),
        Some(other) => return Err(bad(format!("stream: Unsupported value: {other:?}"))),
    };
    Ok(LogOptions {
        tail_lines: number("tailLines", &query.tail_lines)?,
        since,
        timestamps: flag(&query.timestamps)?,
        limit_bytes: number("limitBytes", &query.limit_bytes)?,
        follow: flag(&query.follow)?,
        stream,
    })
}

/// The attempt whose log is meant (kubelet's `validateContainerLogStatus`).
fn attempt(
    status: &PodStatus,
    pod: &str,
    container: &str,
    previous: bool,
) -> Result<(Engine, ContainerId), Refusal> {
    let all = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let found = all.into_iter().find(|status| status.name == container);
    let Some(found) = found else {
        return Err(bad(format!("container {container:?} in pod {pod:?} is not available")));
    };
    let id = if previous { terminated_id(found.last_state.as_ref()) } else { current(found) };
    match id.as_deref().and_then(pods::from_status) {
        Some(id) => Ok(id),
        None if previous => {
            Err(bad(format!("previous terminated container {container:?} in pod {pod:?} not found")))
        }
        None => Err(bad(format!("container {container:?} in pod {pod:?} {}", waiting(found)))),
    }
}

fn terminated_id(state: Option<&ContainerState>) -> Option<String> {
    state?.terminated.as_ref()?.container_id.clone()
}

fn current(status: &ContainerStatus) -> Option<String> {
    let state = status.state.as_ref();
    if state.is_some_and(|state| state.running.is_some()) {
        return status.container_id.clone();
    }
    terminated_id(state).or_else(|| terminated_id(status.last_state.as_ref()))
}

/// Why there is no log yet.
fn waiting(status: &ContainerStatus) -> String {
    let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
    match waiting.and_then(|waiting| waiting.reason.as_deref()) {
        Some("ErrImagePull") => "is waiting to start: image can't be pulled".into(),
        Some("ImagePullBackOff") => "is waiting to start: trying and failing to pull image".into(),
        Some(reason) => format!("is waiting to start: {reason}"),
        None => "is waiting to start - no logs yet".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn status(state: Value, last: Value) -> PodStatus {
        serde_json::from_value(json!({"containerStatuses": [{
            "name": "c", "image": "i", "imageID": "x", "ready": true, "restartCount": 1,
            "containerID": "naru-oci://u-c-2", "state": state, "lastState": last,
        }]}))
        .unwrap()
    }

    fn terminated(number: u32) -> Value {
        json!({"terminated": {"exitCode": 1, "containerID": format!("naru-oci://u-c-{number}")}})
    }

    fn ask(state: Value, last: Value, previous: bool) -> Result<String, String> {
        attempt(&status(state, last), "p", "c", previous).map(|(_, id)| id.0).map_err(|refusal| {
            assert_eq!(refusal.0, StatusCode::BAD_REQUEST);
            refusal.1
        })
    }

    #[test]
    fn the_attempt_is_the_one_kubelet_would_choose() {
        let none = json!({});
        let waiting = |reason: &str| json!({"waiting": {"reason": reason}});
        let ok = |number: u32| Ok(format!("u-c-{number}"));
        let err = |text: &str| Err(text.to_owned());
        let table = [
            (json!({"running": {}}), none.clone(), false, ok(2)),
            (json!({"running": {}}), terminated(1), true, ok(1)),
            (terminated(2), terminated(1), false, ok(2)),
            (waiting("CrashLoopBackOff"), terminated(2), false, ok(2)),
            (waiting("CrashLoopBackOff"), terminated(2), true, ok(2)),
            (
                json!({"running": {}}),
                none.clone(),
                true,
                err("previous terminated container \"c\" in pod \"p\" not found"),
            ),
            (
                waiting("ContainerCreating"),
                none.clone(),
                false,
                err("container \"c\" in pod \"p\" is waiting to start: ContainerCreating"),
            ),
            (
                waiting("ErrImagePull"),
                none.clone(),
                false,
                err("container \"c\" in pod \"p\" is waiting to start: image can't be pulled"),
            ),
            (
                waiting("ImagePullBackOff"),
                none.clone(),
                false,
                err("container \"c\" in pod \"p\" is waiting to start: trying and failing to pull image"),
            ),
            (
                none.clone(),
                none,
                false,
                err("container \"c\" in pod \"p\" is waiting to start - no logs yet"),
            ),
        ];
        for (state, last, previous, expected) in table {
            assert_eq!(ask(state.clone(), last, previous), expected, "{state} {previous}");
        }
    }

    #[test]
    fn queries_are_read_as_kubernetes_does() {
        let query: LogQuery = serde_json::from_value(json!({
            "follow": "true", "tailLines": "5", "sinceSeconds": "10", "limitBytes": "7", "timestamps": "", "stream": "Stderr",
        }))
        .unwrap();
        let now = Timestamp::constant(100, 0);
        let expected = LogOptions {
            tail_lines: Some(5),
            since: Some(Timestamp::constant(90, 0)),
            timestamps: true,
            limit_bytes: Some(7),
            follow: true,
            stream: Some(Stream::Stderr),
        };
        assert_eq!(options(&query, now), Ok(expected));
        for bad in [
            json!({"tailLines": "-1"}),
            json!({"sinceTime": "noon"}),
            json!({"stream": "x"}),
            json!({"follow": "x"}),
        ] {
            let query: LogQuery = serde_json::from_value(bad.clone()).unwrap();
            assert!(options(&query, now).is_err(), "{bad}");
        }
    }
}
