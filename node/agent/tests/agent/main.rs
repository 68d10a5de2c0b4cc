//! The agent against a real API server in this process, with runtimes, images and network in memory, and a clock that the
//! test moves.
#![allow(clippy::unwrap_used)]

mod clock;
mod endpoint;
mod failures;
mod harness;
mod lifecycle;
mod node;
mod restart;
mod told;
mod volumes;
