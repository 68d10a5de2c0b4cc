//! A guest's standard output and error, written to the container's log.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::identity::{self, Identity};
use bytes::Bytes;
use jiff::Timestamp;
use naru_runtime::logs::{LogWriter, Stream};
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

/// How much a guest may write at once, in bytes.
const MAX_WRITE: usize = 64 * 1024;

/// A container's log, shared by its streams.
pub(crate) type Log = Arc<Mutex<LogWriter>>;

/// One output of a guest. A write goes to the file (the system's page cache) before it returns, so an exit finds all of
/// it there. A full disk loses the text and does not disturb the guest.
#[derive(Clone)]
pub(crate) struct Output {
    log: Log,
    stream: Stream,
    identity: Option<Arc<Identity>>,
}

impl Output {
    /// Writes to `log` as `stream`, for a guest that runs as `identity`.
    pub(crate) fn new(log: Log, stream: Stream, identity: Option<Arc<Identity>>) -> Self {
        Self { log, stream, identity }
    }

    fn put(&self, bytes: &[u8]) {
        // The log's directory is root's: a rotation makes a file in it.
        let _root = identity::leave(self.identity.as_deref());
        if let Err(error) = self.log.lock().write(self.stream, bytes, Timestamp::now()) {
            tracing::debug!(%error, "a container's log");
        }
    }
}

/// Writes out what has no newline at the end of both streams.
pub(crate) fn finish(log: &Log) {
    let mut log = log.lock();
    for stream in [Stream::Stdout, Stream::Stderr] {
        if let Err(error) = log.finish(stream, Timestamp::now()) {
            tracing::debug!(%error, "a container's log");
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE)
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
