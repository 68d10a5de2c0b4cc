//! Releases by the stock helm and by ours, on one cluster: each takes over what the other made, both print the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bench;
mod commands;
mod compare;
mod dependencies;
mod details;
mod elsewhere;
mod everywhere;
mod folders;
mod interrupted;
mod signed;
mod takeover;
mod waits;
