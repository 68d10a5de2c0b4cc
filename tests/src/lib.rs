//! Whole-system tests: real processes of ours, real stock clients, on this machine.
//!
//! In: the binaries beside the test and the tools that `make test` brings. Out: a [`Cluster`] that cleans up after
//! itself. Every name, port and range is a test's own, so that tests run side by side and beside a user's cluster.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on panics")]

pub mod cluster;
pub mod etcd;
pub mod images;
pub mod machine;
pub mod run;
pub mod tools;

pub use cluster::{Cluster, Setup};
pub use run::{Finished, eventually, run};
