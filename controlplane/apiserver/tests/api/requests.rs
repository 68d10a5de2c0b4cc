//! What happens before a verb: paths, methods, who asks, and what is wrong with a request.

use std::sync::Arc;

use axum::{Router, body::Body, routing::get};
use http::Request;
use naru_apiserver::auth::Identity;

use crate::harness::*;

#[tokio::test]
async fn paths_and_methods() {
    let api = Api::start().await;
    let cases = [
        ("GET", "/api/v1/things", 404, "NotFound"),
        ("GET", "/api/v1/namespaces/default/things/x", 404, "NotFound"),
        ("GET", "/api/v1/namespaces/default/pods/x/things", 404, "NotFound"),
        ("GET", "/api/v1/namespaces/default/nodes", 404, "NotFound"),
        ("GET", "/api/v1/pods/x", 404, "NotFound"),
        ("GET", "/api/v1/namespaces/default/pods/x/log/y", 404, "NotFound"),
        ("POST", "/api/v1/pods", 405, "MethodNotAllowed"),
        ("PUT", "/api/v1/namespaces/default/pods", 405, "MethodNotAllowed"),
        ("PATCH", "/api/v1/namespaces/default/pods", 405, "MethodNotAllowed"),
        ("POST", "/api/v1/namespaces/default/pods/x", 405, "MethodNotAllowed"),
        ("PUT", "/api/v1/namespaces/default/pods/x/log", 405, "MethodNotAllowed"),
        ("OPTIONS", "/api/v1/pods", 405, "MethodNotAllowed"),
        ("GET", "/api/v1/namespaces/default/namespaces", 404, "NotFound"),
        ("POST", "/version", 405, "MethodNotAllowed"),
    ];
    for (method, path, code, reason) in cases {
        let answer = api.send(method, path, &[], Body::empty()).await;
        assert_eq!(answer.code, code, "{method} {path}");
        answer.refused(code, reason);
    }
    for path in ["/apis/none/v1/things", "/api/v2/pods", "/none", "/apis/coordination.k8s.io/v9/leases"] {
        let answer = api.get(path).await;
        assert_eq!((answer.code, &answer.bytes[..]), (404, &b"404 page not found\n"[..]), "{path}");
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    }
    let nobody = api.get("/api/v1/namespaces/default/nothing").await.json();
    assert_eq!(nobody["message"], "the server could not find the requested resource");
    let exec = api.send("POST", "/api/v1/namespaces/default/pods/x/exec", &[], Body::empty()).await;
    assert_eq!((exec.code, &exec.json()["message"]), (404, &"this server does not serve pods/exec".into()));
}

#[tokio::test]
async fn other_routes_are_served_with_and_without_a_slash() {
    let routes = Router::new().route("/panics", get(async || -> &'static str { panic!("on purpose") }));
    let api = Api::of(Setup { routes, ..Setup::default() }).await;
    for path in ["/healthz", "/healthz/", "/version", "/version/", "/api", "/apis/", "/api/v1", "/openapi/v3"]
    {
        assert_eq!(api.get(path).await.code, 200, "{path}");
    }
    api.get("/panics").await.refused(500, "InternalError");
    assert_eq!(api.get("/healthz").await.code, 200);
}

#[tokio::test]
async fn nobody_gets_in_unasked() {
    let api = Api::start().await;
    use tower::ServiceExt;
    for path in ["/api/v1/pods", "/api", "/none", "/apis/none/v1/things"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(api.router().oneshot(request).await.unwrap().status(), 401, "{path}");
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert::<Arc<Identity>>(Identity::new("nobody", &[]));
        assert_eq!(api.request(request).await.status(), 403, "{path}");
    }
}
