//! The API server: the Kubernetes API over a [`naru_store::Store`].
//!
//! In: HTTP requests (TLS connections through [`serve`], or an in-process tower service). Out: objects, Status errors and watch
//! streams. A request passes authentication, authorisation ([`auth`]), decoding, defaulting and validation
//! ([`kinds`]), admission ([`admission`]) and one of the generic verbs ([`verbs`]); reads are served by [`cache`].

pub mod admission;
pub mod auth;
pub mod discovery;
#[allow(dead_code)] // openapi uses the rest
mod document;
pub mod health;
pub mod join;
pub mod kinds;
pub mod logs;
pub mod node_client;
pub mod node_logs;
pub mod pki;
pub mod registry;
pub mod serve;
mod server;
pub mod table;
pub mod version;

pub use logs::{LogQuery, LogStream, PodLogs};
pub use registry::{Registry, Row};
pub use server::{Clock, Options, Server};
