//! The in-memory runtime: containers that are entries in a map, with scripted latencies, exits and faults.
//!
//! Cheap enough for hollow nodes: a container costs its id and a few words, and no task or timer unless somebody waits
//! for its exit. Time is tokio's, so a paused clock drives it; the time of day comes from a function.

use std::{collections::BTreeMap, fmt, io, sync::Arc, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

use crate::{
    ContainerId, ContainerSpec, Error, Exit, Info, Result, Runtime, SandboxId, State, Stats, Task,
    TaskStatus,
    logs::{LogWriter, Stream},
};

/// What one container will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// How long creating takes.
    pub create_takes: Duration,
    /// How long starting takes.
    pub start_takes: Duration,
    /// What creating fails with.
    pub create_fails: Option<Error>,
    /// What starting fails with.
    pub start_fails: Option<Error>,
    /// When and how the program ends by itself; `None` is never.
    pub exits: Option<ScriptedExit>,
    /// Whether the program goes on after SIGTERM.
    pub ignores_sigterm: bool,
    /// What it writes to its log when it starts; nothing touches the disk if this is empty.
    pub output: Vec<(Stream, String)>,
    /// What it uses.
    pub stats: Stats,
}

/// An exit that will come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedExit {
    /// How long after the start.
    pub after: Duration,
    /// The exit code.
    pub code: i32,
    /// Whether the memory limit is what ends it.
    pub oom_killed: bool,
}

/// Says what a container will do.
pub type Scripts = dyn Fn(&ContainerSpec) -> Script + Send + Sync;

/// The time of day.
pub type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// The in-memory runtime.
pub struct FakeRuntime {
    scripts: Box<Scripts>,
    clock: Arc<Clock>,
    containers: Mutex<BTreeMap<ContainerId, Arc<FakeTask>>>,
}

impl fmt::Debug for FakeRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeRuntime")
            .field("containers", &self.containers.lock().len())
            .finish_non_exhaustive()
    }
}

impl Default for FakeRuntime {
    /// Every container runs until it is killed.
    fn default() -> Self {
        Self::new(|_| Script::default())
    }
}

impl FakeRuntime {
    /// Containers that do what `scripts` says.
    pub fn new(scripts: impl Fn(&ContainerSpec) -> Script + Send + Sync + 'static) -> Self {
        Self::with_clock(scripts, Arc::new(Timestamp::now))
    }

    /// [`FakeRuntime::new`] with another time of day.
    pub fn with_clock(
        scripts: impl Fn(&ContainerSpec) -> Script + Send + Sync + 'static,
        clock: Arc<Clock>,
    ) -> Self {
        Self { scripts: Box::new(scripts), clock, containers: Mutex::default() }
    }

    fn find(&self, id: &ContainerId) -> Result<Arc<FakeTask>> {
        self.containers.lock().get(id).cloned().ok_or_else(|| Error::not_found(id))
    }
}

