//! Waiting for a container's exit, and telling how it ended.

use std::path::Path;

use k8s_openapi::api::core::v1::Container;
use naru_runtime::{Error, Exit};

use super::{Job, blocking};
use crate::{
    context::chain,
    pods::{
        ids,
        observed::Ended,
        record,
        step::{Class, Done, Trouble},
    },
    volumes::PodDir,
};

/// Lines and bytes of the log that stand in for a termination message (kubelet's bounds).
const FALLBACK_LINES: usize = 80;
const FALLBACK_BYTES: usize = 2048;

impl Job {
    pub(super) async fn watch(&self, name: &str, number: u32) -> Result<Done, Trouble> {
        let id = self.id(name, number);
        let task = self.task(&id).await?;
        let exit = match task.wait().await {
            Ok(exit) => exit,
            Err(error) => {
                self.tasks.lock().remove(&id);
                // The connection may be gone but not the container: the runtime knows.
                self.task(&id).await?;
                return Err(Trouble::passing("ContainerCreating", chain(&error)));
            }
        };
        let (dir, pod, name) = (self.dir(), self.pod.clone(), name.to_owned());
        let log = self.pod_log_dir().map(|logs| ids::log_file(&logs, &name, number));
        let ended = blocking(move || {
            let container = pod.as_deref().and_then(|pod| crate::pods::container_named(pod, &name));
            Ok(ended(exit, &dir, &name, number, container, log.as_deref()))
        })
        .await;
        ended.map(Done::Exited).map_err(|message| Trouble::passing("ContainerCreating", message))
    }

    /// The handle of a container, found again if need be.
    pub(super) async fn task(
        &self,
        id: &naru_runtime::ContainerId,
    ) -> Result<std::sync::Arc<dyn naru_runtime::Task>, Trouble> {
        if let Some(task) = self.tasks.lock().get(id) {
            return Ok(std::sync::Arc::clone(task));
        }
        let lost = || Trouble {
            reason: "ContainerStatusUnknown",
            message: format!("no container {id}"),
            class: Class::Lost,
        };
        let engine = self.attempt.as_ref().map(|attempt| attempt.engine).ok_or_else(lost)?;
        match self.context.runtime(engine).get(id).await {
            Ok(task) => {
                self.tasks.lock().insert(id.clone(), std::sync::Arc::clone(&task));
                Ok(task)
            }
            Err(Error::NotFound { .. }) => Err(lost()),
            Err(error) => Err(Trouble::passing("ContainerCreating", chain(&error))),
        }
    }
}

/// How a container ended, in the words of a status. Blocking: reads its termination message.
pub(crate) fn ended(
    exit: Exit,
    dir: &PodDir,
    name: &str,
    number: u32,
    container: Option<&Container>,
    log: Option<&Path>,
) -> Ended {
    let reason = match exit {
        Exit { oom_killed: true, .. } => "OOMKilled",
        Exit { code: 0, .. } => "Completed",
        _ => "Error",
    };
    let fallback = container.and_then(|container| container.termination_message_policy.as_deref())
        == Some("FallbackToLogsOnError");
    let message = record::read_message(&record::message_file(dir, name, number))
        .or(exit.message)
        .or_else(|| log.filter(|_| fallback && exit.code != 0).and_then(log_tail));
    Ended {
        code: exit.code,
        reason: reason.into(),
        message,
        started: exit.started_at,
        finished: exit.finished_at,
    }
}

/// The last lines of a log, without their times.
fn log_tail(log: &Path) -> Option<String> {
    use std::io::{Read, Seek, SeekFrom};
    /// The end of the file that is looked at: more than the lines' texts, because each line has its time before it.
    const LOOK: u64 = 4 * FALLBACK_BYTES as u64 + 64 * FALLBACK_LINES as u64;
    let mut file = std::fs::File::open(log).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LOOK))).ok()?;
    let mut bytes = Vec::new();
    file.take(LOOK).read_to_end(&mut bytes).ok()?;
    let lines: Vec<_> =
        bytes.split(|byte| *byte == b'\n').filter_map(naru_runtime::logs::Line::parse).collect();
    let mut text = Vec::new();
    for line in &lines[lines.len().saturating_sub(FALLBACK_LINES)..] {
        text.extend_from_slice(line.text);
        if line.full {
            text.push(b'\n');
        }
    }
    let tail = &text[text.len().saturating_sub(FALLBACK_BYTES)..];
    (!tail.is_empty()).then(|| String::from_utf8_lossy(tail).into_owned())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn exit(code: i32, message: Option<&str>) -> Exit {
        Exit {
            code,
            signal: None,
            oom_killed: code == 137,
            message: message.map(Into::into),
            started_at: None,
            finished_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_message_comes_from_the_file_the_runtime_or_the_log() {
        let data = tempfile::tempdir().unwrap();
        let dir = PodDir::new(data.path(), "u");
        std::fs::create_dir_all(dir.container("c")).unwrap();
        let log = data.path().join("0.log");
        std::fs::write(&log, "2026-01-01T00:00:00.000000000Z stderr F last words\n").unwrap();
        let falls: Container =
            serde_json::from_value(json!({"name": "c", "terminationMessagePolicy": "FallbackToLogsOnError"}))
                .unwrap();
        let run = |exit, container| ended(exit, &dir, "c", 0, container, Some(&log));

        assert_eq!(run(exit(1, None), None).message, None);
        assert_eq!(run(exit(1, None), Some(&falls)).message.as_deref(), Some("last words\n"));
        assert_eq!(run(exit(0, None), Some(&falls)).message, None);
        assert_eq!(run(exit(134, Some("trap")), None).message.as_deref(), Some("trap"));
        std::fs::write(record::message_file(&dir, "c", 0), "x".repeat(5000)).unwrap();
        assert_eq!(run(exit(1, Some("trap")), Some(&falls)).message, Some("x".repeat(4096)));
    }

    #[test]
    fn reasons() {
        let dir = PodDir::new(Path::new("/nonexistent"), "u");
        for (code, reason) in [(0, "Completed"), (1, "Error"), (137, "OOMKilled")] {
            assert_eq!(ended(exit(code, None), &dir, "c", 0, None, None).reason, reason);
        }
    }
}
