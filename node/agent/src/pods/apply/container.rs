//! Creating, starting, stopping and removing containers.

use std::{fs, io, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, Pod};
use naru_runtime::{ContainerSpec, EnvVar, Error, Mount, State, Task, User, logs};
use nix::libc;

use super::{Job, blocking};
use crate::{
    container::{
        env,
        fields::Facts,
        files,
        spec::{self, Parts},
        user::{self, Database},
    },
    context::chain,
    events::Severity,
    pods::{
        container_named, desired,
        ids::{self, Engine},
        observed::Attempt,
        record::{self, Record},
        step::{Class, Done, Prepared, Signal, Trouble},
    },
    volumes,
};

/// What the disk part of a creation gives.
struct OnDisk {
    user: User,
    env: Vec<EnvVar>,
    mounts: Vec<Mount>,
    message: Option<PathBuf>,
    log: PathBuf,
}

impl Job {
    pub(super) async fn create(&self, name: &str, attempt: u32) -> Result<Done, Trouble> {
        let result = self.try_create(name, attempt).await;
        match &result {
            Ok(_) => self.tell(Some(name), Severity::Normal, "Created", "Container created"),
            Err(trouble) => {
                self.tell(Some(name), Severity::Warning, "Failed", format!("Error: {}", trouble.message));
                // The next try prepares the image anew: it may be another one by then.
                if let Err(error) = self.context.images.unmount(&self.id(name, attempt).0).await {
                    tracing::warn!(pod = %self.uid, container = name, error = chain(&error), "a root file system stays");
                }
            }
        }
        result
    }

    async fn try_create(&self, name: &str, attempt: u32) -> Result<Done, Trouble> {
        let config = |message: String| Trouble::passing("CreateContainerConfigError", message);
        let (pod, container) = self.find(name)?;
        let image = self
            .prepared
            .clone()
            .ok_or_else(|| Trouble::passing("CreateContainerError", "the image is not prepared"))?;
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let contents = self.fetch(env::needs(namespace, container), Duration::ZERO).await.map_err(config)?;
        let facts =
            Facts { node_ip: self.context.node_ip, pod_ip: self.pod_ip(), capacity: &self.context.capacity };
        let env = env::environment(pod, container, facts, &contents).map_err(config)?;
        let disk = self.on_disk(name, attempt, &image, env).await?;
        let network = match desired::host_network(pod) {
            true => None,
            false => self.network.as_ref().map(|attachment| attachment.namespace.clone()),
        };
        let spec = spec::build(Parts {
            pod,
            container,
            attempt,
            cluster: &self.context.cluster,
            image: &image,
            env: disk.env,
            user: disk.user,
            network,
            memory_bytes: self.context.capacity.memory_bytes,
            mounts: disk.mounts,
            log: disk.log,
            message: disk.message,
        });
        let spec = spec.map_err(|message| Trouble::lasting("CreateContainerError", message))?;
        self.create_in_runtime(image.engine, spec).await
    }

    async fn create_in_runtime(&self, engine: Engine, spec: ContainerSpec) -> Result<Done, Trouble> {
        let runtime = self.context.runtime(engine);
        let _permit = self.context.starts.acquire().await;
        let id = spec.id.clone();
        let task = match runtime.create(spec.clone()).await {
            // Made by an agent that ended before it could note so; whether it is whole, nobody knows.
            Err(Error::AlreadyExists { .. }) => {
                runtime.delete(&id).await.map_err(|error| of_runtime("CreateContainerError", error))?;
                runtime.create(spec).await
            }
            other => other,
        };
        let task = task.map_err(|error| of_runtime("CreateContainerError", error))?;
        self.tasks.lock().insert(id, task);
        Ok(Done::Nothing)
    }

