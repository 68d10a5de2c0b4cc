//! Pod addresses on one node: address allocation, the cluster's bridge, a veth and a pinned network namespace for
//! each pod, and masquerading for traffic that leaves the pods' range.
//!
//! In: a pod's uid. Out: an [`Attachment`]. Everything made here carries the cluster's name, so that
//! [`PodNetwork::teardown`] removes exactly what it made.

mod bridge;
mod error;
mod fake;
mod forwarding;
mod ledger;
mod masquerade;
mod namespace;
mod naming;
mod netlink;
mod pool;
mod range;

use std::{net::Ipv4Addr, path::PathBuf};

pub use bridge::{BridgeNetwork, Options};
pub use error::{Error, Result};
pub use fake::FakeNetwork;
pub use range::PodRange;

/// A pod's place in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The pod's uid.
    pub pod: String,
    /// The pod's address.
    pub ip: Ipv4Addr,
    /// The pinned network namespace (a bind mount of nsfs) that the pod's containers join.
    pub namespace: PathBuf,
}

/// Connects pods to the network. Every method is idempotent and safe to call again after a crash.
#[async_trait::async_trait]
pub trait PodNetwork: Send + Sync + 'static {
    /// Gives the pod an address and a namespace with `lo` and `eth0` up, or returns those it already has.
    async fn attach(&self, pod: &str) -> Result<Attachment>;

    /// Takes both away and frees the address; succeeds if there is nothing.
    async fn detach(&self, pod: &str) -> Result<()>;

    /// Every attachment that exists, also those made by an earlier instance.
    async fn list(&self) -> Result<Vec<Attachment>>;

    /// Removes everything of this cluster: namespaces, links, addresses, tables.
    async fn teardown(&self) -> Result<()>;
}
