//! Work on many independent things by all processors.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Threads that work together, the caller's included.
const MAX_THREADS: usize = 4;
/// Bytes of work below which a thread would cost more than it spares.
const WORTH_A_THREAD_BYTES: usize = 64 << 10;

/// What `work` makes of each item, in order. `bytes` is how much there is to work on, which decides on threads.
pub fn map<T: Sync, R: Send>(items: &[T], bytes: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let worth = MAX_THREADS.min(bytes / WORTH_A_THREAD_BYTES).min(items.len());
    // To ask for the processors takes as long as a small chart's templates.
    let processors = || thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if worth < 2 { 1 } else { worth.min(processors()) };
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let share = || {
        let indices = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let taken = indices.take_while(|index| *index < items.len());
        taken.map(|index| (index, work(&items[index]))).collect::<Vec<_>>()
    };
    let mut done = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().name("bundle".into()).spawn_scoped(scope, share);
        // Without a thread, those that are there do its share.
        let others: Vec<_> = (1..threads).filter_map(|index| spawn(index).ok()).collect();
        let mut done = share();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        for bytes in [0, 1 << 30] {
            assert_eq!(map(&items, bytes, |item| item * 2), (0..2000).step_by(2).collect::<Vec<_>>());
        }
        assert!(map(&[] as &[usize], 1 << 30, |item| *item).is_empty());
    }
}
