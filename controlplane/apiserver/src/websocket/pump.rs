//! The life of one WebSocket after its upgrade: sends what comes until it ends or the client goes.

use std::{pin::pin, time::Duration};

use futures::{SinkExt, Stream, StreamExt};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// Clients have nothing to say; a larger message ends the connection.
const RECEIVED_BYTES_MAX: usize = 64 << 10;
/// A client that does not answer a close is left after this.
const CLOSE_WAIT: Duration = Duration::from_secs(2);
/// A close frame's reason has at most so many bytes (RFC 6455, 5.5).
const REASON_BYTES_MAX: usize = 123;

/// Takes the connection over when the 101 has been sent, and sends `messages`.
pub(super) async fn run<S>(connection: OnUpgrade, messages: S)
where
    S: Stream<Item = std::io::Result<Message>> + Send,
{
    let upgraded = match connection.await {
        Ok(upgraded) => upgraded,
        Err(error) => return tracing::debug!(%error, "a connection was not upgraded"),
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(RECEIVED_BYTES_MAX))
        .max_frame_size(Some(RECEIVED_BYTES_MAX));
    let mut socket =
        WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let Some(end) = send(&mut socket, messages).await else { return };
    if socket.close(Some(end)).await.is_ok() {
        // The client's own close frame is the proof that it has read everything.
        let _ = timeout(CLOSE_WAIT, async { while let Some(Ok(_)) = socket.next().await {} }).await;
    }
}

/// Sends until there is no more; says how to close, or `None` if the client has gone.
async fn send<T, S>(socket: &mut WebSocketStream<T>, messages: S) -> Option<CloseFrame>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Stream<Item = std::io::Result<Message>>,
{
    let mut messages = pin!(messages);
    loop {
        let message = tokio::select! {
            received = socket.next() => match received {
                // Pings are answered by the library.
                Some(Ok(message)) if !message.is_close() => continue,
                // A close is answered by it, too, when the end of the stream is read.
                Some(Ok(_)) => {
                    let _ = timeout(CLOSE_WAIT, async { while let Some(Ok(_)) = socket.next().await {} }).await;
                    return None;
                }
                Some(Err(_)) | None => return None,
            },
            message = messages.next() => message,
        };
        match message {
            Some(Ok(message)) => socket.send(message).await.ok()?,
            Some(Err(error)) => return Some(closing(CloseCode::Error, &error.to_string())),
            None => return Some(closing(CloseCode::Normal, "")),
        }
    }
}

fn closing(code: CloseCode, reason: &str) -> CloseFrame {
    let reason = &reason[..reason.floor_char_boundary(REASON_BYTES_MAX)];
    CloseFrame { code, reason: reason.into() }
}
