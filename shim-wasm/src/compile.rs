//! Compiled modules on disk: made once by a child process, kept under the module's digest.
//!
//! Compiling takes seconds and hundreds of megabytes for large modules and is the part of the engine that reads hostile
//! input; a child gives all of it back, cannot take the guests with it, and runs at low priority.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use naru_runtime::{Error, Result};
use tokio::sync::Semaphore;

/// How long one module may take.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The child's exit code for a module that cannot be compiled; its message is on standard error.
const INVALID: u8 = 65;

/// How much of the child's message is passed on, in bytes.
const MAX_MESSAGE: usize = 2048;

/// The ending of a compiled module's file.
const ENDING: &str = "cwasm";

/// A module on the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The file.
    pub(crate) module: PathBuf,
    /// `sha256:<hex>` of it.
    pub(crate) digest: String,
    /// Whether it is a component.
    pub(crate) component: bool,
}

/// The cache and its compiler.
#[derive(Debug)]
pub(crate) struct Compiler {
    cache: PathBuf,
    compatibility: String,
    permits: Semaphore,
}

impl Compiler {
    /// Keeps compiled modules in `cache`, which is made or taken as root's only: its files run as machine code. What other
    /// versions left there is removed.
    pub(crate) fn new(cache: &Path, compatibility: String) -> io::Result<Self> {
        private_dir(cache)?;
        let ending = format!("-{compatibility}.{ENDING}");
        for entry in fs::read_dir(cache)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().ends_with(&ending) {
                fs::remove_file(entry.path())?;
            }
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let permits = Semaphore::new((cores / 2).max(1));
        Ok(Self { cache: cache.to_owned(), compatibility, permits })
    }

    /// The compiled form of `source`, and whether it was there already.
    pub(crate) async fn artifact(&self, source: &Source) -> Result<(PathBuf, bool)> {
        let hex = hex_of(&source.digest)?;
        let path = self.cache.join(format!("{hex}-{}.{ENDING}", self.compatibility));
        if path.exists() {
            return Ok((path, true));
        }
        let _permit = self.permits.acquire().await.expect("invariant: the semaphore is never closed");
        if !path.exists() {
            self.compile(source, &path).await?;
        }
        Ok((path, false))
    }

    async fn compile(&self, source: &Source, path: &Path) -> Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let fresh = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let mut command = tokio::process::Command::new("/proc/self/exe");
        command
            .arg0("naru-shim-wasm")
            .arg("compile")
            .arg("--module")
            .arg(&source.module)
            .arg("--output")
            .arg(&fresh);
        command.arg("--digest").arg(&source.digest);
        if source.component {
            command.arg("--component");
        }
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let result = run(command).await.and_then(|()| {
            fs::rename(&fresh, path)
                .map_err(|error| Error::internal("cannot keep the compiled module", &error))
        });
        if result.is_err() {
            // It may not have come to be.
            let _ = fs::remove_file(&fresh);
        }
        result
    }
}

async fn run(mut command: tokio::process::Command) -> Result<()> {
    let failed =
        |error: &(dyn std::error::Error + 'static)| Error::internal("cannot compile the module", error);
    let child = command.spawn().map_err(|error| failed(&error))?;
    let output = tokio::time::timeout(TIMEOUT, child.wait_with_output()).await;
    let output = output.map_err(|late| failed(&late))?.map_err(|error| failed(&error))?;
    let end = output.stderr.len().min(MAX_MESSAGE);
    let message = String::from_utf8_lossy(&output.stderr[..end]).trim().to_owned();
    match output.status.code() {
        Some(0) => Ok(()),
        Some(code) if code == i32::from(INVALID) => Err(Error::invalid(message)),
        _ => {
            Err(Error::Internal { message: format!("the compiler ended with {}: {message}", output.status) })
        }
    }
}

/// The hexadecimal part of a digest, which becomes part of a file's name.
fn hex_of(digest: &str) -> Result<&str> {
    let hex = digest.strip_prefix("sha256:").filter(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    });
    hex.ok_or_else(|| Error::invalid(format!("{digest:?} is not a sha256 digest")))
}

