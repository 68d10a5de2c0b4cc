//! The agent's side of the OCI shims: one runtime in front of one shim process for each pod.
//!
//! A pod's directory `<run dir>/<pod uid>/` holds `sandbox.json` (the [`SandboxSpec`]), the shim's socket and log, and what
//! the shim keeps of each container in `containers/<container id>/`. The shims of an earlier agent are found by these
//! directories. A shim that has died is started again on its directory: it clears up what is left of its containers and
//! tells them as exited.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, stream};
use parking_lot::Mutex;

use super::{ShimClient, ShimCommand, ShimDir, prime::Primer};
use crate::{
    ContainerId, ContainerSpec, Error, Exit, Info, Result, Runtime, SandboxId, SandboxSpec, Stats, Task,
    TaskStatus,
    cgroup::{Cgroups, Classes},
};

/// The shim's program.
const PROGRAM: &str = "naru-shim-oci";
/// The file that says which sandbox a directory is for.
const SANDBOX_FILE: &str = "sandbox.json";
/// How many shims are asked at the same time for their containers.
const LIST_CONCURRENCY: usize = 16;
/// How often a shim is started before it is given up, and the pause between; the socket's lock may outlive a killed shim
/// by the moment its containers take to die.
const START_ATTEMPTS: (u32, Duration) = (5, Duration::from_millis(50));
/// How long an ended shim may take to let go of its directory.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause between looks at whether it has.
const LEAVE_POLL: Duration = Duration::from_millis(2);

/// A runtime whose containers live in a shim process for each pod. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PodShims {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    run_dir: PathBuf,
    shims: ShimDir,
    pods: Mutex<HashMap<SandboxId, Arc<Pod>>>,
    /// Which pod a container belongs to, as far as known; the directories know it for sure.
    owners: Mutex<HashMap<ContainerId, SandboxId>>,
    primer: Arc<Primer>,
    /// The groups of the pods' classes; none before they are needed, or if the machine's groups cannot be found.
    classes: Mutex<Option<Classes>>,
}

/// One pod's shim.
#[derive(Debug)]
struct Pod {
    dir: PathBuf,
    client: tokio::sync::Mutex<Option<ShimClient>>,
}

