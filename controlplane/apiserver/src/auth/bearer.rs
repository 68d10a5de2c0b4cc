//! The bearer token of a request: in its `Authorization` header, or, as browsers cannot set that for WebSockets, in a subprotocol.

use std::borrow::Cow;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use naru_api::status::Status;

use crate::websocket;

/// Before the token in base64url without padding (kube-apiserver's `authentication/request/websocket`).
const PROTOCOL_PREFIX: &str = "base64url.bearer.authorization.k8s.io.";

/// Whether this WebSocket subprotocol is a token.
pub(crate) fn is_bearer_protocol(protocol: &str) -> bool {
    protocol.starts_with(PROTOCOL_PREFIX)
}

/// The token that the request carries; 401 if it carries something else in its place.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<Cow<'_, str>>, Status> {
    let Some(value) = headers.get(AUTHORIZATION) else { return from_protocols(headers) };
    let found = value.to_str().ok().and_then(|value| value.split_once(' '));
    match found {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim().into())),
        _ => Err(Status::unauthorized()),
    }
}

/// One subprotocol is the token; the server answers with another, so there must be one.
fn from_protocols(headers: &HeaderMap) -> Result<Option<Cow<'_, str>>, Status> {
    if !websocket::asked(headers) {
        return Ok(None);
    }
    let (tokens, others): (Vec<String>, Vec<String>) =
        websocket::protocols(headers).partition(|one| is_bearer_protocol(one));
    let [token] = &tokens[..] else {
        return if tokens.is_empty() { Ok(None) } else { Err(Status::unauthorized()) };
    };
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(&token[PROTOCOL_PREFIX.len()..]).ok();
    let token = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|_| !others.is_empty());
    token.map(|token| Some(token.into())).ok_or_else(Status::unauthorized)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_websocket_may_carry_its_token_as_a_subprotocol() {
        let good = format!("{PROTOCOL_PREFIX}czNjcmV0");
        for (protocols, expected) in [
            (String::new(), Ok(None)),
            ("binary.k8s.io".into(), Ok(None)),
            (format!("{good}, binary.k8s.io"), Ok(Some("s3cret"))),
            (format!("binary.k8s.io,{good}"), Ok(Some("s3cret"))),
            (good.clone(), Err(401)),
            (format!("{good}, {good}, binary.k8s.io"), Err(401)),
            (format!("{PROTOCOL_PREFIX}***, binary.k8s.io"), Err(401)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("sec-websocket-protocol", protocols.parse().unwrap());
            assert_eq!(token(&headers).unwrap(), None, "{protocols}: no upgrade, no token");
            headers.insert("upgrade", "websocket".parse().unwrap());
            headers.insert("connection", "Upgrade".parse().unwrap());
            let found = token(&headers);
            let found = found.as_ref().map(Option::as_deref).map_err(|status| status.code);
            assert_eq!(found, expected, "{protocols}");
        }
    }
}
