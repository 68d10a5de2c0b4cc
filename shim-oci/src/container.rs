//! One container: made by libcontainer, started, waited for, taken apart.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use libcontainer::{
    container::builder::ContainerBuilder,
    notify_socket::{NOTIFY_FILE, NotifySocket},
    syscall::syscall::SyscallType,
};
use naru_runtime::{
    ContainerId, ContainerSpec, Error, Exit, Result, Root, SandboxId, State, Stats, Task, TaskStatus,
};
use nix::sys::wait::WaitStatus;
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    deadline::Deadline,
    journal,
    output::Output,
    program::{self, Program},
    record::Record,
    sandbox::Sandbox,
    spec::{self, Place, quoted},
    workdir,
};

/// How long the output of an ended container may take to arrive: its processes are dead, so that only a descriptor handed
/// out of the pod can keep it open.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a killed container may take to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long libcontainer may take to make a container, which is some milliseconds as a rule.
const CREATE_TIMEOUT: Duration = Duration::from_secs(20);
/// What a container's exit says if its shim was killed.
const ORPHANED: &str = "the container was killed because its shim ended unexpectedly";
/// Memory limits below this leave a container's first process no room, in bytes.
const LITTLE_MEMORY: u64 = 16 << 20;

/// One container of the pod.
#[derive(Debug)]
pub(crate) struct Container {
    id: ContainerId,
    sandbox: Arc<Sandbox>,
    cgroup: String,
    state: watch::Sender<State>,
    process: Mutex<Process>,
}

/// The container's first process, as long as the kernel keeps its id for us.
#[derive(Debug, Default)]
struct Process {
    pid: Option<i32>,
    output: Option<JoinHandle<()>>,
}

impl Container {
    /// Makes a container whose program waits to be started. Blocks for some milliseconds: everything is done by this thread.
    pub(crate) fn create(sandbox: &Arc<Sandbox>, asked: &ContainerSpec) -> Result<Self> {
        let cgroup = format!("{}/{}", sandbox.spec.cgroup, asked.id);
        let place = Place {
            holder: std::process::id(),
            shm: &sandbox.shm(),
            cgroup: &cgroup,
            cgroups: &sandbox.cgroups,
        };
        let spec = spec::build(asked, &place)?;
        let container = Self {
            id: asked.id.clone(),
            sandbox: Arc::clone(sandbox),
            cgroup,
            state: watch::Sender::new(State::Created),
            process: Mutex::default(),
        };
        let made = container.make(asked, &spec);
        if made.is_err() {
            // Processes of a container that was given up may still wait for us.
            sandbox.cgroups.kill(&container.cgroup);
            container.remove_files();
        }
        made.map(|()| container)
    }

    fn make(&self, asked: &ContainerSpec, spec: &oci_spec::runtime::Spec) -> Result<()> {
        let failed = |doing: &str| {
            let doing = format!("cannot {doing}");
            move |error: io::Error| Error::internal(&doing, &error)
        };
        let directory = self.directory();
        fs::create_dir_all(&directory).map_err(failed("make the container's directory"))?;
        let json = serde_json::to_vec(spec)
            .map_err(|error| Error::internal("cannot write the runtime specification", &error))?;
        fs::write(directory.join("config.json"), json).map_err(failed("write the runtime specification"))?;
        let (output, writers) = Output::open(&asked.log_path, asked.user.uid, asked.user.gid)
            .map_err(failed(&format!("open the log {}", asked.log_path.display())))?;
        if let Root::Rootfs { path, .. } = &asked.root {
            workdir::ensure(
                path,
                &asked.working_dir,
                asked.mounts.iter().map(|mount| mount.target.as_path()),
            );
        }
        journal::forget();
        let program = Program::new(asked.args.clone(), spec::environment(asked));
        let deadline = Deadline::after(CREATE_TIMEOUT)
            .map_err(|errno| Error::internal("cannot set the timer for the container's creation", &errno))?;
        let built = ContainerBuilder::new(self.id.0.clone(), SyscallType::default())
            .with_executor(program)
            .with_stdout(writers.stdout)
            .with_stderr(writers.stderr)
            .with_root_path(self.sandbox.libcontainer())
            .and_then(|builder| builder.as_init(&directory).with_systemd(false).build());
        let built = built.map_err(|error| {
            let timeout = CREATE_TIMEOUT.as_secs();
            if deadline.passed() {
                deadline.kill_children();
                let message = format!(
                    "the container's first process did not answer for {timeout} s, or was killed from outside"
                );
                return Error::Internal { message };
            }
            explain(asked, &error)
        })?;
        let pid =
            built.pid().ok_or_else(|| Error::Internal { message: "the container has no process".into() })?;
        adjust_oom_score(pid.as_raw(), asked.resources.oom_score_adjust);
        *self.process.lock() = Process { pid: Some(pid.as_raw()), output: Some(tokio::spawn(output.copy())) };
        self.keep();
        Ok(())
    }

