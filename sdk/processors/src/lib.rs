//! The processors that a process may use, and threads that begin on another one than whoever starts them.
//!
//! In: work that is to go on beside what its starter does. Out: a thread for it.
//!
//! A new thread usually waits where its starter runs until the kernel moves it or the starter pauses. On virtual machines
//! that gather work on few processors that takes up to a clock tick, four milliseconds, which is as long as much of the
//! work that is worth a thread here.

use std::{cell::Cell, io, sync::LazyLock, thread};

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

thread_local! {
    /// Where this thread was when it last started another one.
    static HOME: Cell<Option<usize>> = const { Cell::new(None) };
}

/// How many processors this process may run on, at least one; they are counted once. Quotas of control groups do not count:
/// to read them takes as long as a small chart's templates, and work that is over within their period never meets them.
pub fn count() -> usize {
    static COUNT: LazyLock<usize> =
        LazyLock::new(|| sched_getaffinity(None).map_or(1, |allowed| allowed.count().max(1) as usize));
    *COUNT
}

/// Starts a thread called `name` (15 bytes are shown) that does `work` on other processors than the one its starter is on,
/// if the process may use any. It stays off that one until it ends.
///
/// # Errors
/// If the system has no room for a further thread; then nothing is done.
pub fn start_apart(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let here = sched_getcpu();
    let allowed = sched_getaffinity(None);
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(move || {
        if let Ok(mut others) = allowed {
            others.unset(here);
            if others.count() > 0 {
                // A system that refuses lets it begin wherever it is.
                let _ = sched_setaffinity(None, &others);
            }
        }
        work();
    })?;
    HOME.set(Some(here));
    // It moves itself as soon as it runs at all, for which this thread makes room.
    thread::yield_now();
    Ok(())
}

/// Goes back to where this thread was when it [started another one](start_apart), if it was moved meanwhile. To be called
/// after it waited for that one.
///
/// On virtual machines, who is woken by another thread may go on where that one runs, and take turns with it while
/// their own processor has nothing to do (docs/adr/0009-threads-apart.md).
pub fn come_back() {
    let Some(home) = HOME.get().filter(|home| *home != sched_getcpu()) else { return };
    let Ok(allowed) = sched_getaffinity(None) else { return };
    if allowed.is_set(home) {
        let mut only = CpuSet::new();
        only.set(home);
        // Where it may go afterwards is as it was before. A system that refuses leaves it where it is.
        let _ = sched_setaffinity(None, &only).and_then(|()| sched_setaffinity(None, &allowed));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_thread_keeps_off_its_starter_where_it_can() {
        // The starter must not move itself meanwhile.
        let mut own = sched_getaffinity(None).expect("Linux tells");
        let several = own.count() > 1;
        let here = sched_getcpu();
        let (sender, receiver) = mpsc::channel();
        let all = own;
        own.clear();
        own.set(here);
        sched_setaffinity(None, &own).expect("allowed");
        // Started from a thread that may use one processor only, it has no other.
        let alone = sender.clone();
        start_apart("apart", move || {
            alone.send(sched_getaffinity(None).map(|set| set.is_set(here))).expect("heard")
        })
        .expect("room for a thread");
        assert_eq!(receiver.recv().expect("it ran"), Ok(true));
        sched_setaffinity(None, &all).expect("allowed");
        for _ in 0..20 {
            let (sender, here) = (sender.clone(), sched_getcpu());
            start_apart("apart", move || {
                sender.send(sched_getaffinity(None).map(|set| set.count() < all.count())).expect("heard");
            })
            .expect("room for a thread");
            assert_eq!(receiver.recv().expect("it ran"), Ok(several), "from {here}");
        }
        assert!(count() >= 1);
    }

    #[test]
    fn a_starter_that_was_moved_comes_back() {
        let all = sched_getaffinity(None).expect("Linux tells");
        come_back();
        start_apart("apart", || {}).expect("room for a thread");
        let home = HOME.get().expect("it started a thread");
        let mut others = all;
        others.unset(home);
        if others.count() == 0 {
            return come_back();
        }
        // The system is free to move it again at once, which it hardly does.
        let returns = (0..20).filter(|_| {
            sched_setaffinity(None, &others).expect("allowed");
            sched_setaffinity(None, &all).expect("allowed");
            come_back();
            sched_getcpu() == home
        });
        assert!(returns.count() > 10);
        assert_eq!(sched_getaffinity(None), Ok(all));
        // Where it may no more be, it does not go.
        sched_setaffinity(None, &others).expect("allowed");
        come_back();
        assert_eq!(sched_getaffinity(None), Ok(others));
    }
}