    /// Everything of a creation that touches the disk.
    async fn on_disk(
        &self,
        name: &str,
        attempt: u32,
        image: &Prepared,
        env: Vec<EnvVar>,
    ) -> Result<OnDisk, Trouble> {
        let (pod, _) = self.find(name)?;
        let (pod, name, dir, image) = (Arc::clone(pod), name.to_owned(), self.dir(), image.clone());
        let (ip, logs) = (self.pod_ip(), self.pod_log_dir());
        let work = move || -> Result<OnDisk, Trouble> {
            let failed = |message: String| Trouble::passing("CreateContainerError", message);
            let io = |what: &'static str| move |error: io::Error| failed(format!("{what}: {error}"));
            let container =
                container_named(&pod, &name).ok_or_else(|| failed(format!("no container {name}")))?;
            let database = image.rootfs.as_deref().map(Database::read).unwrap_or_default();
            let user = user::resolve(&pod, container, &image.image.config.user, &database)
                .map_err(|message| Trouble::passing("CreateContainerConfigError", message))?;
            let mut mounts = volumes::mounts_of(&pod, container, &dir, &env)
                .map_err(|message| Trouble::passing("CreateContainerConfigError", message))?;
            fs::create_dir_all(dir.container(&name)).map_err(io("cannot make the container's directory"))?;
            let message = message_mount(&dir, &name, attempt, container, image.engine, &mut mounts)
                .map_err(io("cannot make the termination message file"))?;
            if image.engine == Engine::Oci {
                let context = container.security_context.as_ref();
                let read_only = context.and_then(|one| one.read_only_root_filesystem).unwrap_or(false);
                let own = files::write(&pod, ip, &dir.etc(), &mounts, read_only);
                mounts.extend(own.map_err(io("cannot write the pod's files"))?);
            }
            let log = ids::log_file(&logs.unwrap_or_default(), &name, attempt);
            fs::create_dir_all(log.parent().unwrap_or(&log))
                .map_err(io("cannot make the log's directory"))?;
            let record = Record {
                image: image.name.clone(),
                asked: image.asked.clone(),
                image_id: image.image.digest.clone(),
                stop_signal: image.image.config.stop_signal.clone(),
            };
            record.write(&dir, &name, attempt).map_err(io("cannot write the container's record"))?;
            Ok(OnDisk { user, env, mounts, message, log })
        };
        blocking(move || Ok(work()))
            .await
            .map_err(|message| Trouble::passing("CreateContainerError", message))?
    }

    pub(super) async fn start(&self, name: &str, attempt: u32) -> Result<Done, Trouble> {
        let task = self.task(&self.id(name, attempt)).await?;
        let permit = self.context.starts.acquire().await;
        let result = task.start().await;
        drop(permit);
        match result {
            Ok(()) => {
                self.tell(Some(name), Severity::Normal, "Started", "Container started");
                Ok(Done::Started(self.since(&*task).await))
            }
            // Started by an agent that ended before it could note so.
            Err(Error::WrongState { .. }) => Ok(Done::Started(self.since(&*task).await)),
            Err(error) => {
                let trouble = of_runtime("RunContainerError", error);
                self.tell(Some(name), Severity::Warning, "Failed", format!("Error: {}", trouble.message));
                Err(trouble)
            }
        }
    }

    /// When a container that was started began. The runtime's own time, because an agent that adopts the container will know no
    /// other: by a clock of ours `startedAt` would change with the agent.
    async fn since(&self, task: &dyn Task) -> Timestamp {
        let began = match task.status().await.map(|status| status.state) {
            Ok(State::Running { started_at, .. }) => Some(started_at),
            Ok(State::Exited(exit)) => exit.started_at,
            Ok(State::Created) | Err(_) => None,
        };
        began.unwrap_or_else(|| self.context.clock.now())
    }

    pub(super) async fn signal(&self, name: &str, signal: Signal) -> Result<Done, Trouble> {
        let Some(attempt) = &self.attempt else { return Ok(Done::Nothing) };
        let number = match signal {
            Signal::Kill => libc::SIGKILL,
            Signal::Stop => {
                let message = match self.find(name) {
                    Ok((pod, container)) if replaces(pod, container, attempt) => {
                        format!("Container {name} definition changed, will be restarted")
                    }
                    _ => format!("Stopping container {name}"),
                };
                self.tell(Some(name), Severity::Normal, "Killing", message);
                let (dir, name, attempt) = (self.dir(), name.to_owned(), attempt.number);
                let record =
                    blocking(move || Ok(Record::read(&dir, &name, attempt))).await.unwrap_or_default();
                signal_number(&record.stop_signal)
            }
        };
        let task = self.task(&attempt.id).await?;
        let result = task.kill(number).await;
        result.map_err(|error| of_runtime("Killing", error))?;
        Ok(Done::Nothing)
    }

