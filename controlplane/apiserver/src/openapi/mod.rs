//! OpenAPI v3: the schemas by which kubectl validates, merges and explains.
//!
//! In: the registry of kinds. Out: an index with a hash for each group and version, and the documents. A path with the right
//! hash never changes, so clients keep it; with a wrong one they are sent to the right one. Of v2 there is only what keeps kubectl going: see `v2`.

mod documents;
mod v2;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use parking_lot::Mutex;

use self::documents::Documents;
use crate::registry::{Registry, Row};

/// `/openapi/v3` and everything below it.
pub fn routes(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/openapi/v2", get(v2::document))
        .route("/openapi/v3", get(index))
        .route("/openapi/v3/", get(index))
        .route("/openapi/v3/{*path}", get(document))
        .with_state(Arc::new(OpenApi { registry, made: Mutex::new(None) }))
}

/// The documents of the kinds that are served, made when they are first asked for: that takes a while, and many
/// servers are never asked.
struct OpenApi {
    registry: Arc<Registry>,
    made: Mutex<Option<Made>>,
}

/// Documents and the rows that they describe.
#[derive(Clone)]
struct Made {
    rows: Arc<Vec<Row>>,
    documents: Arc<Documents>,
}

impl OpenApi {
    async fn documents(self: Arc<Self>) -> Result<Arc<Documents>, Response> {
        let make = tokio::task::spawn_blocking(move || self.current());
        make.await.map_err(|error| {
            tracing::error!(%error, "making the OpenAPI documents failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        })
    }

    /// The documents of the rows as they are now. Blocks while they are made; others wait for the same work.
    fn current(&self) -> Arc<Documents> {
        let mut made = self.made.lock();
        let rows = self.registry.rows();
        if let Some(made) = made.as_ref().filter(|made| Arc::ptr_eq(&made.rows, &rows)) {
            return made.documents.clone();
        }
        let documents = Arc::new(Documents::of(&rows));
        *made = Some(Made { rows, documents: documents.clone() });
        documents
    }
}

async fn index(State(openapi): State<Arc<OpenApi>>, headers: HeaderMap) -> Response {
    match openapi.documents().await {
        Ok(documents) => documents.index.respond(&headers),
        Err(failure) => failure,
    }
}

async fn document(
    State(openapi): State<Arc<OpenApi>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !accepts_json(&headers) {
        return StatusCode::NOT_ACCEPTABLE.into_response();
    }
    let documents = match openapi.documents().await {
        Ok(documents) => documents,
        Err(failure) => return failure,
    };
    let Some(packed) = documents.by_path.get(path.trim_end_matches('/')) else {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    };
    let query = query.unwrap_or_default();
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("hash="));
    match asked {
        Some(hash) if hash != packed.hash() => redirect(&path, packed.hash()),
        Some(_) => packed.respond(&headers, Some(jiff::Timestamp::now())),
        None => packed.respond(&headers, None),
    }
}

fn redirect(path: &str, hash: &str) -> Response {
    let mut response = StatusCode::MOVED_PERMANENTLY.into_response();
    if let Ok(location) = HeaderValue::from_str(&documents::url(path, hash)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Whether JSON will do; some clients ask for protobuf alone and then for JSON.
fn accepts_json(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()) else {
        return true;
    };
    accept.is_empty()
        || accept.split(',').any(|one| {
            let media = one.split(';').next().unwrap_or_default().trim();
            matches!(media, "application/json" | "application/*" | "*/*")
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::body::{Body, to_bytes};
    use http::Request;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    async fn get(router: &Router, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn the_index_leads_to_documents_that_may_be_kept() {
        let router = routes(Arc::new(Registry::default()));
        let (status, _, body) = get(&router, "/openapi/v3", &[]).await;
        assert_eq!(status, 200);
        let index: Value = serde_json::from_slice(&body).unwrap();
        for path in ["api/v1", "apis/coordination.k8s.io/v1"] {
            let url = index["paths"][path]["serverRelativeURL"].as_str().unwrap();
            let (status, headers, body) = get(&router, url, &[("accept", "application/json")]).await;
            assert_eq!(status, 200);
            assert_eq!(headers[header::CACHE_CONTROL], "public, immutable");
            let document: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(document["openapi"], "3.0.0");

            let packed = [("accept-encoding", "gzip")];
            let (_, headers, zipped) = get(&router, url, &packed).await;
            assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
            let mut unzipped = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(zipped.as_slice());
            std::io::Read::read_to_end(&mut decoder, &mut unzipped).unwrap();
            assert_eq!(unzipped, body);

            let tag = headers[header::ETAG].to_str().unwrap();
            let (status, _, body) = get(&router, url, &[("if-none-match", tag)]).await;
            assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        }
    }

    #[tokio::test]
    async fn a_wrong_hash_leads_to_the_right_one() {
        let router = routes(Arc::new(Registry::default()));
        let (status, headers, _) = get(&router, "/openapi/v3/api/v1?hash=OLD", &[]).await;
        assert_eq!(status, StatusCode::MOVED_PERMANENTLY);
        let location = headers[header::LOCATION].to_str().unwrap();
        assert_eq!(get(&router, location, &[]).await.0, 200);
    }

    #[tokio::test]
    async fn version_2_describes_nothing_in_protobuf() {
        let router = routes(Arc::new(Registry::default()));
        let asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
        let (status, headers, body) = get(&router, "/openapi/v2", &[("accept", asked)]).await;
        assert_eq!(
            (status, headers[header::CONTENT_TYPE].to_str().unwrap()),
            (StatusCode::OK, asked.replace('@', ".").as_str())
        );
        assert!(body.starts_with(b"\x0a\x032.0\x12"), "{body:?}");
    }

    #[tokio::test]
    async fn what_is_not_there() {
        let router = routes(Arc::new(Registry::default()));
        assert_eq!(get(&router, "/openapi/v3/apis/none/v1", &[]).await.0, 404);
        assert_eq!(get(&router, "/openapi/v2", &[("accept", "application/json")]).await.0, 404);
        let protobuf = [("accept", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf")];
        assert_eq!(get(&router, "/openapi/v3/api/v1", &protobuf).await.0, 406);
    }
}
