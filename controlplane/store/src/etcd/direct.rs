//! The way of reads and writes to etcd: HTTP/2 with nothing between a request and its connection.
//!
//! In: gRPC requests of the client's stubs. Out: the answers' streams. A general channel hands a request to a task that chooses an endpoint, then to one
//! that sends it, and the answer to one that waits for it; here the caller does all this itself, and one task, the connection's, reads and
//! writes. All requests go to one member over one connection. When that breaks, or the member says that it is of no use, the next request
//! connects to the next endpoint that can be reached. Requests of a broken connection fail; it is the store's business to say what that means.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::future::BoxFuture;
use h2::{RecvStream, client::SendRequest};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use tonic::body::Body;
use tower::{BoxError, Service};

use super::endpoint::Endpoint;

/// gRPC's `UNAVAILABLE`: the member is stopping, or knows no leader. Another one may be better off.
const UNAVAILABLE: &str = "14";

/// A channel for unary calls. Clones share the connection.
#[derive(Clone)]
pub(super) struct Direct {
    shared: Arc<Shared>,
}

struct Shared {
    endpoints: Vec<Endpoint>,
    open: Mutex<Option<Open>>,
    /// Whose turn it is; whoever holds it connects.
    next: tokio::sync::Mutex<usize>,
}

/// The open connection.
#[derive(Clone)]
struct Open {
    /// The endpoint's place in the list.
    at: usize,
    sender: SendRequest<Bytes>,
}

impl Direct {
    /// A channel to one of these endpoints; it connects when it is first used.
    pub(super) fn new(endpoints: Vec<Endpoint>) -> Self {
        let shared = Shared { endpoints, open: Mutex::new(None), next: tokio::sync::Mutex::new(0) };
        Direct { shared: Arc::new(shared) }
    }
}

impl Service<Request<Body>> for Direct {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = self.shared.clone();
        Box::pin(async move { shared.send(request).await })
    }
}

impl Shared {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (mut head, body) = request.into_parts();
        // A unary request is one message, made before it is sent.
        let message = body.collect().await?.to_bytes();
        let mut open = self.ready().await?;
        head.uri = self.endpoints[open.at].uri(&head.uri)?;
        let (answer, mut stream) = open.sender.send_request(Request::from_parts(head, ()), false)?;
        stream.send_data(message, true)?;
        let answer = answer.await?;
        if answer.headers().get("grpc-status").is_some_and(|status| status == UNAVAILABLE) {
            self.leave(open.at).await;
        }
        Ok(answer.map(|stream| Body::new(Received { stream, data: true })))
    }

    /// The open connection, made if there is none, as soon as it takes another request.
    async fn ready(&self) -> Result<Open, BoxError> {
        if let Some(open) = self.living().await {
            return Ok(open);
        }
        let mut next = self.next.lock().await;
        // Somebody else may have been faster.
        if let Some(open) = self.living().await {
            return Ok(open);
        }
        let mut failed = BoxError::from("there is no endpoint");
        for _ in 0..self.endpoints.len() {
            let at = *next % self.endpoints.len();
            match self.endpoints[at].connect().await {
                Ok(sender) => {
                    let open = Open { at, sender: sender.ready().await? };
                    *self.open.lock() = Some(open.clone());
                    return Ok(open);
                }
                Err(error) => failed = error,
            }
            *next = at + 1;
        }
        Err(failed)
    }

    /// The open connection unless it has broken.
    async fn living(&self) -> Option<Open> {
        let Open { at, sender } = self.open.lock().clone()?;
        Some(Open { at, sender: sender.ready().await.ok()? })
    }

    /// Gives up the connection to an endpoint; what is under way on it goes on.
    async fn leave(&self, at: usize) {
        let mut next = self.next.lock().await;
        if self.open.lock().take_if(|open| open.at == at).is_some() {
            *next = at + 1;
        }
    }
}

/// The stream of an answer.
struct Received {
    stream: RecvStream,
    /// Whether there may be more data; then come the trailers.
    data: bool,
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if self.data {
            if let Some(data) = ready!(self.stream.poll_data(context)) {
                let data = data?;
                // Whoever has taken it has room for more.
                self.stream.flow_control().release_capacity(data.len())?;
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            self.data = false;
        }
        let trailers: Option<HeaderMap> = ready!(self.stream.poll_trailers(context))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }
}
