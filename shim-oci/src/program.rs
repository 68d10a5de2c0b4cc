//! The last steps in a container's first process: finding the program, tying its life to the shim's, and running it.
//!
//! This code runs after libcontainer has set everything up: in the container's namespaces and file systems and as its user.

use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::CString,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    rc::Rc,
};

use libcontainer::workload::{Executor, ExecutorError, ExecutorSetEnvsError, ExecutorValidationError};
use nix::{
    errno::Errno,
    sys::{
        prctl::set_pdeathsig,
        signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask},
    },
    unistd::{AccessFlags, access, execve, write},
};
use oci_spec::runtime::Spec;

/// What the message of a program that cannot be run begins with; the caller tells by it that the user is to blame.
pub(crate) const REFUSAL: &str = "exec: ";

/// Runs a container's program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    args: Vec<String>,
    env: Vec<String>,
    /// What libcontainer found in the container's /etc/passwd; a user who is not in it has the root directory, as with runc.
    home: Rc<RefCell<Option<String>>>,
}

impl Program {
    /// A program by its name or path and its arguments, with its environment in order.
    pub(crate) fn new(args: Vec<String>, env: Vec<String>) -> Self {
        Self { args, env, home: Rc::default() }
    }

    fn search_path(&self) -> &str {
        self.env.iter().rev().find_map(|var| var.strip_prefix("PATH=")).unwrap_or_default()
    }

    fn environment(&self) -> Vec<CString> {
        let home = self.home.borrow();
        let has_home = self.env.iter().any(|var| var.starts_with("HOME=") && var.len() > "HOME=".len());
        let home = (!has_home).then(|| format!("HOME={}", home.as_deref().unwrap_or("/")));
        self.env.iter().cloned().chain(home).filter_map(|var| CString::new(var).ok()).collect()
    }

    /// Replaces the process; returns only if that fails.
    fn run(&self) -> String {
        let refused = |error: &str| format!("{REFUSAL}{:?}: {error}", self.args[0]);
        let path = match find(&self.args[0], self.search_path()) {
            Ok(path) => path,
            Err(message) => return message,
        };
        let args: Result<Vec<CString>, _> = self.args.iter().map(|arg| CString::new(arg.as_str())).collect();
        let (Ok(path), Ok(args)) = (CString::new(path.as_os_str().as_bytes()), args) else {
            return refused("NUL byte in an argument");
        };
        let Err(errno) = execve(&path, &args, &self.environment());
        refused(describe(errno))
    }
}

impl Executor for Program {
    fn validate(&self, _: &Spec) -> Result<(), ExecutorValidationError> {
        // If the shim is killed its containers die with it: nobody would know of them. Cleared by the change of user that
        // came before, so that it cannot be set earlier.
        let tied = set_pdeathsig(Signal::SIGKILL);
        tied.map_err(|errno| ExecutorValidationError::ArgValidationError(errno.to_string()))?;
        let found = find(&self.args[0], self.search_path());
        found.map(drop).map_err(ExecutorValidationError::ArgValidationError)
    }

    fn setup_envs(&self, envs: HashMap<String, String>) -> Result<(), ExecutorSetEnvsError> {
        *self.home.borrow_mut() = envs.get("HOME").cloned();
        Ok(())
    }

    fn exec(&self, _: &Spec) -> Result<(), ExecutorError> {
        restore_signals().map_err(|errno| ExecutorError::Other(errno.to_string()))?;
        let message = self.run();
        // The container's log is where its user looks; the shim has answered the start long ago.
        let _ = write(std::io::stderr(), format!("{message}\n").as_bytes());
        Err(ExecutorError::Other(message))
    }
}

