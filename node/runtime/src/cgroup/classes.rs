//! The groups that hold the pods of a quality of service class: each weighs what its pods request together.
//!
//! In: the sandboxes that come and go, and those found on the disk. Out: the weights of `/naru-<cluster>/burstable` and
//! `.../besteffort`, and that of the cluster's own group, which is the machine's. A Guaranteed pod is below the cluster's group
//! itself. Source of the behaviour: the kubelet's container managers of quality of service and of the node.

use std::{collections::HashMap, io, thread::available_parallelism};

use super::Cgroups;
use crate::{SandboxId, SandboxSpec};

/// The class's group below the cluster's of pods that request something.
pub const BURSTABLE: &str = "burstable";
/// The class's group below the cluster's of pods that request nothing.
pub const BEST_EFFORT: &str = "besteffort";

/// What the pods of each class request, and what their groups have been told.
#[derive(Debug)]
pub struct Classes {
    cgroups: Cgroups,
    /// The class's group and the CPU request in thousandths of a core of each sandbox.
    pods: HashMap<SandboxId, (String, u64)>,
    /// What was last written, by group.
    written: HashMap<String, u64>,
}

impl Classes {
    /// The classes of the pods that are there.
    pub fn new(cgroups: Cgroups, pods: impl IntoIterator<Item = SandboxSpec>) -> io::Result<Self> {
        let mut classes = Self { cgroups, pods: HashMap::new(), written: HashMap::new() };
        for pod in pods {
            classes.note(&pod);
        }
        let groups: Vec<String> = classes.pods.values().map(|(group, _)| group.clone()).collect();
        for group in groups {
            classes.weigh(&group)?;
        }
        Ok(classes)
    }

    fn note(&mut self, pod: &SandboxSpec) -> Option<String> {
        let group = class_of(&pod.cgroup)?.to_owned();
        self.pods.insert(pod.id.clone(), (group.clone(), pod.resources.cpu_request_millis));
        Some(group)
    }

    /// A pod is about to be made. Costs nothing for one that is known.
    pub fn add(&mut self, pod: &SandboxSpec) -> io::Result<()> {
        if self.pods.contains_key(&pod.id) {
            return Ok(());
        }
        match self.note(pod) {
            Some(group) => self.weigh(&group),
            None => Ok(()),
        }
    }

    /// A pod is gone.
    pub fn remove(&mut self, pod: &SandboxId) -> io::Result<()> {
        match self.pods.remove(pod) {
            Some((group, _)) => self.weigh(&group),
            None => Ok(()),
        }
    }

    fn weigh(&mut self, group: &str) -> io::Result<()> {
        let cluster = group[1..].find('/').map_or(group, |end| &group[..=end]);
        if cluster != group {
            let requests = self.pods.values().filter(|(own, _)| own == group);
            let sum = requests.fold(0, |sum: u64, (_, millis)| sum.saturating_add(*millis));
            self.write(group, sum)?;
        }
        let cores = available_parallelism().map_or(1, usize::from) as u64;
        self.write(cluster, cores.saturating_mul(1000))
    }

    fn write(&mut self, group: &str, millis: u64) -> io::Result<()> {
        if self.written.get(group) != Some(&millis) {
            self.cgroups.weigh(group, millis)?;
            self.written.insert(group.to_owned(), millis);
        }
        Ok(())
    }
}

/// The group that a pod's is in: its class's, or the cluster's. None for a pod at the top.
fn class_of(pod: &str) -> Option<&str> {
    let (parent, _) = pod.rsplit_once('/')?;
    (parent.len() > 1).then_some(parent)
}
