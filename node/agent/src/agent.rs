//! The agent as a whole: brings its parts up in order, owns their tasks, and takes them down.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::{
    sync::watch,
    task::{Id, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Options, Result,
    context::Context,
    events,
    node::{self, Machine, Registration},
    pods::Supervisor,
    server, source,
    volumes::PodDir,
};

/// The node is registered and its condition Ready is True.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Where the node's endpoint listens.
    pub endpoint: SocketAddr,
}

/// A node agent, before and while it runs.
pub struct Agent {
    options: Options,
    ready: watch::Sender<Option<Ready>>,
}

impl Agent {
    /// An agent that has not done anything yet.
    pub fn new(options: Options) -> Agent {
        Agent { options, ready: watch::Sender::new(None) }
    }

    /// Tells when the node has been registered and has posted Ready. Take it before [`Agent::run`].
    pub fn ready(&self) -> watch::Receiver<Option<Ready>> {
        self.ready.subscribe()
    }

    /// Runs until `cancel`. Containers, mounts and addresses stay as they are when it returns, and another run adopts
    /// them. Fails only where it cannot start: an API server that is away is waited for.
    pub async fn run(self, cancel: CancellationToken) -> Result<()> {
        let Agent { options, ready } = self;
        check(&options)?;
        let machine = prepare(&options).await?;
        let tls = server::config(&options.tls)?;
        let (listener, endpoint) = server::listen(options.listen).await?;
        let (recorder, writer) = events::recorder();
        let capacity = machine.capacity(options.tuning.limits.pods);
        let context = Arc::new(Context::new(&options, capacity, recorder));
        let registration = Registration {
            name: options.node_name.clone(),
            ip: options.node_ip,
            endpoint,
            labels: options.tuning.labels.clone(),
            taints: options.tuning.taints.clone(),
            pod_cidr: options.tuning.pod_cidr.clone(),
            machine,
            capacity,
        };
        let stop = cancel.child_token();
        let mut parts = Parts::default();
        let router = server::router(Arc::clone(&context));
        parts.spawn("endpoint", server::serve(listener, tls, router, stop.clone()));
        let clock = Arc::clone(&context.clock);
        parts.spawn(
            "events",
            writer.run(options.client.clone(), options.node_name.clone(), clock, stop.clone()),
        );
        parts.spawn("lease", node::lease(Arc::clone(&context), ready.subscribe(), stop.clone()));
        parts.spawn("status", node::status(Arc::clone(&context), registration, ready, stop.clone()));
        let pods = source::pods(options.client.clone(), &options.node_name);
        parts.spawn("pods", Supervisor::new(context, stop.clone()).run(pods));
        parts.watch_over(cancel, stop).await
    }
}

fn check(options: &Options) -> Result<()> {
    let named =
        !options.cluster.is_empty() && options.cluster.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !named {
        let reason = format!("{:?} is not made of letters and digits", options.cluster);
        return Err(Error::Option { name: "cluster", reason });
    }
    if let Some(reason) = naru_api::names::dns1123_subdomain(&options.node_name).into_iter().next() {
        return Err(Error::Option { name: "node_name", reason });
    }
    Ok(())
}

/// Makes the directories and reads the machine.
async fn prepare(options: &Options) -> Result<Machine> {
    let directories = [PodDir::parent(&options.data_dir), options.log_dir.clone()];
    let data_dir = options.data_dir.clone();
    let work = move || {
        for path in directories {
            make_private(&path).map_err(|source| Error::Directory { path, source })?;
        }
        Ok(Machine::read(&data_dir))
    };
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| Error::Ended { part: "preparation".into(), reason: error.to_string() })?
}

/// Makes a directory that only root enters: it holds the pods' secrets and logs.
fn make_private(path: &PathBuf) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The agent's parts, each a task with a name.
#[derive(Default)]
struct Parts {
    set: JoinSet<()>,
    names: Vec<(Id, &'static str)>,
}

impl Parts {
    fn spawn(&mut self, name: &'static str, part: impl Future<Output = ()> + Send + 'static) {
        let handle = self.set.spawn(part);
        self.names.push((handle.id(), name));
    }

    fn name(&self, id: Id) -> String {
        let found = self.names.iter().find(|(other, _)| *other == id);
        found.map_or("part", |(_, name)| *name).to_owned()
    }

    /// Waits for the end of all parts. One that ends before `cancel` takes the others with it: the agent is whole or not
    /// at all.
    async fn watch_over(mut self, cancel: CancellationToken, stop: CancellationToken) -> Result<()> {
        let mut result = Ok(());
        while let Some(joined) = self.set.join_next_with_id().await {
            let (id, reason) = match joined {
                Ok((id, ())) => (id, "it returned".to_owned()),
                Err(error) => (error.id(), error.to_string()),
            };
            if !cancel.is_cancelled() && result.is_ok() {
                result = Err(Error::Ended { part: self.name(id), reason });
            }
            stop.cancel();
        }
        result
    }
}
