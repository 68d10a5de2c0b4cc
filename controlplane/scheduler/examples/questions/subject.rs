//! What questions are about: how often each feature comes up, in percent.

/// How often each feature comes up in the questions of a subject, in percent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Subject {
    /// Its name.
    pub(crate) name: &'static str,
    /// Requests that matter: little room, devices, init containers, overhead, requests of whole pods.
    pub(crate) resources: usize,
    /// Taints and tolerations.
    pub(crate) taints: usize,
    /// Node selectors and node affinity.
    pub(crate) node_affinity: usize,
    /// Affinity and anti-affinity to pods that must hold.
    pub(crate) required: usize,
    /// The same that should hold.
    pub(crate) preferred: usize,
    /// Topology spread constraints.
    pub(crate) spread: usize,
    /// Services and controllers that pods belong to.
    pub(crate) owners: usize,
    /// Ports of the host.
    pub(crate) ports: usize,
    /// Images on nodes.
    pub(crate) images: usize,
    /// Priorities, full nodes and disruption budgets.
    pub(crate) preemption: usize,
    /// Pods that are to have a node.
    pub(crate) nominated: usize,
    /// Gates, node names, cordoned nodes.
    pub(crate) oddities: usize,
}

const NONE: Subject = Subject {
    name: "",
    resources: 0,
    taints: 0,
    node_affinity: 0,
    required: 0,
    preferred: 0,
    spread: 0,
    owners: 0,
    ports: 0,
    images: 0,
    preemption: 0,
    nominated: 0,
    oddities: 0,
};

/// The subjects.
pub(crate) const SUBJECTS: [Subject; 13] = [
    Subject { name: "resources", resources: 100, ..NONE },
    Subject { name: "taints", taints: 90, oddities: 30, ..NONE },
    Subject { name: "node-affinity", node_affinity: 90, ..NONE },
    Subject { name: "pod-affinity", required: 60, ..NONE },
    Subject { name: "preferred-affinity", preferred: 70, required: 15, ..NONE },
    Subject { name: "spread", spread: 90, node_affinity: 20, taints: 20, ..NONE },
    Subject { name: "owners", owners: 90, ..NONE },
    Subject { name: "ports", ports: 80, ..NONE },
    Subject { name: "images", images: 90, ..NONE },
    Subject { name: "oddities", oddities: 80, node_affinity: 20, resources: 20, ..NONE },
    Subject { name: "preemption", preemption: 100, resources: 20, ..NONE },
    Subject {
        name: "preemption-mixed",
        resources: 15,
        taints: 10,
        node_affinity: 10,
        required: 25,
        preferred: 0,
        spread: 25,
        owners: 0,
        ports: 15,
        images: 0,
        preemption: 100,
        nominated: 60,
        oddities: 5,
    },
    Subject {
        name: "mixed",
        resources: 30,
        taints: 25,
        node_affinity: 20,
        required: 20,
        preferred: 25,
        spread: 25,
        owners: 30,
        ports: 15,
        images: 30,
        preemption: 30,
        nominated: 20,
        oddities: 8,
    },
];
