//! The shim as the agent sees it: the real binary behind its socket, with guests written as text.
//!
//! Needs root (network namespaces, bind mounts).
#![allow(clippy::unwrap_used, missing_docs)]

mod commands;
mod components;
mod contract;
mod files;
mod limits;
mod lives;
mod modules;
mod network;
mod refusals;
mod setup;
