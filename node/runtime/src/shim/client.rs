//! A runtime that asks a shim.
//!
//! One connection carries all calls. When it breaks, the next call makes a new one, and calls that may be repeated
//! (a wait above all) are, so that neither end's restart is seen by the caller as long as the shim is back within
//! [`RECONNECT_FOR`].

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use parking_lot::Mutex;
use tokio::{
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, oneshot},
    task::AbortHandle,
    time::Instant,
};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use super::protocol::{
    Answer, ClientMessage, Hello, MAX_IN_FLIGHT, ProtocolError, READ_BUFFER, Reply, Request, VERSION,
    check_peer, check_version, codec, decode, encode,
};
use crate::{
    ContainerId, ContainerSpec, Error, Exit, Info, Result, Runtime, SandboxId, Stats, Task, TaskStatus,
};

/// How long a call tries to reach a shim that does not answer before it fails with [`Error::Unreachable`].
pub const RECONNECT_FOR: Duration = Duration::from_secs(2);

/// The pauses between such tries: the first, doubled up to the last.
const RECONNECT_PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(200));

/// How often one call is sent again after its connection broke.
const MAX_REPEATS: u32 = 8;

/// How long connecting and the hello may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A shim on the other side of a socket. Cheap to clone; clones share the connection.
#[derive(Clone, Debug)]
pub struct ShimClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    socket: PathBuf,
    connection: tokio::sync::Mutex<Option<Arc<Connection>>>,
}

impl ShimClient {
    /// Connects to the shim that listens on `socket`; one try.
    pub async fn connect(socket: &Path) -> Result<Self> {
        let client = Self::lazy(socket);
        client.connection(Duration::ZERO).await?;
        Ok(client)
    }

    /// A client that connects with its first call.
    pub fn lazy(socket: &Path) -> Self {
        let inner = Inner { socket: socket.to_owned(), connection: tokio::sync::Mutex::new(None) };
        Self { inner: Arc::new(inner) }
    }

    /// Where the shim listens.
    pub fn socket(&self) -> &Path {
        &self.inner.socket
    }

