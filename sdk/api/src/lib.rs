//! The Kubernetes API as values: kinds, metadata, Status errors, selectors, quantities, patches and schema facts.
//!
//! Pure: no IO, no clock, no randomness. Objects are [`serde_json::Value`]s (the stored and served form); the typed
//! structs of `k8s_openapi` are for the edges.

pub mod kinds;
pub mod meta;
pub mod status;

pub use k8s_openapi;

/// A Kubernetes object as JSON: always a map with `apiVersion`, `kind` and `metadata`.
pub type Object = serde_json::Value;
