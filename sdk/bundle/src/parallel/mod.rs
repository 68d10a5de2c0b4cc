//! Work on many independent things by all processors, begun while more of them are being found. In: batches of things
//! of one kind each. Out: what was made of them, in order.

mod ahead;
mod crew;

use std::{
    collections::VecDeque,
    fmt, hint,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

pub(crate) use ahead::{Ahead, Identity, identity};
use crew::{CREW, Work};

/// Says that no more work is going to come: what is being done is, and then its threads end. Work that comes after all
/// gets others.
pub(crate) fn dismiss() {
    CREW.dismiss();
}

/// How long a thread looks whether others are done before it sleeps until they are.
const MOMENT: Duration = Duration::from_micros(100);
/// Pauses of the processor between two looks.
const LOOKS_APART: usize = 32;

/// Things to each of which the same is done, by the threads of the process and by whoever waits for the results.
/// Dropped, it leaves what is not begun yet undone.
pub struct Batch<T: Send + 'static, R: Send + 'static> {
    shared: Arc<Shared<T, R>>,
    given: usize,
    is_urgent: bool,
}

struct Shared<T, R> {
    work: Box<dyn Fn(T) -> R + Send + Sync>,
    state: Mutex<State<T, R>>,
    /// Told when nothing is waiting or being done.
    rested: Condvar,
}

struct State<T, R> {
    /// What is not begun yet, with its number.
    items: VecDeque<(usize, T)>,
    /// How many are being worked on.
    running: usize,
    /// Whether somebody waits until none is.
    awaited: bool,
    done: Vec<(usize, thread::Result<R>)>,
}

impl<T, R> Shared<T, R> {
    fn state(&self) -> MutexGuard<'_, State<T, R>> {
        // Whole between any two of its changes: work is done without it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_running(&self) -> bool {
        self.state().running > 0
    }

    /// Looks for a moment whether everything is done: to sleep and be woken takes longer than most of what is.
    fn expect_rest(&self) {
        let begun = Instant::now();
        while self.is_running() && begun.elapsed() < MOMENT {
            (0..LOOKS_APART).for_each(|_| hint::spin_loop());
        }
    }

    fn begin(&self) -> Option<(usize, T)> {
        let mut state = self.state();
        let item = state.items.pop_front();
        state.running += usize::from(item.is_some());
        item
    }
}

impl<T: Send, R: Send> Work for Shared<T, R> {
    fn is_waiting(&self) -> bool {
        !self.state().items.is_empty()
    }

    fn do_one(&self) -> bool {
        let Some((index, item)) = self.begin() else { return false };
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(item)));
        let mut state = self.state();
        state.done.push((index, result));
        state.running -= 1;
        if state.awaited && state.running == 0 {
            self.rested.notify_all();
        }
        true
    }
}

impl<T: Send + 'static, R: Send + 'static> Batch<T, R> {
    /// A batch of things to `work` on.
    pub fn new(work: impl Fn(T) -> R + Send + Sync + 'static) -> Self {
        Self::with(Box::new(work), false)
    }

    /// A batch that goes before others.
    pub fn urgent(work: impl Fn(T) -> R + Send + Sync + 'static) -> Self {
        Self::with(Box::new(work), true)
    }

    fn with(work: Box<dyn Fn(T) -> R + Send + Sync>, is_urgent: bool) -> Self {
        let state =
            Mutex::new(State { items: VecDeque::new(), running: 0, awaited: false, done: Vec::new() });
        Self { shared: Arc::new(Shared { work, state, rested: Condvar::new() }), given: 0, is_urgent }
    }

    /// Gives it a thing; `bytes` is how much there is to work on, which decides on threads.
    pub fn give(&mut self, item: T, bytes: usize) {
        self.shared.state().items.push_back((self.given, item));
        if self.given == 0 {
            CREW.open(self.shared.clone(), self.is_urgent);
        }
        self.given += 1;
        CREW.announce(bytes);
    }

