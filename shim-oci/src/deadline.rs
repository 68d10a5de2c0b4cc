//! A bound on calls that block this process's only thread.
//!
//! In: how long they may take. Out: from then on every blocking system call of the thread returns `EINTR`, once a second, until the
//! deadline is dropped; and what was forked meanwhile can be killed. libcontainer waits for the processes that it forks on sockets
//! whose other ends it holds too: if such a process is killed from outside it would wait for ever, and the shim with it.
//! Source: timer_create(2), signal(7).

use std::{
    collections::HashSet,
    fs,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use nix::{
    Result,
    sys::{
        signal::{SaFlags, SigAction, SigEvent, SigHandler, SigSet, SigevNotify, Signal, kill, sigaction},
        timer::{Expiration, Timer, TimerSetTimeFlags},
    },
    time::ClockId,
    unistd::Pid,
};

/// Again after the deadline, in case the first signal came between two calls.
const AGAIN: Duration = Duration::from_secs(1);

static PASSED: AtomicBool = AtomicBool::new(false);

/// Ends blocking calls when its time has come. One at a time in a process.
pub(crate) struct Deadline {
    /// The children of this thread when the clock was started.
    before: HashSet<i32>,
    /// Not inherited by the processes that are forked meanwhile.
    _timer: Timer,
}

impl Deadline {
    /// Starts the clock.
    pub(crate) fn after(limit: Duration) -> Result<Self> {
        PASSED.store(false, Ordering::Relaxed);
        // Without SA_RESTART: the signal is there to interrupt.
        let action = SigAction::new(SigHandler::Handler(pass), SaFlags::empty(), SigSet::empty());
        // SAFETY: the handler stores to an atomic, which is safe at any instant.
        unsafe { sigaction(Signal::SIGALRM, &action) }?;
        let event = SigevNotify::SigevThreadId {
            signal: Signal::SIGALRM,
            thread_id: nix::unistd::gettid().as_raw(),
            si_value: 0,
        };
        let mut timer = Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(event))?;
        timer.set(Expiration::IntervalDelayed(limit.into(), AGAIN.into()), TimerSetTimeFlags::empty())?;
        Ok(Self { before: children(), _timer: timer })
    }

    /// Whether it has passed.
    pub(crate) fn passed(&self) -> bool {
        PASSED.load(Ordering::Relaxed)
    }

    /// Kills every child that has been forked since the clock was started.
    pub(crate) fn kill_children(&self) {
        for child in children().difference(&self.before) {
            // It may have ended; it is not reaped before this thread does so, and so the id is nobody else's.
            let _ = kill(Pid::from_raw(*child), Signal::SIGKILL);
        }
    }
}

/// The children of this thread; none where the kernel does not list them (`CONFIG_PROC_CHILDREN`).
fn children() -> HashSet<i32> {
    let listed = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

extern "C" fn pass(_: nix::libc::c_int) {
    PASSED.store(true, Ordering::Relaxed);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        io::Read as _,
        os::unix::{net::UnixStream, process::ExitStatusExt as _},
    };

    use super::*;

    #[test]
    fn a_call_that_would_block_for_ever_is_interrupted() {
        // Both ends are held here, as libcontainer holds them: no end of file will come.
        let (mut reader, _writer) = UnixStream::pair().unwrap();
        let deadline = Deadline::after(Duration::from_millis(20)).unwrap();
        assert!(!deadline.passed());
        let error = reader.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::Interrupted);
        assert!(deadline.passed());
    }

    #[test]
    fn only_what_was_forked_since_is_killed() {
        let sleep = || std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let mut old = sleep();
        let deadline = Deadline::after(Duration::from_secs(100)).unwrap();
        let mut new = sleep();
        deadline.kill_children();
        assert_eq!(new.wait().unwrap().signal(), Some(9));
        assert!(old.try_wait().unwrap().is_none());
        old.kill().unwrap();
        old.wait().unwrap();
    }
}
