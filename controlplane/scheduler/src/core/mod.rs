//! The scheduler's decisions as pure functions: a snapshot and a pod in, a node or the reasons against it out.
//!
//! Nothing here waits, looks at a clock, draws random numbers or knows a Kubernetes client; times and seeds are
//! arguments. The modules in the order of one decision: [`object`] (what is read of pods and nodes), [`PodInfo`] and
//! [`NodeInfo`] (what is made of it, once), [`Snapshot`] (the cluster, with counts of pods by topology domain), boards
//! (what is known of every node for pods that want the same), filters, scores, [`schedule`], and for what could not be
//! placed [`Diagnosis`], [`hint`] and [`Queue`]. [`explain`] tells the grounds of a decision.

mod board;
mod changes;
mod decide;
mod diagnosis;
mod explain;
pub mod feed;
mod filter;
mod hint;
mod images;
mod labels;
mod node;
mod node_affinity;
pub mod object;
mod owner;
mod plan;
mod pod;
mod pod_affinity;
mod ports;
mod preemption;
mod profile;
mod queue;
mod reason;
mod refusal;
mod requests;
mod resources;
mod score;
mod snapshot;
mod spread;
mod storage;
mod taint;
#[cfg(test)]
mod tests;
mod together;
mod view;
mod volume;

pub use changes::Changes;
pub use decide::{Decision, Placement, schedule};
pub use diagnosis::Diagnosis;
pub use explain::{NodeView, explain};
pub use hint::{Event, fits, hint};
pub use node::{COMPILED, InvalidNode, NodeInfo};
pub use owner::{Owner, OwnerKind};
pub use pod::{InvalidPod, PodIdentity, PodInfo, PodMeta};
pub use preemption::{Budget, Preemption, Victims};
pub use profile::{Fit, Profile, Strategy, Weights};
pub use queue::Queue;
pub use reason::Reason;
pub use resources::{InvalidQuantity, Resources};
pub use score::Score;
pub use snapshot::Snapshot;
pub use storage::{Claim, ClaimKey, Class, Volume, VolumeStep};
pub use taint::{Effect, Taint, Toleration};
pub use together::{Unplaced, schedule_each, schedule_gang};
