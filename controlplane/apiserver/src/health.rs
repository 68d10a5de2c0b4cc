//! `/healthz`, `/livez` and `/readyz`: is the server well, alive, ready.
//!
//! In: named checks. Out: `ok` or what failed, in kube-apiserver's words. Livez answers whenever the process can;
//! readyz and healthz ask the checks, for example whether the store can be reached.

use std::{fmt::Write, future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// A check that takes longer has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// What a check says: nothing, or what is wrong, for the log.
type Outcome = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Something that must hold for the server to be ready.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    run: Arc<dyn Fn() -> Outcome + Send + Sync>,
}

impl Check {
    /// A check; `name` is a path segment, for example `store`. `run` is called for every request.
    pub fn new<F, R>(name: &'static str, run: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        Check { name, run: Arc::new(move || Box::pin(run())) }
    }

    /// The check that always holds.
    fn ping() -> Self {
        Check::new("ping", || async { Ok(()) })
    }

    async fn holds(&self) -> bool {
        let failure = match tokio::time::timeout(CHECK_TIMEOUT, (self.run)()).await {
            Ok(Ok(())) => return true,
            Ok(Err(why)) => why,
            Err(_) => format!("no answer in {} s", CHECK_TIMEOUT.as_secs()),
        };
        tracing::warn!(check = self.name, failure, "health check failed");
        false
    }
}

/// The health paths; `checks` decide readyz and healthz.
pub fn routes(checks: Vec<Check>) -> Router {
    let all: Vec<Check> = std::iter::once(Check::ping()).chain(checks).collect();
    Router::new()
        .merge(endpoint("healthz", all.clone()))
        .merge(endpoint("readyz", all))
        .merge(endpoint("livez", vec![Check::ping()]))
}

struct Endpoint {
    name: &'static str,
    checks: Vec<Check>,
}

fn endpoint(name: &'static str, checks: Vec<Check>) -> Router {
    Router::new()
        .route(&format!("/{name}"), get(all_checks))
        .route(&format!("/{name}/"), get(all_checks))
        .route(&format!("/{name}/{{check}}"), get(one_check))
        .with_state(Arc::new(Endpoint { name, checks }))
}

async fn all_checks(State(endpoint): State<Arc<Endpoint>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let mut parameters = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let verbose = parameters.clone().any(|(name, _)| name == "verbose");
    let mut report = String::new();
    let mut failed = false;
    for check in &endpoint.checks {
        let name = check.name;
        let line = if parameters.clone().any(|(key, value)| key == "exclude" && value == name) {
            format!("[+]{name} excluded: ok")
        } else if check.holds().await {
            format!("[+]{name} ok")
        } else {
            failed = true;
            format!("[-]{name} failed: reason withheld")
        };
        report.push_str(&line);
        report.push('\n');
    }
    let unknown = parameters
        .any(|(key, value)| key == "exclude" && !endpoint.checks.iter().any(|check| check.name == value));
    if unknown {
        report.push_str("warn: some health checks cannot be excluded: no matches for them\n");
    }
    let name = endpoint.name;
    let word = if failed { "failed" } else { "passed" };
    write!(report, "{name} check {word}").expect("invariant: writing to a String cannot fail");
    match (failed, verbose) {
        (false, false) => plain(StatusCode::OK, "ok".into()),
        (false, true) => plain(StatusCode::OK, report + "\n"),
        (true, _) => plain(StatusCode::INTERNAL_SERVER_ERROR, report + "\n"),
    }
}

async fn one_check(State(endpoint): State<Arc<Endpoint>>, Path(name): Path<String>) -> Response {
    let Some(check) = endpoint.checks.iter().find(|check| check.name == name) else {
        return plain(StatusCode::NOT_FOUND, "404 page not found\n".into());
    };
    if check.holds().await {
        plain(StatusCode::OK, "ok".into())
    } else {
        plain(StatusCode::INTERNAL_SERVER_ERROR, "internal server error: reason withheld\n".into())
    }
}

fn plain(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache, private"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    use super::*;

    async fn get(router: &Router, path: &str) -> (u16, String) {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn all_is_well() {
        let router = routes(vec![Check::new("store", || async { Ok(()) })]);
        let table = [
            ("/healthz", 200, "ok"),
            ("/livez", 200, "ok"),
            ("/readyz/", 200, "ok"),
            ("/readyz/store", 200, "ok"),
            ("/readyz/none", 404, "404 page not found\n"),
            ("/readyz?verbose", 200, "[+]ping ok\n[+]store ok\nreadyz check passed\n"),
        ];
        for (path, status, body) in table {
            assert_eq!(get(&router, path).await, (status, body.to_string()), "{path}");
        }
    }

    #[tokio::test]
    async fn a_store_that_is_away_is_not_ready_but_alive() {
        let router = routes(vec![Check::new("store", || async { Err("away".into()) })]);
        let table = [
            ("/livez", 200, "ok"),
            ("/readyz", 500, "[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n"),
            ("/readyz/store", 500, "internal server error: reason withheld\n"),
            ("/readyz?exclude=store", 200, "ok"),
        ];
        for (path, status, body) in table {
            assert_eq!(get(&router, path).await, (status, body.to_string()), "{path}");
        }
    }
}
