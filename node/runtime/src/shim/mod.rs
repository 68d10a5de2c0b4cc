//! A runtime in another process: the same [`Runtime`](crate::Runtime) at both ends of a unix socket.
//!
//! [`server`] puts any runtime behind a socket, [`client`] is a runtime that asks one, [`spawn`] starts the program
//! that serves it so that it outlives the agent, and [`protocol`] is what they say to each other.

pub mod client;
pub mod on_demand;
pub mod pods;
mod prime;
pub mod protocol;
pub mod server;
pub mod spawn;

pub use client::ShimClient;
pub use on_demand::OnDemand;
pub use pods::PodShims;
pub use spawn::{ShimCommand, ShimDir};
