//! The scheduler's decisions as pure functions: a snapshot and a pod in, a node or the reasons against it out.
//!
//! Nothing here waits, looks at a clock, draws random numbers or knows a Kubernetes client; times and seeds are
//! arguments. The modules in the order of one decision: [`object`] (what is read of a pod and a node), [`PodInfo`] and
//! [`NodeInfo`] (what is made of it, once), [`Snapshot`] (the cluster), filters, scores, [`schedule`], and for what could
//! not be placed [`Diagnosis`] and [`Queue`].

mod affinity;
mod changes;
mod decide;
mod diagnosis;
mod filter;
mod node;
pub mod object;
mod pod;
mod queue;
mod resources;
mod score;
mod snapshot;
mod taint;
#[cfg(test)]
mod tests;

pub use changes::Changes;
pub use decide::{Decision, Placement, fits, schedule};
pub use diagnosis::{Diagnosis, Reason};
pub use node::{InvalidNode, NodeInfo};
pub use pod::{InvalidPod, PodIdentity, PodInfo};
pub use queue::Queue;
pub use resources::{InvalidQuantity, Resources};
pub use score::{Profile, Weights};
pub use snapshot::Snapshot;
pub use taint::{Effect, Taint, Toleration};
