//! Releases: bundles on a cluster. Installs, upgrades, rolls back and removes what `naru-bundle` rendered, keeps
//! the history in Helm's own release Secrets, and fetches charts from registries and repositories.
//!
//! In: rendered manifests, hooks and values as text, and a client of any Kubernetes API server. Out: objects on that
//! cluster and a [`record::Release`] for each revision, readable and writable by Helm 4. What is to be done is decided
//! by the pure functions of [`plan`], [`objects`] and [`readiness`]; [`cluster`] does it, and [`operations`]
//! are what people ask for.

pub mod cluster;
pub mod fetch;
pub mod objects;
pub mod operations;
pub mod plan;
pub mod post_render;
pub mod readiness;
pub mod record;
pub mod rendering;
