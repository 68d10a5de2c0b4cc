//! Keeping a controller running: again after a failure or a panic, after a pause that grows.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::Result;

const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A controller that ran this long starts with the shortest pause again.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// Runs what `start` makes, again and again, until `cancel`.
pub(crate) async fn forever<F: Future<Output = Result<()>>>(
    name: &'static str,
    cancel: CancellationToken,
    mut start: impl FnMut() -> F,
) {
    let mut pause = PAUSE_MIN;
    loop {
        let began = Instant::now();
        let run = AssertUnwindSafe(start()).catch_unwind();
        let ended = tokio::select! {
            () = cancel.cancelled() => return,
            ended = run => ended,
        };
        match ended {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                tracing::warn!(
                    controller = name,
                    error = chain(&error),
                    "controller failed, starting it again"
                );
            }
            Err(_) => tracing::error!(controller = name, "controller panicked, starting it again"),
        }
        if began.elapsed() > HEALTHY_AFTER {
            pause = PAUSE_MIN;
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::Error;

    #[tokio::test(start_paused = true)]
    async fn failures_and_panics_are_survived() {
        let runs = Cell::new(0);
        let start = || {
            runs.set(runs.get() + 1);
            let run = runs.get();
            async move {
                match run {
                    1 => Err(Error::WatchEnded { kind: "pods" }),
                    2 => panic!("on purpose"),
                    _ => Ok(()),
                }
            }
        };
        forever("test", CancellationToken::new(), start).await;
        assert_eq!(runs.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_controller_is_not_started_again() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        forever("test", cancel, || async { Err(Error::WatchEnded { kind: "pods" }) }).await;
    }
}
