//! What a pod takes of a node, from the requests of its containers.
//!
//! Source: Kubernetes' "Resource sharing within containers" and "Pod Overhead". Containers run together, so they add up.
//! Init containers run one after the other, each beside the sidecars started before it, so the largest of those sums
//! counts if it is larger. Requests of the pod as a whole stand in for the sum. Overhead comes on top.

use super::{
    object::{Container, PodSpec, ResourceList},
    resources::{InvalidQuantity, Resources},
};

/// What a container without a CPU request counts as in scores: 100m.
const DEFAULT_MILLI_CPU: i64 = 100;
/// What a container without a memory request counts as in scores, in bytes.
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// CPU and memory as scores count them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Scored {
    /// Thousandths of a CPU.
    pub(super) milli_cpu: i64,
    /// Bytes.
    pub(super) memory: i64,
}

/// What a pod takes.
pub(super) fn of(spec: &PodSpec) -> Result<Resources, InvalidQuantity> {
    sum(spec, Resources::parse)
}

/// What a pod counts as in scores: containers that request no CPU or memory count as if they did.
pub(super) fn scored(spec: &PodSpec) -> Result<Scored, InvalidQuantity> {
    let resources = sum(spec, |list| {
        let mut resources = Resources::parse(list)?;
        if !list.contains_key("cpu") {
            resources.milli_cpu = DEFAULT_MILLI_CPU;
        }
        if !list.contains_key("memory") {
            resources.memory = DEFAULT_MEMORY;
        }
        Ok(resources)
    })?;
    Ok(Scored { milli_cpu: resources.milli_cpu, memory: resources.memory })
}

/// Adds up a pod's containers, where `parse` reads the requests of one.
fn sum(
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
    let whole = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    if let Some(whole) = whole {
        running.replace_by(whole)?;
    }
    if let Some(overhead) = &spec.overhead {
        running.add(&Resources::parse(overhead)?);
    }
    Ok(running)
}
