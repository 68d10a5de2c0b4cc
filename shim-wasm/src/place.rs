//! Where guests run: on threads shared by all, or on one of their own inside a pod's network namespace.
//!
//! A socket belongs to the namespace of the thread that makes it. A guest with a namespace therefore gets a thread that
//! has entered it for good, with an executor whose helper threads are its children and are inside, too.

use std::{fs::File, io, path::Path, sync::OnceLock};

use naru_runtime::{Error, Result};
use nix::sched::{CloneFlags, setns};
use tokio::runtime::{Builder, Runtime};

/// A thread's stack, in bytes: guests run on stacks of their own.
const STACK: usize = 256 * 1024;

/// The most helper threads for files and names of a guest in a namespace.
const NAMESPACE_HELPERS: usize = 2;

/// The most helper threads for files and names of all guests without.
const SHARED_HELPERS: usize = 16;

/// Where one guest will run.
#[derive(Debug)]
pub(crate) enum Place {
    /// In the host's network.
    Shared,
    /// In this network namespace.
    Namespace(File),
}

impl Place {
    /// The place for a sandbox.
    pub(crate) fn new(network_namespace: Option<&Path>) -> Result<Self> {
        let Some(path) = network_namespace else { return Ok(Self::Shared) };
        let file = File::open(path);
        let named = |error: io::Error| {
            Error::internal(&format!("cannot open the network namespace {}", path.display()), &error)
        };
        file.map(Self::Namespace).map_err(named)
    }

    /// Whether a blocking call would block nobody but the guest itself.
    pub(crate) fn own_thread(&self) -> bool {
        matches!(self, Self::Namespace(_))
    }

    /// Runs `guest` there. Returns when it has been begun.
    pub(crate) async fn run(self, guest: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        match self {
            Self::Shared => {
                // The container watches it by its phase; it lives no longer than the process.
                drop(shared()?.spawn(guest));
                Ok(())
            }
            Self::Namespace(namespace) => in_namespace(namespace, guest).await,
        }
    }
}

/// The executor of guests in the host's network; made with the first one.
fn shared() -> io::Result<&'static Runtime> {
    static SHARED: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = SHARED.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .thread_name("guests")
        .max_blocking_threads(SHARED_HELPERS)
        .enable_all()
        .build()?;
    Ok(SHARED.get_or_init(|| runtime))
}

async fn in_namespace(namespace: File, guest: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let (begun, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("guest".into()).stack_size(STACK).spawn(move || {
        let entered = setns(&namespace, CloneFlags::CLONE_NEWNET).map_err(io::Error::from).and_then(|()| {
            Builder::new_current_thread()
                .max_blocking_threads(NAMESPACE_HELPERS)
                .thread_stack_size(STACK)
                .enable_all()
                .build()
        });
        // The namespace lives as long as its threads.
        drop(namespace);
        match entered {
            Ok(runtime) => {
                // Whoever started it may have left; the guest runs all the same.
                let _ = begun.send(Ok(()));
                runtime.block_on(guest);
                // A helper stuck in a system call is not waited for.
                runtime.shutdown_background();
            }
            Err(error) => {
                let _ = begun.send(Err(error));
            }
        }
    });
    // The container watches it by its phase.
    drop(thread?);
    result.await.unwrap_or_else(|_| Err(io::Error::other("the guest's thread ended")))
}
