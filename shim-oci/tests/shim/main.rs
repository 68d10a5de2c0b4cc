//! The shim as a real process with real containers. Needs root, and Debian's busybox-static.
#![allow(clippy::unwrap_used, missing_docs)]

mod contract;
mod errors;
mod inside;
mod life;
mod limits;
mod pod;
