//! The pods that wait for a node, and when each is tried again. Times are durations since any fixed moment.
//!
//! ```text
//!            add                      pop                    bound
//! (new pod) -----> active (by priority, -----> in flight ---------------> gone
//!                   then by arrival)  <---+       | no node fits    | binding failed
//!                                         |       v                 v
//!                        a change helps,  |    parked ---------> backing off
//!                        or time is up    +-----------(backoff over)---+
//! ```

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use super::{changes::Changes, pod::PodInfo};

/// The first pause after a failed attempt.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// The longest pause after a failed attempt.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// A parked pod is tried again after this long, whatever happened.
const PARKED_MAX: Duration = Duration::from_secs(5 * 60);

/// The pods that wait.
#[derive(Debug, Default)]
pub struct Queue {
    entries: HashMap<Arc<str>, Entry>,
    active: BTreeSet<Active>,
    /// When something is due: the end of a backoff, or of the longest parking.
    due: BTreeSet<(Duration, Arc<str>)>,
    parked: BTreeSet<Arc<str>>,
    arrivals: u64,
}

/// Order of trying: priority, then arrival.
type Active = (Reverse<i32>, u64, Arc<str>);

#[derive(Debug)]
struct Entry {
    pod: Arc<PodInfo>,
    attempts: u32,
    arrival: u64,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// To be tried.
    Active,
    /// Being placed.
    InFlight,
    /// To be tried at a time.
    BackingOff { until: Duration },
    /// To be tried when something changes, but not before its backoff ends, or when `until` has come.
    Parked { backoff: Duration, until: Duration, helped_by: Changes },
    /// To be tried when the pod itself changes.
    Gated,
}

