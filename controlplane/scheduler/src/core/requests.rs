//! What a pod takes of a node, from the requests of its containers.
//!
//! Source: Kubernetes' "Resource sharing within containers", "Pod Overhead" and "Resize CPU and Memory Resources".
//! Containers run together, so they add up. Init containers run one after the other, each beside the sidecars started
//! before it, so the largest of those sums counts if it is larger. Requests of the pod as a whole stand in for the sum.
//! Overhead comes on top. While a container is resized, the most counts of what it wants, what it was promised and what
//! it has; not what it wants if the node can never give that.

use std::borrow::Cow;

use naru_api::quantity::Quantity;

use super::{
    object::{Container, ContainerStatus, PodSpec, PodStatus, ResourceList},
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Taken {
    /// What must be free for it.
    pub(super) requests: Resources,
    /// What it counts as in scores when it is to be placed: containers that request no CPU or memory count as if they
    /// did, and requests of the pod as a whole do not count.
    pub(super) asked: Scored,
    /// What it counts as once it has a node: the same, but with requests of the pod as a whole.
    pub(super) held: Scored,
}

/// What a pod takes.
pub(super) fn of(spec: &PodSpec, status: &PodStatus) -> Result<Taken, InvalidQuantity> {
    let lists = Lists::of(spec, status)?;
    let requests = lists.sum(true, Resources::parse)?;
    let asked = lists.sum(false, |list| {
        let mut resources = Resources::parse(list)?;
        if !list.contains_key("cpu") {
            resources.milli_cpu = DEFAULT_MILLI_CPU;
        }
        if !list.contains_key("memory") {
            resources.memory = DEFAULT_MEMORY;
        }
        Ok(resources)
    })?;
    let asked = Scored { milli_cpu: asked.milli_cpu, memory: asked.memory };
    let mut held = asked;
    if lists.whole.is_some() {
        if lists.names("cpu") {
            held.milli_cpu = requests.milli_cpu;
        }
        if lists.names("memory") {
            held.memory = requests.memory;
        }
    }
    Ok(Taken { requests, asked, held })
}

/// Whether a pod as a whole can request it.
fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// The lists of requests that make up a pod's.
struct Lists<'a> {
    containers: Vec<Cow<'a, ResourceList>>,
    /// With whether it is a sidecar.
    init_containers: Vec<(Cow<'a, ResourceList>, bool)>,
    whole: Option<Cow<'a, ResourceList>>,
    overhead: Option<&'a ResourceList>,
}

impl<'a> Lists<'a> {
    fn of(spec: &'a PodSpec, status: &'a PodStatus) -> Result<Self, InvalidQuantity> {
        let infeasible = status.resize_is_infeasible();
        let effective = |container: &'a Container, statuses: &'a Option<Vec<ContainerStatus>>| {
            let status = statuses.iter().flatten().find(|one| one.name == container.name);
            let wanted = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
            let Some((status, has)) = status.and_then(|one| Some((one, one.resources.as_ref()?))) else {
                return Ok(wanted.map_or_else(Cow::default, Cow::Borrowed));
            };
            let wanted = if infeasible { None } else { wanted };
            most([wanted, has.requests.as_ref(), status.allocated_resources.as_ref()])
        };
        let mut lists = Self {
            containers: Vec::with_capacity(spec.containers.len()),
            init_containers: Vec::new(),
            whole: None,
            overhead: spec.overhead.as_ref(),
        };
        for container in &spec.containers {
            lists.containers.push(effective(container, &status.container_statuses)?);
        }
        for container in spec.init_containers.iter().flatten() {
            let sidecar = container.restart_policy.as_deref() == Some("Always");
            let statuses = if sidecar { &status.init_container_statuses } else { &None };
            lists.init_containers.push((effective(container, statuses)?, sidecar));
        }
        let whole = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
        if let Some(whole) = whole.filter(|whole| whole.keys().any(|name| is_of_pods(name))) {
            lists.whole = Some(match &status.resources {
                None => Cow::Borrowed(whole),
                Some(has) => {
                    let wanted = if infeasible { None } else { Some(whole) };
                    most([wanted, has.requests.as_ref(), status.allocated_resources.as_ref()])?
                }
            });
        }
        Ok(lists)
    }

    /// Whether any of them names a resource.
    fn names(&self, name: &str) -> bool {
        let init = self.init_containers.iter().map(|(list, _)| list);
        let mut all = self.containers.iter().chain(init).chain(&self.whole);
        all.any(|list| list.contains_key(name)) || self.overhead.is_some_and(|list| list.contains_key(name))
    }

    /// Adds them up, where `parse` reads the requests of one container, and `whole` lets those of the pod count.
    fn sum(
        &self,
        whole: bool,
        parse: impl Fn(&ResourceList) -> Result<Resources, InvalidQuantity>,
    ) -> Result<Resources, InvalidQuantity> {
        let mut running = Resources::default();
        for container in &self.containers {
            running.add(&parse(container)?);
        }
        let (mut sidecars, mut starting) = (Resources::default(), Resources::default());
        for (container, sidecar) in &self.init_containers {
            let mut needed = parse(container)?;
            if *sidecar {
                running.add(&needed);
                sidecars.add(&needed);
                needed = sidecars.clone();
            } else {
                needed.add(&sidecars);
            }
            starting.raise_to(&needed);
        }
        running.raise_to(&starting);
        if let Some(whole) = self.whole.as_ref().filter(|_| whole) {
            running.replace_by(whole)?;
        }
        if let Some(overhead) = self.overhead {
            running.add(&Resources::parse(overhead)?);
        }
        Ok(running)
    }
}

/// The largest amount of each resource that any of these lists names.
fn most(lists: [Option<&ResourceList>; 3]) -> Result<Cow<'_, ResourceList>, InvalidQuantity> {
    let mut lists = lists.into_iter().flatten().filter(|list| !list.is_empty());
    let Some(first) = lists.next() else { return Ok(Cow::default()) };
    let mut largest = Cow::Borrowed(first);
    // They differ only while a resize is under way.
    for list in lists.filter(|list| *list != first) {
        for (name, value) in list {
            let parse = |value| {
                let invalid = |source| InvalidQuantity { resource: name.clone(), source };
                Quantity::from_value(value).map_err(invalid)
            };
            let larger = match largest.get(name) {
                Some(known) => parse(value)?.to_milli() > parse(known)?.to_milli(),
                None => true,
            };
            if larger {
                largest.to_mut().insert(name.clone(), value.clone());
            }
        }
    }
    Ok(largest)
}