/// Gives every signal its default action, and blocks none. What is ignored stays so after exec: SIGPIPE by Rust's runtime, others
/// by whatever started the agent.
fn restore_signals() -> Result<(), Errno> {
    let fixed = [Signal::SIGKILL, Signal::SIGSTOP];
    for each in Signal::iterator().filter(|each| !fixed.contains(each)) {
        // SAFETY: the default action is no handler.
        unsafe { signal(each, SigHandler::SigDfl) }?;
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
}

/// Finds a program as a shell does; the error is what to tell the user, in the words of other runtimes.
fn find(name: &str, search_path: &str) -> Result<PathBuf, String> {
    if name.contains('/') {
        let path = PathBuf::from(name);
        return match check(&path) {
            Ok(()) => Ok(path),
            Err(Errno::ENOENT) => Err(format!("{REFUSAL}{name:?}: stat {name}: no such file or directory")),
            Err(errno) => Err(format!("{REFUSAL}{name:?}: {}", describe(errno))),
        };
    }
    let mut denied = false;
    for directory in search_path.split(':') {
        let directory = if directory.is_empty() { "." } else { directory };
        let path = Path::new(directory).join(name);
        match check(&path) {
            Ok(()) => return Ok(path),
            Err(Errno::EACCES) => denied = true,
            Err(_) => {}
        }
    }
    let why = if denied { "permission denied" } else { "executable file not found in $PATH" };
    Err(format!("{REFUSAL}{name:?}: {why}"))
}

/// Whether the file is one that this user may execute.
fn check(path: &Path) -> Result<(), Errno> {
    let meta =
        fs::metadata(path).map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    if meta.is_dir() {
        return Err(Errno::EISDIR);
    }
    access(path, AccessFlags::X_OK)
}

/// An error number as C libraries word it.
pub(crate) fn describe(errno: Errno) -> &'static str {
    match errno {
        Errno::EACCES => "permission denied",
        Errno::ENOENT => "no such file or directory",
        Errno::ENOEXEC => "exec format error",
        Errno::EISDIR => "is a directory",
        Errno::ENOTDIR => "not a directory",
        Errno::E2BIG => "argument list too long",
        other => other.desc(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn finds_programs_as_a_shell_does() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        for (name, mode) in [("run", 0o755), ("data", 0o644)] {
            fs::write(dir.join(name), "").unwrap();
            fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(dir.join("directory")).unwrap();
        let search = format!("/nonexistent:{}", dir.display());
        let at = |name: &str| dir.join(name).to_string_lossy().into_owned();
        assert_eq!(find("run", &search).unwrap(), dir.join("run"));
        assert_eq!(find(&at("run"), "").unwrap(), dir.join("run"));
        for (name, expected) in [
            ("foo".to_owned(), "exec: \"foo\": executable file not found in $PATH".to_owned()),
            ("directory".to_owned(), "exec: \"directory\": executable file not found in $PATH".to_owned()),
            ("data".to_owned(), "exec: \"data\": permission denied".to_owned()),
            (at("data"), format!("exec: {:?}: permission denied", at("data"))),
            (at("directory"), format!("exec: {:?}: is a directory", at("directory"))),
            (at("none"), format!("exec: {:?}: stat {}: no such file or directory", at("none"), at("none"))),
        ] {
            assert_eq!(find(&name, &search).unwrap_err(), expected);
        }
    }

    #[test]
    fn home_is_added_only_where_it_is_missing() {
        let program =
            |env: &[&str]| Program::new(vec!["x".into()], env.iter().map(|v| (*v).to_owned()).collect());
        let with_home = |program: Program| {
            program.setup_envs(HashMap::from([("HOME".into(), "/root".into())])).unwrap();
            program.environment().into_iter().map(|var| var.into_string().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(with_home(program(&["B=1", "A=2"])), ["B=1", "A=2", "HOME=/root"]);
        assert_eq!(with_home(program(&["HOME=/app"])), ["HOME=/app"]);
        let nobody = program(&["A=1"]).environment();
        assert_eq!(nobody, [c"A=1".to_owned(), c"HOME=/".to_owned()]);
    }
}