impl Queue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pods wait or are being placed.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no pod waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a pod, or takes note that it changed. A changed pod is tried at once; one that is being placed, or that
    /// did not change in what matters, stays where it is.
    pub fn set(&mut self, pod: Arc<PodInfo>) {
        let uid = pod.id.uid.clone();
        let Some(entry) = self.entries.get_mut(&uid) else {
            let arrival = self.arrivals;
            self.arrivals += 1;
            self.entries.insert(uid.clone(), Entry { pod, attempts: 0, arrival, state: State::Gated });
            return self.enter(&uid, State::Active);
        };
        // A nomination is our own doing.
        if entry.pod.shape == pod.shape {
            entry.pod = pod;
            return;
        }
        let state = entry.state;
        self.leave(&uid);
        if let Some(entry) = self.entries.get_mut(&uid) {
            entry.pod = pod;
        }
        self.enter(&uid, if matches!(state, State::InFlight) { state } else { State::Active });
    }

    /// A pod that waits or is being placed.
    pub fn get(&self, uid: &str) -> Option<&Arc<PodInfo>> {
        self.entries.get(uid).map(|entry| &entry.pod)
    }

    /// A parked pod is to be tried at once.
    pub fn activate(&mut self, uid: &str) {
        if matches!(self.state(uid), Some(State::Parked { .. } | State::BackingOff { .. })) {
            self.leave(uid);
            self.enter(uid, State::Active);
        }
    }

    /// A parked pod is to be tried when its backoff is over.
    pub fn activate_later(&mut self, uid: &str, now: Duration) {
        if let Some(State::Parked { .. }) = self.state(uid) {
            self.leave(uid);
            self.retry(uid, now);
        }
    }

    fn state(&self, uid: &str) -> Option<State> {
        self.entries.get(uid).map(|entry| entry.state)
    }

    /// Removes a pod: it was bound or deleted.
    pub fn remove(&mut self, uid: &str) {
        self.leave(uid);
        self.entries.remove(uid);
    }

    /// The next pod to be placed; it is in flight until one of the calls below.
    pub fn pop(&mut self) -> Option<Arc<PodInfo>> {
        let (_, _, uid) = self.active.pop_first()?;
        let entry = self.entries.get_mut(&uid)?;
        entry.state = State::InFlight;
        entry.attempts = entry.attempts.saturating_add(1);
        Some(entry.pod.clone())
    }

    /// A pod in flight fits nowhere: it waits for changes that help.
    pub fn park(&mut self, uid: &str, helped_by: Changes, now: Duration) {
        let backoff = now + self.backoff(uid);
        self.enter(uid, State::Parked { backoff, until: now + PARKED_MAX, helped_by });
    }

    /// A pod in flight waits for a gate.
    pub fn gate(&mut self, uid: &str) {
        self.enter(uid, State::Gated);
    }

    /// A pod in flight could not be bound: it is tried again after a pause.
    pub fn retry(&mut self, uid: &str, now: Duration) {
        let until = now + self.backoff(uid);
        self.enter(uid, State::BackingOff { until });
    }

    /// Something changed: parked pods that it can help and that `fit` now are tried again, when their backoff is over.
    /// For those that do not, `fit` tells what would help now; until then it may have been something else.
    pub fn wake(
        &mut self,
        changes: Changes,
        now: Duration,
        mut fit: impl FnMut(&PodInfo) -> Result<(), Changes>,
    ) {
        if changes == Changes::NONE {
            return;
        }
        let mut awake = Vec::new();
        for uid in &self.parked {
            let Some(entry) = self.entries.get_mut(uid) else { continue };
            let State::Parked { backoff, helped_by, .. } = &mut entry.state else { continue };
            if !changes.meets(*helped_by) {
                continue;
            }
            match fit(&entry.pod) {
                Ok(()) => awake.push((uid.clone(), *backoff)),
                Err(also) => *helped_by |= also,
            }
        }
        for (uid, backoff) in awake {
            self.leave(&uid);
            let state = if backoff <= now { State::Active } else { State::BackingOff { until: backoff } };
            self.enter(&uid, state);
        }
    }

    /// Makes the pods active whose time has come.
    pub fn tick(&mut self, now: Duration) {
        while let Some((until, uid)) = self.due.first()
            && *until <= now
        {
            let uid = uid.clone();
            self.leave(&uid);
            self.enter(&uid, State::Active);
        }
    }

    /// When [`Queue::tick`] has something to do next.
    pub fn next_tick(&self) -> Option<Duration> {
        self.due.first().map(|(until, _)| *until)
    }

    /// The pause after so many attempts: 1 s, doubled each time, at most 10 s.
    fn backoff(&self, uid: &str) -> Duration {
        let attempts = self.entries.get(uid).map_or(1, |entry| entry.attempts.max(1));
        BACKOFF_MIN.saturating_mul(2_u32.saturating_pow(attempts - 1)).min(BACKOFF_MAX)
    }

    fn enter(&mut self, uid: &str, state: State) {
        let Some((uid, entry)) = self.entries.get_key_value(uid) else { return };
        let uid = uid.clone();
        match state {
            State::Active => {
                self.active.insert((Reverse(entry.pod.priority()), entry.arrival, uid.clone()));
            }
            State::BackingOff { until } => {
                self.due.insert((until, uid.clone()));
            }
            State::Parked { until, .. } => {
                self.due.insert((until, uid.clone()));
                self.parked.insert(uid.clone());
            }
            State::InFlight | State::Gated => {}
        }
        if let Some(entry) = self.entries.get_mut(&uid) {
            entry.state = state;
        }
    }

    fn leave(&mut self, uid: &str) {
        let Some((uid, entry)) = self.entries.get_key_value(uid) else { return };
        match entry.state {
            State::Active => {
                self.active.remove(&(Reverse(entry.pod.priority()), entry.arrival, uid.clone()));
            }
            State::BackingOff { until } => {
                self.due.remove(&(until, uid.clone()));
            }
            State::Parked { until, .. } => {
                self.due.remove(&(until, uid.clone()));
                self.parked.remove(uid);
            }
            State::InFlight | State::Gated => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::core::{
        PodIdentity, PodMeta,
        object::{PodSpec, PodStatus},
    };

    fn pod(name: &str, priority: i32) -> Arc<PodInfo> {
        let id = PodIdentity { uid: name.into(), namespace: "default".into(), name: name.into() };
        let meta = PodMeta { id, labels: &BTreeMap::new(), terminating: false, owner: None };
        let spec = PodSpec { priority: Some(priority), ..PodSpec::default() };
        Arc::new(PodInfo::new(meta, &spec, &PodStatus::default()).unwrap())
    }

    fn popped(queue: &mut Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop()).map(|pod| pod.id.name.to_string()).collect()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn pods_come_by_priority_then_by_arrival() {
        let mut queue = Queue::new();
        for (name, priority) in [("a", 0), ("b", 5), ("c", 0), ("d", 5), ("e", -1)] {
            queue.set(pod(name, priority));
        }
        queue.set(pod("c", 0));
        assert_eq!(popped(&mut queue), ["b", "d", "a", "c", "e"]);
        queue.remove("a");
        queue.set(pod("a", 0));
        assert_eq!(popped(&mut queue), ["a"], "a pod in flight is not popped again");
    }

    #[test]
    fn a_parked_pod_wakes_by_what_helps_and_not_before_its_backoff() {
        let mut queue = Queue::new();
        queue.set(pod("a", 0));
        queue.pop();
        queue.park("a", Changes::POD_LEFT | Changes::NODE_ADDED, seconds(10));
        assert_eq!(queue.next_tick(), Some(seconds(310)));
        queue.wake(Changes::NODE_LABELS, seconds(20), |_| Ok(()));
        queue.wake(Changes::NONE, seconds(20), |_| Ok(()));
        queue.wake(Changes::POD_LEFT, seconds(20), |_| Err(Changes::NONE));
        assert!(popped(&mut queue).is_empty());
        queue.wake(Changes::POD_LEFT, seconds(20), |_| Ok(()));
        assert_eq!(popped(&mut queue), ["a"]);
        queue.park("a", Changes::POD_LEFT, seconds(20));
        queue.wake(Changes::POD_LEFT, seconds(21), |_| Ok(()));
        assert!(popped(&mut queue).is_empty());
        assert_eq!(queue.next_tick(), Some(seconds(22)), "the second backoff takes two seconds");
        queue.tick(seconds(22));
        assert_eq!(popped(&mut queue), ["a"]);
        assert_eq!(queue.next_tick(), None);
    }

    #[test]
    fn what_helps_is_learned_from_changes_that_do_not_help() {
        let mut queue = Queue::new();
        queue.set(pod("a", 0));
        queue.pop();
        queue.park("a", Changes::NODE_ADDED, seconds(0));
        queue.wake(Changes::NODE_TAINTS, seconds(10), |_| Ok(()));
        queue.wake(Changes::NODE_ADDED, seconds(10), |_| Err(Changes::NODE_TAINTS));
        assert!(popped(&mut queue).is_empty());
        queue.wake(Changes::NODE_TAINTS, seconds(10), |_| Ok(()));
        assert_eq!(popped(&mut queue), ["a"]);
    }

    #[test]
    fn backoff_grows_from_one_second_to_ten() {
        let mut queue = Queue::new();
        queue.set(pod("a", 0));
        for pause in [1, 2, 4, 8, 10, 10] {
            assert_eq!(popped(&mut queue), ["a"]);
            queue.retry("a", seconds(100));
            assert_eq!(queue.next_tick(), Some(seconds(100 + pause)));
            queue.tick(seconds(100 + pause));
        }
    }

    #[test]
    fn a_parked_pod_is_tried_after_five_minutes_in_any_case() {
        let mut queue = Queue::new();
        queue.set(pod("a", 0));
        queue.pop();
        queue.park("a", Changes::NONE, seconds(0));
        queue.tick(seconds(299));
        assert!(popped(&mut queue).is_empty());
        queue.tick(seconds(300));
        assert_eq!(popped(&mut queue), ["a"]);
    }

    #[test]
    fn a_changed_pod_is_tried_at_once_and_a_removed_one_never() {
        let mut queue = Queue::new();
        for name in ["gated", "parked", "failed", "flying"] {
            queue.set(pod(name, 0));
        }
        assert_eq!(popped(&mut queue).len(), 4);
        queue.gate("gated");
        queue.park("parked", Changes::NONE, seconds(0));
        queue.retry("failed", seconds(0));
        for name in ["gated", "parked", "failed", "flying"] {
            queue.set(pod(name, 0));
        }
        assert!(popped(&mut queue).is_empty(), "nothing changed");
        for name in ["gated", "parked", "failed", "flying"] {
            queue.set(pod(name, 1));
        }
        assert_eq!(popped(&mut queue), ["gated", "parked", "failed"]);
        for name in ["gated", "parked", "failed", "flying"] {
            queue.remove(name);
        }
        queue.retry("failed", seconds(0));
        queue.tick(seconds(1000));
        assert!(queue.is_empty() && queue.pop().is_none() && queue.next_tick().is_none());
    }
}
