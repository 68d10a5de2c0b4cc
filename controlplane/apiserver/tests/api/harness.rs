//! A server under test, and a client that calls its router.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::body::{Body, BodyDataStream, to_bytes};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Method, Request, header};
use jiff::Timestamp;
use naru_api::{Object, status::Status};
use naru_apiserver::{
    LogQuery, LogStream, Options, PodLogs, Registry, Server,
    admission::Admission,
    auth::{Attributes, Authorizer, Identity, MASTERS},
};
use naru_store::{Etcd, EtcdOptions, Store, memory::Memory, testing::EtcdServer};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;

/// Far longer than anything takes; a test that waits so long has failed.
pub const LONG: Duration = Duration::from_secs(120);
/// The clock at the start.
pub const START: i64 = 1_800_000_000;

/// A server and what it needs; it ends with this value.
pub struct Api {
    router: axum::Router,
    pub store: Arc<dyn Store>,
    pub clock: Arc<AtomicI64>,
    _end: DropGuard,
}

/// A finished answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn warnings(&self) -> Vec<&str> {
        self.headers.get_all(header::WARNING).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The object, if the code is the expected one.
    #[track_caller]
    pub fn ok(&self, code: u16) -> Value {
        assert_eq!(self.code, code, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }

    /// The Status, if it has the expected code and reason.
    #[track_caller]
    pub fn refused(&self, code: u16, reason: &str) -> Value {
        let status = self.ok(code);
        assert_eq!((&status["kind"], &status["status"]), (&json!("Status"), &json!("Failure")));
        // A status without a reason leaves it out.
        let given = status["reason"].as_str().unwrap_or_default();
        assert_eq!((given, &status["code"]), (reason, &json!(code)), "{status}");
        status
    }
}

/// A store in this etcd.
pub async fn connected(etcd: &EtcdServer) -> Arc<dyn Store> {
    let options = EtcdOptions { endpoints: vec![etcd.endpoint()], ..EtcdOptions::default() };
    Arc::new(Etcd::connect(&options).await.unwrap())
}

/// Everybody may do everything except user `nobody`.
pub struct AllButNobody;

impl Authorizer for AllButNobody {
    fn authorize(&self, identity: Option<&Identity>, _: &Attributes<'_>) -> Result<(), Status> {
        match identity {
            None => Err(Status::unauthorized()),
            Some(identity) if identity.user == "nobody" => {
                Err(Status::forbidden("", "pods", "", "User \"nobody\" cannot do that"))
            }
            Some(_) => Ok(()),
        }
    }
}

/// The log says what was asked of it; a followed one has no end.
struct Echo;

#[async_trait::async_trait]
impl PodLogs for Echo {
    async fn open(&self, pod: &Object, query: &LogQuery) -> Result<LogStream, Status> {
        let text = format!("{} {} {:?}\n", pod["metadata"]["name"], query.container, query.tail_lines);
        let text = futures::stream::iter([Ok(Bytes::from(text))]);
        Ok(if query.follow { Box::pin(text.chain(futures::stream::pending())) } else { Box::pin(text) })
    }
}

pub struct Setup {
    pub store: Arc<dyn Store>,
    pub admission: Vec<Arc<dyn Admission>>,
    pub routes: axum::Router,
}

impl Default for Setup {
    fn default() -> Self {
        Setup { store: Arc::new(Memory::new()), admission: Vec::new(), routes: axum::Router::new() }
    }
}

impl Setup {
    /// Starts the server and waits until it is ready.
    pub async fn start(self) -> Api {
        let clock = Arc::new(AtomicI64::new(START));
        let hand = clock.clone();
        let server = Server::new(Options {
            store: self.store.clone(),
            registry: Arc::new(Registry::default()),
            authenticators: Vec::new(),
            authorizer: Arc::new(AllButNobody),
            admission: self.admission,
            clock: Arc::new(move || Timestamp::from_second(hand.load(Ordering::Relaxed)).unwrap()),
            logs: Arc::new(Echo),
            routes: self.routes,
        });
        let cancel = CancellationToken::new();
        let (router, token) = (server.router(), cancel.clone());
        let running = server.clone();
        tokio::spawn(async move { running.run(token).await });
        tokio::time::timeout(LONG, server.ready()).await.unwrap();
        Api { router, store: self.store, clock, _end: cancel.drop_guard() }
    }
}

