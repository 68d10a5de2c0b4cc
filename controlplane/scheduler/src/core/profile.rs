//! What a scheduler prefers: which scores count how much, and how resources are scored.

/// What matters how much to a scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The `schedulerName` it serves.
    pub name: String,
    /// The weights of its scores.
    pub weights: Weights,
    /// How what is taken of nodes is scored.
    pub fit: Fit,
    /// Whether pods that say nothing of spreading should be spread with those of the same service or controller, over
    /// nodes (skew 3) and zones (skew 5).
    pub default_spread: bool,
    /// What a required affinity of a pod that is there counts for a pod that it would welcome.
    pub required_affinity_weight: i64,
}

/// The weight of each score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Weights {
    /// Nodes of which less (or more, as [`Fit`] says) is taken.
    pub fit: i64,
    /// Nodes whose resources become more evenly taken.
    pub balanced_allocation: i64,
    /// Nodes that preferred node affinity names.
    pub node_affinity: i64,
    /// Nodes with fewer `PreferNoSchedule` taints that the pod does not tolerate.
    pub taint_toleration: i64,
    /// Nodes that preferred affinity to pods, of this pod and of those that are there, names.
    pub pod_affinity: i64,
    /// Nodes in domains with fewer pods of the kind.
    pub spread: i64,
    /// Nodes that hold the pod's images.
    pub image_locality: i64,
    /// Nodes that hold the compiled code of the pod's images.
    pub compiled_locality: i64,
}

/// How what is taken of nodes is scored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fit {
    /// What is good.
    pub strategy: Strategy,
    /// The resources that count, with their weights.
    pub resources: Vec<(Box<str>, i64)>,
}

/// What is good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// That much is free.
    LeastAllocated,
    /// That little is free.
    MostAllocated,
    /// What a line through these points says: percents taken, ascending, and the score there, 0 to 100.
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

impl Default for Profile {
    /// kube-scheduler's default profile.
    fn default() -> Self {
        Self {
            name: "default-scheduler".into(),
            weights: Weights::default(),
            fit: Fit::default(),
            default_spread: true,
            required_affinity_weight: 1,
        }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            fit: 1,
            balanced_allocation: 1,
            node_affinity: 2,
            taint_toleration: 3,
            pod_affinity: 2,
            spread: 2,
            image_locality: 1,
            compiled_locality: 0,
        }
    }
}

impl Default for Fit {
    fn default() -> Self {
        Self { strategy: Strategy::LeastAllocated, resources: vec![("cpu".into(), 1), ("memory".into(), 1)] }
    }
}
