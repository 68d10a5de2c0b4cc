//! The seam between the node agent and whatever runs containers.
//!
//! Two traits in CRI's vocabulary: a [`Runtime`] makes containers, a [`Task`] is one of them. The agent holds the
//! client end of a unix socket, a shim (`naru-shim-oci`, `naru-shim-wasm`) the server end, and the same traits stand at
//! both ends ([`shim`]). [`fake`] is the in-memory twin with scripted latencies and faults; [`contract`] is the suite
//! that all implementations pass. In: a [`ContainerSpec`] that says everything. Out: states, exits and stats.

pub mod cgroup;
pub mod contract;
mod error;
pub mod fake;
pub mod logs;
pub mod shim;
mod spec;
mod status;

use std::sync::Arc;

pub use error::{Error, Result};
pub use spec::{
    Capabilities, ContainerId, ContainerSpec, EnvVar, Mount, Resources, Root, SandboxId, SandboxResources,
    SandboxSpec, User, WasmEncoding,
};
pub use status::{Exit, Info, State, Stats, TaskStatus};

/// Makes containers and finds them again.
///
/// All methods are idempotent where that has a meaning: creating an id that exists is [`Error::AlreadyExists`],
/// deleting what is gone succeeds.
#[async_trait::async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// What this runtime is; answers without touching any container.
    async fn info(&self) -> Result<Info>;

    /// Prepares a container without running its program: afterwards its state is [`State::Created`], or nothing of it is
    /// left. What the image or the spec makes impossible is [`Error::Invalid`] with a message for the pod's user.
    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Task>>;

    /// Finds a container made earlier, also by another instance of the agent.
    async fn get(&self, id: &ContainerId) -> Result<Arc<dyn Task>>;

    /// Every container this runtime knows, running or not.
    async fn list(&self) -> Result<Vec<TaskStatus>>;

    /// Removes a container and all it holds; a running one is killed first.
    async fn delete(&self, id: &ContainerId) -> Result<()>;

    /// Removes what a sandbox holds (namespaces, cgroup, shim) with every container in it.
    async fn delete_sandbox(&self, id: &SandboxId) -> Result<()>;
}

/// One container, from created to exited.
#[async_trait::async_trait]
pub trait Task: Send + Sync {
    /// The id it was created with.
    fn id(&self) -> &ContainerId;

    /// Runs the program. Only from [`State::Created`]; otherwise [`Error::WrongState`].
    async fn start(&self) -> Result<()>;

    /// Sends a signal (its number as in signal(7)) to the program. Succeeds if it has already exited.
    async fn kill(&self, signal: i32) -> Result<()>;

    /// Waits for the exit, and answers at once for one that has exited. Cancel-safe; any number may wait.
    async fn wait(&self) -> Result<Exit>;

    /// Where it stands now.
    async fn status(&self) -> Result<TaskStatus>;

    /// What it uses now.
    async fn stats(&self) -> Result<Stats>;
}
