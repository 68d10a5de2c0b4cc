//! What CPU requests are to guests: who gets how much when there is not enough.
//!
//! A guest is no process, so that it has no control group. The process of all guests is in one, which weighs what the guests
//! request together, and among themselves guests weigh by the nice value of the thread that runs them. The kernel's steps of
//! it are factors of 1.25, and so the least weight is a seventieth of a whole core's, not a five-hundredth.

use std::{
    cell::Cell,
    sync::{Arc, OnceLock},
};

use naru_runtime::cgroup::{Cgroups, shares};
use nix::libc;
use parking_lot::Mutex;

/// The nice values there are.
const NICE: (i32, i32) = (-20, 19);
/// What one step of it is worth.
const STEP: f64 = 1.25;
/// The weight of version 1 at the nice value of zero: a whole core's.
const NORMAL: f64 = 1024.0;

/// The group of all guests.
#[derive(Debug)]
pub(crate) struct Weights {
    path: String,
    /// Empty as long as this process is not in the group.
    cgroups: OnceLock<Cgroups>,
    /// Thousandths of a core that all guests request together.
    sum: Mutex<u64>,
}

impl Weights {
    /// Moves this process into the group, if there is one for it, beside whatever else is to be done: the kernel takes its time.
    pub(crate) fn new(path: Option<&str>) -> Arc<Self> {
        let weights = Arc::new(Self {
            path: path.unwrap_or_default().to_owned(),
            cgroups: OnceLock::new(),
            sum: Mutex::new(0),
        });
        if path.is_some() {
            let own = Arc::clone(&weights);
            let entering = std::thread::Builder::new().name("cgroup".into()).spawn(move || own.enter());
            drop(entering.inspect_err(|error| tracing::warn!(%error, "no thread to enter the group with")));
        }
        weights
    }

    fn enter(&self) {
        let cgroups =
            Cgroups::detect().and_then(|cgroups| cgroups.enter_weighed(&self.path).map(|()| cgroups));
        match cgroups {
            Ok(cgroups) => {
                let sum = self.sum.lock();
                let cgroups = self.cgroups.get_or_init(|| cgroups);
                self.write(cgroups, *sum);
            }
            Err(error) => {
                tracing::warn!(%error, group = self.path, "Wasm containers weigh what the agent does")
            }
        }
    }

    fn write(&self, cgroups: &Cgroups, sum: u64) {
        if let Err(error) = cgroups.weigh(&self.path, sum) {
            tracing::warn!(%error, group = self.path, "the weight of the Wasm containers cannot be set");
        }
    }

    fn change(&self, change: impl FnOnce(u64) -> u64) {
        let mut sum = self.sum.lock();
        let new = change(*sum);
        if new != std::mem::replace(&mut *sum, new)
            && let Some(cgroups) = self.cgroups.get()
        {
            self.write(cgroups, new);
        }
    }

    /// Counts a guest until the result is dropped.
    pub(crate) fn add(self: &Arc<Self>, millis: u64) -> Weight {
        self.change(|sum| sum.saturating_add(millis));
        Weight { weights: Arc::clone(self), millis, nice: nice(millis) }
    }
}

/// What one guest weighs.
#[derive(Debug)]
pub(crate) struct Weight {
    weights: Arc<Weights>,
    millis: u64,
    nice: i32,
}

impl Weight {
    /// Gives it to this thread, which then runs its guest. A call that changes nothing costs nothing.
    pub(crate) fn take(&self) {
        thread_local!(static TAKEN: Cell<i32> = const { Cell::new(0) });
        if TAKEN.replace(self.nice) != self.nice {
            // SAFETY: the call has no memory arguments. Linux sets the value of the calling thread alone.
            let failed = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, self.nice) } != 0;
            if failed {
                let error = std::io::Error::last_os_error();
                tracing::debug!(%error, nice = self.nice, "the guest weighs as its thread did");
            }
        }
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.weights.change(|sum| sum.saturating_sub(self.millis));
    }
}

/// The nice value whose weight is nearest to that of a request in thousandths of a core.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "weights are 2 to 262,144")]
fn nice(millis: u64) -> i32 {
    let steps = (NORMAL / shares(millis) as f64).ln() / STEP.ln();
    (steps.round() as i32).clamp(NICE.0, NICE.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_nice_values() {
        for (millis, expected) in [
            (0, 19),
            (1, 19),
            (10, 19),
            (50, 13),
            (100, 10),
            (500, 3),
            (800, 1),
            (1000, 0),
            (2000, -3),
            (u64::MAX, -20),
        ] {
            assert_eq!(nice(millis), expected, "{millis}m");
        }
    }

    #[test]
    fn guests_count_while_they_are_there() {
        let weights = Weights::new(None);
        let (first, second) = (weights.add(100), weights.add(u64::MAX));
        assert_eq!(*weights.sum.lock(), u64::MAX);
        drop(second);
        drop(first);
        assert_eq!(*weights.sum.lock(), 0);
    }
}
