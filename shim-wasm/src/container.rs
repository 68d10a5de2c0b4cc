//! One container, from created to exited.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use jiff::Timestamp;
use naru_runtime::{
    ContainerId, Error, Exit, Result, SandboxId, State, Stats, Task, TaskStatus, logs::Stream,
};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wasmtime::Engine;

use crate::{
    engine::Ticker,
    guest::{self, Guest, Outcome},
    identity::Identity,
    meter::{Metered, Usage},
    mounts::Files,
    output::{self, Log},
    place::Place,
    programs::Program,
    records::{Record, Records},
    weights::Weight,
};

/// Exit codes that are not the guest's own.
mod code {
    /// A trap, as a shell counts an abort.
    pub(super) const TRAP: i32 = 134;
    /// Killed, by signal or for its memory.
    pub(super) const KILLED: i32 = 137;
    /// It could not be started, as the API counts it.
    pub(super) const NOT_STARTED: i32 = 128;
}

const SIGKILL: i32 = 9;

/// How long deleting waits for a guest that a system call holds.
const DELETE_PATIENCE: Duration = Duration::from_secs(5);

/// What a start needs; used up by it.
pub(crate) struct Prepared {
    /// What to run.
    pub(crate) program: Arc<Program>,
    /// Its world.
    pub(crate) guest: Guest,
    /// Where.
    pub(crate) place: Place,
    /// As whom, if not as root.
    pub(crate) identity: Option<Identity>,
    /// Thousandths of a core it may use.
    pub(crate) cpu_millis: Option<u64>,
    /// What it weighs beside others.
    pub(crate) weight: Weight,
    /// Where its output goes.
    pub(crate) log: Log,
    /// Files of its own, to be removed after it.
    pub(crate) files: Option<Files>,
}

/// What all containers share.
#[derive(Clone)]
pub(crate) struct Host {
    /// The engine.
    pub(crate) engine: Engine,
    /// Its clock.
    pub(crate) ticker: Ticker,
    /// Where exits are kept.
    pub(crate) records: Arc<Records>,
}

enum Phase {
    Created,
    Running(Timestamp),
    Exited(Exit),
}

/// One container; clones are the same one.
#[derive(Clone)]
pub(crate) struct Container {
    inner: Arc<Inner>,
}

struct Inner {
    id: ContainerId,
    sandbox: SandboxId,
    host: Host,
    usage: Arc<Usage>,
    prepared: Mutex<Option<Prepared>>,
    phase: watch::Sender<Phase>,
    killed: CancellationToken,
    /// The signal that killed it, or zero.
    signal: AtomicI32,
    /// Whether it has been deleted, so that its end is nobody's business.
    forgotten: AtomicBool,
}

impl Container {
    /// A container that is ready to start.
    pub(crate) fn created(
        id: ContainerId,
        sandbox: SandboxId,
        host: Host,
        usage: Arc<Usage>,
        prepared: Prepared,
    ) -> Self {
        Self::new(id, sandbox, host, usage, Some(prepared), Phase::Created)
    }

    /// A container of a former shim.
    pub(crate) fn exited(id: ContainerId, sandbox: SandboxId, host: Host, exit: Exit) -> Self {
        Self::new(id, sandbox, host, Arc::default(), None, Phase::Exited(exit))
    }

