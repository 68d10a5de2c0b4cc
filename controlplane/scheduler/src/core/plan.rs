//! What placing the pods of one class takes: the counts to read for their affinity and spreading. Made once for a class,
//! and again when what it was made from has changed.

use std::sync::Arc;

use super::{
    board::LoadKey,
    owner::Owner,
    pod::{NodeWants, ShapeKey},
    pod_affinity::{PodSelector, Term},
    profile::Profile,
    snapshot::{Cluster, HOSTNAME, Index, PodFilter, RegionKey, Role, Subject, TallyKey, TopologyKey},
    spread::Constraint,
};

/// The label of a node's zone.
const ZONE: &str = "topology.kubernetes.io/zone";
/// kube-scheduler's own wish for pods that say nothing of spreading: over nodes, and over zones; with their skew.
const DEFAULT_SPREAD: [(&str, i64); 2] = [(HOSTNAME, 3), (ZONE, 5)];

/// Numbers of tallies, by what they are for.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    made_from: MadeFrom,
    /// What is taken of nodes and how that is scored.
    pub(super) load: Arc<LoadKey>,
    /// One for each required affinity: pods that match all of them.
    pub(super) near: Vec<usize>,
    /// Whether the pod itself matches all of them.
    pub(super) near_itself: bool,
    /// One for each required anti-affinity.
    pub(super) far: Vec<usize>,
    /// Required anti-affinities of pods that are there, against this one.
    pub(super) kept_far: Vec<usize>,
    /// Preferences of this pod and of those that are there, with their weights.
    pub(super) preferred: Vec<(usize, i64)>,
    /// Constraints that must hold.
    pub(super) hard: Vec<Hard>,
    /// Constraints that should hold.
    pub(super) soft: Vec<Soft>,
    /// Whether nodes that lack the label of any of `soft` score nothing.
    pub(super) soft_needs_all: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Hard {
    pub(super) tally: usize,
    pub(super) max_skew: i64,
    pub(super) min_domains: i64,
    /// 1 if the pod itself counts.
    pub(super) itself: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Soft {
    pub(super) tally: usize,
    /// The topology of the constraint's label, where `tally` counts by node.
    pub(super) label: usize,
    pub(super) max_skew: i64,
    /// Whether the tally counts by node.
    pub(super) by_node: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct MadeFrom {
    profile: Profile,
    namespaces: u64,
    owners: u64,
    wishes: usize,
}

impl Plan {
    /// The plan of a class.
    pub(super) fn of(cluster: &Cluster, index: &mut Index, class: usize, profile: &Profile) -> Arc<Plan> {
        let plan = index.classes[class].plan.as_ref();
        if let Some(plan) = plan
            && plan.made_from.is_current(cluster, index, profile)
        {
            return plan.clone();
        }
        let shape = index.classes[class].shape.clone();
        let plan = Arc::new(Self::new(cluster, index, &shape.key, profile));
        index.classes[class].plan = Some(plan.clone());
        plan
    }

    /// A plan for a pod that belongs to no class.
    pub(super) fn new(cluster: &Cluster, index: &mut Index, pod: &ShapeKey, profile: &Profile) -> Self {
        let near: Vec<_> = pod.affinity.near.iter().map(|term| term.pods.clone()).collect();
        let near_itself = matches(cluster, pod, &near);
        let mut plan = Self {
            load: Arc::new(LoadKey::of(pod, profile)),
            near: Vec::new(),
            near_itself,
            far: Vec::new(),
            kept_far: Vec::new(),
            preferred: Vec::new(),
            hard: Vec::new(),
            soft: Vec::new(),
            soft_needs_all: !pod.spread.is_empty() || !profile.default_spread,
            made_from: MadeFrom {
                profile: profile.clone(),
                namespaces: cluster.namespaces.generation,
                owners: cluster.owners.generation,
                wishes: 0,
            },
        };
        for term in &pod.affinity.near {
            plan.near.push(selected(cluster, index, near.clone(), term));
        }
        for term in &pod.affinity.far {
            plan.far.push(selected(cluster, index, vec![term.pods.clone()], term));
        }
        for (term, weight) in &pod.affinity.preferred {
            plan.preferred.push((selected(cluster, index, vec![term.pods.clone()], term), *weight));
        }
        plan.add_spread(cluster, index, pod, profile);
        plan.add_wishes_of_others(cluster, index, pod, profile);
        plan.made_from.wishes = index.wishes;
        plan
    }

    fn add_wishes_of_others(&mut self, cluster: &Cluster, index: &Index, pod: &ShapeKey, profile: &Profile) {
        for tally in index.wishes_about(cluster, pod) {
            match &index.tallies[tally].key.subject {
                Subject::Carrying(Role::Far, _) => self.kept_far.push(tally),
                Subject::Carrying(Role::Near, _) => {
                    self.preferred.push((tally, profile.required_affinity_weight));
                }
                Subject::Carrying(Role::Preferred(weight), _) => self.preferred.push((tally, *weight)),
                Subject::Selected(_) => {}
            }
        }
    }

    fn add_spread(&mut self, cluster: &Cluster, index: &mut Index, pod: &ShapeKey, profile: &Profile) {
        let defaults = if pod.spread.is_empty() && profile.default_spread {
            default_spread(cluster, pod)
        } else {
            Vec::new()
        };
        let all = pod.spread.iter().chain(&defaults);
        let (hard, soft): (Vec<_>, Vec<_>) = all.partition(|one| one.hard);
        let keys = |all: &[&Constraint]| all.iter().map(|one| one.topology_key.clone()).collect::<Vec<_>>();
        let labels = keys(&hard);
        for constraint in &hard {
            let topology = topology(cluster, index, &constraint.topology_key);
            let region = index.region(cluster, region(&pod.wants, constraint, &labels));
            let pods = vec![PodSelector::in_namespace(pod.namespace.clone(), constraint.counted())];
            let itself = i64::from(constraint.selector.matches(&pod.labels));
            let tally = count(cluster, index, pods, true, topology, Some(region));
            let Constraint { max_skew, min_domains, .. } = **constraint;
            self.hard.push(Hard { tally, max_skew, min_domains, itself });
        }
        let labels = if self.soft_needs_all { keys(&soft) } else { Vec::new() };
        for constraint in &soft {
            let label = topology(cluster, index, &constraint.topology_key);
            let by_node = *constraint.topology_key == *HOSTNAME;
            let pods = vec![PodSelector::in_namespace(pod.namespace.clone(), constraint.counted())];
            let tally = if by_node {
                let topology = index.topology(cluster, &TopologyKey::Node);
                count(cluster, index, pods, true, topology, None)
            } else {
                let region = index.region(cluster, region(&pod.wants, constraint, &labels));
                count(cluster, index, pods, true, label, Some(region))
            };
            self.soft.push(Soft { tally, label, max_skew: constraint.max_skew, by_node });
        }
    }
}

impl MadeFrom {
    fn is_current(&self, cluster: &Cluster, index: &Index, profile: &Profile) -> bool {
        self.wishes == index.wishes
            && self.namespaces == cluster.namespaces.generation
            && self.owners == cluster.owners.generation
            && self.profile == *profile
    }
}

/// Whether a pod matches all of these, if there are any.
fn matches(cluster: &Cluster, pod: &ShapeKey, all: &[PodSelector]) -> bool {
    let labels = cluster.namespaces.labels(&pod.namespace);
    !all.is_empty() && all.iter().all(|one| one.matches(&pod.namespace, labels, &pod.labels))
}

fn topology(cluster: &Cluster, index: &mut Index, key: &Arc<str>) -> usize {
    index.topology(cluster, &TopologyKey::Label(key.clone()))
}

/// The count of pods that match all of these, by the topology of a term.
fn selected(cluster: &Cluster, index: &mut Index, all: Vec<PodSelector>, term: &Term) -> usize {
    let topology = topology(cluster, index, &term.topology_key);
    count(cluster, index, all, false, topology, None)
}

fn count(
    cluster: &Cluster,
    index: &mut Index,
    all: Vec<PodSelector>,
    live: bool,
    topology: usize,
    region: Option<usize>,
) -> usize {
    let subject = Subject::Selected(PodFilter { all, live });
    index.tally(cluster, TallyKey { subject, topology, region })
}

/// The nodes that count for a constraint. What is not honoured is left out, so that more constraints share one set.
fn region(wants: &Arc<NodeWants>, constraint: &Constraint, labels: &[Arc<str>]) -> RegionKey {
    let honours_affinity = constraint.honours_affinity && !wants.required.is_trivial();
    let mut honoured = NodeWants::default();
    if honours_affinity {
        honoured.required = wants.required.clone();
    }
    if constraint.honours_taints {
        honoured.tolerations = wants.tolerations.clone();
    }
    RegionKey {
        labels: labels.to_vec(),
        wants: Arc::new(honoured),
        honours_affinity,
        honours_taints: constraint.honours_taints,
    }
}

fn default_spread(cluster: &Cluster, pod: &ShapeKey) -> Vec<Constraint> {
    let owner: Option<&Owner> = pod.owner.as_ref();
    let Some(siblings) = cluster.owners.siblings(&pod.namespace, &pod.labels, owner) else {
        return Vec::new();
    };
    DEFAULT_SPREAD.into_iter().map(|(key, skew)| Constraint::wish(key, skew, siblings.clone())).collect()
}
