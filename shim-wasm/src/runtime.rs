//! The runtime the agent sees: specs in, containers out.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
    sync::Arc,
};

use naru_runtime::{
    ContainerId, ContainerSpec, Error, Info, Result, Root, Runtime, SandboxId, Task, TaskStatus,
    WasmEncoding,
    logs::{LogWriter, Stream},
};
use parking_lot::Mutex;
use wasmtime_wasi::WasiCtxBuilder;

use crate::{
    args::ServeArgs,
    compile::{Source, private_dir},
    container::{Container, Host, Prepared},
    engine::{self, MAX_GUESTS, Ticker},
    guest::Guest,
    identity::Identity,
    limits::MemoryLimit,
    meter::Usage,
    mounts,
    output::Output,
    place::Place,
    programs::Programs,
    records::{Record, Records, is_name},
    weights::Weights,
};

/// Most modules loaded at once.
pub(crate) const MAX_LOADS: usize = 4;

/// A place in the table of containers.
enum Slot {
    /// Taken by a create under way.
    Creating,
    /// A container.
    Ready(Container),
}

/// Runs Wasm containers.
pub(crate) struct WasmRuntime {
    programs: Arc<Programs>,
    host: Host,
    containers: Mutex<BTreeMap<ContainerId, Slot>>,
    files: PathBuf,
    weights: Arc<Weights>,
}

impl WasmRuntime {
    /// Takes over the run directory; see [`Records::open`].
    pub(crate) fn new(args: &ServeArgs) -> std::io::Result<Self> {
        private_dir(&args.run_dir)?;
        let files = args.run_dir.join("files");
        mounts::sweep(&files)?;
        let engine = engine::new().map_err(|error| std::io::Error::other(format!("{error:#}")))?;
        let ticker = Ticker::start(engine.clone())?;
        let programs = Programs::new(engine.clone(), &args.cache_dir).map_err(std::io::Error::other)?;
        let (records, former) = Records::open(&args.run_dir.join("containers"))?;
        let host = Host { engine, ticker, records: Arc::new(records) };
        let adopt = |(id, (sandbox, exit)): (ContainerId, (SandboxId, _))| {
            let container = Container::exited(id.clone(), sandbox, host.clone(), exit);
            (id, Slot::Ready(container))
        };
        let containers = former.into_iter().map(adopt).collect();
        let weights = Weights::new(args.cgroup.as_deref());
        Ok(Self { programs: Arc::new(programs), containers: Mutex::new(containers), host, files, weights })
    }

