//! The threads that help with batches of work. In: batches as long as they are open, and how much each was given. Out:
//! nothing; the batches keep what was done.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Threads that work together, the one that gives the work included.
const MAX_THREADS: usize = 4;
/// Bytes of work below which a thread would cost more than it spares.
const WORTH_A_THREAD_BYTES: usize = 64 << 10;
/// Bytes of work for which a thread that waits is woken; less than that waits for more.
const WORTH_WAKING_BYTES: usize = 64 << 10;
/// How long a thread waits for a batch to be opened before it ends.
const PATIENCE: Duration = Duration::from_millis(100);

/// The threads of this process. They come with enough work, and end some time after the last batch.
pub(super) static CREW: Crew = Crew {
    plan: Mutex::new(Plan {
        open: Vec::new(),
        members: 0,
        idle: 0,
        bytes: 0,
        unannounced: 0,
        is_last: false,
    }),
    changed: Condvar::new(),
};

/// A batch, as those see it who help with it.
pub(super) trait Work: Send + Sync {
    /// Whether there is something that nobody has begun with.
    fn is_waiting(&self) -> bool;
    /// Does one thing, unless all have been begun; says whether there was one.
    fn do_one(&self) -> bool;
}

pub(super) struct Crew {
    plan: Mutex<Plan>,
    changed: Condvar,
}

struct Plan {
    /// The batches, the urgent ones first.
    open: Vec<Arc<dyn Work>>,
    members: usize,
    /// How many of them wait for work.
    idle: usize,
    /// Bytes of work given since there was none.
    bytes: usize,
    /// Bytes of it that no thread was woken for.
    unannounced: usize,
    /// Whether nothing more is going to come.
    is_last: bool,
}

impl Plan {
    /// The first batch of which something is not begun.
    fn waiting(&self) -> Option<Arc<dyn Work>> {
        self.open.iter().find(|batch| batch.is_waiting()).cloned()
    }
}

impl Crew {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        // A plan is whole between any two of its changes, and nothing between them panics.
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a batch that will get work.
    pub(super) fn open(&self, batch: Arc<dyn Work>, is_urgent: bool) {
        let open = &mut self.plan().open;
        open.insert(if is_urgent { 0 } else { open.len() }, batch);
    }

    /// Forgets a batch.
    pub(super) fn close(&self, batch: &Arc<dyn Work>) {
        let mut plan = self.plan();
        plan.open.retain(|other| !Arc::ptr_eq(other, batch));
        if plan.open.is_empty() {
            (plan.bytes, plan.unannounced) = (0, 0);
        }
    }

    /// Lets those go who wait for work: the process ends soon, and has to wait for them then.
    pub(super) fn dismiss(&self) {
        let mut plan = self.plan();
        plan.is_last = true;
        if plan.idle > 0 {
            self.changed.notify_all();
        }
    }

    /// Says that an open batch was given `bytes` of work.
    pub(super) fn announce(&'static self, bytes: usize) {
        let mut plan = self.plan();
        plan.is_last = false;
        plan.bytes += bytes;
        plan.unannounced += bytes;
        if plan.unannounced >= WORTH_WAKING_BYTES {
            plan.unannounced = 0;
            // To wake nobody costs a call of the kernel, too.
            if plan.idle > 0 {
                self.changed.notify_one();
            }
        }
        let worth = MAX_THREADS.min(plan.bytes / WORTH_A_THREAD_BYTES);
        if worth > plan.members + 1 && plan.members + 1 < naru_processors::count() {
            plan.members += 1;
            drop(plan);
            // Without a thread, those that are there do its share.
            if naru_processors::start_apart("bundle", || self.take_part()).is_err() {
                self.plan().members -= 1;
            }
        }
    }

    /// Does one thing of any batch, unless all have been begun; says whether there was one.
    pub(super) fn help(&self) -> bool {
        let waiting = self.plan().waiting();
        waiting.is_some_and(|batch| batch.do_one())
    }

    /// Helps until no batch has been open for a while.
    fn take_part(&self) {
        let mut plan = self.plan();
        loop {
            if let Some(batch) = plan.waiting() {
                drop(plan);
                batch.do_one();
                plan = self.plan();
                continue;
            }
            if plan.is_last {
                plan.members -= 1;
                return;
            }
            plan.idle += 1;
            let waited = self.changed.wait_timeout(plan, PATIENCE);
            let (after, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
            plan = after;
            plan.idle -= 1;
            if outcome.timed_out() && plan.open.is_empty() {
                plan.members -= 1;
                return;
            }
        }
    }
}
