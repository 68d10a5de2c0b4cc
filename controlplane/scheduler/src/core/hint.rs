//! Whether a change in the cluster may let a waiting pod run: on the node that changed, or, where it wishes for pods or
//! spreads, anywhere else.

use super::{
    changes::Changes,
    pod::{PodInfo, ShapeKey},
    pod_affinity::Term,
    profile::Profile,
    refusal::Filters,
    snapshot::Snapshot,
    view::{self, View},
};

/// What happened.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What kind of change it was.
    pub changes: Changes,
    /// On which node, if on one.
    pub node: Option<&'a str>,
    /// The pod that came, went or changed, if it was one.
    pub pod: Option<&'a PodInfo>,
}

/// Whether a pod fits on one node; if not, which changes of the node could help.
pub fn fits(snapshot: &Snapshot, pod: &PodInfo, profile: &Profile, node: &str) -> Result<(), Changes> {
    if pod.is_gated() {
        return Err(Changes::NONE);
    }
    view::with(snapshot, pod, profile, |view| on_node(view, node))
}

/// Whether a pod that fitted nowhere is worth another attempt after a change; if not, which further changes could help.
pub fn hint(snapshot: &Snapshot, pod: &PodInfo, profile: &Profile, event: &Event<'_>) -> Result<(), Changes> {
    if pod.is_gated() {
        return Err(Changes::NONE);
    }
    view::with(snapshot, pod, profile, |view| {
        if elsewhere(view, event) {
            return Ok(());
        }
        event.node.map_or(Err(Changes::NONE), |node| on_node(view, node))
    })
}

fn on_node(view: &View<'_>, node: &str) -> Result<(), Changes> {
    let Some((slot, ..)) = view.cluster.node(node) else { return Err(Changes::NODE_ADDED) };
    if view.fits(slot) {
        return Ok(());
    }
    let mut changes = Changes::NONE;
    Filters::of(view).refusal(view, slot, |reason| changes |= reason.helped_by());
    Err(changes)
}

/// Whether a change may matter on other nodes than its own.
fn elsewhere(view: &View<'_>, event: &Event<'_>) -> bool {
    const PLACES: [Changes; 5] = [
        Changes::NODE_ADDED,
        Changes::NODE_LABELS,
        Changes::NODE_TAINTS,
        Changes::NODE_REMOVED,
        Changes::NAMESPACE,
    ];
    let storage = event.changes.meets(Changes::STORAGE);
    if storage && view.pod.volumes.iter().any(super::volume::VolumeUse::is_claim) {
        return view.nowhere().is_none();
    }
    let plan = view.plan;
    let far = !plan.far.is_empty() || !plan.kept_far.is_empty();
    if PLACES.into_iter().any(|one| event.changes.meets(one)) {
        return far || !plan.near.is_empty() || !plan.hard.is_empty();
    }
    let Some(pod) = event.pod else { return false };
    let pod = &pod.shape.key;
    let labels = |pod: &ShapeKey| view.cluster.namespaces.labels(&pod.namespace).clone();
    let about = |term: &Term, pod: &ShapeKey| term.pods.matches(&pod.namespace, &labels(pod), &pod.labels);
    let affinity = &view.pod.affinity;
    let spread = || {
        let counts = |one: &crate::core::spread::Constraint| one.hard && one.selector.matches(&pod.labels);
        pod.namespace == view.pod.namespace && view.pod.spread.iter().any(counts)
    };
    let left = event.changes.meets(Changes::POD_LEFT);
    affinity.near.iter().any(|term| about(term, pod))
        || spread()
        || (left && view.needs().is_some_and(|needs| needs.waits_for(pod)))
        || (left && affinity.far.iter().any(|term| about(term, pod)))
        || (left && pod.affinity.far.iter().any(|term| about(term, view.pod)))
}
