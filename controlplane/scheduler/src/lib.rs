//! The scheduler: a pure core that decides, and a thin loop that watches and binds.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod core;
