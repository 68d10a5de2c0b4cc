//! etcd's errors in the store's words.

use std::{error::Error as _, io, sync::Arc};

use crate::{Error, Revision};

/// The store's error for a request that failed while doing `context`.
pub(super) fn during(context: &str, error: etcd_client::Error) -> Error {
    let etcd_client::Error::GRpcStatus(status) = &error else {
        return Error::Unavailable { context: context.to_owned(), source: Some(Arc::new(error)) };
    };
    let message = status.message();
    if message.contains("mvcc: required revision has been compacted") {
        return Error::Compacted { asked: Revision(0), oldest: Revision(0) };
    }
    if message.contains("mvcc: required revision is a future revision") {
        return Error::FutureRevision { asked: Revision(0), newest: Revision(0) };
    }
    if message.contains("request is too large") || message.contains("too many operations in txn request") {
        return Error::Invalid { context: format!("etcd has lower limits than its defaults: {message}") };
    }
    Error::Unavailable { context: context.to_owned(), source: Some(Arc::new(error)) }
}

/// Adds to an error about a revision which one was asked for. etcd does not tell what it has instead, so the nearest
/// possible one stands there.
pub(super) fn about_revision(error: Error, asked: i64) -> Error {
    let asked = u64::try_from(asked).unwrap_or_default();
    match error {
        Error::Compacted { .. } => Error::Compacted { asked: Revision(asked), oldest: Revision(asked + 1) },
        Error::FutureRevision { .. } => {
            Error::FutureRevision { asked: Revision(asked), newest: Revision(asked.saturating_sub(1)) }
        }
        other => other,
    }
}

/// Whether a request failed because no connection could be made, so that it cannot have had an effect.
pub(super) fn was_not_sent(error: &etcd_client::Error) -> bool {
    let etcd_client::Error::GRpcStatus(status) = error else { return false };
    let causes = std::iter::successors(status.source(), |&cause| cause.source());
    causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| {
        matches!(
            cause.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
        )
    })
}
