//! The garbage collector: objects whose owners are gone go too, and deletions that wait for dependents come to their end.
//!
//! Metadata of every kind are watched into a graph of who owns whom ([`graph`]). What has lost an owner, and what waits, is
//! looked at again as it is on the server, and a pure function says what becomes of it ([`decide`]).

mod decide;
mod graph;
mod kinds;
mod lists;
mod queue;

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt, stream, stream::BoxStream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, PartialObjectMeta, Patch, Preconditions},
    runtime::{
        WatchStreamExt,
        watcher::{self, watcher},
    },
};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use self::{
    decide::{Facts, Owner, Policy, Step, decide},
    graph::{FOREGROUND, Graph, Node, ORPHAN, Place, Uid, has_finalizer},
    kinds::Kinds,
    lists::Lists,
    queue::Queue,
};
use crate::{Context, Error, Result, error::is_conflict, supervise::chain};

/// Everything doubtful is looked at again this often, and new kinds are found.
const PERIOD: Duration = Duration::from_secs(600);

type Metadata = PartialObjectMeta<DynamicObject>;
type Watched = Result<watcher::Event<Metadata>, watcher::Error>;

/// Collects for a period; the next one begins with the kinds that are served then.
pub(crate) async fn run(context: Context) -> Result<()> {
    // What has been said once need not be said again in each period.
    let mut told = BTreeSet::new();
    loop {
        let kinds = Kinds::discover(&context.client).await?;
        let mut events = watch(&context, &kinds);
        let mut collector = Collector::new(&kinds, &mut told);
        let end = Instant::now() + PERIOD;
        loop {
            let due = collector.queue.next().filter(|_| collector.lists.are_complete());
            tokio::select! {
                biased;
                event = events.next() => match event {
                    Some((kind, event)) => collector.take(kind, event),
                    None => return Err(Error::WatchEnded { kind: "objects" }),
                },
                // Before what is due: there may always be something.
                () = sleep_until(end) => break,
                () = sleep_until(due.unwrap_or(end)) => {
                    if let Some(uid) = collector.queue.pop(Instant::now()) {
                        collector.look_at(uid).await;
                    }
                }
            }
        }
    }
}

/// The metadata of every object of every kind, as they change.
fn watch(context: &Context, kinds: &Kinds) -> stream::SelectAll<BoxStream<'static, (usize, Watched)>> {
    let each = kinds.iter().enumerate().map(|(index, kind)| {
        let api = Api::<Metadata>::all_with(context.client.clone(), &kind.resource);
        let events = watcher(api, watcher::Config::default()).default_backoff();
        events.map(move |event| (index, event)).boxed()
    });
    stream::select_all(each)
}

struct Collector<'a> {
    kinds: &'a Kinds,
    graph: Graph,
    queue: Queue,
    lists: Lists,
    /// The kinds that were said to be given up.
    told: &'a mut BTreeSet<String>,
}

impl<'a> Collector<'a> {
    fn new(kinds: &'a Kinds, told: &'a mut BTreeSet<String>) -> Self {
        let lists = Lists::new(kinds.iter().count());
        Collector { kinds, graph: Graph::default(), queue: Queue::default(), lists, told }
    }

    fn take(&mut self, kind: usize, event: Watched) {
        let affected = match event {
            Ok(watcher::Event::Apply(object)) => {
                self.lists.answer(kind);
                self.apply(kind, object.metadata)
            }
            Ok(watcher::Event::Delete(object)) => {
                self.lists.answer(kind);
                object.metadata.uid.map(|uid| self.graph.remove(&uid)).unwrap_or_default()
            }
            Ok(watcher::Event::Init) => return self.lists.begin(kind),
            Ok(watcher::Event::InitApply(object)) => {
                self.lists.bring(kind, object.metadata.uid.as_deref());
                self.apply(kind, object.metadata)
            }
            Ok(watcher::Event::InitDone) => return self.list_ends(kind),
            Err(error) => return self.list_fails(kind, &error),
        };
        if self.lists.are_complete() {
            self.enqueue(affected);
        }
    }