    /// A container that an earlier shim has made, from its record: exited, whether it had by then or not.
    pub(crate) fn recover(sandbox: &Arc<Sandbox>, record: Record) -> Self {
        let state = match record.state {
            State::Exited(exit) => State::Exited(exit),
            unfinished => {
                sandbox.cgroups.kill(&record.cgroup);
                let started_at = match unfinished {
                    State::Running { started_at, .. } => Some(started_at),
                    _ => None,
                };
                State::Exited(Exit {
                    code: 137,
                    signal: Some(9),
                    oom_killed: false,
                    message: Some(ORPHANED.to_owned()),
                    started_at,
                    finished_at: Timestamp::now(),
                })
            }
        };
        let container = Self {
            id: record.id,
            sandbox: Arc::clone(sandbox),
            cgroup: record.cgroup,
            state: watch::Sender::new(state),
            process: Mutex::default(),
        };
        container.keep();
        container
    }

    /// The container's directory, which is also libcontainer's bundle.
    fn directory(&self) -> PathBuf {
        self.sandbox.containers().join(&self.id.0)
    }

    /// The id of its first process, until that is reaped.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.process.lock().pid
    }

    /// Writes the record. On failure the container goes on; only a crash of the shim would show it.
    fn keep(&self) {
        let record =
            Record { id: self.id.clone(), cgroup: self.cgroup.clone(), state: self.state.borrow().clone() };
        if let Err(error) = record.write(&self.directory()) {
            tracing::warn!(%error, container = %self.id, "cannot write the container's record");
        }
    }

    fn change(&self, state: State) {
        self.state.send_replace(state);
        self.keep();
    }

    /// Its first process has been reaped: the kernel may give its id to another from now on.
    pub(crate) fn reaped(&self) {
        self.process.lock().pid = None;
    }

    /// Tells the exit when all its output is in the log.
    pub(crate) async fn finish(&self, status: WaitStatus) {
        let finished_at = Timestamp::now();
        let output = self.process.lock().output.take();
        let oom_kills = self.sandbox.cgroups.oom_kills(&self.cgroup);
        if let Some(output) = output {
            let abort = output.abort_handle();
            if tokio::time::timeout(DRAIN_TIMEOUT, output).await.is_err() {
                tracing::warn!(container = %self.id, "somebody outside holds the container's output open");
                abort.abort();
            }
        }
        let (code, signal) = match status {
            WaitStatus::Signaled(_, signal, _) => (128 + signal as i32, Some(signal as i32)),
            WaitStatus::Exited(_, code) => (code, None),
            _ => (255, None),
        };
        let started_at = match &*self.state.borrow() {
            State::Running { started_at, .. } => Some(*started_at),
            _ => None,
        };
        let oom_killed = oom_kills > 0 && code != 0;
        self.change(State::Exited(Exit { code, signal, oom_killed, message: None, started_at, finished_at }));
    }

    async fn exited(&self) -> Exit {
        let mut states = self.state.subscribe();
        loop {
            if let State::Exited(exit) = &*states.borrow_and_update() {
                return exit.clone();
            }
            // The sender lives in this container, so that it cannot be gone.
            if states.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Kills it, and removes its group and files.
    pub(crate) async fn delete(&self) -> Result<()> {
        if !matches!(&*self.state.borrow(), State::Exited(_)) {
            self.signal(nix::libc::SIGKILL)?;
            let ended = tokio::time::timeout(KILL_TIMEOUT, self.exited()).await;
            ended.map_err(|_| Error::Internal {
                message: format!("container {} does not end after SIGKILL", self.id),
            })?;
        }
        let removed = self.sandbox.cgroups.remove(&self.cgroup).await;
        removed
            .map_err(|error| Error::internal(&format!("cannot remove the group {}", self.cgroup), &error))?;
        self.remove_files();
        Ok(())
    }

    fn remove_files(&self) {
        for path in [self.directory(), self.sandbox.libcontainer().join(&self.id.0)] {
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, path = %path.display(), "cannot remove a directory");
                }
                _ => {}
            }
        }
    }

    fn signal(&self, signal: i32) -> Result<()> {
        // Held while the signal is sent: the process cannot be reaped and its id reused meanwhile.
        let process = self.process.lock();
        let Some(pid) = process.pid else { return Ok(()) };
        // SAFETY: the call has no memory arguments.
        if unsafe { nix::libc::kill(pid, signal) } == 0 {
            return Ok(());
        }
        match nix::errno::Errno::last() {
            nix::errno::Errno::ESRCH => Ok(()),
            nix::errno::Errno::EINVAL => Err(Error::invalid(format!("there is no signal {signal}"))),
            errno => Err(Error::internal(&format!("cannot send signal {signal}"), &errno)),
        }
    }

    fn wrong_state(&self, state: &State, wanted: &str) -> Error {
        let state = match state {
            State::Created => "created",
            State::Running { .. } => "running",
            State::Exited(_) => "exited",
        };
        Error::WrongState { id: self.id.clone(), state: state.into(), wanted: wanted.into() }
    }

    /// Where it stands now.
    pub(crate) fn now(&self) -> TaskStatus {
        let sandbox: SandboxId = self.sandbox.spec.id.clone();
        TaskStatus { id: self.id.clone(), sandbox, state: self.state.borrow().clone() }
    }
}

