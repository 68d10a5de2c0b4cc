//! Any runtime behind a unix socket.
//!
//! In: a bound listener ([`bind`]) and a runtime. Each connection is one task: it reads calls, runs each in a task of
//! its own set, and writes replies in the order they are ready. When a connection or the server ends, waits are
//! dropped and every other call runs to its end, so that no container is left half made.

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::{
    net::{UnixListener, UnixStream, unix::OwnedWriteHalf},
    sync::{Semaphore, mpsc},
    task::{AbortHandle, Id, JoinError, JoinSet},
};
use tokio_util::{
    codec::{FramedRead, FramedWrite, LengthDelimitedCodec},
    sync::CancellationToken,
};

use super::protocol::{
    Answer, ClientMessage, Hello, MAX_IN_FLIGHT, ProtocolError, READ_BUFFER, Reply, Request, VERSION,
    check_peer, check_version, codec, decode, encode,
};
use crate::{Error, Result, Runtime};

/// Most connections at once; an agent holds one, a second agent may be taking over, people look.
const MAX_CONNECTIONS: usize = 32;

/// How long a client may take to say hello, and how long replies may take to be written when the server ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listening socket that only its owner may open, with the lock that makes its server the only one. The socket is
/// removed on drop.
#[derive(Debug)]
pub struct ShimListener {
    listener: UnixListener,
    path: PathBuf,
    _lock: fs::File,
}

impl Drop for ShimListener {
    fn drop(&mut self) {
        // The lock file stays: removing it would let two servers lock two files of one name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Listens on `path` with mode 0600; its directory exists. A socket left by a dead server is replaced. Fails with
/// [`io::ErrorKind::AddrInUse`] if a living server has it.
pub fn bind(path: &Path) -> io::Result<ShimListener> {
    let lock = fs::File::options().create(true).append(true).open(path.with_extension("lock"))?;
    lock.set_permissions(fs::Permissions::from_mode(0o600))?;
    lock.try_lock().map_err(|error| match error {
        fs::TryLockError::WouldBlock => {
            io::Error::new(io::ErrorKind::AddrInUse, "another shim serves this socket")
        }
        fs::TryLockError::Error(error) => error,
    })?;
    // Bound under another name first: nobody can connect before the mode is right, and the rename replaces a stale one.
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600))?;
    fs::rename(&fresh, path)?;
    Ok(ShimListener { listener, path: path.to_owned(), _lock: lock })
}

/// Serves `runtime` until `cancel` is cancelled, by the caller or by an agent's shutdown call. Returns when every call
/// that changes something has ended.
pub async fn serve(listener: ShimListener, runtime: Arc<dyn Runtime>, cancel: CancellationToken) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let permit = tokio::select! {
            () = cancel.cancelled() => break,
            permit = Arc::clone(&permits).acquire_owned() => permit.expect("invariant: the semaphore is never closed"),
        };
        let stream = tokio::select! {
            () = cancel.cancelled() => break,
            accepted = listener.listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Out of descriptors or memory: what is connected goes on.
                Err(error) => {
                    tracing::warn!(%error, "shim accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let (runtime, cancel) = (Arc::clone(&runtime), cancel.clone());
        connections.spawn(async move {
            if let Err(error) = connection(stream, runtime, cancel).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "shim connection");
            }
            drop(permit);
        });
    }
    while connections.join_next().await.is_some() {}
    drop(listener);
}

async fn connection(
    stream: UnixStream,
    runtime: Arc<dyn Runtime>,
    cancel: CancellationToken,
) -> Result<(), ProtocolError> {
    check_peer(&stream)?;
    let (read, write) = stream.into_split();
    let mut frames = FramedRead::with_capacity(read, codec(), READ_BUFFER);
    let mut sink = FramedWrite::new(write, codec());
    let info = runtime.info().await.map_err(io::Error::other)?;
    sink.send(encode(&Hello { protocol: VERSION, info: Some(info) })?).await?;
    let hello = tokio::time::timeout(PATIENCE, frames.next()).await;
    let hello: Hello = decode(&hello.map_err(io::Error::from)?.ok_or(ProtocolError::Closed)??)?;
    check_version(&hello)?;

    // The queue holds at most one reply for each call under way, which are bounded.
    let (replies, queue) = mpsc::unbounded_channel();
    let calls = async {
        let mut calls =
            Calls { runtime, cancel: cancel.clone(), set: JoinSet::new(), ids: HashMap::new(), replies };
        let result = calls.read(&mut frames).await;
        calls.finish().await;
        result
    };
    let writer = async {
        let result = write_replies(&mut sink, queue).await;
        // Nobody reads replies any more, but calls under way must still end.
        result.map_err(ProtocolError::from)
    };
    let (read, written) = tokio::join!(calls, writer);
    read.and(written)
}

async fn write_replies(
    sink: &mut FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    mut queue: mpsc::UnboundedReceiver<Reply>,
) -> io::Result<()> {
    while let Some(reply) = queue.recv().await {
        feed(sink, reply).await?;
        // One write for all that is ready.
        while let Ok(reply) = queue.try_recv() {
            feed(sink, reply).await?;
        }
        tokio::time::timeout(PATIENCE, SinkExt::<Bytes>::flush(sink)).await??;
    }
    Ok(())
}