    fn apply(&mut self, kind: usize, metadata: ObjectMeta) -> Vec<Uid> {
        let Some(name) = metadata.name.clone() else { return Vec::new() };
        let place = Place { kind, namespace: metadata.namespace.clone(), name };
        self.graph.apply(place, &metadata)
    }

    fn list_ends(&mut self, kind: usize) {
        let before = self.lists.are_complete();
        let (seen, was_given_up) = self.lists.end(kind);
        let gone = self.graph.keep_only(kind, &seen);
        if self.told.remove(self.kinds.name(kind)) {
            tracing::info!(kind = self.kinds.name(kind), "the kind can be listed again");
        }
        if before && !was_given_up {
            self.enqueue(gone);
        } else if self.lists.are_complete() {
            self.enqueue(self.graph.doubtful().cloned().collect());
        }
    }

    fn list_fails(&mut self, kind: usize, error: &watcher::Error) {
        let name = self.kinds.name(kind);
        tracing::debug!(kind = name, error = chain(error), "a watch of metadata starts again");
        let before = self.lists.are_complete();
        if self.lists.fail(kind) && self.told.insert(name.to_owned()) {
            tracing::warn!(
                kind = name,
                error = chain(error),
                "the kind cannot be listed: what names an owner of it stays until it can"
            );
        }
        if !before && self.lists.are_complete() {
            self.enqueue(self.graph.doubtful().cloned().collect());
        }
    }

    fn enqueue(&mut self, all: Vec<Uid>) {
        let now = Instant::now();
        all.into_iter().for_each(|uid| self.queue.add(uid, now));
    }

    async fn look_at(&mut self, uid: Uid) {
        let Some(node) = self.graph.get(&uid).cloned() else { return self.queue.done(&uid) };
        let Err(error) = self.collect(&uid, &node).await else { return self.queue.done(&uid) };
        let lost = matches!(&error, Error::Api { source, .. } if is_conflict(source));
        if !lost {
            tracing::warn!(object = node.place.name, error = chain(&error), "cannot collect an object");
        }
        self.queue.add_failed(uid, Instant::now());
    }

    async fn collect(&self, uid: &Uid, node: &Node) -> Result<()> {
        // The last of its dependents to go brings it here again.
        let blocked = self.graph.is_blocked(uid);
        if node.foreground && !node.orphaning && blocked {
            return Ok(());
        }
        let Some(metadata) = self.kinds.metadata(&node.place, uid).await? else { return Ok(()) };
        let deleting = metadata.deletion_timestamp.is_some();
        if deleting && has_finalizer(&metadata, ORPHAN) {
            return self.let_go(uid, node, &metadata).await;
        }
        if deleting && has_finalizer(&metadata, FOREGROUND) && !blocked {
            return self.take_off(&node.place, &metadata, FOREGROUND).await;
        }
        if deleting { Ok(()) } else { self.decide_on(uid, node, &metadata).await }
    }

    /// Takes the object from the references of all its dependents, so that it can go without them.
    async fn let_go(&self, uid: &Uid, node: &Node, metadata: &ObjectMeta) -> Result<()> {
        for (place, dependent) in self.kinds.dependents(uid, node.place.namespace.as_deref()).await? {
            self.forget(&place, &dependent, [uid.to_string()]).await?;
        }
        self.take_off(&node.place, metadata, ORPHAN).await
    }

    /// Takes a finalizer off.
    async fn take_off(&self, place: &Place, metadata: &ObjectMeta, finalizer: &str) -> Result<()> {
        let left: Vec<&String> =
            metadata.finalizers.iter().flatten().filter(|one| *one != finalizer).collect();
        let patch = json!({"metadata": {"resourceVersion": metadata.resource_version, "finalizers": left}});
        self.kinds.patch(place, &Patch::Merge(patch)).await.map(drop)
    }