impl PodShims {
    /// Shims in directories below `run_dir`, started from the programs in `shims`.
    pub fn new(run_dir: impl Into<PathBuf>, shims: ShimDir) -> Self {
        let inner = Inner {
            run_dir: run_dir.into(),
            shims,
            pods: Mutex::default(),
            owners: Mutex::default(),
            primer: Arc::new(Primer::new()),
            classes: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    fn task(&self, id: &ContainerId, sandbox: SandboxId) -> Arc<dyn Task> {
        self.inner.owners.lock().insert(id.clone(), sandbox.clone());
        Arc::new(PodTask { id: id.clone(), sandbox, pods: Arc::clone(&self.inner) })
    }
}

impl Inner {
    fn dir(&self, sandbox: &SandboxId) -> PathBuf {
        self.run_dir.join(&sandbox.0)
    }

    fn pod(&self, sandbox: &SandboxId) -> Arc<Pod> {
        let mut pods = self.pods.lock();
        let new = || Arc::new(Pod { dir: self.dir(sandbox), client: tokio::sync::Mutex::default() });
        Arc::clone(pods.entry(sandbox.clone()).or_insert_with(new))
    }

    fn forget(&self, sandbox: &SandboxId) {
        self.pods.lock().remove(sandbox);
        self.owners.lock().retain(|_, owner| owner != sandbox);
    }

    /// A client of the pod's shim, which is started if it does not run.
    async fn client(&self, sandbox: &SandboxId) -> Result<ShimClient> {
        let pod = self.pod(sandbox);
        let mut slot = pod.client.lock().await;
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let client = self.start(&pod.dir).await?;
        Ok(slot.insert(client).clone())
    }

    async fn start(&self, dir: &Path) -> Result<ShimClient> {
        let program = self.shims.binary(PROGRAM).map_err(|error| Error::internal("no OCI shim", &error))?;
        let socket = dir.join("shim.sock");
        let args: [OsString; 4] = ["--socket".into(), socket.clone().into(), "--run-dir".into(), dir.into()];
        let command = ShimCommand { program, args: args.into(), socket, log: dir.join("shim.log") };
        let (attempts, pause) = START_ATTEMPTS;
        let mut left = attempts;
        loop {
            left -= 1;
            match command.ensure().await {
                Err(error) if left > 0 => tracing::debug!(%error, "starting an OCI shim again"),
                result => return result,
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks the pod's shim; once more if it has died meanwhile.
    async fn ask<T, F>(&self, sandbox: &SandboxId, call: impl Fn(ShimClient) -> F + Send + Sync) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let client = self.client(sandbox).await?;
        match call(client.clone()).await {
            Err(Error::Unreachable { .. }) => {}
            result => return result,
        }
        self.lost(sandbox, &client).await;
        if !self.dir(sandbox).join(SANDBOX_FILE).exists() {
            return Err(Error::Unreachable {
                socket: client.socket().display().to_string(),
                message: "the pod's sandbox is gone".into(),
            });
        }
        call(self.client(sandbox).await?).await
    }

    /// Drops a client whose shim does not answer, unless somebody has replaced it already.
    async fn lost(&self, sandbox: &SandboxId, client: &ShimClient) {
        let pod = self.pod(sandbox);
        let mut slot = pod.client.lock().await;
        if slot.as_ref().is_some_and(|current| current.same(client)) {
            tracing::warn!(sandbox = %sandbox, "the pod's shim has died; starting it again");
            *slot = None;
        }
    }

    /// The pods that have a directory with a sandbox in it.
    fn sandboxes(&self) -> Result<Vec<SandboxId>> {
        let listing = match fs::read_dir(&self.run_dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.map_err(|error| Error::internal("cannot list the pods' shims", &error))?,
        };
        let names = listing.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let is_pod = |name: &String| self.run_dir.join(name).join(SANDBOX_FILE).exists();
        Ok(names.filter(is_pod).map(SandboxId).collect())
    }

    /// Changes the weights of the pods' classes. A failure costs fairness between pods and nothing else.
    fn weigh(&self, change: impl FnOnce(&mut Classes) -> io::Result<()>) {
        let mut slot = self.classes.lock();
        let changed = || {
            if slot.is_none() {
                *slot = Some(Classes::new(Cgroups::detect()?, self.known()?)?);
            }
            slot.as_mut().map_or(Ok(()), change)
        };
        if let Err(error) = changed() {
            tracing::warn!(%error, "the weights of the pods' classes cannot be set");
        }
    }

    /// What the pods' directories say.
    fn known(&self) -> io::Result<Vec<SandboxSpec>> {
        let sandboxes = self.sandboxes().map_err(io::Error::other)?;
        let read = |id: SandboxId| fs::read(self.dir(&id).join(SANDBOX_FILE)).ok();
        Ok(sandboxes.into_iter().filter_map(|id| serde_json::from_slice(&read(id)?).ok()).collect())
    }

    /// Which pod a container belongs to.
    fn owner(&self, id: &ContainerId) -> Result<Option<SandboxId>> {
        if let Some(owner) = self.owners.lock().get(id) {
            return Ok(Some(owner.clone()));
        }
        if !is_plain(&id.0) {
            return Ok(None);
        }
        let has = |sandbox: &SandboxId| self.dir(sandbox).join("containers").join(&id.0).exists();
        Ok(self.sandboxes()?.into_iter().find(has))
    }

    /// Makes the pod's directory with its sandbox file.
    fn prepare(&self, sandbox: &SandboxSpec) -> Result<()> {
        if !is_plain(&sandbox.id.0) {
            return Err(Error::invalid(format!("sandbox id {:?} is no plain name", sandbox.id.0)));
        }
        let (dir, json) = (self.dir(&sandbox.id), serde_json::to_vec(sandbox));
        let (file, fresh) = (dir.join(SANDBOX_FILE), dir.join("sandbox.new"));
        if file.exists() {
            return Ok(());
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .and_then(|()| fs::write(&fresh, json?))
            .and_then(|()| fs::rename(&fresh, &file))
            .map_err(|error| Error::internal(&format!("cannot make {}", dir.display()), &error))
    }

    /// Removes the directory of a pod whose shim has been told to end, once it has.
    async fn remove(&self, sandbox: &SandboxId) -> Result<()> {
        let dir = self.dir(sandbox);
        let deadline = tokio::time::Instant::now() + LEAVE_TIMEOUT;
        while is_locked(&dir.join("shim.lock")) && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(LEAVE_POLL).await;
        }
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::internal(&format!("cannot remove {}", dir.display()), &error))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a living shim holds its lock.
fn is_locked(lock: &Path) -> bool {
    let Ok(file) = fs::File::options().append(true).open(lock) else { return false };
    matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
}

/// Whether an id may be a file name.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && !id.starts_with('.') && !id.contains(['/', '\0'])
}

#[async_trait::async_trait]
impl Runtime for PodShims {
    async fn info(&self) -> Result<Info> {
        Ok(Info { name: "oci".into(), version: env!("CARGO_PKG_VERSION").into() })
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Task>> {
        let primer = Arc::clone(&self.inner.primer);
        // Not waited for: it only makes what follows quicker.
        drop(tokio::task::spawn_blocking(move || primer.prime()));
        self.inner.weigh(|classes| classes.add(&spec.sandbox));
        self.inner.prepare(&spec.sandbox)?;
        let (id, sandbox) = (spec.id.clone(), spec.sandbox.id.clone());
        let client = self.inner.client(&sandbox).await?;
        match client.create(spec).await {
            Ok(_) => Ok(self.task(&id, sandbox)),
            Err(error) => {
                if error.retryable() {
                    // Whether the container was made is unknown, so that only the caller can try again.
                    self.inner.lost(&sandbox, &client).await;
                }
                Err(error)
            }
        }
    }

    async fn get(&self, id: &ContainerId) -> Result<Arc<dyn Task>> {
        let sandbox = self.inner.owner(id)?.ok_or_else(|| Error::not_found(id))?;
        self.inner
            .ask(&sandbox, |client| {
                let id = id.clone();
                async move { client.get(&id).await.map(drop) }
            })
            .await?;
        Ok(self.task(id, sandbox))
    }

    async fn list(&self) -> Result<Vec<TaskStatus>> {
        let asked = stream::iter(self.inner.sandboxes()?)
            .map(async |sandbox| {
                (self.inner.ask(&sandbox, async |client| client.list().await).await, sandbox)
            })
            .buffer_unordered(LIST_CONCURRENCY);
        let mut answers = std::pin::pin!(asked);
        let mut all = Vec::new();
        while let Some((answer, sandbox)) = answers.next().await {
            match answer {
                Ok(statuses) => all.extend(statuses),
                // Deleted between the look and the question.
                Err(_) if !self.inner.dir(&sandbox).join(SANDBOX_FILE).exists() => {}
                // One broken pod must not hide the others; whoever asks for its containers gets the error.
                Err(error) => tracing::warn!(sandbox = %sandbox, %error, "a pod's shim cannot be asked"),
            }
        }
        Ok(all)
    }

    async fn delete(&self, id: &ContainerId) -> Result<()> {
        let Some(sandbox) = self.inner.owner(id)? else { return Ok(()) };
        self.inner
            .ask(&sandbox, |client| {
                let id = id.clone();
                async move { client.delete(&id).await }
            })
            .await?;
        self.inner.owners.lock().remove(id);
        Ok(())
    }

    async fn delete_sandbox(&self, id: &SandboxId) -> Result<()> {
        if !is_plain(&id.0) {
            return Ok(());
        }
        if self.inner.dir(id).join(SANDBOX_FILE).exists() {
            self.inner
                .ask(id, |client| {
                    let id = id.clone();
                    async move { client.delete_sandbox(&id).await }
                })
                .await?;
        }
        self.inner.remove(id).await?;
        self.inner.forget(id);
        self.inner.weigh(|classes| classes.remove(id));
        Ok(())
    }
}

/// One container of a pod's shim.
#[derive(Debug)]
struct PodTask {
    id: ContainerId,
    sandbox: SandboxId,
    pods: Arc<Inner>,
}

impl PodTask {
    async fn ask<T, F>(&self, call: impl Fn(Arc<dyn Task>) -> F + Send + Sync) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        if !self.pods.dir(&self.sandbox).exists() {
            return Err(Error::not_found(&self.id));
        }
        self.pods.ask(&self.sandbox, |client| call(client.task(self.id.clone()))).await
    }
}

#[async_trait::async_trait]
impl Task for PodTask {
    fn id(&self) -> &ContainerId {
        &self.id
    }

    async fn start(&self) -> Result<()> {
        self.ask(|task| async move { task.start().await }).await
    }

    async fn kill(&self, signal: i32) -> Result<()> {
        self.ask(|task| async move { task.kill(signal).await }).await
    }

    async fn wait(&self) -> Result<Exit> {
        self.ask(|task| async move { task.wait().await }).await
    }

    async fn status(&self) -> Result<TaskStatus> {
        self.ask(|task| async move { task.status().await }).await
    }

    async fn stats(&self) -> Result<Stats> {
        self.ask(|task| async move { task.stats().await }).await
    }
}