    /// The results of all things, in the order in which these were given; the caller's thread helps.
    pub fn finish(self) -> Vec<R> {
        let results = self.finish_some(|_| true);
        results.into_iter().map(|result| result.expect("invariant: all were wanted")).collect()
    }

    /// As [`Batch::finish`], but what is not begun yet is left undone unless it is `wanted`.
    pub fn finish_some(self, wanted: impl Fn(&T) -> bool) -> Vec<Option<R>> {
        self.shared.state().items.retain(|(_, item)| wanted(item));
        while self.shared.do_one() {}
        // Others are at the rest of it: what else waits is as good a use of the time as any.
        while self.shared.is_running() && CREW.help() {}
        self.shared.expect_rest();
        let mut state = self.shared.state();
        state.awaited = true;
        while state.running > 0 {
            state = self.shared.rested.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        naru_processors::come_back();
        let mut results: Vec<Option<R>> = std::iter::repeat_with(|| None).take(self.given).collect();
        for (index, result) in state.done.drain(..) {
            results[index] = Some(result.unwrap_or_else(|panic| resume_unwind(panic)));
        }
        drop(state);
        results
    }
}

impl<T: Send + 'static, R: Send + 'static> Drop for Batch<T, R> {
    fn drop(&mut self) {
        if self.given > 0 {
            let shared: Arc<dyn Work> = self.shared.clone();
            CREW.close(&shared);
            let left = std::mem::take(&mut self.shared.state().items);
            drop(left);
        }
    }
}

impl<T: Send + 'static, R: Send + 'static> fmt::Debug for Batch<T, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Batch").field("given", &self.given).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        for bytes in [0, 1, 1 << 10, 1 << 20] {
            let mut batch = Batch::new(|item: usize| item * 2);
            (0..1000).for_each(|item| batch.give(item, bytes));
            assert_eq!(batch.finish(), (0..2000).step_by(2).collect::<Vec<_>>());
        }
        assert!(Batch::new(|item: usize| item).finish().is_empty());
    }

    #[test]
    fn what_is_not_wanted_may_be_left_undone() {
        let mut batch = Batch::new(|item: usize| item);
        (0..10).for_each(|item| batch.give(item, 0));
        let even = batch.finish_some(|item| item % 2 == 0);
        assert_eq!(even.len(), 10);
        for (item, result) in even.into_iter().enumerate() {
            // Another test's threads may have done what was not wanted before.
            assert!(result == Some(item) || item % 2 == 1 && result.is_none());
        }
    }

    #[test]
    fn batches_are_worked_on_at_the_same_time() {
        let mut batches: Vec<_> = (0..10)
            .map(|index| {
                if index % 2 == 0 {
                    Batch::urgent(|item: usize| item)
                } else {
                    Batch::new(|item: usize| item)
                }
            })
            .collect();
        for item in 0..1000 {
            batches.iter_mut().for_each(|batch| batch.give(item, 1 << 10));
        }
        for (index, batch) in batches.into_iter().enumerate() {
            match index % 3 {
                0 => drop(batch),
                _ => assert_eq!(batch.finish(), (0..1000).collect::<Vec<_>>()),
            }
        }
    }

    #[test]
    fn work_after_a_dismissal_is_done_too() {
        for bytes in [1 << 10, 1 << 20] {
            let mut batch = Batch::new(|item: usize| item);
            (0..100).for_each(|item| batch.give(item, bytes));
            dismiss();
            (100..200).for_each(|item| batch.give(item, bytes));
            assert_eq!(batch.finish(), (0..200).collect::<Vec<_>>());
            dismiss();
        }
    }

    #[test]
    fn a_panic_reaches_who_waits() {
        let mut batch = Batch::new(|item: usize| assert_ne!(item, 5, "not this one"));
        (0..10).for_each(|item| batch.give(item, 1 << 20));
        assert!(catch_unwind(AssertUnwindSafe(|| batch.finish())).is_err());
    }
}
