//! What it takes to reach an etcd cluster.

use std::{fmt, time::Duration};

use etcd_client::{
    Certificate, Channel, Client, ConnectOptions, Identity, KvClient, TlsOptions, WatchClient,
};
use tower::util::BoxCloneSyncService;

use super::{direct::Direct, endpoint::Endpoint, fault::during};
use crate::{Error, Result};

/// Longest time to make a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time to check user and password.
const AUTHENTICATE_TIMEOUT: Duration = Duration::from_secs(5);
/// Time between signs of life on a silent connection; etcd refuses more than one in 5 seconds.
pub(super) const KEEP_ALIVE_PERIOD: Duration = Duration::from_secs(10);
/// Longest wait for the answer to a sign of life, after which watches end.
pub(super) const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer. etcd sets no limit of its own; a page of the largest values takes this much.
const ANSWER_BYTES: usize = super::PAGE_ENTRIES * crate::MAX_BATCH_BYTES;

/// Where a cluster is and how to talk to it.
#[derive(Clone, Debug, Default)]
pub struct EtcdOptions {
    /// URLs of its members: `https://host:2379`.
    pub endpoints: Vec<String>,
    /// For `https` endpoints.
    pub tls: Option<EtcdTls>,
    /// User and password.
    pub user: Option<(String, String)>,
}

/// Whom to trust, and who we are; all in PEM.
#[derive(Clone, Default)]
pub struct EtcdTls {
    /// The certificates of the authorities that sign etcd's.
    pub ca: Vec<u8>,
    /// Our certificate and its key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for EtcdTls {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdTls").field("identity", &self.identity.is_some()).finish_non_exhaustive()
    }
}

/// Clients for reading and writing, and for watching. Each has its own connection: a listing and the watch do not wait for each other.
pub(super) async fn clients(options: &EtcdOptions) -> Result<(KvClient, WatchClient)> {
    let endpoints = options.endpoints.iter().map(|url| Endpoint::new(url, options.tls.as_ref()));
    let direct = Direct::new(endpoints.collect::<Result<_>>()?);
    let direct = Channel::Custom(BoxCloneSyncService::new(direct));
    let connecting = async {
        let watching = Client::connect(&options.endpoints, Some(connect_options(options))).await?;
        let reading = Client::from_channel(direct, Some(connect_options(options))).await?;
        Ok((reading.kv_client(), watching.watch_client()))
    };
    let (kv, watch) = match tokio::time::timeout(AUTHENTICATE_TIMEOUT, connecting).await {
        Ok(clients) => clients.map_err(|error| during("connecting to etcd", error))?,
        Err(_) => return Err(Error::unavailable("connecting to etcd: it did not answer")),
    };
    Ok((kv.max_decoding_message_size(ANSWER_BYTES), watch.max_decoding_message_size(ANSWER_BYTES)))
}

fn connect_options(options: &EtcdOptions) -> ConnectOptions {
    let mut connect = ConnectOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_keep_alive(KEEP_ALIVE_PERIOD, KEEP_ALIVE_TIMEOUT)
        .with_require_leader(true);
    if let Some((name, password)) = &options.user {
        connect = connect.with_user(name, password).with_auto_token_refresh(true);
    }
    if let Some(tls) = &options.tls {
        let mut with = TlsOptions::new().ca_certificate(Certificate::from_pem(&tls.ca));
        if let Some((certificate, key)) = &tls.identity {
            with = with.identity(Identity::from_pem(certificate, key));
        }
        connect = connect.with_tls(with);
    }
    connect
}