    /// Takes owners out of an object's references.
    async fn forget(&self, place: &Place, uid: &str, owners: impl IntoIterator<Item = String>) -> Result<()> {
        let owners: Vec<_> = owners.into_iter().map(|uid| json!({"$patch": "delete", "uid": uid})).collect();
        let patch = json!({"metadata": {"uid": uid, "ownerReferences": owners}});
        self.kinds.patch(place, &Patch::Strategic(patch)).await.map(drop)
    }

    /// Does what its owners' states demand of an object.
    async fn decide_on(&self, uid: &Uid, node: &Node, metadata: &ObjectMeta) -> Result<()> {
        let owners = metadata.owner_references.as_deref().unwrap_or_default();
        let states = self.states(owners, metadata.namespace.as_deref()).await?;
        let facts = Facts {
            has_dependents: self.graph.dependents(uid).next().is_some(),
            may_be_circle: self.graph.has_waiting_dependent(uid),
            orphans: has_finalizer(metadata, ORPHAN),
            foreground: has_finalizer(metadata, FOREGROUND),
        };
        match decide(&states, facts) {
            Step::Keep => Ok(()),
            Step::Forget => {
                let lost = owners.iter().zip(&states).filter(|(_, state)| **state != Owner::Solid);
                self.forget(&node.place, uid, lost.map(|(owner, _)| owner.uid.clone())).await
            }
            Step::Delete { policy, unblock: false } => self.delete(&node.place, metadata, policy).await,
            Step::Delete { policy, unblock: true } => match self.unblock(&node.place, uid, owners).await? {
                Some(metadata) => self.delete(&node.place, &metadata, policy).await,
                None => Ok(()),
            },
        }
    }

    /// How the owners of an object in `namespace` are.
    async fn states(&self, owners: &[OwnerReference], namespace: Option<&str>) -> Result<Vec<Owner>> {
        let mut states = Vec::with_capacity(owners.len());
        for owner in owners {
            // Of a kind that is not served, or given up, nobody can tell whether it is there.
            let place = self.kinds.owner(owner, namespace);
            let Some(place) = place.filter(|place| !self.lists.is_given_up(place.kind)) else {
                states.push(Owner::Solid);
                continue;
            };
            states.push(match self.kinds.metadata(&place, &owner.uid).await? {
                None => Owner::Gone,
                Some(found) if found.deletion_timestamp.is_some() && has_finalizer(&found, FOREGROUND) => {
                    Owner::Waiting
                }
                Some(_) => Owner::Solid,
            });
        }
        Ok(states)
    }

    /// Has an object no longer keep its owners from going; its metadata after that, `None` if it is gone.
    async fn unblock(
        &self,
        place: &Place,
        uid: &Uid,
        owners: &[OwnerReference],
    ) -> Result<Option<ObjectMeta>> {
        let owners: Vec<_> =
            owners.iter().map(|owner| json!({"uid": owner.uid, "blockOwnerDeletion": false})).collect();
        let patch = json!({"metadata": {"uid": &**uid, "ownerReferences": owners}});
        self.kinds.patch(place, &Patch::Strategic(patch)).await
    }

    /// Deletes an object as it was looked at: if it has changed since, an owner may have taken it in.
    async fn delete(&self, place: &Place, metadata: &ObjectMeta, policy: Policy) -> Result<()> {
        let (name, namespace) = (&place.name, &place.namespace);
        tracing::info!(name, namespace, "removing an object without owners");
        self.kinds.delete(place, &with_policy(policy, metadata)).await
    }
}

fn with_policy(policy: Policy, seen: &ObjectMeta) -> DeleteParams {
    let parameters = match policy {
        Policy::Background => DeleteParams::background(),
        Policy::Foreground => DeleteParams::foreground(),
        Policy::Orphan => DeleteParams::orphan(),
    };
    let (uid, resource_version) = (seen.uid.clone(), seen.resource_version.clone());
    parameters.preconditions(Preconditions { uid, resource_version })
}
