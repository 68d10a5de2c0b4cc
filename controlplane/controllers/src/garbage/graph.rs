//! Who owns whom, as far as it matters: objects that have owners, and objects whose deletion waits for their dependents. Pure.
//!
//! In: what watches bring. Out: the graph, and which objects are to be looked at again.

use std::collections::{BTreeSet, HashMap, HashSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

/// Dependents are to stay when the object goes.
pub(super) const ORPHAN: &str = "orphan";
/// Dependents are to go before the object.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// An object's uid.
pub(super) type Uid = Box<str>;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The kind's place in the list of kinds.
    pub(super) kind: usize,
    /// `None` for objects of the cluster.
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// An object that matters.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    owners: Vec<OwnerReference>,
    /// Its deletion has begun, and waits until its dependents have been let go.
    pub(super) orphaning: bool,
    /// Its deletion has begun, and waits until its dependents are gone.
    pub(super) foreground: bool,
}

impl Node {
    fn of(place: Place, metadata: &ObjectMeta) -> Self {
        let deleting = metadata.deletion_timestamp.is_some();
        let waits = |finalizer: &str| deleting && has_finalizer(metadata, finalizer);
        Node {
            place,
            owners: metadata.owner_references.clone().unwrap_or_default(),
            orphaning: waits(ORPHAN),
            foreground: waits(FOREGROUND),
        }
    }

    fn matters(&self) -> bool {
        !self.owners.is_empty() || self.orphaning || self.foreground
    }

    /// Whether the object keeps its owner `uid` from going.
    fn blocks(&self, uid: &str) -> bool {
        self.owners.iter().any(|owner| owner.uid == uid && owner.block_owner_deletion == Some(true))
    }
}

/// Whether the object has this finalizer.
pub(super) fn has_finalizer(metadata: &ObjectMeta, finalizer: &str) -> bool {
    metadata.finalizers.iter().flatten().any(|one| one == finalizer)
}

/// What is known of the cluster.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Every object there is, and its kind.
    present: HashMap<Uid, usize>,
    nodes: HashMap<Uid, Node>,
    /// By the owner's uid, which may be of an object that is not there.
    dependents: HashMap<Uid, BTreeSet<Uid>>,
}

impl Graph {
    /// Takes in an object as it is now; what is to be looked at.
    pub(super) fn apply(&mut self, place: Place, metadata: &ObjectMeta) -> Vec<Uid> {
        let Some(uid) = metadata.uid.as_deref().map(Uid::from) else { return Vec::new() };
        self.present.insert(uid.clone(), place.kind);
        let new = Node::of(place, metadata);
        let old = self.nodes.remove(&uid);
        let unchanged = old.as_ref().is_some_and(|old| {
            (&old.owners, old.orphaning, old.foreground) == (&new.owners, new.orphaning, new.foreground)
        });
        let mut affected = Vec::new();
        if !unchanged {
            affected.extend(old.iter().flat_map(|old| self.unlink(&uid, old)));
            for owner in &new.owners {
                self.dependents.entry(owner.uid.as_str().into()).or_default().insert(uid.clone());
            }
            if new.orphaning || new.foreground || new.owners.iter().any(|owner| self.is_going(&owner.uid)) {
                affected.push(uid.clone());
            }
            // From now on its dependents are to go.
            if new.foreground && !old.is_some_and(|old| old.foreground) {
                affected.extend(self.dependents(&uid).cloned());
            }
        }
        if new.matters() {
            self.nodes.insert(uid, new);
        }
        affected
    }

    /// Whether an owner is away or waits for its dependents.
    fn is_going(&self, owner: &str) -> bool {
        !self.present.contains_key(owner) || self.nodes.get(owner).is_some_and(|owner| owner.foreground)
    }

    /// Takes out an object that is gone; what is to be looked at: its dependents, and owners that waited for it.
    pub(super) fn remove(&mut self, uid: &str) -> Vec<Uid> {
        self.present.remove(uid);
        let mut affected: Vec<Uid> = self.dependents(uid).cloned().collect();
        if let Some(node) = self.nodes.remove(uid) {
            affected.extend(self.unlink(uid, &node));
        }
        affected
    }

    /// Takes the object from its owners; the ones of them that wait for their dependents.
    fn unlink(&mut self, uid: &str, node: &Node) -> Vec<Uid> {
        let mut waiting = Vec::new();
        for owner in &node.owners {
            if let Some(all) = self.dependents.get_mut(owner.uid.as_str()) {
                all.remove(uid);
                if all.is_empty() {
                    self.dependents.remove(owner.uid.as_str());
                }
            }
            if self.nodes.get(owner.uid.as_str()).is_some_and(|owner| owner.foreground) {
                waiting.push(owner.uid.as_str().into());
            }
        }
        waiting
    }

    /// Takes out every object of a kind that is not in `seen`, after a new list of them; what is to be looked at.
    pub(super) fn keep_only(&mut self, kind: usize, seen: &HashSet<Uid>) -> Vec<Uid> {
        let gone = self.present.iter().filter(|(uid, of)| **of == kind && !seen.contains(*uid));
        let gone: Vec<Uid> = gone.map(|(uid, _)| uid.clone()).collect();
        gone.iter().flat_map(|uid| self.remove(uid)).collect()
    }

