//! A client whose requests never leave the process: the same API, without TCP and TLS.

use axum::{Router, body::Body};
use http::{Request, Response};
use kube::Client;
use tower::ServiceExt;

/// A client of `router`. Every request carries `identity` in its extensions, where the API server looks for who is
/// asking; the default namespace is `default`. Must be called within a tokio runtime.
pub fn in_process<I: Clone + Send + Sync + 'static>(router: Router, identity: I) -> Client {
    let service = router.map_request(move |mut request: Request<kube::client::Body>| {
        request.extensions_mut().insert(identity.clone());
        request.map(Body::new)
    });
    let service = service.map_response(|response: Response<Body>| response);
    Client::new(service, "default")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::{Extension, Json, routing::get};
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::Api;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn requests_reach_the_router_with_the_identity() {
        let handler = |Extension(who): Extension<&'static str>| async move {
            Json(
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"who": who}}),
            )
        };
        let router = Router::new().route("/api/v1/namespaces/default/configmaps/a", get(handler));
        let client = in_process(router, "me");
        let found = Api::<ConfigMap>::default_namespaced(client).get("a").await.unwrap();
        assert_eq!(found.data.unwrap()["who"], "me");
    }
}
