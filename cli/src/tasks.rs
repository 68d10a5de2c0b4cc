//! The process' own tasks: each has a name, all end together, and one that fails ends the process.

use std::{future::Future, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// After the signal, tasks get this long to end by themselves.
const GRACE: Duration = Duration::from_secs(10);

/// A set of named tasks that share one cancellation.
#[derive(Default)]
pub struct Tasks {
    set: JoinSet<(&'static str, Result<()>)>,
    cancel: CancellationToken,
}

impl Tasks {
    /// What every task ends on.
    pub fn cancel(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Starts a task. Ending before it is cancelled is a failure, whatever it returns.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = Result<()>> + Send + 'static) {
        self.set.spawn(async move { (name, task.await) });
    }

    /// Runs until SIGTERM or SIGINT, or until a task fails; then cancels all and waits for them.
    pub async fn run(mut self) -> Result<()> {
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let outcome = tokio::select! {
            _ = terminate.recv() => Ok("SIGTERM"),
            _ = interrupt.recv() => Ok("SIGINT"),
            Some(ended) = self.set.join_next() => Err(failure(ended)),
        };
        if let Ok(signal) = &outcome {
            info!(signal, "stopping; containers go on running");
        }
        self.cancel.cancel();
        let drained = tokio::time::timeout(GRACE, async {
            while let Some(ended) = self.set.join_next().await {
                if let Ok((name, Err(error))) = ended {
                    tracing::warn!(task = name, error = format!("{error:#}"), "failed while stopping");
                }
            }
        });
        if drained.await.is_err() {
            bail!("some tasks did not stop within {GRACE:?}");
        }
        outcome.map(|_| ())
    }
}

fn failure(ended: Result<(&'static str, Result<()>), tokio::task::JoinError>) -> anyhow::Error {
    match ended {
        Ok((name, Ok(()))) => anyhow!("the {name} ended by itself"),
        Ok((name, Err(error))) => error.context(format!("the {name} failed")),
        Err(error) => anyhow!(error).context("a task panicked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_failure_ends_all_and_is_told() {
        let mut tasks = Tasks::default();
        let cancel = tasks.cancel();
        tasks.spawn("patient one", async move {
            cancel.cancelled().await;
            Ok(())
        });
        tasks.spawn("hasty one", async { bail!("no more") });
        let error = tasks.run().await.expect_err("a task failed");
        assert_eq!(format!("{error:#}"), "the hasty one failed: no more");
    }
}