impl Api {
    /// A server on a new store with the namespaces `default` and `other`.
    pub async fn start() -> Api {
        Api::of(Setup::default()).await
    }

    pub async fn of(setup: Setup) -> Api {
        let api = setup.start().await;
        for name in ["default", "other"] {
            api.post("/api/v1/namespaces", &json!({"metadata": {"name": name}})).await.ok(201);
        }
        api
    }

    pub fn router(&self) -> axum::Router {
        self.router.clone()
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Sends a request as an administrator unless `extra` says otherwise.
    pub async fn request(&self, request: Request<Body>) -> http::Response<Body> {
        let mut request = request;
        if request.extensions().get::<Arc<Identity>>().is_none() {
            request.extensions_mut().insert(Identity::new("admin", &[MASTERS]));
        }
        tokio::time::timeout(LONG, self.router.clone().oneshot(request)).await.unwrap().unwrap()
    }

    pub async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.request(request.body(body.into()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let bytes = tokio::time::timeout(LONG, to_bytes(body, usize::MAX)).await.unwrap().unwrap();
        Answer { code: parts.status.as_u16(), headers: parts.headers, bytes }
    }

    pub async fn get(&self, uri: &str) -> Answer {
        self.send("GET", uri, &[], Body::empty()).await
    }

    pub async fn get_as(&self, uri: &str, accept: &str) -> Answer {
        self.send("GET", uri, &[("accept", accept)], Body::empty()).await
    }

    pub async fn post(&self, uri: &str, body: &Value) -> Answer {
        self.send("POST", uri, &[], body.to_string()).await
    }

    pub async fn put(&self, uri: &str, body: &Value) -> Answer {
        self.send("PUT", uri, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn delete(&self, uri: &str) -> Answer {
        self.send("DELETE", uri, &[], Body::empty()).await
    }

    pub async fn delete_with(&self, uri: &str, options: &Value) -> Answer {
        self.send("DELETE", uri, &[], options.to_string()).await
    }

    /// `style` is `json`, `merge` or `strategic-merge`.
    pub async fn patch(&self, uri: &str, style: &str, body: &Value) -> Answer {
        let media = format!("application/{style}-patch+json");
        self.send("PATCH", uri, &[("content-type", &media)], body.to_string()).await
    }

    /// Opens a watch that must be granted.
    pub async fn watch(&self, uri: &str) -> Watch {
        self.watch_as(uri, "application/json").await
    }

    pub async fn watch_as(&self, uri: &str, accept: &str) -> Watch {
        let request = Request::get(uri).header("accept", accept).body(Body::empty()).unwrap();
        let response = self.request(request).await;
        assert_eq!(response.status(), 200);
        Watch { body: response.into_body().into_data_stream(), buffer: Vec::new() }
    }
}

/// An open watch.
pub struct Watch {
    body: BodyDataStream,
    buffer: Vec<u8>,
}

impl Watch {
    /// The next event; `None` when the watch has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            match tokio::time::timeout(2 * LONG, self.body.next()).await.expect("an event in time") {
                Some(piece) => self.buffer.extend_from_slice(&piece.unwrap()),
                None => {
                    assert!(self.buffer.is_empty(), "a watch ended in the middle of a line");
                    return None;
                }
            }
        }
    }

    /// The next event as `TYPE name@resourceVersion`.
    pub async fn line(&mut self) -> String {
        match self.next().await {
            None => "end".into(),
            Some(event) => format!(
                "{} {}",
                event["type"].as_str().unwrap(),
                event["object"]["metadata"]["name"].as_str().unwrap_or("-")
            ),
        }
    }

    pub async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..count {
            lines.push(self.line().await);
        }
        lines
    }
}

pub fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}})
}

pub fn labelled(name: &str, labels: &Value) -> Value {
    json!({"metadata": {"name": name, "labels": labels}})
}

pub fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "busybox"}]}})
}

pub fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

pub fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

pub const MAPS: &str = "/api/v1/namespaces/default/configmaps";
pub const PODS: &str = "/api/v1/namespaces/default/pods";
