//! `pods/log`: finds the pod and the container, checks the query, and streams what the node sends.

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use naru_api::{
    Object,
    status::{FieldError, Status},
};

use super::{Call, get, object_of};
use crate::{
    kinds::fields::{items, text},
    logs::LogQuery,
    request::Query,
    response::{self, Response},
};

/// Streams the log of a container of the pod that the path names.
pub(super) async fn get(call: &Call) -> Result<Response, Status> {
    let mut query = read(&call.query, call.name())?;
    let key = call.kind.key(call.namespace(), call.name());
    let entry = get::newest(call, &call.kind, &key).await?.ok_or_else(|| call.not_found())?;
    let pod = object_of(&entry)?;
    query.container = container(&pod, call.name(), &query.container)?;
    if text(&pod["spec"]["nodeName"]).is_empty() {
        let why = format!("pod {} does not have a host assigned", call.name());
        return Err(Status::bad_request(why));
    }
    let Some(offer) = &call.websocket else {
        let log = call.server.options.logs.open(&pod, &query).await?;
        return Ok(response::text_stream(Body::from_stream(log)));
    };
    let (protocol, encoding) = offer.encoding()?;
    let permit = call.server.watch_permit()?;
    let log = call.server.options.logs.open(&pod, &query).await?;
    // As kube-apiserver does, an empty message says that the log is open.
    let opened = stream::iter([Ok(Bytes::new())]);
    let closing = call.server.closing.clone().cancelled_owned();
    let messages = opened.chain(log.take_until(closing)).map_ok(move |bytes| encoding.message(bytes));
    offer.accept(protocol, messages, permit)
}

fn read(query: &Query, pod: &str) -> Result<LogQuery, Status> {
    let mut wrong = Vec::new();
    let mut number = |name: &'static str, least: i64| -> Result<Option<u64>, Status> {
        let Some(value) = query.number(name)? else { return Ok(None) };
        if value < least {
            let why =
                if least == 0 { "must be greater than or equal to 0" } else { "must be greater than 0" };
            wrong.push(FieldError::invalid(name, value, why));
        }
        Ok(u64::try_from(value).ok())
    };
    let mut log = LogQuery {
        container: query.get("container").unwrap_or_default().to_string(),
        follow: query.flag("follow"),
        previous: query.flag("previous"),
        since_seconds: number("sinceSeconds", 1)?,
        since_time: None,
        timestamps: query.flag("timestamps"),
        tail_lines: number("tailLines", 0)?,
        limit_bytes: number("limitBytes", 1)?,
        stream: query.text("stream").map(str::to_string),
    };
    if let Some(time) = query.text("sinceTime") {
        let bad = |error| Status::bad_request(format!("cannot read sinceTime {time:?}: {error}"));
        log.since_time = Some(time.parse().map_err(bad)?);
    }
    if log.since_time.is_some() && log.since_seconds.is_some() {
        let why = "at most one of `sinceTime` or `sinceSeconds` may be specified";
        wrong.push(FieldError::forbidden("sinceSeconds", why));
    }
    match log.stream.as_deref() {
        None | Some("All" | "Stdout" | "Stderr") => {}
        Some(other) => {
            wrong.push(FieldError::not_supported("stream", other, &["All", "Stdout", "Stderr"]));
        }
    }
    if wrong.is_empty() { Ok(log) } else { Err(Status::invalid("", "PodLogOptions", pod, &wrong)) }
}

/// The container that is meant: the one asked for, the default one, or the only one.
fn container(pod: &Object, name: &str, asked: &str) -> Result<String, Status> {
    const DEFAULT: &str = "kubectl.kubernetes.io/default-container";
    let names =
        |field: &str| items(&pod["spec"][field]).iter().map(|one| text(&one["name"])).collect::<Vec<_>>();
    let (main, init) = (names("containers"), names("initContainers"));
    if !asked.is_empty() {
        if main.contains(&asked) || init.contains(&asked) {
            return Ok(asked.to_string());
        }
        return Err(Status::bad_request(format!("container {asked} is not valid for pod {name}")));
    }
    if let [only] = main[..] {
        return Ok(only.to_string());
    }
    let default = text(&pod["metadata"]["annotations"][DEFAULT]);
    if main.contains(&default) {
        return Ok(default.to_string());
    }
    let mut why =
        format!("a container name must be specified for pod {name}, choose one of: [{}]", main.join(" "));
    if !init.is_empty() {
        why += &format!(" or one of the init containers: [{}]", init.join(" "));
    }
    Err(Status::bad_request(why))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_container_must_be_clear() {
        let one = json!({"spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}]}});
        let two = json!({"metadata": {"annotations": {"kubectl.kubernetes.io/default-container": "b"}},
            "spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        let mut unclear = two.clone();
        unclear["metadata"] = json!({});
        assert_eq!(container(&one, "p", "").unwrap(), "a");
        assert_eq!(container(&one, "p", "i").unwrap(), "i");
        assert_eq!(container(&two, "p", "").unwrap(), "b");
        let message = |pod, asked| container(pod, "p", asked).unwrap_err().message;
        assert_eq!(message(&one, "x"), "container x is not valid for pod p");
        assert_eq!(
            message(&unclear, ""),
            "a container name must be specified for pod p, choose one of: [a b]"
        );
    }

    #[test]
    fn queries() {
        let log =
            read(&Query::parse("follow=true&tailLines=0&timestamps=1&sinceSeconds=5&limitBytes=9"), "p")
                .unwrap();
        assert!(log.follow && log.timestamps && !log.previous);
        assert_eq!((log.tail_lines, log.since_seconds, log.limit_bytes), (Some(0), Some(5), Some(9)));
        for (query, code) in [
            ("tailLines=-1", 422),
            ("sinceSeconds=0", 422),
            ("limitBytes=0", 422),
            ("stream=Both", 422),
            ("sinceTime=yesterday", 400),
            ("sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z", 422),
            ("tailLines=x", 400),
        ] {
            assert_eq!(read(&Query::parse(query), "p").unwrap_err().code, code, "{query}");
        }
    }
}