    pub(super) async fn remove(&self, name: &str, attempt: u32, log: bool) -> Result<Done, Trouble> {
        let id = self.id(name, attempt);
        if let Some(known) = &self.attempt {
            let result = self.context.runtime(known.engine).delete(&id).await;
            result.map_err(|error| of_runtime("Removing", error))?;
        }
        self.tasks.lock().remove(&id);
        let unmounted = self.context.images.unmount(&id.0).await;
        unmounted.map_err(|error| Trouble::passing("Removing", chain(&error)))?;
        let (dir, name) = (self.dir(), name.to_owned());
        let log = self.pod_log_dir().filter(|_| log).map(|logs| ids::log_file(&logs, &name, attempt));
        let removed = blocking(move || {
            let text = |error: io::Error| error.to_string();
            record::remove(&dir, &name, attempt).map_err(text)?;
            for path in log.iter().flat_map(|log| [log.clone(), logs::rotated(log)]) {
                match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(text(error)),
                    _ => {}
                }
            }
            Ok(Done::Nothing)
        });
        removed.await.map_err(|message| Trouble::passing("Removing", message))
    }

    /// Where the pod's logs are; `None` if its name is not known.
    pub(super) fn pod_log_dir(&self) -> Option<PathBuf> {
        let meta = &self.pod.as_ref()?.metadata;
        let (namespace, name) = (meta.namespace.as_deref()?, meta.name.as_deref()?);
        Some(ids::pod_logs(self.context.logs(), namespace, name, &self.uid))
    }
}

/// Whether an attempt is stopped in favour of another image.
fn replaces(pod: &Pod, container: &Container, attempt: &Attempt) -> bool {
    let asked = container.image.as_deref().unwrap_or_default();
    pod.metadata.deletion_timestamp.is_none() && attempt.image.replaced_by(asked)
}

/// The file for the termination message, mounted where the pod says.
fn message_mount(
    dir: &volumes::PodDir,
    name: &str,
    attempt: u32,
    container: &Container,
    engine: Engine,
    mounts: &mut Vec<Mount>,
) -> io::Result<Option<PathBuf>> {
    let asked = container.termination_message_path.as_deref().filter(|path| !path.is_empty());
    let target = PathBuf::from(asked.unwrap_or(spec::DEFAULT_MESSAGE_PATH));
    let source = record::message_file(dir, name, attempt);
    fs::write(&source, "")?;
    // Whoever runs in the container may write to it.
    fs::set_permissions(&source, fs::Permissions::from_mode(0o666))?;
    // A Wasm guest's preopens are directories; its runtime writes the message itself.
    if engine == Engine::Oci && !mounts.iter().any(|mount| mount.target == target) {
        mounts.push(Mount { source: source.clone(), target, read_only: false });
    }
    Ok(Some(source))
}

/// A runtime's error in the words of a status.
fn of_runtime(reason: &'static str, error: Error) -> Trouble {
    let class = match error {
        Error::Invalid { .. } => Class::Lasting,
        Error::NotFound { .. } => Class::Lost,
        _ => Class::Passing,
    };
    Trouble { reason, message: error.to_string(), class }
}

/// The number of a stop signal as an image names it (`SIGQUIT`, `quit`, `3`, `SIGRTMIN+3`); SIGTERM for anything else.
fn signal_number(text: &str) -> i32 {
    if let Ok(number) = text.parse::<i32>() {
        return if (1..=64).contains(&number) { number } else { libc::SIGTERM };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(offset) = name.strip_prefix("RTMIN") {
        let offset: i32 = offset.trim_start_matches('+').parse().unwrap_or(0);
        return (libc::SIGRTMIN() + offset).min(libc::SIGRTMAX());
    }
    format!("SIG{name}").parse::<nix::sys::signal::Signal>().map_or(libc::SIGTERM, |signal| signal as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_signals_have_names_and_numbers() {
        let table = [
            ("", 15),
            ("SIGTERM", 15),
            ("SIGQUIT", 3),
            ("quit", 3),
            ("9", 9),
            ("65", 15),
            ("nonsense", 15),
            ("SIGRTMIN+3", libc::SIGRTMIN() + 3),
            ("RTMIN", libc::SIGRTMIN()),
        ];
        for (text, number) in table {
            assert_eq!(signal_number(text), number, "{text}");
        }
    }
}