#[async_trait::async_trait]
impl Task for Container {
    fn id(&self) -> &ContainerId {
        &self.id
    }

    async fn start(&self) -> Result<()> {
        let state = self.state.borrow().clone();
        if state != State::Created {
            return Err(self.wrong_state(&state, "created"));
        }
        let started_at = Timestamp::now();
        // The container's process waits at this socket; libcontainer's own way reads and writes its state as well, which nobody
        // here looks at.
        let socket = self.sandbox.libcontainer().join(&self.id.0).join(NOTIFY_FILE);
        NotifySocket::new(socket)
            .notify_container_start()
            .map_err(|error| Error::internal("cannot start the container", &error))?;
        let pid = self.pid().and_then(|pid| u32::try_from(pid).ok());
        self.change(State::Running { started_at, pid });
        Ok(())
    }

    async fn kill(&self, signal: i32) -> Result<()> {
        self.signal(signal)
    }

    async fn wait(&self) -> Result<Exit> {
        Ok(self.exited().await)
    }

    async fn status(&self) -> Result<TaskStatus> {
        Ok(self.now())
    }

    async fn stats(&self) -> Result<Stats> {
        let stats = self.sandbox.cgroups.stats(&self.cgroup);
        stats.map_err(|error| Error::internal("cannot read what the container uses", &error))
    }
}

/// Turns libcontainer's error into one for the pod's user where the image or the spec is to blame.
fn explain(asked: &ContainerSpec, error: &(dyn std::error::Error + 'static)) -> Error {
    let (errors, text) = (journal::last_errors(), chain(error));
    let init = |why: &str| {
        Error::invalid(format!(
            "unable to start container process: error during container init: {why}: unknown"
        ))
    };
    if let Some(start) = text.find(program::REFUSAL) {
        return init(text[start..].trim());
    }
    if let Some(line) = errors.lines().find(|line| line.starts_with("failed to chdir ")) {
        let why = ["ENOENT", "ENOTDIR", "EACCES"].into_iter().zip([
            "no such file or directory",
            "not a directory",
            "permission denied",
        ]);
        let why = why.into_iter().find(|(name, _)| line.contains(name)).map_or(line, |(_, why)| why);
        return init(&format!(
            "chdir to cwd ({}) set in config.json failed: {why}",
            quoted(&asked.working_dir)
        ));
    }
    if let Root::Rootfs { path, .. } = &asked.root
        && !path.is_dir()
    {
        return Error::invalid(format!("the root file system {} is missing", path.display()));
    }
    let causes = errors.lines().collect::<Vec<_>>().join("; ");
    if let Some(place) = errors.find("failed to mount ") {
        return init(errors[place..].lines().next().unwrap_or_default());
    }
    if asked.resources.memory_bytes.is_some_and(|bytes| bytes < LITTLE_MEMORY) {
        return init(&format!("container init was OOM-killed (memory limit too low?): {text}"));
    }
    Error::Internal { message: format!("cannot create the container: {text} ({causes})") }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// The records below a pod's `containers` directory.
pub(crate) fn records(directory: &Path) -> Vec<Record> {
    let Ok(listing) = fs::read_dir(directory) else { return Vec::new() };
    listing.flatten().filter_map(|entry| Record::read(&entry.path())).collect()
}

/// Makes the kernel kill a process sooner or later than others when the machine has no memory left; its children inherit it.
/// libcontainer would do this to the shim itself.
fn adjust_oom_score(pid: i32, adjust: i32) {
    if adjust != 0
        && let Err(error) = fs::write(format!("/proc/{pid}/oom_score_adj"), adjust.to_string())
    {
        tracing::warn!(%error, pid, adjust, "the kernel does not take the score of a container");
    }
}
