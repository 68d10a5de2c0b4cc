//! The API server as the stock kubectl sees it: a server over the store in memory, on loopback, and real commands.
//!
//! The binary is `$NARU_KUBECTL`, or `tools/bin/kubectl` in the target directory (`tools/clients` puts it there).
#![allow(clippy::unwrap_used)]

mod apply;
mod delete;
mod discovery;
mod edit;
mod harness;
mod nodes;
mod pods;
mod read;
mod validate;
mod watch;
