//! Discovery: which groups, versions and resources are served.
//!
//! In: the registry of kinds. Out: the old form, one document a path ([`legacy`]), and the aggregated form, everything in
//! two documents ([`aggregated`]). Clients choose by `Accept`; kubectl asks for the aggregated form, older clients and
//! the Python client for the other.

mod aggregated;
mod legacy;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use http::{HeaderMap, StatusCode, header};
use naru_api::kinds::Kind;
use serde_json::Value;

use crate::{document::Document, registry::Registry};

const JSON: &str = "application/json";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The discovery paths: `/` (all paths), `/api`, `/api/v1`, `/apis`, `/apis/{group}` and `/apis/{group}/{version}`, each also with a slash
/// at its end.
pub fn routes(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/", get(paths))
        .route("/api", get(core_versions))
        .route("/api/", get(core_versions))
        .route("/api/{version}", get(core_resources))
        .route("/api/{version}/", get(core_resources))
        .route("/apis", get(groups))
        .route("/apis/", get(groups))
        .route("/apis/{group}", get(group))
        .route("/apis/{group}/", get(group))
        .route("/apis/{group}/{version}", get(resources))
        .route("/apis/{group}/{version}/", get(resources))
        .with_state(registry)
}

async fn paths(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Response {
    answer(&headers, &legacy::paths(&kinds(&registry)), JSON)
}

async fn core_versions(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Response {
    let kinds = kinds(&registry);
    if wants_aggregated(&headers) {
        let core = kinds.iter().filter(|kind| kind.group.is_empty()).copied();
        return answer(&headers, &aggregated::groups(core), AGGREGATED);
    }
    let address = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    answer(&headers, &legacy::core_versions(&kinds, address), JSON)
}

async fn groups(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Response {
    let kinds = kinds(&registry);
    if wants_aggregated(&headers) {
        let named = kinds.iter().filter(|kind| !kind.group.is_empty()).copied();
        return answer(&headers, &aggregated::groups(named), AGGREGATED);
    }
    answer(&headers, &legacy::groups(&kinds), JSON)
}

async fn group(
    State(registry): State<Arc<Registry>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    match legacy::group(&kinds(&registry), &name) {
        Some(group) => answer(&headers, &group, JSON),
        None => not_found(),
    }
}

async fn core_resources(
    State(registry): State<Arc<Registry>>,
    Path(version): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer_resources(&registry, "", &version, &headers)
}

async fn resources(
    State(registry): State<Arc<Registry>>,
    Path((group, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer_resources(&registry, &group, &version, &headers)
}

fn answer_resources(registry: &Registry, group: &str, version: &str, headers: &HeaderMap) -> Response {
    match legacy::resources(&kinds(registry), group, version) {
        Some(list) => answer(headers, &list, JSON),
        None => not_found(),
    }
}

fn kinds(registry: &Registry) -> Vec<&'static Kind> {
    registry.rows().iter().map(|row| row.kind).collect()
}

fn answer(headers: &HeaderMap, document: &Value, content_type: &'static str) -> Response {
    Document::new(document.to_string(), content_type).respond(headers)
}

/// Plain text: that is how clients tell an unknown group or version from an unknown resource.
fn not_found() -> Response {
    let mut response = Response::new(Body::from("404 page not found\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let text = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

/// Whether the first of the accepted forms that we have is the aggregated one.
fn wants_aggregated(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for clause in accept.flat_map(|accept| accept.split(',')) {
        let mut parts = clause.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let parameters: Vec<&str> = parts.collect();
        let has = |parameter: &str| parameters.contains(&parameter);
        if media == JSON && has("g=apidiscovery.k8s.io") && has("v=v2") && has("as=APIGroupDiscoveryList") {
            return true;
        }
        let plain = !parameters.iter().any(|parameter| parameter.starts_with("as="));
        if plain && matches!(media, JSON | "*/*" | "application/*") {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::body::to_bytes;
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn get(path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = routes(Arc::new(Registry::default()));
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn forms_are_chosen_by_accept() {
        let kubectl = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        let table = [
            (kubectl, true),
            ("application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;profile=nopeer", true),
            ("application/json, */*", false),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
                false,
            ),
            ("", false),
        ];
        for (accept, aggregated) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(wants_aggregated(&headers), aggregated, "{accept}");
        }
    }

    #[tokio::test]
    async fn the_aggregated_form_names_itself_and_is_not_sent_twice() {
        let accept = ("accept", AGGREGATED);
        let (status, headers, body) = get("/api", &[accept]).await;
        assert_eq!(status, 200);
        assert_eq!(headers[header::CONTENT_TYPE], AGGREGATED);
        assert_eq!(headers[header::VARY], "Accept");
        assert!(body.starts_with(r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2""#));
        let tag = headers[header::ETAG].to_str().unwrap().to_string();
        let (status, _, body) = get("/api", &[accept, ("if-none-match", &tag)]).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    }

    #[tokio::test]
    async fn paths_with_and_without_a_slash() {
        let paths = ["/api", "/api/v1", "/apis", "/apis/coordination.k8s.io", "/apis/coordination.k8s.io/v1"];
        for path in paths {
            let (status, _, plain) = get(path, &[]).await;
            assert_eq!(status, 200, "{path}");
            assert_eq!(get(&format!("{path}/"), &[]).await.2, plain, "{path}");
        }
    }

    #[tokio::test]
    async fn unknown_groups_and_versions_are_plain_text() {
        for path in ["/api/v2", "/apis/none.example", "/apis/none.example/v1", "/apis/coordination.k8s.io/v9"]
        {
            let (status, headers, body) = get(path, &[]).await;
            assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, "404 page not found\n"), "{path}");
            assert_eq!(headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        }
    }
}
