//! Starts a shim so that it outlives the agent, or finds the one that runs already.
//!
//! The agent's half is [`ShimCommand::ensure`], the shim's half is [`detach`], the first thing in its `main`. A shim has its
//! own session, no inherited descriptors, no terminal, and its output goes to a log file.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::time::Instant;

use super::ShimClient;
use crate::{Error, Result};

/// How long a new shim may take until its socket answers.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// The pauses between looks at a new shim's socket: the first, doubled up to the last.
const POLL: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// How much of a failed shim's output goes into the error, in bytes.
const OUTPUT_SHOWN: usize = 1024;

/// Where the shim binaries are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShimDir(PathBuf);

impl ShimDir {
    /// The environment variable that says where; tests set it.
    pub const ENV: &str = "NARU_SHIM_DIR";

    /// The directory in [`ShimDir::ENV`], else the one the running program is in.
    pub fn find() -> io::Result<Self> {
        if let Some(dir) = std::env::var_os(Self::ENV).filter(|dir| !dir.is_empty()) {
            return Ok(Self(dir.into()));
        }
        let program = std::env::current_exe()?;
        let dir = program.parent().ok_or_else(|| io::Error::other("the running program has no directory"))?;
        Ok(Self(dir.to_owned()))
    }

    /// A given directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self(dir.into())
    }

    /// The path of the binary `name`, for example `naru-shim-oci`; fails with [`io::ErrorKind::NotFound`] and a message
    /// that says where it was looked for.
    pub fn binary(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        if path.is_file() {
            return Ok(path);
        }
        let message =
            format!("no {name} in {}; install it beside naru or set {}", self.0.display(), Self::ENV);
        Err(io::Error::new(io::ErrorKind::NotFound, message))
    }
}

/// How to start a shim.
#[derive(Clone, Debug)]
pub struct ShimCommand {
    /// The binary.
    pub program: PathBuf,
    /// Its arguments, the socket's path among them.
    pub args: Vec<OsString>,
    /// The socket it will serve.
    pub socket: PathBuf,
    /// Where its output goes, appended; its directory exists.
    pub log: PathBuf,
}

impl ShimCommand {
    /// A client of the shim that serves the socket; starts it if none answers. Two calls for one socket may run at once:
    /// the socket's lock lets one shim live, and both get a client of it.
    pub async fn ensure(&self) -> Result<ShimClient> {
        if let Ok(client) = ShimClient::connect(&self.socket).await {
            return Ok(client);
        }
        self.spawn().await
    }

    /// Starts the shim and waits for its socket to answer.
    pub async fn spawn(&self) -> Result<ShimClient> {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.log)
            .map_err(|error| self.failed(&error))?;
        let length = log.metadata().map_err(|error| self.failed(&error))?.len();
        let output = log.try_clone().map_err(|error| self.failed(&error))?;
        // Nothing runs between fork and exec, so that the C library can use vfork: forking an agent with tens of megabytes
        // costs more than starting the shim. The shim leaves our session by itself (`detach`).
        let mut child = tokio::process::Command::new(&self.program)
            .args(&self.args)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(log)
            .kill_on_drop(false)
            .spawn()
            .map_err(|error| self.failed(&error))?;
        let deadline = Instant::now() + START_TIMEOUT;
        let mut pause = POLL.0;
        loop {
            let refused = match ShimClient::connect(&self.socket).await {
                // Dropping the child does not touch it; the async runtime reaps it when it ends.
                Ok(client) => return Ok(client),
                Err(error) => error,
            };
            let ended = child.try_wait().map_err(|error| self.failed(&error))?;
            if let Some(status) = ended {
                // It may have lost the race for the socket to a shim that is about to answer.
                return match ShimClient::connect(&self.socket).await {
                    Ok(client) => Ok(client),
                    Err(_) => Err(Error::Internal { message: self.died(status, length) }),
                };
            }
            if Instant::now() >= deadline {
                // The id is ours: the child has not been reaped.
                let _ = child.start_kill();
                return Err(refused);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(POLL.1);
        }
    }

    fn failed(&self, error: &(dyn std::error::Error + 'static)) -> Error {
        Error::internal(&format!("cannot start {}", self.program.display()), error)
    }

    fn died(&self, status: std::process::ExitStatus, from: u64) -> String {
        let said = output_since(&self.log, from).unwrap_or_default();
        format!("{} ended at once ({status}): {}", self.program.display(), said.trim())
    }
}

/// The end of what was written to `log` after `from`.
fn output_since(log: &Path, from: u64) -> io::Result<String> {
    let bytes = fs::read(log)?;
    let new = bytes.get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default();
    let end = &new[new.len().saturating_sub(OUTPUT_SHOWN)..];
    Ok(String::from_utf8_lossy(end).into_owned())
}

/// Cuts a shim loose from whoever started it; the first call in its `main`, before any thread or file exists.
///
/// It gets a session of its own (no terminal's signals reach it), loses every descriptor above stderr (a lock, a pipe or a
/// socket of the starter would live as long as the containers), and SIGHUP, SIGINT and SIGTERM do nothing: containers
/// end when the agent says so, or by SIGKILL.
pub fn detach() -> io::Result<()> {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
    // Fails for a group's leader, which is what a shell makes of a program started by hand: then it stays in that session.
    let _ = nix::unistd::setsid();
    // SAFETY: this is the first statement of a program's main by contract, so no value in it owns a descriptor above 2.
    let closed = unsafe { nix::libc::syscall(nix::libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    if closed != 0 {
        return Err(io::Error::last_os_error());
    }
    // A handler that does nothing, not `SIG_IGN`: a handler is gone after exec, while a container's program would inherit
    // the ignoring and never hear SIGTERM.
    let nothing = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    for ignored in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: the handler touches nothing.
        unsafe { sigaction(ignored, &nothing) }?;
    }
    Ok(())
}

extern "C" fn nothing(_signal: nix::libc::c_int) {}
