//! A thin layer over `kube`, which is the client: where to find a cluster, how to talk to an API server in the same
//! process, how a node joins, which resources a server serves, and requests as JSON values.
//!
//! In: a kubeconfig, a router or a join token. Out: a [`kube::Client`], or a node's certificates.

pub mod api;
mod in_process;
mod join;
mod kubeconfig;
mod pace;
pub mod resource;
mod transport;

pub use in_process::in_process;
pub use join::{JoinError, NodeCertificates, join};
pub use kube;
pub use kubeconfig::{
    ConfigError, Overrides, configured_namespace, from_kubeconfig, from_kubeconfig_or_default,
};
pub use pace::Rate;
