//! WebSockets (RFC 6455) in the place of a stream's body: for watches and logs of clients that ask for the upgrade.
//!
//! In: the head of a request, and later the messages to send. Out: the 101, and a task that owns the connection from then on. Clients
//! only listen; what they send is read and dropped. Subprotocols say how a log's bytes are sent, as kube-apiserver's
//! `wsstream.NewDefaultReaderProtocols` has them.

mod pump;

use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::Stream;
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use hyper::upgrade::OnUpgrade;
use naru_api::status::Status;
use tokio_tungstenite::tungstenite::{Message, handshake::derive_accept_key};

use crate::{
    auth,
    response::{Response, Sent},
};

/// The only version there is.
const VERSION: &str = "13";
/// Bytes as they are.
const BINARY: &str = "binary.k8s.io";
/// Bytes as text in base64.
const BASE64: &str = "base64.binary.k8s.io";

/// What a client that wants a WebSocket has said.
pub(crate) struct Offer {
    connection: Option<OnUpgrade>,
    version: Option<HeaderValue>,
    key: Option<HeaderValue>,
    /// The subprotocols it knows, in its order; none that carries a token.
    protocols: Vec<String>,
}

/// How the bytes of a log become messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Binary,
    Base64,
}

impl Encoding {
    /// A message of these bytes.
    pub(crate) fn message(self, bytes: Bytes) -> Message {
        match self {
            Encoding::Binary => Message::Binary(bytes),
            Encoding::Base64 => Message::text(BASE64_STANDARD.encode(bytes)),
        }
    }
}

impl Offer {
    /// What the request says, if it asks for a WebSocket.
    pub(crate) fn of(parts: &mut Parts) -> Option<Self> {
        let headers = &parts.headers;
        if !asked(headers) {
            return None;
        }
        Some(Offer {
            version: headers.get(header::SEC_WEBSOCKET_VERSION).cloned(),
            key: headers.get(header::SEC_WEBSOCKET_KEY).cloned(),
            protocols: protocols(headers).filter(|one| !auth::is_bearer_protocol(one)).collect(),
            connection: parts.extensions.remove(),
        })
    }

    /// The first subprotocol that the client named.
    pub(crate) fn first_protocol(&self) -> Option<&str> {
        self.protocols.first().map(String::as_str)
    }

    /// The subprotocol for a stream of bytes, and what it means. Without any it is bytes as they are.
    pub(crate) fn encoding(&self) -> Result<(Option<&'static str>, Encoding), Status> {
        if self.protocols.is_empty() {
            return Ok((None, Encoding::Binary));
        }
        let known = |asked: &String| match asked.as_str() {
            BINARY => Some((Some(BINARY), Encoding::Binary)),
            BASE64 => Some((Some(BASE64), Encoding::Base64)),
            _ => None,
        };
        self.protocols.iter().find_map(known).ok_or_else(|| {
            let asked = self.protocols.join(" ");
            let why =
                format!("requested protocol(s) are not supported: [{asked}]; supports [{BINARY} {BASE64}]");
            Status::new(403, "Forbidden", why)
        })
    }

    /// Answers with the upgrade, after which `messages` are sent until they end. `kept` lives as long.
    pub(crate) fn accept<S, K>(
        &self,
        protocol: Option<&str>,
        messages: S,
        kept: K,
    ) -> Result<Response, Status>
    where
        S: Stream<Item = std::io::Result<Message>> + Send + 'static,
        K: Send + 'static,
    {
        let bad = |why: &str| Status::bad_request(format!("cannot upgrade to a websocket: {why}"));
        if self.version.as_ref().is_none_or(|version| version != VERSION) {
            return Err(bad("Sec-WebSocket-Version must be 13"));
        }
        let key = self.key.as_ref().ok_or_else(|| bad("there is no Sec-WebSocket-Key"))?;
        let connection = self.connection.clone().ok_or_else(|| bad("this connection cannot be upgraded"))?;
        let mut response = Response::new(Sent::stream(Body::empty()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept.map_err(|error| bad(&error.to_string()))?);
        if let Some(protocol) = protocol {
            let named = HeaderValue::try_from(protocol).map_err(|error| bad(&error.to_string()))?;
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, named);
        }
        tokio::spawn(async move {
            pump::run(connection, messages).await;
            drop(kept);
        });
        Ok(response)
    }
}

/// Whether the request asks for a WebSocket.
pub(crate) fn asked(headers: &HeaderMap) -> bool {
    let upgrade =
        headers.get(header::UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let connection = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    upgrade && connection.into_iter().any(|value| value.to_ascii_lowercase().contains("upgrade"))
}

/// The subprotocols that the client names, in its order.
pub(crate) fn protocols(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().to_string())
        .filter(|one| !one.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn offer(headers: &[(&str, &str)]) -> Option<Offer> {
        let mut request = http::Request::get("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Offer::of(&mut request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn an_upgrade_is_asked_for_by_two_headers() {
        for (headers, expected) in [
            (&[][..], false),
            (&[("upgrade", "websocket")], false),
            (&[("connection", "upgrade")], false),
            (&[("connection", "Upgrade"), ("upgrade", "SPDY/3.1")], false),
            (&[("connection", "Upgrade"), ("upgrade", "WebSocket")], true),
            (&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")], true),
            (&[("connection", "keep-alive"), ("connection", "upgrade"), ("upgrade", "websocket")], true),
        ] {
            assert_eq!(offer(headers).is_some(), expected, "{headers:?}");
        }
    }

    #[test]
    fn the_first_known_subprotocol_says_how_bytes_are_sent() {
        let token = "base64url.bearer.authorization.k8s.io.YQ";
        for (protocols, expected) in [
            (String::new(), Some((None, Encoding::Binary))),
            (BINARY.into(), Some((Some(BINARY), Encoding::Binary))),
            (BASE64.into(), Some((Some(BASE64), Encoding::Base64))),
            (format!("v4.channel.k8s.io, {BASE64},{BINARY}"), Some((Some(BASE64), Encoding::Base64))),
            (format!("{token}, {BINARY}"), Some((Some(BINARY), Encoding::Binary))),
            ("v4.channel.k8s.io".into(), None),
        ] {
            let headers = [
                ("connection", "Upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-protocol", &*protocols),
            ];
            let found = offer(&headers).unwrap().encoding();
            assert_eq!(found.as_ref().ok(), expected.as_ref(), "{protocols}");
            if let Err(status) = found {
                assert_eq!(status.code, 403, "{protocols}");
            }
        }
        assert_eq!(Encoding::Base64.message(Bytes::from_static(b"a\n")), Message::text("YQo="));
    }

    #[test]
    fn a_broken_handshake_is_refused() {
        let ask = [("connection", "Upgrade"), ("upgrade", "websocket")];
        for (more, expected) in [
            (&[][..], "Sec-WebSocket-Version must be 13"),
            (&[("sec-websocket-version", "8")], "Sec-WebSocket-Version must be 13"),
            (&[("sec-websocket-version", "13")], "there is no Sec-WebSocket-Key"),
            (
                &[("sec-websocket-version", "13"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")],
                "this connection cannot be upgraded",
            ),
        ] {
            let offer = offer(&[&ask, more].concat()).unwrap();
            let status = offer.accept(None, futures::stream::empty(), ()).err().unwrap();
            assert_eq!(
                (status.code, status.message),
                (400, format!("cannot upgrade to a websocket: {expected}"))
            );
        }
    }
}