    /// Takes the id until the result is dropped or a container takes its place.
    fn reserve(&self, id: &ContainerId) -> Result<Reserved<'_>> {
        if !is_name(id) {
            return Err(Error::invalid(format!("{:?} cannot be a container's id", id.0)));
        }
        let mut containers = self.containers.lock();
        if containers.len() >= MAX_GUESTS as usize {
            let message = format!("the node runs {MAX_GUESTS} Wasm containers, and more are not possible");
            return Err(Error::Internal { message });
        }
        match containers.entry(id.clone()) {
            Entry::Occupied(_) => Err(Error::AlreadyExists { id: id.clone() }),
            Entry::Vacant(slot) => {
                slot.insert(Slot::Creating);
                Ok(Reserved { runtime: self, id: id.clone() })
            }
        }
    }

    async fn prepare(&self, spec: &ContainerSpec, usage: &Arc<Usage>) -> Result<Prepared> {
        let Root::Wasm { module, digest, encoding } = &spec.root else {
            return Err(Error::invalid("the image is not WebAssembly"));
        };
        let component = *encoding == WasmEncoding::Component;
        let place = Place::new(spec.sandbox.network_namespace.as_deref())?;
        let source = Source { module: module.clone(), digest: digest.clone(), component };
        let program = self.programs.get(source).await?;
        let log = LogWriter::open(&spec.log_path)
            .map_err(|error| Error::internal(&format!("cannot open {}", spec.log_path.display()), &error))?;
        let log = Arc::new(Mutex::new(log));
        let identity = Identity::new(&spec.user);
        let output = |stream| Output::new(Arc::clone(&log), stream, identity.clone().map(Arc::new));
        let mut wasi = WasiCtxBuilder::new();
        // Before the preopens, which take it over. Another thread would not have the guest's user.
        wasi.allow_blocking_current_thread(place.own_thread() || identity.is_some())
            .args(&spec.args)
            .initial_cwd(text(&spec.working_dir)?)
            .stdout(output(Stream::Stdout))
            .stderr(output(Stream::Stderr))
            // As any container of a pod; network policies act outside.
            .allow_tcp(true)
            .allow_udp(true)
            .inherit_network()
            .allow_ip_name_lookup(true);
        for var in &spec.env {
            wasi.env(&var.name, &var.value);
        }
        let files = mounts::open(&spec.mounts, self.files.join(&spec.id.0), &mut wasi)?;
        let memory = MemoryLimit::new(Arc::clone(usage), spec.resources.memory_bytes);
        let guest = Guest::new(wasi.build_p1(), memory);
        let weight = self.weights.add(spec.resources.cpu_request_millis.unwrap_or(0));
        let cpu_millis = spec.resources.cpu_millis;
        Ok(Prepared { program, guest, place, cpu_millis, weight, identity, log, files })
    }

    fn find(&self, id: &ContainerId) -> Option<Container> {
        match self.containers.lock().get(id) {
            Some(Slot::Ready(container)) => Some(container.clone()),
            _ => None,
        }
    }

    fn ready(&self) -> Vec<Container> {
        let containers = self.containers.lock();
        let ready = containers.values().filter_map(|slot| match slot {
            Slot::Ready(container) => Some(container.clone()),
            Slot::Creating => None,
        });
        ready.collect()
    }
}

/// An id that is taken while its container is made.
struct Reserved<'a> {
    runtime: &'a WasmRuntime,
    id: ContainerId,
}

impl Reserved<'_> {
    fn fill(self, container: Container) {
        self.runtime.containers.lock().insert(self.id.clone(), Slot::Ready(container));
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut containers = self.runtime.containers.lock();
        if matches!(containers.get(&self.id), Some(Slot::Creating)) {
            containers.remove(&self.id);
        }
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| Error::invalid(format!("the path {} is not text", path.display())))
}

#[async_trait::async_trait]
impl Runtime for WasmRuntime {
    async fn info(&self) -> Result<Info> {
        Ok(Info { name: "wasm".into(), version: env!("CARGO_PKG_VERSION").into() })
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Task>> {
        let reserved = self.reserve(&spec.id)?;
        let usage = Arc::<Usage>::default();
        let prepared = self.prepare(&spec, &usage).await?;
        let (id, sandbox) = (spec.id, spec.sandbox.id);
        let record = Record { sandbox: sandbox.clone(), exit: None };
        let written = self.host.records.write(&id, &record);
        written.map_err(|error| Error::internal("cannot record the container", &error))?;
        let container = Container::created(id, sandbox, self.host.clone(), usage, prepared);
        reserved.fill(container.clone());
        Ok(Arc::new(container))
    }

    async fn get(&self, id: &ContainerId) -> Result<Arc<dyn Task>> {
        self.find(id).map(|container| Arc::new(container) as _).ok_or_else(|| Error::not_found(id))
    }

    async fn list(&self) -> Result<Vec<TaskStatus>> {
        Ok(self.ready().iter().map(Container::describe).collect())
    }

    async fn delete(&self, id: &ContainerId) -> Result<()> {
        let Some(container) = self.find(id) else { return Ok(()) };
        let deleted = container.delete().await;
        deleted.map_err(|error| Error::internal("cannot remove the container's record", &error))?;
        self.containers.lock().remove(id);
        Ok(())
    }

    async fn delete_sandbox(&self, id: &SandboxId) -> Result<()> {
        let all = self.ready();
        let of_sandbox = all.iter().filter(|container| container.sandbox() == id);
        let deletes = of_sandbox.map(|container| self.delete(container.id()));
        futures::future::try_join_all(deletes).await.map(drop)
    }
}
