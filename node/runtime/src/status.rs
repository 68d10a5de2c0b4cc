//! What a runtime tells about its containers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ContainerId, SandboxId};

/// A runtime's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// `oci`, `wasm` or `fake`.
    pub name: String,
    /// The version as the node's status reports it.
    pub version: String,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code; 128 + signal for a signal, 134 for a Wasm trap, 137 for a kill.
    pub code: i32,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Whether the memory limit ended it.
    pub oom_killed: bool,
    /// A Wasm trap's backtrace or a like explanation; at most 4096 bytes.
    pub message: Option<String>,
    /// When it started, if it did.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// A container's place in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum State {
    /// Prepared, its program not yet running.
    Created,
    /// Its program runs.
    Running {
        /// Since when.
        started_at: Timestamp,
        /// The program's process id on the node; `None` where there is no process of its own.
        pid: Option<u32>,
    },
    /// Its program has ended.
    Exited(Exit),
}

/// One container as a runtime lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// The container's id.
    pub id: ContainerId,
    /// Its sandbox.
    pub sandbox: SandboxId,
    /// Where it stands.
    pub state: State,
}

/// What a container uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// CPU time since its start, in nanoseconds.
    pub cpu_nanos: u64,
    /// Memory in use, in bytes.
    pub memory_bytes: u64,
}
