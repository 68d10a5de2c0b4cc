//! The node agent: registers the node, runs the pods that are bound to it, and tells how they fare.
//!
//! In: pods from the API, exits from the runtimes. Out: containers, volumes and addresses on this machine; statuses and
//! events in the API; logs over the node's own HTTPS endpoint. It knows its surroundings only as traits
//! ([`naru_runtime::Runtime`], [`naru_image::ImageStore`], [`naru_network::PodNetwork`]) and a [`kube::Client`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agent;
mod clock;
mod container;
mod context;
mod error;
mod events;
mod node;
mod objects;
mod options;
mod pods;
mod server;
mod source;
mod volumes;

pub use agent::{Agent, Ready};
pub use clock::{Clock, SystemClock};
pub use error::{Error, Result};
pub use options::{Limits, Options, Runtimes, Tls, Tuning};