#[async_trait::async_trait]
impl Runtime for FakeRuntime {
    async fn info(&self) -> Result<Info> {
        Ok(Info { name: "fake".into(), version: env!("CARGO_PKG_VERSION").into() })
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Task>> {
        let script = (self.scripts)(&spec);
        pause(script.create_takes).await;
        if let Some(error) = script.create_fails {
            return Err(error);
        }
        let mut containers = self.containers.lock();
        if containers.contains_key(&spec.id) {
            return Err(Error::AlreadyExists { id: spec.id });
        }
        let log_path = (!script.output.is_empty()).then_some(spec.log_path);
        let task = Arc::new(FakeTask {
            id: spec.id.clone(),
            sandbox: spec.sandbox.id,
            log_path,
            script,
            clock: Arc::clone(&self.clock),
            phase: watch::Sender::new(Phase::Created),
        });
        containers.insert(spec.id, Arc::clone(&task));
        Ok(task)
    }

    async fn get(&self, id: &ContainerId) -> Result<Arc<dyn Task>> {
        Ok(self.find(id)?)
    }

    async fn list(&self) -> Result<Vec<TaskStatus>> {
        Ok(self.containers.lock().values().map(|task| task.describe()).collect())
    }

    async fn delete(&self, id: &ContainerId) -> Result<()> {
        let gone = self.containers.lock().remove(id);
        if let Some(task) = gone {
            task.end(9);
        }
        Ok(())
    }

    async fn delete_sandbox(&self, id: &SandboxId) -> Result<()> {
        let gone: Vec<_> = self.containers.lock().extract_if(.., |_, task| task.sandbox == *id).collect();
        for (_, task) in gone {
            task.end(9);
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Phase {
    Created,
    Starting,
    Running { started_at: Timestamp, since: Instant },
    Exited(Exit),
}

/// One container.
struct FakeTask {
    id: ContainerId,
    sandbox: SandboxId,
    log_path: Option<std::path::PathBuf>,
    script: Script,
    clock: Arc<Clock>,
    phase: watch::Sender<Phase>,
}

impl FakeTask {
    /// The state, after what time has brought about.
    fn state(&self) -> State {
        match &*self.phase.borrow() {
            Phase::Created | Phase::Starting => State::Created,
            Phase::Running { started_at, since } => match self.scripted(*started_at, *since) {
                Some(exit) => State::Exited(exit),
                None => State::Running { started_at: *started_at, pid: None },
            },
            Phase::Exited(exit) => State::Exited(exit.clone()),
        }
    }

    fn describe(&self) -> TaskStatus {
        TaskStatus { id: self.id.clone(), sandbox: self.sandbox.clone(), state: self.state() }
    }

    /// The exit that the script foresees, if its time has come.
    fn scripted(&self, started_at: Timestamp, since: Instant) -> Option<Exit> {
        let exit = self.script.exits.as_ref().filter(|exit| since.elapsed() >= exit.after)?;
        Some(Exit {
            code: exit.code,
            signal: None,
            oom_killed: exit.oom_killed,
            message: None,
            started_at: Some(started_at),
            finished_at: started_at.saturating_add(exit.after).unwrap_or(Timestamp::MAX),
        })
    }

    fn end(&self, signal: i32) {
        self.phase.send_if_modified(|phase| {
            let started_at = match phase {
                Phase::Exited(_) => return false,
                Phase::Running { started_at, since } => match self.scripted(*started_at, *since) {
                    Some(exit) => {
                        *phase = Phase::Exited(exit);
                        return true;
                    }
                    None => Some(*started_at),
                },
                Phase::Created | Phase::Starting => None,
            };
            let finished_at = (self.clock)();
            *phase = Phase::Exited(Exit {
                code: 128 + signal,
                signal: Some(signal),
                oom_killed: false,
                message: None,
                started_at,
                finished_at,
            });
            true
        });
    }

    fn write_log(&self) -> io::Result<()> {
        let Some(path) = &self.log_path else { return Ok(()) };
        let mut log = LogWriter::open(path)?;
        for (stream, text) in &self.script.output {
            log.write(*stream, text.as_bytes(), (self.clock)())?;
        }
        log.finish(Stream::Stdout, (self.clock)())?;
        log.finish(Stream::Stderr, (self.clock)())
    }
}

#[async_trait::async_trait]
impl Task for FakeTask {
    fn id(&self) -> &ContainerId {
        &self.id
    }

    async fn start(&self) -> Result<()> {
        let starting = self.phase.send_if_modified(|phase| {
            let created = matches!(phase, Phase::Created);
            if created {
                *phase = Phase::Starting;
            }
            created
        });
        if !starting {
            return Err(self.wrong_state());
        }
        pause(self.script.start_takes).await;
        let result = match &self.script.start_fails {
            Some(error) => Err(error.clone()),
            None => self.write_log().map_err(|error| Error::internal("cannot write the log", &error)),
        };
        let running = result.is_ok();
        self.phase.send_if_modified(|phase| {
            let starting = matches!(phase, Phase::Starting);
            if starting {
                *phase = match running {
                    true => Phase::Running { started_at: (self.clock)(), since: Instant::now() },
                    false => Phase::Created,
                };
            }
            starting
        });
        result
    }

    async fn kill(&self, signal: i32) -> Result<()> {
        const SIGTERM: i32 = 15;
        if signal > 0 && !(signal == SIGTERM && self.script.ignores_sigterm) {
            self.end(signal);
        }
        Ok(())
    }

    async fn wait(&self) -> Result<Exit> {
        let mut phases = self.phase.subscribe();
        loop {
            phases.mark_unchanged();
            let until = match self.state() {
                State::Exited(exit) => return Ok(exit),
                State::Running { .. } => self.due(),
                State::Created => None,
            };
            let due = async move {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                // The sender lives in `self`.
                _ = phases.changed() => {}
            }
        }
    }

    async fn status(&self) -> Result<TaskStatus> {
        Ok(self.describe())
    }

    async fn stats(&self) -> Result<Stats> {
        Ok(match self.state() {
            State::Running { .. } => self.script.stats.clone(),
            _ => Stats::default(),
        })
    }
}

impl FakeTask {
    /// When the script ends it.
    fn due(&self) -> Option<Instant> {
        match (&*self.phase.borrow(), &self.script.exits) {
            (Phase::Running { since, .. }, Some(exit)) => since.checked_add(exit.after),
            _ => None,
        }
    }

    fn wrong_state(&self) -> Error {
        let state = match self.state() {
            State::Created => "being started",
            State::Running { .. } => "running",
            State::Exited(_) => "exited",
        };
        Error::WrongState { id: self.id.clone(), state: state.into(), wanted: "created".into() }
    }
}

async fn pause(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}