    /// The object, if it matters.
    pub(super) fn get(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid)
    }

    /// The objects that name `uid` as an owner.
    pub(super) fn dependents(&self, uid: &str) -> impl Iterator<Item = &Uid> {
        self.dependents.get(uid).into_iter().flatten()
    }

    /// Whether a dependent keeps `uid` from going.
    pub(super) fn is_blocked(&self, uid: &str) -> bool {
        self.dependents(uid).any(|one| self.nodes.get(one).is_some_and(|node| node.blocks(uid)))
    }

    /// Whether a dependent of `uid` waits for dependents of its own: there may be a circle.
    pub(super) fn has_waiting_dependent(&self, uid: &str) -> bool {
        self.dependents(uid).any(|one| self.nodes.get(one).is_some_and(|node| node.foreground))
    }

    /// Every object that may have something to do: those that wait, and those of which an owner is away or waits.
    pub(super) fn doubtful(&self) -> impl Iterator<Item = &Uid> {
        let doubtful = |node: &Node| {
            node.orphaning || node.foreground || node.owners.iter().any(|owner| self.is_going(&owner.uid))
        };
        self.nodes.iter().filter(move |(_, node)| doubtful(node)).map(|(uid, _)| uid)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

    use super::*;

    fn place(name: &str) -> Place {
        Place { kind: 0, namespace: Some("n".into()), name: name.into() }
    }

    /// An object whose uid is its name.
    fn object(name: &str, owners: &[&str], finalizer: Option<&str>) -> ObjectMeta {
        let owner = |uid: &&str| OwnerReference {
            uid: uid.trim_end_matches('!').into(),
            block_owner_deletion: Some(uid.ends_with('!')),
            ..OwnerReference::default()
        };
        ObjectMeta {
            uid: Some(name.into()),
            owner_references: Some(owners.iter().map(owner).collect()),
            deletion_timestamp: finalizer.map(|_| Time(Timestamp::UNIX_EPOCH)),
            finalizers: finalizer.map(|one| vec![one.into()]),
            ..ObjectMeta::default()
        }
    }

    fn apply(graph: &mut Graph, name: &str, owners: &[&str], finalizer: Option<&str>) -> Vec<Uid> {
        graph.apply(place(name), &object(name, owners, finalizer))
    }

    fn uids(names: &[&str]) -> Vec<Uid> {
        names.iter().map(|name| Uid::from(*name)).collect()
    }

    #[test]
    fn only_what_has_lost_something_is_looked_at() {
        let mut graph = Graph::default();
        assert!(apply(&mut graph, "owner", &[], None).is_empty());
        assert!(apply(&mut graph, "a", &["owner"], None).is_empty());
        assert_eq!(apply(&mut graph, "b", &["nobody"], None), uids(&["b"]));
        assert!(apply(&mut graph, "b", &["nobody"], None).is_empty(), "nothing has changed");
        assert_eq!(graph.remove("owner"), uids(&["a"]));
        assert_eq!(graph.remove("a"), uids(&[]));
        assert_eq!(graph.dependents("owner").count(), 0);
        assert_eq!(graph.doubtful().cloned().collect::<Vec<_>>(), uids(&["b"]));
        assert!(apply(&mut graph, "b", &[], None).is_empty());
        assert!(graph.get("b").is_none(), "it does not matter any more");
    }

    #[test]
    fn owners_that_wait_are_told_of_what_goes() {
        let mut graph = Graph::default();
        apply(&mut graph, "owner", &[], None);
        apply(&mut graph, "a", &["owner!"], None);
        apply(&mut graph, "b", &["owner"], None);
        assert_eq!(apply(&mut graph, "owner", &[], Some(FOREGROUND)), uids(&["owner", "a", "b"]));
        assert!(apply(&mut graph, "owner", &[], Some(FOREGROUND)).is_empty(), "its dependents know");
        assert!(graph.is_blocked("owner"));
        assert_eq!(graph.remove("a"), uids(&["owner"]));
        assert!(!graph.is_blocked("owner"));
        // One that comes late, and one that is let go.
        assert_eq!(apply(&mut graph, "c", &["owner!"], None), uids(&["c"]));
        assert_eq!(apply(&mut graph, "c", &[], None), uids(&["owner"]));
        assert_eq!(apply(&mut graph, "b", &["owner"], Some(FOREGROUND)), uids(&["owner", "b"]));
        assert!(graph.has_waiting_dependent("owner"));
    }

    #[test]
    fn a_new_list_says_what_has_gone() {
        let mut graph = Graph::default();
        for (name, owners) in [("owner", &[][..]), ("a", &["owner"]), ("b", &["owner"])] {
            apply(&mut graph, name, owners, None);
        }
        let seen = uids(&["a", "b"]).into_iter().collect();
        assert!(graph.keep_only(1, &seen).is_empty(), "another kind");
        assert_eq!(graph.keep_only(0, &seen), uids(&["a", "b"]));
    }

    #[test]
    fn orphaning_is_seen_only_when_the_deletion_has_begun() {
        let mut graph = Graph::default();
        let mut held = object("a", &[], Some(ORPHAN));
        held.deletion_timestamp = None;
        assert!(graph.apply(place("a"), &held).is_empty());
        assert_eq!(apply(&mut graph, "a", &[], Some(ORPHAN)), uids(&["a"]));
        assert!(graph.get("a").is_some_and(|node| node.orphaning && !node.foreground));
    }
}
