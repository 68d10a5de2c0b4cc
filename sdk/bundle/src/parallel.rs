//! Work on many independent things by all processors, begun while more of them are being found.

use std::{
    collections::VecDeque,
    num::NonZero,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

/// Threads that work together, the caller's included.
const MAX_THREADS: usize = 4;
/// Bytes of work below which a thread would cost more than it spares.
const WORTH_A_THREAD_BYTES: usize = 64 << 10;
/// Bytes of work for which a thread that waits is woken; less than that waits for more.
const WORTH_WAKING_BYTES: usize = 16 << 10;

/// Processors of this process; to ask for them takes as long as a small chart's templates.
static PROCESSORS: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

/// Threads that do to each item that they are given the same work. Dropped, it leaves what is not begun yet undone.
#[derive(Debug)]
pub struct Crew<T, R> {
    shared: Arc<Shared<T, R>>,
    members: Vec<JoinHandle<Vec<(usize, R)>>>,
    given: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Shared<T, R> {
    work: fn(T) -> R,
    queue: Mutex<Queue<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Queue<T> {
    /// What is not begun yet, with its number.
    items: VecDeque<(usize, T)>,
    /// Bytes of it that no thread was woken for.
    unannounced: usize,
    /// Whether nothing more will come.
    is_closed: bool,
}

impl<T, R> Shared<T, R> {
    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        // A queue is whole between any two of its changes, whoever panicked.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works until nothing more will come.
    fn take_part(&self) -> Vec<(usize, R)> {
        let mut done = Vec::new();
        while let Some((index, item)) = self.next() {
            done.push((index, (self.work)(item)));
        }
        done
    }

    /// The next item, as soon as there is one; `None` if nothing more will come.
    fn next(&self) -> Option<(usize, T)> {
        let mut queue = self.queue();
        loop {
            match queue.items.pop_front() {
                None if !queue.is_closed => {
                    queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
                item => return item,
            }
        }
    }

    fn close(&self) {
        self.queue().is_closed = true;
        self.changed.notify_all();
    }
}

impl<T: Send + 'static, R: Send + 'static> Crew<T, R> {
    /// A crew that does `work`; threads come with enough of it.
    pub fn new(work: fn(T) -> R) -> Self {
        let queue = Queue { items: VecDeque::new(), unannounced: 0, is_closed: false };
        let shared = Shared { work, queue: Mutex::new(queue), changed: Condvar::new() };
        Self { shared: Arc::new(shared), members: Vec::new(), given: 0, bytes: 0 }
    }

    /// Gives it an item; `bytes` is how much there is to work on, which decides on threads.
    pub fn give(&mut self, item: T, bytes: usize) {
        let mut queue = self.shared.queue();
        queue.items.push_back((self.given, item));
        queue.unannounced += bytes;
        if queue.unannounced >= WORTH_WAKING_BYTES {
            queue.unannounced = 0;
            self.shared.changed.notify_one();
        }
        drop(queue);
        self.given += 1;
        self.bytes += bytes;
        let worth = MAX_THREADS.min(self.bytes / WORTH_A_THREAD_BYTES);
        if self.members.len() + 1 < worth.min(*PROCESSORS) {
            self.hire();
        }
    }

    fn hire(&mut self) {
        let shared = Arc::clone(&self.shared);
        let spawned = thread::Builder::new().name("bundle".into()).spawn(move || shared.take_part());
        // Without a thread, those that are there do its share.
        self.members.extend(spawned);
    }

    /// The results of all items, in the order in which these were given; the caller's thread helps.
    pub fn finish(self) -> Vec<R> {
        let results = self.finish_some(|_| true);
        results.into_iter().map(|result| result.expect("invariant: all were wanted")).collect()
    }

    /// As [`Crew::finish`], but what is not begun yet is left undone unless it is `wanted`.
    pub fn finish_some(mut self, wanted: impl Fn(&T) -> bool) -> Vec<Option<R>> {
        self.shared.queue().items.retain(|(_, item)| wanted(item));
        self.shared.close();
        let mut results: Vec<Option<R>> = std::iter::repeat_with(|| None).take(self.given).collect();
        let mut done = self.shared.take_part();
        for member in self.members.drain(..) {
            done.extend(member.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        for (index, result) in done {
            results[index] = Some(result);
        }
        results
    }
}

impl<T, R> Drop for Crew<T, R> {
    fn drop(&mut self) {
        self.shared.queue().items.clear();
        self.shared.close();
        for member in self.members.drain(..) {
            // What it found is not wanted any more, nor why it failed.
            let _ = member.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        for bytes in [0, 1, 1 << 10, 1 << 20] {
            let mut crew = Crew::new(|item: usize| item * 2);
            (0..1000).for_each(|item| crew.give(item, bytes));
            assert_eq!(crew.finish(), (0..2000).step_by(2).collect::<Vec<_>>());
        }
        assert!(Crew::new(|item: usize| item).finish().is_empty());
    }

    #[test]
    fn what_is_not_wanted_may_be_left_undone() {
        let mut crew = Crew::new(|item: usize| item);
        (0..10).for_each(|item| crew.give(item, 0));
        let even = crew.finish_some(|item| item % 2 == 0);
        assert_eq!(even, (0..10).map(|item| (item % 2 == 0).then_some(item)).collect::<Vec<_>>());
    }

    #[test]
    fn a_crew_that_is_dropped_ends() {
        let mut crew = Crew::new(|item: usize| item);
        (0..10).for_each(|item| crew.give(item, 1 << 20));
    }
}
