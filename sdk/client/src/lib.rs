//! A thin layer over `kube`, which is the client: where to find a cluster, how to talk to an API server in the same
//! process, and how a node joins.
//!
//! In: a kubeconfig, a router or a join token. Out: a [`kube::Client`], or a node's certificates.

mod in_process;
mod join;
mod kubeconfig;

pub use in_process::in_process;
pub use join::{JoinError, NodeCertificates, join};
pub use kube;
pub use kubeconfig::{ConfigError, from_kubeconfig, from_kubeconfig_or_default};
