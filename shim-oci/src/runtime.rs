//! The pod's containers as a [`Runtime`], and the reaper that hears of their ends.

use std::{collections::HashMap, convert::Infallible, fs, io, sync::Arc};

use naru_runtime::{ContainerId, ContainerSpec, Error, Info, Result, Runtime, SandboxId, Task, TaskStatus};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use parking_lot::Mutex;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    container::{Container, records},
    sandbox::Sandbox,
};

/// The longest container id: it is a file name.
const ID_LIMIT: usize = 253;

/// The containers of one pod.
#[derive(Debug)]
pub(crate) struct OciRuntime {
    sandbox: Arc<Sandbox>,
    containers: Mutex<HashMap<ContainerId, Arc<Container>>>,
    /// Ends the shim.
    end: CancellationToken,
}

impl OciRuntime {
    /// Takes over what an earlier shim of the pod has left.
    pub(crate) fn open(sandbox: Arc<Sandbox>, end: CancellationToken) -> io::Result<Self> {
        fs::create_dir_all(sandbox.containers())?;
        fs::create_dir_all(sandbox.libcontainer())?;
        let recovered = records(&sandbox.containers()).into_iter().map(|record| {
            let container = Container::recover(&sandbox, record);
            (container.now().id, Arc::new(container))
        });
        let containers = Mutex::new(recovered.collect());
        Ok(Self { sandbox, containers, end })
    }

    fn find(&self, id: &ContainerId) -> Option<Arc<Container>> {
        self.containers.lock().get(id).cloned()
    }

    /// Hears of every child that ends, for ever. To be polled on the thread that creates containers, so that no child is
    /// reaped before it is known.
    pub(crate) fn reap(self: Arc<Self>) -> io::Result<impl Future<Output = Infallible>> {
        let mut ended = signal(SignalKind::child())?;
        Ok(async move {
            let mut finishing = JoinSet::new();
            loop {
                tokio::select! {
                    _ = ended.recv() => {}
                    Some(_) = finishing.join_next() => continue,
                }
                while let Some((pid, status)) = next_ended() {
                    // libcontainer's helpers and containers that could not be made are nobody's.
                    let container = self.containers.lock().values().find(|c| c.pid() == Some(pid)).cloned();
                    if let Some(container) = container {
                        container.reaped();
                        finishing.spawn(async move { container.finish(status).await });
                    }
                }
            }
        })
    }
}

/// Reaps a child that has ended, if there is one.
fn next_ended() -> Option<(i32, WaitStatus)> {
    let status = waitpid(None, Some(WaitPidFlag::WNOHANG)).ok()?;
    Some((status.pid()?.as_raw(), status))
}

#[async_trait::async_trait]
impl Runtime for OciRuntime {
    async fn info(&self) -> Result<Info> {
        Ok(Info { name: "oci".into(), version: env!("CARGO_PKG_VERSION").into() })
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Task>> {
        let (id, own) = (&spec.id, &self.sandbox.spec.id);
        if spec.sandbox.id != *own {
            let message = format!("container {id} is of sandbox {}, not {own}", spec.sandbox.id);
            return Err(Error::invalid(message));
        }
        if self.sandbox.is_leaving() {
            return Err(Error::Internal { message: format!("sandbox {own} is being deleted") });
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if !(1..=ID_LIMIT).contains(&id.0.len()) || id.0.starts_with('.') || !id.0.bytes().all(is_plain) {
            return Err(Error::invalid(format!("container id {:?} is not valid", id.0)));
        }
        // Held while the container is made, which never waits: nobody else can make one of the same id, and the thread is
        // the only one.
        let mut containers = self.containers.lock();
        if containers.contains_key(id) {
            return Err(Error::AlreadyExists { id: spec.id });
        }
        let container = Arc::new(Container::create(&self.sandbox, &spec)?);
        containers.insert(spec.id, Arc::clone(&container));
        Ok(container)
    }

    async fn get(&self, id: &ContainerId) -> Result<Arc<dyn Task>> {
        self.find(id).map(|container| container as Arc<dyn Task>).ok_or_else(|| Error::not_found(id))
    }

    async fn list(&self) -> Result<Vec<TaskStatus>> {
        Ok(self.containers.lock().values().map(|container| container.now()).collect())
    }

    async fn delete(&self, id: &ContainerId) -> Result<()> {
        let Some(container) = self.find(id) else { return Ok(()) };
        container.delete().await?;
        self.containers.lock().remove(id);
        Ok(())
    }

    async fn delete_sandbox(&self, id: &SandboxId) -> Result<()> {
        if *id != self.sandbox.spec.id {
            return Ok(());
        }
        self.sandbox.close();
        let all: Vec<_> = self.containers.lock().keys().cloned().collect();
        for container in all {
            self.delete(&container).await?;
        }
        let left = self.sandbox.leave().await;
        left.map_err(|error| Error::internal(&format!("cannot take sandbox {id} apart"), &error))?;
        // The answer is still sent: the server ends its calls first.
        self.end.cancel();
        Ok(())
    }
}
