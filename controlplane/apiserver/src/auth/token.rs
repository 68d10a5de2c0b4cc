//! Bearer tokens from a file: Kubernetes' static token file, `token,user,uid[,"group1,group2"]` a line.
//!
//! Tokens are looked up by their SHA-256, so that the time it takes tells nothing about them.

use std::{collections::HashMap, sync::Arc};

use axum::http::HeaderMap;
use naru_api::status::Status;
use sha2::{Digest, Sha256};

use super::{Authenticator, Identity, bearer};

/// A line of a token file that cannot be understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the token file is not token,user,uid[,\"groups\"]")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
}

/// Authenticates `Authorization: Bearer <token>`.
#[derive(Default)]
pub struct Tokens {
    by_hash: HashMap<[u8; 32], Arc<Identity>>,
}

impl Tokens {
    /// Adds a token.
    pub fn insert(&mut self, token: &str, identity: Arc<Identity>) {
        self.by_hash.insert(Sha256::digest(token).into(), identity);
    }

    /// The tokens of a file. Empty lines and lines that begin with `#` are skipped.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut tokens = Tokens::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut parts = line.splitn(4, ',');
            let (Some(token), Some(user), Some(_uid)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(Error { line: index + 1 });
            };
            if token.is_empty() || user.is_empty() {
                return Err(Error { line: index + 1 });
            }
            let groups = parts.next().unwrap_or_default().trim_matches('"');
            let groups: Vec<&str> =
                groups.split(',').map(str::trim).filter(|group| !group.is_empty()).collect();
            tokens.insert(token, Identity::new(user, &groups));
        }
        Ok(tokens)
    }
}

impl Authenticator for Tokens {
    fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Arc<Identity>>, Status> {
        let Some(token) = bearer::token(headers)? else { return Ok(None) };
        let hash: [u8; 32] = Sha256::digest(&*token).into();
        self.by_hash.get(&hash).cloned().map(Some).ok_or_else(Status::unauthorized)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::http::header::AUTHORIZATION;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn a_known_token_is_somebody_and_an_unknown_one_nobody() {
        let tokens = Tokens::parse("# ours\n\ns3cret,alice,1,\"dev,ops\"\nplain,bob,2\n").unwrap();
        let alice = tokens.authenticate(&headers("Bearer s3cret")).unwrap().unwrap();
        assert_eq!(alice.user, "alice");
        assert_eq!(alice.groups, ["dev", "ops", "system:authenticated"]);
        assert_eq!(tokens.authenticate(&headers("bearer plain")).unwrap().unwrap().user, "bob");
        assert_eq!(tokens.authenticate(&HeaderMap::new()).unwrap(), None);
        for bad in ["Bearer wrong", "Basic s3cret", "s3cret", "Bearer "] {
            assert_eq!(tokens.authenticate(&headers(bad)).unwrap_err().code, 401, "{bad}");
        }
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(Tokens::parse("a,b,c\nonly-a-token\n").err(), Some(Error { line: 2 }));
    }
}