    /// Ends the shim; fails if it holds a container. The shim may end before its answer arrives, which is success.
    pub async fn shutdown(&self) -> Result<()> {
        match self.call_within(Request::Shutdown, Duration::ZERO).await {
            Ok(_) | Err(Error::Unreachable { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn call(&self, request: Request) -> Result<Answer> {
        self.call_within(request, RECONNECT_FOR).await
    }

    async fn call_within(&self, request: Request, reconnect_for: Duration) -> Result<Answer> {
        let mut repeats = if reconnect_for.is_zero() { 0 } else { MAX_REPEATS };
        loop {
            let connection = self.connection(reconnect_for).await?;
            let lost = match connection.call(request.clone()).await {
                Ok(result) => return result,
                Err(lost) => lost,
            };
            if repeats == 0 || !(lost.unsent || request.idempotent()) {
                return Err(self.unreachable(&lost.cause));
            }
            repeats -= 1;
        }
    }

    /// The living connection, or a new one.
    async fn connection(&self, reconnect_for: Duration) -> Result<Arc<Connection>> {
        let mut slot = self.inner.connection.lock().await;
        if let Some(connection) = slot.as_ref().filter(|connection| !connection.shared.closed()) {
            return Ok(Arc::clone(connection));
        }
        *slot = None;
        let deadline = Instant::now() + reconnect_for;
        let mut pause = RECONNECT_PAUSES.0;
        loop {
            let opened = tokio::time::timeout(CONNECT_TIMEOUT, Connection::open(&self.inner.socket)).await;
            let error = match opened.unwrap_or_else(|late| Err(std::io::Error::from(late).into())) {
                Ok(connection) => return Ok(Arc::clone(slot.insert(Arc::new(connection)))),
                Err(error) => error,
            };
            if Instant::now() + pause >= deadline {
                return Err(self.unreachable(&error));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RECONNECT_PAUSES.1);
        }
    }

    fn unreachable(&self, cause: &(dyn std::error::Error + 'static)) -> Error {
        let message = match cause.source() {
            Some(source) => format!("{cause}: {source}"),
            None => cause.to_string(),
        };
        Error::Unreachable { socket: self.inner.socket.display().to_string(), message }
    }

    /// Whether both share one connection.
    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// A container of the shim, without asking whether there is one.
    pub(super) fn task(&self, id: ContainerId) -> Arc<dyn Task> {
        Arc::new(ShimTask { id, client: self.clone() })
    }
}

/// A call whose connection broke.
struct Lost {
    unsent: bool,
    cause: ProtocolError,
}

/// One connection; a task of its own reads and writes until the last user drops it.
#[derive(Debug)]
struct Connection {
    shared: Arc<Shared>,
    /// Bounded by the calls pending: each has at most a call and a cancellation queued.
    frames: mpsc::UnboundedSender<Bytes>,
    next_id: AtomicU64,
    pump: AbortHandle,
}

/// What the connection and its task share.
#[derive(Debug, Default)]
struct Shared {
    pending: Mutex<HashMap<u64, oneshot::Sender<Result<Answer>>>>,
    closed: AtomicBool,
}

impl Shared {
    fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes no more calls and fails those that are pending by dropping their senders.
    fn close(&self) {
        let mut pending = self.pending.lock();
        self.closed.store(true, Ordering::Release);
        pending.clear();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Connection {
    async fn open(socket: &Path) -> Result<Self, ProtocolError> {
        let stream = UnixStream::connect(socket).await?;
        check_peer(&stream)?;
        let (read, write) = stream.into_split();
        let mut incoming = FramedRead::with_capacity(read, codec(), READ_BUFFER);
        let mut outgoing = FramedWrite::new(write, codec());
        outgoing.send(encode(&Hello { protocol: VERSION, info: None })?).await?;
        let hello: Hello = decode(&incoming.next().await.ok_or(ProtocolError::Closed)??)?;
        check_version(&hello)?;
        let (frames, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        let weak = Arc::downgrade(&shared);
        // Owned by the connection, whose drop aborts it.
        let pump = tokio::spawn(async move {
            let ended = tokio::select! {
                ended = read_replies(incoming, &weak) => ended,
                ended = write_frames(outgoing, queue) => ended,
            };
            if let Err(error) = ended {
                tracing::debug!(error = &error as &dyn std::error::Error, "shim connection");
            }
            if let Some(shared) = weak.upgrade() {
                shared.close();
            }
        });
        Ok(Self { shared, frames, next_id: AtomicU64::new(1), pump: pump.abort_handle() })
    }

    async fn call(&self, request: Request) -> Result<Result<Answer>, Lost> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = match encode(&ClientMessage::Call { id, request }) {
            Ok(frame) => frame,
            Err(error) => return Ok(Err(Error::internal("the call cannot be sent", &error))),
        };
        let (sender, answer) = oneshot::channel();
        {
            let mut pending = self.shared.pending.lock();
            if self.shared.closed() {
                return Err(Lost { unsent: true, cause: ProtocolError::Closed });
            }
            if pending.len() >= MAX_IN_FLIGHT {
                let message = format!("more than {MAX_IN_FLIGHT} calls to the shim are under way");
                return Ok(Err(Error::Internal { message }));
            }
            pending.insert(id, sender);
        }
        let mut guard = CancelOnDrop { connection: self, id, armed: true };
        if self.frames.send(frame).is_err() {
            guard.armed = false;
            return Err(Lost { unsent: true, cause: ProtocolError::Closed });
        }
        let answer = answer.await;
        guard.armed = false;
        answer.map_err(|_| {
            let gone =
                std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "the shim closed the connection");
            Lost { unsent: false, cause: gone.into() }
        })
    }
}

/// Tells the shim when the caller gives up.
struct CancelOnDrop<'a> {
    connection: &'a Connection,
    id: u64,
    armed: bool,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        let pending = self.armed && self.connection.shared.pending.lock().remove(&self.id).is_some();
        if let (true, Ok(frame)) = (pending, encode(&ClientMessage::Cancel { id: self.id })) {
            // Fails only when the connection is gone, and the call with it.
            let _ = self.connection.frames.send(frame);
        }
    }
}

async fn read_replies(
    mut incoming: FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
    shared: &Weak<Shared>,
) -> Result<(), ProtocolError> {
    while let Some(frame) = incoming.next().await {
        let reply: Reply = decode(&frame?)?;
        let Some(shared) = shared.upgrade() else { return Ok(()) };
        let sender = shared.pending.lock().remove(&reply.id);
        if let Some(sender) = sender {
            // The caller may have given up meanwhile.
            let _ = sender.send(reply.result);
        }
    }
    Ok(())
}

async fn write_frames(
    mut outgoing: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    mut queue: mpsc::UnboundedReceiver<Bytes>,
) -> Result<(), ProtocolError> {
    while let Some(frame) = queue.recv().await {
        outgoing.feed(frame).await?;
        while let Ok(frame) = queue.try_recv() {
            outgoing.feed(frame).await?;
        }
        SinkExt::<Bytes>::flush(&mut outgoing).await?;
    }
    Ok(())
}

fn mismatch(answer: &Answer) -> Error {
    Error::Internal { message: format!("the shim's answer does not fit the call: {answer:?}") }
}

#[async_trait::async_trait]
impl Runtime for ShimClient {
    async fn info(&self) -> Result<Info> {
        match self.call(Request::Info).await? {
            Answer::Info(info) => Ok(info),
            other => Err(mismatch(&other)),
        }
    }

    async fn create(&self, spec: ContainerSpec) -> Result<Arc<dyn Task>> {
        let id = spec.id.clone();
        self.call(Request::Create { spec: Box::new(spec) }).await?;
        Ok(self.task(id))
    }

    async fn get(&self, id: &ContainerId) -> Result<Arc<dyn Task>> {
        self.call(Request::Get { id: id.clone() }).await?;
        Ok(self.task(id.clone()))
    }

    async fn list(&self) -> Result<Vec<TaskStatus>> {
        match self.call(Request::List).await? {
            Answer::List(list) => Ok(list),
            other => Err(mismatch(&other)),
        }
    }

    async fn delete(&self, id: &ContainerId) -> Result<()> {
        self.call(Request::Delete { id: id.clone() }).await.map(drop)
    }

    async fn delete_sandbox(&self, id: &SandboxId) -> Result<()> {
        self.call(Request::DeleteSandbox { id: id.clone() }).await.map(drop)
    }
}

/// One container of a shim.
#[derive(Debug)]
struct ShimTask {
    id: ContainerId,
    client: ShimClient,
}

#[async_trait::async_trait]
impl Task for ShimTask {
    fn id(&self) -> &ContainerId {
        &self.id
    }

    async fn start(&self) -> Result<()> {
        self.client.call(Request::Start { id: self.id.clone() }).await.map(drop)
    }

    async fn kill(&self, signal: i32) -> Result<()> {
        self.client.call(Request::Kill { id: self.id.clone(), signal }).await.map(drop)
    }

    async fn wait(&self) -> Result<Exit> {
        match self.client.call(Request::Wait { id: self.id.clone() }).await? {
            Answer::Exit(exit) => Ok(exit),
            other => Err(mismatch(&other)),
        }
    }

    async fn status(&self) -> Result<TaskStatus> {
        match self.client.call(Request::Status { id: self.id.clone() }).await? {
            Answer::Status(status) => Ok(status),
            other => Err(mismatch(&other)),
        }
    }

    async fn stats(&self) -> Result<Stats> {
        match self.client.call(Request::Stats { id: self.id.clone() }).await? {
            Answer::Stats(stats) => Ok(stats),
            other => Err(mismatch(&other)),
        }
    }
}
