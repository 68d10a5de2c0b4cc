//! Bundles: Helm-compatible charts rendered to manifests, byte for byte as Helm does, without a cluster.
//!
//! In: a chart (folder or archive, read by the caller into memory), values, the release's name, and an
//! [`environment::Environment`] (clock, randomness, look-ups). Out: manifests, hooks and notes as text, or a
//! [`fault::Fault`] that names chart, file, line and column. Nothing here reads a clock, a file or the network.

pub mod builtin;
pub mod certificates;
pub mod chart;
pub mod compose;
pub mod environment;
pub mod fault;
pub mod functions;
pub mod json;
pub mod kustomize;
pub mod lint;
pub mod parallel;
pub mod printf;
pub mod render;
pub mod semver;
mod stack;
pub mod template;
pub mod time;
pub mod toml;
pub mod value;
pub mod values;
pub mod yaml;
