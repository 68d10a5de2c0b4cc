//! The store in an etcd cluster, keys as they are; a mod revision is a [`Revision`].
//!
//! Every call has a time limit and fails with [`Error::Unavailable`] when etcd does not answer; the connection comes
//! back by itself. A watch ends when its connection breaks, and whoever reads it starts another.

mod connect;
mod direct;
mod endpoint;
mod fault;
mod sender;
mod txn;
mod watch;

use std::time::Duration;

use etcd_client::{CompactionOptions, GetOptions, KvClient, WatchClient};
use futures::Future;

pub use self::connect::{EtcdOptions, EtcdTls};
use self::{
    fault::{during, was_not_sent},
    sender::Sender,
};
use crate::{
    Error, EventStream, KeyValue, Page, Result, Revision, Store, Write,
    types::{check_batch, successor},
};

/// Longest time for one request, connecting included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for a page of a listing, or a compaction.
const SLOW_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is tried that could not be sent to the chosen endpoint.
const ATTEMPTS: usize = 4;
/// Entries asked for in one request; longer listings take several.
const PAGE_ENTRIES: usize = 1000;
/// A key that never exists, to ask for the newest revision; inside the prefix that a restricted user may read.
const NO_KEY: &str = "/registry/";

/// A byte that no key contains.
const NOT_UTF8: u8 = 0xff;

/// A store in an etcd cluster.
pub struct Etcd {
    kv: KvClient,
    sender: Sender,
    watch: WatchClient,
}

impl Etcd {
    /// A store that keeps its state in the given cluster. Connects when it is first used; only the user and password,
    /// if there are any, are tried at once.
    pub async fn connect(options: &EtcdOptions) -> Result<Self> {
        let (kv, watch) = connect::clients(options).await?;
        Ok(Self { sender: Sender::start(kv.clone()), kv, watch })
    }

    /// Makes a request with a time limit, again if it never reached an endpoint.
    async fn request<T, F>(&self, context: &str, limit: Duration, call: impl Fn(KvClient) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, etcd_client::Error>>,
    {
        request(&self.kv, context, limit, call).await
    }

    /// Entries from `start` to `end` at a revision (0: the newest), how many there are in all, and the newest revision.
    async fn range(
        &self,
        start: &[u8],
        end: &[u8],
        at: i64,
        limit: usize,
    ) -> Result<(Vec<KeyValue>, u64, Revision)> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let options = GetOptions::new().with_range(end).with_revision(at).with_limit(limit);
        let answer = self.request("listing", SLOW_REQUEST_TIMEOUT, |mut kv| {
            let options = options.clone();
            async move { kv.get(start, Some(options)).await }
        });
        let mut answer = answer.await.map_err(|error| fault::about_revision(error, at))?;
        let newest = header(answer.header())?;
        let count = u64::try_from(answer.count()).unwrap_or_default();
        let entries = answer.take_kvs().into_iter().map(entry).collect::<Result<_>>()?;
        Ok((entries, count, newest))
    }
}

#[async_trait::async_trait]
impl Store for Etcd {
    async fn revision(&self) -> Result<Revision> {
        let answer = self.request("asking for the newest revision", REQUEST_TIMEOUT, |mut kv| async move {
            kv.get(NO_KEY, Some(GetOptions::new().with_count_only())).await
        });
        header(answer.await?.header())
    }

    async fn get(&self, key: &str) -> Result<Option<KeyValue>> {
        let answer =
            self.request("reading a key", REQUEST_TIMEOUT, |mut kv| async move { kv.get(key, None).await });
        answer.await?.take_kvs().pop().map(entry).transpose()
    }

    async fn list(
        &self,
        prefix: &str,
        at: Option<Revision>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page> {
        if at == Some(Revision(0)) {
            // To etcd, 0 means now.
            return Err(Error::Compacted { asked: Revision(0), oldest: Revision(1) });
        }
        let limit = if limit == 0 { usize::MAX } else { limit };
        let end = successor(prefix);
        let mut start = match after {
            Some(after) if after >= prefix => following(after),
            _ => first(prefix),
        };
        if end.as_ref().is_some_and(|end| start >= *end) {
            // Nothing can be there, but etcd has to say whether it still knows the revision.
            start = [prefix.as_bytes(), &[NOT_UTF8]].concat();
        }
        let mut page = Page { revision: at.unwrap_or_default(), ..Page::default() };
        let end = end.unwrap_or_else(|| vec![0]);
        loop {
            let wanted = PAGE_ENTRIES.min(limit - page.entries.len());
            let (entries, count, newest) = self.range(&start, &end, signed(page.revision), wanted).await?;
            if page.revision == Revision(0) {
                page.revision = newest;
            }
            page.remaining = count - entries.len() as u64;
            page.entries.extend(entries);
            match page.entries.last() {
                Some(last) if page.remaining > 0 && page.entries.len() < limit => {
                    start = following(&last.key)
                }
                _ => return Ok(page),
            }
        }
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<Revision> {
        check_batch(&writes)?;
        self.sender.commit(writes).await
    }

    async fn watch(&self, prefix: &str, after: Revision) -> Result<EventStream> {
        watch::stream(self.watch.clone(), prefix, after).await
    }

    async fn compact(&self, before: Revision) -> Result<()> {
        let compacted = self.request("compacting", SLOW_REQUEST_TIMEOUT, |mut kv| async move {
            kv.compact(signed(before), None::<CompactionOptions>).await
        });
        match compacted.await.map_err(|error| fault::about_revision(error, signed(before))) {
            Ok(_) | Err(Error::Compacted { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

async fn request<T, F>(
    kv: &KvClient,
    context: &str,
    limit: Duration,
    call: impl Fn(KvClient) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T, etcd_client::Error>>,
{
    let attempts = async {
        let mut attempt = 1;
        loop {
            match call(kv.clone()).await {
                Err(error) if attempt < ATTEMPTS && was_not_sent(&error) => attempt += 1,
                answer => return answer,
            }
        }
    };
    match tokio::time::timeout(limit, attempts).await {
        Ok(answer) => answer.map_err(|error| during(context, error)),
        Err(_) => Err(Error::unavailable(format!("{context}: etcd did not answer in {limit:?}"))),
    }
}

/// The smallest key that starts with `prefix`; etcd has no empty key.
fn first(prefix: &str) -> Vec<u8> {
    if prefix.is_empty() { vec![0] } else { prefix.into() }
}

/// The smallest key after `key`.
fn following(key: &str) -> Vec<u8> {
    let mut key = Vec::from(key);
    key.push(0);
    key
}

/// A revision as etcd counts; what exceeds its numbers is in the future.
fn signed(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

fn header(header: Option<&etcd_client::ResponseHeader>) -> Result<Revision> {
    let revision = header.and_then(|header| u64::try_from(header.revision()).ok());
    revision
        .map(Revision)
        .ok_or_else(|| Error::Corrupt { context: "etcd answered without a revision".into() })
}

fn entry(kv: etcd_client::KeyValue) -> Result<KeyValue> {
    let revision = Revision(u64::try_from(kv.mod_revision()).unwrap_or_default());
    let (key, value) = kv.into_key_value();
    Ok(KeyValue { key: text(&key)?.into(), value: value.into(), revision })
}

fn text(key: &[u8]) -> Result<&str> {
    let damaged = |_| Error::Corrupt { context: format!("the key {key:?} in etcd is not UTF-8") };
    std::str::from_utf8(key).map_err(damaged)
}
