//! Waits until objects are ready or gone.

use std::{cmp::min, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::{Cluster, Error, PARALLEL_MAX};
use crate::{
    objects::Identity,
    readiness::{self, Judgement, Rules, State},
};

/// The first pause between two looks; each is twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(25);
/// The longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_secs(1);

impl Cluster {
    /// Waits until all of `objects` are ready by `rules`; an object that cannot become ready ends it.
    pub async fn wait_ready(
        &self,
        objects: &[Identity],
        rules: Rules,
        timeout: Duration,
    ) -> Result<(), Error> {
        let named: Vec<Identity> = objects.iter().filter(|one| !one.name.is_empty()).cloned().collect();
        let end = Instant::now() + timeout;
        let mut waiting = named;
        let mut failed = Vec::new();
        let mut pause = PAUSE_MIN;
        loop {
            let judged = self.judge(&waiting, rules).await?;
            let mut lines = Vec::new();
            waiting.clear();
            for (identity, judgement) in judged {
                let line = line(&identity, &judgement, "not ready");
                match judgement.state {
                    State::Current => {}
                    State::Failed => failed.push(line),
                    _ => {
                        lines.push(line);
                        waiting.push(identity);
                    }
                }
            }
            if waiting.is_empty() {
                return if failed.is_empty() { Ok(()) } else { Err(Error::WillNotBeReady(failed)) };
            }
            if Instant::now() >= end {
                failed.extend(lines);
                return Err(Error::Timeout(failed));
            }
            sleep(min(pause, end - Instant::now())).await;
            pause = min(pause * 2, PAUSE_MAX);
        }
    }

    async fn judge(&self, objects: &[Identity], rules: Rules) -> Result<Vec<(Identity, Judgement)>, Error> {
        let look = |identity: &Identity| {
            let identity = identity.clone();
            async move {
                let judgement = match self.get(&identity).await? {
                    // Nothing happens to a paused Deployment until somebody resumes it.
                    Some(object) if object["kind"] == "Deployment" && object["spec"]["paused"] == true => {
                        Judgement { state: State::Current, message: String::new() }
                    }
                    Some(object) => readiness::judge(&object, rules, Timestamp::now()),
                    None => Judgement { state: State::InProgress, message: "Resource not found".into() },
                };
                Ok::<_, Error>((identity, judgement))
            }
        };
        let looks: Vec<_> = objects.iter().map(look).collect();
        stream::iter(looks).buffered(PARALLEL_MAX).try_collect().await
    }

    /// Waits until none of `objects` exists.
    pub async fn wait_gone(&self, objects: &[Identity], timeout: Duration) -> Result<(), Error> {
        let end = Instant::now() + timeout;
        let mut waiting = objects.to_vec();
        let mut pause = PAUSE_MIN;
        loop {
            let mut lines = Vec::new();
            let mut left = Vec::new();
            for identity in waiting {
                if let Some(object) = self.get(&identity).await? {
                    let judgement = readiness::judge(&object, Rules::Release, Timestamp::now());
                    lines.push(line(&identity, &judgement, "still exists"));
                    left.push(identity);
                }
            }
            waiting = left;
            if waiting.is_empty() {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(Error::Timeout(lines));
            }
            sleep(min(pause, end - Instant::now())).await;
            pause = min(pause * 2, PAUSE_MAX);
        }
    }
}

fn line(identity: &Identity, judgement: &Judgement, what: &str) -> String {
    let Identity { kind, namespace, name, .. } = identity;
    let Judgement { state, message } = judgement;
    format!("resource {kind}/{namespace}/{name} {what}. status: {}, message: {message}", state.as_str())
}
