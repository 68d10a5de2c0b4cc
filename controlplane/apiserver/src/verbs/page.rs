//! Pages of a list: which entries, from where, and the token of the next page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use naru_api::status::Status;
use serde::{Deserialize, Serialize};

const TOKEN_VERSION: &str = "meta.k8s.io/v1";

/// Where a page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Continue {
    /// The revision that all pages show; `None`: whatever is newest (an inconsistent continuation).
    pub(super) revision: Option<u64>,
    /// The path (`namespace/name`) of the last entry before the page.
    pub(super) after: String,
}

/// The token's JSON, as kube-apiserver writes it.
#[derive(Serialize, Deserialize)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

impl Continue {
    /// Reads a token; 400 if it is none of ours. Tokens are not secret: what they name is authorised by the path.
    pub(super) fn parse(text: &str) -> Result<Self, Status> {
        let bad = || Status::bad_request("continue key is not valid");
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| bad())?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| bad())?;
        let after = token.start.strip_suffix('\0').unwrap_or(&token.start);
        if token.v != TOKEN_VERSION || after.is_empty() || token.rv == 0 || token.rv < -1 {
            return Err(bad());
        }
        Ok(Continue { revision: u64::try_from(token.rv).ok(), after: after.to_string() })
    }

    /// The token of the page behind this place.
    pub(super) fn token(&self) -> String {
        let rv = self.revision.map_or(-1, |revision| i64::try_from(revision).unwrap_or(i64::MAX));
        let token = Token { v: TOKEN_VERSION.into(), rv, start: format!("{}\0", self.after) };
        let json = serde_json::to_vec(&token).expect("invariant: strings and numbers always serialise");
        URL_SAFE_NO_PAD.encode(json)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tokens_are_those_of_kubernetes() {
        let seen = URL_SAFE_NO_PAD.encode(br#"{"v":"meta.k8s.io/v1","rv":220,"start":"c1\u0000"}"#);
        let place = Continue { revision: Some(220), after: "c1".into() };
        assert_eq!(place.token(), seen);
        assert_eq!(Continue::parse(&seen).unwrap(), place);
        let newest = Continue { revision: None, after: "ns/c1".into() };
        assert_eq!(Continue::parse(&newest.token()).unwrap(), newest);
    }

    #[test]
    fn other_tokens_are_refused() {
        for json in [
            "",
            "x",
            "{}",
            r#"{"v":"v2","rv":1,"start":"a"}"#,
            r#"{"v":"meta.k8s.io/v1","rv":1,"start":""}"#,
            r#"{"v":"meta.k8s.io/v1","rv":0,"start":"a"}"#,
        ] {
            assert_eq!(Continue::parse(&URL_SAFE_NO_PAD.encode(json)).unwrap_err().code, 400, "{json}");
        }
        assert_eq!(Continue::parse("%%%").unwrap_err().code, 400);
    }
}
