//! The seam to the nodes' logs: `pods/log` finds the pod and checks the query, an implementation of [`PodLogs`] brings the bytes.

use std::pin::Pin;

use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use naru_api::{Object, status::Status};

/// The text of a log as it comes; it ends when the log does (with `follow`: when the container has ended).
pub type LogStream = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// What is asked of a log (PodLogOptions of core/v1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// The container; always one of the pod's.
    pub container: String,
    /// Whether to go on until the container ends.
    pub follow: bool,
    /// Whether the container before its last restart is meant.
    pub previous: bool,
    /// Only lines of the last so many seconds.
    pub since_seconds: Option<u64>,
    /// Only lines since this time.
    pub since_time: Option<Timestamp>,
    /// Whether lines start with their time.
    pub timestamps: bool,
    /// Only so many lines from the end.
    pub tail_lines: Option<u64>,
    /// At most so many bytes.
    pub limit_bytes: Option<u64>,
    /// `Stdout`, `Stderr` or `All`.
    pub stream: Option<String>,
}

/// Where logs come from: the node that runs the pod.
#[async_trait::async_trait]
pub trait PodLogs: Send + Sync + 'static {
    /// Opens the log of a container of `pod`, which is bound to a node. The error is what the client gets.
    async fn open(&self, pod: &Object, query: &LogQuery) -> Result<LogStream, Status>;
}
