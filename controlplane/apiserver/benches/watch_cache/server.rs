//! The measured process: the real server behind its TLS front, and nothing else.

use std::{net::IpAddr, path::Path, sync::Arc};

use naru_api::{Object, status::Status};
use naru_apiserver::{
    LogQuery, LogStream, Options, PodLogs, Registry, Server,
    auth::GroupAuthorizer,
    pki::{Names, Pki},
    serve,
};
use naru_store::{Embedded, EmbeddedOptions, Etcd, EtcdOptions, Store};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Nobody asks for logs here.
struct NoLogs;

#[async_trait::async_trait]
impl PodLogs for NoLogs {
    async fn open(&self, _: &Object, _: &LogQuery) -> Result<LogStream, Status> {
        Err(Status::internal("there are no logs"))
    }
}

/// The certificates in `dir`, made by whoever comes first.
pub fn pki(dir: &Path) -> Pki {
    let names = Names { dns: vec!["localhost".into()], addresses: vec![IpAddr::from([127, 0, 0, 1])] };
    Pki::ensure(&dir.join("pki"), "bench0", &names, OffsetDateTime::now_utc()).unwrap()
}

/// Serves until killed; the port is written to `dir/port`.
pub fn run(dir: &Path, etcd: Option<&str>) {
    // As in the program `naru`, spans that nobody wants cost nothing; without any subscriber they are made all the same.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store: Arc<dyn Store> = match etcd {
            Some(endpoint) => {
                let options = EtcdOptions { endpoints: vec![endpoint.into()], ..EtcdOptions::default() };
                Arc::new(Etcd::connect(&options).await.unwrap())
            }
            None => Arc::new(Embedded::open(dir.join("state"), EmbeddedOptions::default()).unwrap()),
        };
        // Whoever started this process holds the other end of its input, and takes it along when it goes.
        let parent =
            tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        tokio::spawn(async move {
            let _ = parent.await;
            std::process::exit(0);
        });
        let server = Server::new(Options {
            store,
            registry: Arc::new(Registry::default()),
            authenticators: Vec::new(),
            authorizer: Arc::new(GroupAuthorizer),
            admission: Vec::new(),
            clock: Arc::new(jiff::Timestamp::now),
            logs: Arc::new(NoLogs),
            routes: axum::Router::new(),
        });
        let cancel = CancellationToken::new();
        let pki = pki(dir);
        let tls = serve::tls_config(&pki.server, &pki.authority.pem().certificate).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (running, token) = (server.clone(), cancel.clone());
        tokio::spawn(async move { running.run(token).await });
        server.ready().await;
        std::fs::write(dir.join("port.new"), port.to_string()).unwrap();
        std::fs::rename(dir.join("port.new"), dir.join("port")).unwrap();
        serve::serve(listener, tls, server.front(), cancel).await;
    });
}