async fn feed(sink: &mut FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>, reply: Reply) -> io::Result<()> {
    let id = reply.id;
    let frame = encode(&reply).or_else(|error| {
        let result = Err(Error::Internal { message: format!("the answer cannot be sent: {error}") });
        encode(&Reply { id, result })
    });
    tokio::time::timeout(PATIENCE, sink.feed(frame.map_err(io::Error::other)?)).await?
}

/// The calls of one connection.
struct Calls {
    runtime: Arc<dyn Runtime>,
    cancel: CancellationToken,
    set: JoinSet<Result<Answer>>,
    ids: HashMap<Id, Call>,
    replies: mpsc::UnboundedSender<Reply>,
}

struct Call {
    id: u64,
    /// Set for a wait, which may be dropped.
    abort: Option<AbortHandle>,
}

impl Calls {
    /// Takes calls until the client leaves or the server ends.
    async fn read(
        &mut self,
        frames: &mut FramedRead<tokio::net::unix::OwnedReadHalf, LengthDelimitedCodec>,
    ) -> Result<(), ProtocolError> {
        loop {
            tokio::select! {
                () = self.cancel.cancelled() => return Ok(()),
                () = self.replies.closed() => return Ok(()),
                Some(done) = self.set.join_next_with_id() => self.reply(done),
                frame = frames.next() => match frame {
                    None => return Ok(()),
                    Some(frame) => match decode(&frame?)? {
                        ClientMessage::Call { id, request } => self.call(id, request),
                        ClientMessage::Cancel { id } => self.cancel(id),
                    },
                },
            }
        }
    }

    fn call(&mut self, id: u64, request: Request) {
        if self.set.len() >= MAX_IN_FLIGHT {
            let message = format!("more than {MAX_IN_FLIGHT} calls are under way");
            self.send(id, Err(Error::Internal { message }));
            return;
        }
        let waits = matches!(request, Request::Wait { .. });
        let handle = self.set.spawn(answer(Arc::clone(&self.runtime), self.cancel.clone(), request));
        let task = handle.id();
        self.ids.insert(task, Call { id, abort: waits.then_some(handle) });
    }

    fn cancel(&mut self, id: u64) {
        // Rare (an agent gives up a wait when it stops or a pod goes), so a scan is cheaper than a second map.
        if let Some(abort) = self.ids.values().find(|call| call.id == id).and_then(|call| call.abort.as_ref())
        {
            abort.abort();
        }
    }

    fn reply(&mut self, done: Result<(Id, Result<Answer>), JoinError>) {
        let (task, result) = match done {
            Ok((task, result)) => (task, result),
            Err(error) if error.is_cancelled() => {
                self.ids.remove(&error.id());
                return;
            }
            Err(error) => (error.id(), Err(Error::Internal { message: format!("the shim failed: {error}") })),
        };
        if let Some(call) = self.ids.remove(&task) {
            self.send(call.id, result);
        }
    }

    fn send(&self, id: u64, result: Result<Answer>) {
        // A closed queue means that the client has left.
        let _ = self.replies.send(Reply { id, result });
    }

    /// Drops the waits, finishes the rest.
    async fn finish(mut self) {
        for call in self.ids.values() {
            if let Some(abort) = &call.abort {
                abort.abort();
            }
        }
        while let Some(done) = self.set.join_next_with_id().await {
            self.reply(done);
        }
    }
}

/// Runs one call.
async fn answer(runtime: Arc<dyn Runtime>, cancel: CancellationToken, request: Request) -> Result<Answer> {
    Ok(match request {
        Request::Info => Answer::Info(runtime.info().await?),
        Request::Create { spec } => {
            runtime.create(*spec).await?;
            Answer::Done
        }
        Request::Get { id } => {
            runtime.get(&id).await?;
            Answer::Done
        }
        Request::List => Answer::List(runtime.list().await?),
        Request::Delete { id } => {
            runtime.delete(&id).await?;
            Answer::Done
        }
        Request::DeleteSandbox { id } => {
            runtime.delete_sandbox(&id).await?;
            Answer::Done
        }
        Request::Start { id } => {
            runtime.get(&id).await?.start().await?;
            Answer::Done
        }
        Request::Kill { id, signal } => {
            runtime.get(&id).await?.kill(signal).await?;
            Answer::Done
        }
        Request::Wait { id } => Answer::Exit(runtime.get(&id).await?.wait().await?),
        Request::Status { id } => Answer::Status(runtime.get(&id).await?.status().await?),
        Request::Stats { id } => Answer::Stats(runtime.get(&id).await?.stats().await?),
        Request::Shutdown => {
            if let Some(one) = runtime.list().await?.first() {
                let message = format!("the shim holds containers, {} among them", one.id);
                return Err(Error::Internal { message });
            }
            cancel.cancel();
            Answer::Done
        }
    })
}
