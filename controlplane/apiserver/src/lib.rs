//! The API server: the Kubernetes API over a [`naru_store::Store`].
//!
//! In: HTTP requests (TLS connections through [`serve`], or an in-process tower service). Out: objects, Status errors and watch
//! streams. A request passes authentication, authorisation ([`auth`]), decoding, defaulting and validation
//! ([`kinds`]), admission ([`admission`]) and one of the generic verbs ([`verbs`]); reads are served by [`cache`].

pub mod admission;
pub mod auth;
mod cache;
pub mod discovery;
#[allow(dead_code)] // openapi uses the rest
mod document;
mod front;
pub mod health;
pub mod join;
pub mod kinds;
pub mod logs;
pub mod node_client;
pub mod node_logs;
pub mod openapi;
pub mod pki;
pub mod registry;
mod request;
pub mod response;
mod selection;
pub mod serve;
mod server;
pub mod table;
mod verbs;
pub mod version;
mod watch;
mod websocket;

pub use logs::{LogQuery, LogStream, PodLogs};
pub use registry::{Registry, Row};
pub use server::{Clock, Front, Options, Server};
