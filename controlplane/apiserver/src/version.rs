//! `/version`: which Kubernetes API this is, and which build of ours.

use axum::{Router, http::header, response::IntoResponse, routing::get};
use serde_json::{Value, json};

/// `/version`, also with a slash at its end (the Python client asks so).
pub fn routes() -> Router {
    Router::new().route("/version", get(version)).route("/version/", get(version))
}

async fn version() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document().to_string())
}

/// The fields of `version.Info`; all are strings. What a build does not know is empty.
fn document() -> Value {
    let (major, rest) = naru_api::VERSION.trim_start_matches('v').split_once('.').unwrap_or_default();
    let minor = rest.split('.').next().unwrap_or_default();
    json!({
        "major": major,
        "minor": minor,
        "gitVersion": naru_api::VERSION,
        "gitCommit": option_env!("NARU_COMMIT").unwrap_or_default(),
        "gitTreeState": "",
        "buildDate": option_env!("NARU_BUILD_DATE").unwrap_or_default(),
        // There is no Go here; clients want the field.
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, naru_api::architecture()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helm_charts_can_read_it() {
        let version = document();
        assert_eq!((&version["major"], &version["minor"]), (&json!("1"), &json!("37")));
        assert!(version["gitVersion"].as_str().is_some_and(|text| text.starts_with("v1.37.")));
    }
}
