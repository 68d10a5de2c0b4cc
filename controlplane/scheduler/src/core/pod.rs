//! What scheduling knows of a pod, computed once from its spec.

use std::sync::Arc;

use super::{
    affinity::{Preferred, Required},
    object::{Container, PodSpec, ResourceList},
    resources::{InvalidQuantity, Resources},
    taint::Toleration,
};

/// What a container without a CPU request counts as in scores: 100m.
const DEFAULT_MILLI_CPU: i64 = 100;
/// What a container without a memory request counts as in scores, in bytes.
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// Which pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodIdentity {
    /// Unique in time and space.
    pub uid: Arc<str>,
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

/// A pod as scheduling sees it. Two that are equal are treated equally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodInfo {
    /// Which pod.
    pub id: PodIdentity,
    /// Larger goes first.
    pub priority: i32,
    /// Whether it waits for a scheduling gate.
    pub gated: bool,
    /// Whether it may push others away.
    pub preempts: bool,
    /// The node its spec names.
    pub node_name: Option<Arc<str>>,
    /// What it takes from a node.
    pub requests: Resources,
    /// CPU (milli) and memory (bytes) for scores, where containers without requests count as something.
    pub(super) scored: (i64, i64),
    pub(super) required: Required,
    pub(super) preferred: Preferred,
    pub(super) tolerations: Vec<Toleration>,
}

/// A pod that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request of the pod is invalid")]
pub struct InvalidPod(#[from] InvalidQuantity);

impl PodInfo {
    /// Reads a pod.
    pub fn new(id: PodIdentity, spec: &PodSpec) -> Result<Self, InvalidPod> {
        let requests = requests(spec, Resources::parse)?;
        let scored = requests_with_defaults(spec)?;
        let present = |name: &&str| !name.is_empty();
        Ok(Self {
            id,
            priority: spec.priority.unwrap_or(0),
            gated: spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()),
            preempts: spec.preemption_policy.as_deref() != Some("Never"),
            node_name: spec.node_name.as_deref().filter(present).map(Arc::from),
            requests,
            scored: (scored.milli_cpu, scored.memory),
            required: Required::of(spec),
            preferred: Preferred::of(spec),
            tolerations: spec.tolerations.iter().flatten().filter_map(Toleration::of).collect(),
        })
    }
}

fn requests_with_defaults(spec: &PodSpec) -> Result<Resources, InvalidQuantity> {
    requests(spec, |list| {
        let mut resources = Resources::parse(list)?;
        if !list.contains_key("cpu") {
            resources.milli_cpu = DEFAULT_MILLI_CPU;
        }
        if !list.contains_key("memory") {
            resources.memory = DEFAULT_MEMORY;
        }
        Ok(resources)
    })
}

/// What a pod takes, where `parse` reads a container's requests.
///
/// Containers run together, so they add up. Init containers run one after the other, each beside the sidecars started
/// before it, so the largest of those sums counts if it is larger. Overhead comes on top.
fn requests(
    spec: &PodSpec,
    parse: impl Fn(&ResourceList) -> Result<Resources, InvalidQuantity>,
) -> Result<Resources, InvalidQuantity> {
    let nothing = ResourceList::new();
    let of = |container: &Container| {
        let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
        parse(requests.unwrap_or(&nothing))
    };
    let mut running = Resources::default();
    for container in &spec.containers {
        running.add(&of(container)?);
    }
    let (mut sidecars, mut starting) = (Resources::default(), Resources::default());
    for container in spec.init_containers.iter().flatten() {
        let mut needed = of(container)?;
        if container.restart_policy.as_deref() == Some("Always") {
            running.add(&needed);
            sidecars.add(&needed);
            needed = sidecars.clone();
        } else {
            needed.add(&sidecars);
        }
        starting.raise_to(&needed);
    }
    running.raise_to(&starting);
    if let Some(overhead) = &spec.overhead {
        running.add(&Resources::parse(overhead)?);
    }
    Ok(running)
}
