//! One task that sends everybody's writes.
//!
//! Writes that are asked for at the same time go out together: the task lets everything else that is ready run first, so that others can join,
//! and then starts all requests in one go. They stay requests of their own (each has its revision and its outcome), but they share the
//! system calls and the wake-ups of the connection, which is most of what a write costs on our side.

use etcd_client::{KvClient, TxnResponse};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::{mpsc, oneshot};

use super::{REQUEST_TIMEOUT, request, txn};
use crate::{Error, Result, Revision, Write};

/// Writes that wait for the task; more wait in front of the queue.
const QUEUE_MAX: usize = 1024;

struct Job {
    writes: Vec<Write>,
    answer: oneshot::Sender<Result<Revision>>,
}

/// The way to the task; the task ends when this is dropped and its requests are answered.
pub(super) struct Sender {
    queue: mpsc::Sender<Job>,
}

impl Sender {
    /// Starts the task.
    pub(super) fn start(kv: KvClient) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run(kv, jobs));
        Sender { queue }
    }

    /// Writes a batch. It happens also if nobody waits for the answer.
    pub(super) async fn commit(&self, writes: Vec<Write>) -> Result<Revision> {
        let (answer, answered) = oneshot::channel();
        let ended = |()| Error::unavailable("writing: the task that sends writes has ended");
        self.queue.send(Job { writes, answer }).await.map_err(|_| ended(()))?;
        answered.await.unwrap_or_else(|_| Err(ended(())))
    }
}

async fn run(kv: KvClient, mut jobs: mpsc::Receiver<Job>) {
    let mut requests: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            Some(()) = requests.next(), if !requests.is_empty() => {}
            received = jobs.recv_many(&mut batch, QUEUE_MAX) => {
                if received == 0 {
                    break;
                }
                tokio::task::yield_now().await;
                while let Ok(job) = jobs.try_recv() {
                    batch.push(job);
                }
                requests.extend(batch.drain(..).map(|job| serve(kv.clone(), job)));
            }
        }
    }
    while requests.next().await.is_some() {}
}

fn serve(kv: KvClient, job: Job) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let Job { writes, answer } = job;
        let outcome = send(&kv, &writes).await.and_then(|found| txn::outcome(found, &writes));
        // Whoever has gone away needs no answer.
        let _ = answer.send(outcome);
    })
}

async fn send(kv: &KvClient, writes: &[Write]) -> Result<TxnResponse> {
    request(kv, "writing", REQUEST_TIMEOUT, |mut kv| async move { kv.txn(txn::of(writes)).await }).await
}
