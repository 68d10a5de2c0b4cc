//! The cluster's processes: the agent by its lock, shims by the run directory on their command lines.

use std::{
    fs, io,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Error, failed};
use crate::cluster::{self, Cluster};

/// The agent finishes what it is writing; then it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
const KILL_TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// Stops the process that runs the cluster in `data_dir`, gently at first. Returns whether there was one.
pub fn stop_agent(data_dir: &Path) -> anyhow::Result<bool> {
    let Some(pid) = cluster::running(data_dir)? else { return Ok(false) };
    for (signal, limit) in [(Signal::SIGTERM, STOP_TIMEOUT), (Signal::SIGKILL, KILL_TIMEOUT)] {
        match kill(Pid::from_raw(pid), signal) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(errno) => anyhow::bail!("cannot stop naru (pid {pid}): {errno}"),
        }
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if cluster::running(data_dir)?.is_none() {
                return Ok(true);
            }
            sleep(POLL);
        }
    }
    anyhow::bail!("naru (pid {pid}) does not stop")
}

/// Kills every shim whose command line names the cluster's run directory, and waits until they are gone.
pub(super) fn kill_shims(cluster: &Cluster) -> Result<(), Error> {
    let deadline = Instant::now() + KILL_TIMEOUT;
    loop {
        let shims = shims(&cluster.run_dir())?;
        if shims.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(failed(format!("end the shims {shims:?}"))(io::ErrorKind::TimedOut.into()));
        }
        for pid in shims {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        sleep(POLL);
    }
}

fn shims(run_dir: &Path) -> Result<Vec<i32>, Error> {
    let entries = fs::read_dir("/proc").map_err(failed("read /proc"))?;
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter(|pid| is_shim(*pid, run_dir)).collect())
}

/// A shim's first argument ends in its name and another one is a path in the run directory. A zombie has neither.
fn is_shim(pid: i32, run_dir: &Path) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let arguments: Vec<String> =
        line.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    let named = Path::new(&arguments[0])
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("naru-shim-"));
    named && arguments[1..].iter().any(|argument| Path::new(argument).starts_with(run_dir))
}