    fn new(
        id: ContainerId,
        sandbox: SandboxId,
        host: Host,
        usage: Arc<Usage>,
        prepared: Option<Prepared>,
        phase: Phase,
    ) -> Self {
        let inner = Inner {
            id,
            sandbox,
            host,
            usage,
            prepared: Mutex::new(prepared),
            phase: watch::Sender::new(phase),
            killed: CancellationToken::new(),
            signal: AtomicI32::new(0),
            forgotten: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Its sandbox.
    pub(crate) fn sandbox(&self) -> &SandboxId {
        &self.inner.sandbox
    }

    /// Where it stands.
    pub(crate) fn describe(&self) -> TaskStatus {
        let state = match &*self.inner.phase.borrow() {
            Phase::Created => State::Created,
            Phase::Running(started_at) => State::Running { started_at: *started_at, pid: None },
            Phase::Exited(exit) => State::Exited(exit.clone()),
        };
        TaskStatus { id: self.inner.id.clone(), sandbox: self.inner.sandbox.clone(), state }
    }

    /// Kills it, waits until it holds nothing any more, and removes its record.
    pub(crate) async fn delete(&self) -> std::io::Result<()> {
        self.inner.end(SIGKILL);
        if tokio::time::timeout(DELETE_PATIENCE, self.wait()).await.is_err() {
            // A system call holds it, on a file system that does not answer. Its thread ends when that does.
            tracing::warn!(id = %self.inner.id, "the guest does not end");
        }
        self.inner.forgotten.store(true, Ordering::Release);
        self.inner.host.records.remove(&self.inner.id)
    }
}

impl Inner {
    /// Ends it as `signal` would. The first signal counts.
    fn end(&self, signal: i32) {
        if self.signal.compare_exchange(0, signal, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return;
        }
        self.killed.cancel();
        // One that was never started has nothing else to end it.
        let unstarted = self.prepared.lock().take();
        if unstarted.is_some() {
            self.exit(self.by_signal(None));
        }
    }

    /// The exit that the signal brings about.
    fn by_signal(&self, started_at: Option<Timestamp>) -> Exit {
        let signal = self.signal.load(Ordering::Acquire);
        let (code, signal) = (128 + signal, Some(signal));
        Exit { code, signal, oom_killed: false, message: None, started_at, finished_at: Timestamp::now() }
    }

    /// Makes the exit known: on disk, then to whoever waits.
    fn exit(&self, exit: Exit) {
        if !self.forgotten.load(Ordering::Acquire) {
            let record = Record { sandbox: self.sandbox.clone(), exit: Some(exit.clone()) };
            if let Err(error) = self.host.records.write(&self.id, &record) {
                tracing::warn!(id = %self.id, %error, "the exit cannot be recorded");
            }
        }
        self.phase.send_replace(Phase::Exited(exit));
    }

    /// The whole run, on the guest's own executor.
    async fn run(self: Arc<Self>, run: Run, started_at: Timestamp) {
        let metered = Metered::new(run.guest, self.host.ticker.clone(), Arc::clone(&self.usage))
            .cpu_limit(run.cpu_millis)
            .weight(run.weight)
            .identity(run.identity);
        let outcome = tokio::select! {
            biased;
            () = self.killed.cancelled() => None,
            outcome = AssertUnwindSafe(metered).catch_unwind() => {
                Some(outcome.unwrap_or_else(|_| Outcome::Failed("the shim failed".into())))
            }
        };
        // Here the guest and all it had open are gone.
        drop(run.files);
        self.usage.memory_bytes.store(0, Ordering::Relaxed);
        output::finish(&run.log);
        let exit = match outcome {
            None => self.by_signal(Some(started_at)),
            Some(outcome) => exit_of(outcome, started_at),
        };
        if let Some(message) = &exit.message {
            // Where people look first. A full disk keeps it to the status.
            let line = format!("{message}\n");
            let _ = run.log.lock().write(Stream::Stderr, line.as_bytes(), Timestamp::now());
        }
        self.exit(exit);
    }

    fn wrong_state(&self) -> Error {
        let state = match &*self.phase.borrow() {
            Phase::Created => "being started",
            Phase::Running(_) => "running",
            Phase::Exited(_) => "exited",
        };
        Error::WrongState { id: self.id.clone(), state: state.into(), wanted: "created".into() }
    }
}

/// A run under way, with what lives as long.
struct Run {
    guest: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    cpu_millis: Option<u64>,
    weight: Weight,
    identity: Option<Identity>,
    log: Log,
    files: Option<Files>,
}

fn exit_of(outcome: Outcome, started_at: Timestamp) -> Exit {
    let (code, signal, oom_killed, message) = match outcome {
        Outcome::Code(code) => (code, None, false, None),
        Outcome::Trap(message) => (code::TRAP, None, false, Some(message)),
        Outcome::OutOfMemory(message) => (code::KILLED, Some(9), true, Some(message)),
        Outcome::Failed(message) => (code::NOT_STARTED, None, false, Some(message)),
    };
    Exit { code, signal, oom_killed, message, started_at: Some(started_at), finished_at: Timestamp::now() }
}

/// Whether a signal ends a program that handles none, as signal(7) has it. Guests cannot handle any.
fn ends(signal: i32) -> bool {
    // CHLD, CONT, URG and WINCH do nothing; STOP, TSTP, TTIN and TTOU would stop it, which is not offered.
    (1..=64).contains(&signal) && !matches!(signal, 17..=23 | 28)
}

#[async_trait::async_trait]
impl Task for Container {
    fn id(&self) -> &ContainerId {
        &self.inner.id
    }

    async fn start(&self) -> Result<()> {
        let inner = &self.inner;
        let Some(prepared) = inner.prepared.lock().take() else { return Err(inner.wrong_state()) };
        let started_at = Timestamp::now();
        inner.phase.send_replace(Phase::Running(started_at));
        let run = Run {
            guest: Box::pin(guest::run(inner.host.engine.clone(), prepared.program, prepared.guest)),
            cpu_millis: prepared.cpu_millis,
            weight: prepared.weight,
            identity: prepared.identity,
            log: prepared.log,
            files: prepared.files,
        };
        let begun = prepared.place.run(Arc::clone(inner).run(run, started_at)).await;
        begun.map_err(|error| {
            let error = Error::internal("cannot start the guest's thread", &error);
            inner.exit(exit_of(Outcome::Failed(error.to_string()), started_at));
            error
        })
    }

    async fn kill(&self, signal: i32) -> Result<()> {
        if ends(signal) {
            self.inner.end(signal);
        }
        Ok(())
    }

    async fn wait(&self) -> Result<Exit> {
        let mut phases = self.inner.phase.subscribe();
        let phase = phases.wait_for(|phase| matches!(phase, Phase::Exited(_))).await;
        match phase.as_deref() {
            Ok(Phase::Exited(exit)) => Ok(exit.clone()),
            // The sender lives in `self`.
            _ => Err(Error::not_found(&self.inner.id)),
        }
    }

    async fn status(&self) -> Result<TaskStatus> {
        Ok(self.describe())
    }

    async fn stats(&self) -> Result<Stats> {
        Ok(Stats {
            cpu_nanos: self.inner.usage.cpu_nanos.load(Ordering::Relaxed),
            memory_bytes: self.inner.usage.memory_bytes.load(Ordering::Relaxed),
        })
    }
}
