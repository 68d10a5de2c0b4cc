//! What the agent asks a runtime for: a sandbox and a container, with every decision already made.
//!
//! The agent has merged the pod, the image's configuration and the node's paths; a runtime decides nothing.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// A container's name on this node: `<pod uid>-<container name>-<attempt>`; at most 253 bytes of `[a-z0-9.-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContainerId(pub String);

/// A pod sandbox's name on this node: the pod's uid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SandboxId(pub String);

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The pod around a container. All containers of a pod carry the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxSpec {
    /// The pod's uid.
    pub id: SandboxId,
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The hostname the containers see.
    pub hostname: String,
    /// A pinned network namespace to run in; `None` is the host's.
    pub network_namespace: Option<PathBuf>,
    /// The pod's cgroup, relative to each hierarchy's root, for example `/naru-k3f9a2/burstable/pod<uid>`.
    pub cgroup: String,
    /// What that group is given.
    #[serde(default)]
    pub resources: SandboxResources,
    /// Whether the containers share one PID namespace. Only `false` is accepted so far.
    pub share_process_namespace: bool,
}

/// What a pod's control group is given; `None` is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxResources {
    /// The CPU that its containers request, in thousandths of a core: its weight among the pods of its class.
    pub cpu_request_millis: u64,
    /// CPU limit in thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// Memory limit in bytes.
    pub memory_bytes: Option<u64>,
}

/// One environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value, references already expanded.
    pub value: String,
}

/// A file or directory of the node made visible in the container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The absolute path on the node; it exists.
    pub source: PathBuf,
    /// The absolute path in the container (a Wasm container's preopen).
    pub target: PathBuf,
    /// Whether writes fail.
    pub read_only: bool,
}

/// The numeric identity of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary group ids.
    pub additional_gids: Vec<u32>,
}

/// Linux capabilities to add to and drop from the default set (names without `CAP_`, upper case; `ALL` is all).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Added to the default set.
    pub add: Vec<String>,
    /// Removed from the default set, before `add`.
    pub drop: Vec<String>,
}

/// Limits; `None` is unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Memory limit in bytes.
    pub memory_bytes: Option<u64>,
    /// CPU limit in thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// CPU request in thousandths of a core: the share under contention.
    pub cpu_request_millis: Option<u64>,
    /// Most processes and threads.
    pub pids: Option<u64>,
    /// What is added to the score by which the kernel chooses whom it kills when the machine has no memory left: -1000 to 1000.
    #[serde(default)]
    pub oom_score_adjust: i32,
}

/// How a Wasm file is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WasmEncoding {
    /// A core module (WASI 0.1).
    Module,
    /// A component (WASI 0.2).
    Component,
}

/// What the container runs from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Root {
    /// A mounted root file system on the node.
    Rootfs {
        /// Its mount point.
        path: PathBuf,
        /// Whether the container may not write to it.
        read_only: bool,
    },
    /// A Wasm module or component.
    Wasm {
        /// The `.wasm` file on the node.
        module: PathBuf,
        /// `sha256:<hex>` of the file: the key of the AOT cache.
        digest: String,
        /// How it is encoded.
        encoding: WasmEncoding,
    },
}

/// Everything a runtime needs to make one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// The container's id, unique on the node for all time.
    pub id: ContainerId,
    /// The pod around it.
    pub sandbox: SandboxSpec,
    /// The container's name in the pod.
    pub name: String,
    /// How often the pod has started this container before.
    pub attempt: u32,
    /// What it runs from.
    pub root: Root,
    /// The program and its arguments. For Wasm `args[0]` is the program's name as the guest sees it.
    pub args: Vec<String>,
    /// The environment, complete and in order.
    pub env: Vec<EnvVar>,
    /// The working directory; absolute.
    pub working_dir: PathBuf,
    /// Who runs it.
    pub user: User,
    /// Mounts, parents before children.
    pub mounts: Vec<Mount>,
    /// Limits.
    pub resources: Resources,
    /// Capabilities beyond or below the default set.
    pub capabilities: Capabilities,
    /// Every capability, every device, no masked paths.
    pub privileged: bool,
    /// Sets `no_new_privs`.
    pub no_new_privileges: bool,
    /// The runtime's default seccomp profile; nothing for a privileged container.
    #[serde(default)]
    pub seccomp: bool,
    /// Where the log goes, in CRI's format (`<RFC 3339 nanos> stdout|stderr F|P <text>`); its directory exists.
    pub log_path: PathBuf,
    /// A file on the node whose content, after the exit, is the termination message.
    pub termination_message_path: Option<PathBuf>,
}
