//! The Kubernetes API as values: kinds, metadata, Status errors, selectors, quantities, patches and schema facts.
//!
//! Pure: no IO, no clock, no randomness. Objects are [`serde_json::Value`]s (the stored and served form); the typed
//! structs of `k8s_openapi` are for the edges.

pub mod decode;
pub mod kinds;
pub mod meta;
pub mod names;
pub mod openapi;
pub mod patch;
pub mod quantity;
pub mod schema;
pub mod selector;
pub mod status;

pub use k8s_openapi;

/// A Kubernetes object as JSON: always a map with `apiVersion`, `kind` and `metadata`.
pub type Object = serde_json::Value;

/// The version that the server reports: the Kubernetes API's, with ours as build metadata.
pub const VERSION: &str = concat!("v1.37.0+naru.", env!("CARGO_PKG_VERSION"));

/// This machine's architecture in Go's words (`amd64`), in which the API, charts and plugins name it.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