/// Makes a directory that is root's (or this user's) only, or makes sure that it is.
pub(crate) fn private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let metadata = fs::metadata(path)?;
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        let message = format!("{} belongs to uid {}", path.display(), metadata.uid());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The child process.
pub(crate) mod child {
    use std::{
        fs,
        io::{self, Read, Write},
        os::unix::fs::OpenOptionsExt,
        process::ExitCode,
    };

    use nix::sys::resource::{Resource, setrlimit};
    use sha2::{Digest, Sha256};

    use super::INVALID;
    use crate::{args::CompileArgs, engine};

    /// The largest module, in bytes.
    const MAX_MODULE: u64 = 512 * 1024 * 1024;

    /// The most memory the compiler may use, in bytes.
    const MAX_MEMORY: u64 = 4 * 1024 * 1024 * 1024;

    /// Compared to guests that serve (0), and as nice(1) counts.
    const NICE: i32 = 10;

    enum Failure {
        Invalid(String),
        Io(io::Error),
    }

    impl From<io::Error> for Failure {
        fn from(error: io::Error) -> Self {
            Self::Io(error)
        }
    }

    /// Compiles and reports by exit code and standard error.
    pub(crate) fn main(args: &CompileArgs) -> ExitCode {
        match compile(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(Failure::Invalid(message)) => {
                eprintln!("{message}");
                ExitCode::from(INVALID)
            }
            Err(Failure::Io(error)) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    fn compile(args: &CompileArgs) -> Result<(), Failure> {
        setrlimit(Resource::RLIMIT_DATA, MAX_MEMORY, MAX_MEMORY).map_err(io::Error::from)?;
        // The shim's main thread started this; nobody wants the result of a dead one.
        nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).map_err(io::Error::from)?;
        // SAFETY: a system call on numbers. Its failure would leave the usual priority.
        let _ = unsafe { nix::libc::setpriority(nix::libc::PRIO_PROCESS, 0, NICE) };
        let module = read(args)?;
        let engine =
            engine::for_compiling().map_err(|error| Failure::Io(io::Error::other(error.to_string())))?;
        let compiled = match args.component {
            true => engine.precompile_component(&module),
            false => engine.precompile_module(&module),
        };
        let what = if args.component { "component" } else { "module" };
        let compiled = compiled
            .map_err(|error| Failure::Invalid(format!("the {what} does not validate: {}", chain(&error))))?;
        let mut output = fs::File::options().create_new(true).write(true).mode(0o600).open(&args.output)?;
        output.write_all(&compiled)?;
        // It will be run as machine code: not half of it, whatever happens to the machine.
        output.sync_all()?;
        Ok(())
    }

    fn read(args: &CompileArgs) -> Result<Vec<u8>, Failure> {
        let mut module = Vec::new();
        let file = fs::File::open(&args.module);
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", args.module.display()));
        file.map_err(named)?.take(MAX_MODULE + 1).read_to_end(&mut module).map_err(named)?;
        if module.len() as u64 > MAX_MODULE {
            return Err(Failure::Invalid(format!("the module is larger than {MAX_MODULE} bytes")));
        }
        let digest: String = Sha256::digest(&module).iter().map(|byte| format!("{byte:02x}")).collect();
        if args.digest != format!("sha256:{digest}") {
            let message = format!("{} is sha256:{digest}, not {}", args.module.display(), args.digest);
            return Err(Failure::Invalid(message));
        }
        Ok(module)
    }

    /// An error with its causes in one line.
    fn chain(error: &wasmtime::Error) -> String {
        error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_digests_become_names() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(hex_of(&format!("sha256:{hex}")).unwrap(), hex);
        for bad in ["", "sha256:", "sha256:../x", &hex, &format!("sha256:{}", hex.to_uppercase())] {
            assert!(hex_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_cache_is_private_and_swept() {
        let dir = tempfile::tempdir().unwrap();
        let cache = dir.path().join("aot");
        fs::create_dir(&cache).unwrap();
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["a-now.cwasm", "a-before.cwasm", "a-now.1-1.tmp"] {
            fs::write(cache.join(name), "").unwrap();
        }
        Compiler::new(&cache, "now".into()).unwrap();
        assert_eq!(fs::metadata(&cache).unwrap().mode() & 0o777, 0o700);
        let left: Vec<_> = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["a-now.cwasm"]);
    }
}
