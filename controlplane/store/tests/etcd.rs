//! What only etcd has: outages, several endpoints, TLS, users.
#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use naru_store::{
    Error, Etcd, EtcdOptions, EtcdTls, Mutation, Precondition, Revision, Store, Write, testing::EtcdServer,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Longest wait for etcd to be found again.
const RECOVERY_WAIT: Duration = Duration::from_secs(60);

async fn connect(endpoints: &[String]) -> Etcd {
    Etcd::connect(&EtcdOptions { endpoints: endpoints.into(), ..EtcdOptions::default() }).await.unwrap()
}

async fn create(store: &Etcd, key: &str) -> naru_store::Result<Revision> {
    let write = Write {
        key: key.into(),
        precondition: Precondition::Absent,
        mutation: Mutation::Put("1".to_owned().into()),
    };
    store.commit(vec![write]).await
}

/// Asks until etcd is back.
async fn recovered(store: &Etcd) -> Revision {
    let asking = async {
        loop {
            match store.revision().await {
                Ok(revision) => return revision,
                Err(error) => assert!(error.retryable(), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(RECOVERY_WAIT, asking).await.unwrap()
}

#[tokio::test]
async fn an_outage_is_told_at_once_and_passes() {
    let mut server = EtcdServer::start();
    let store = connect(&[server.endpoint()]).await;
    let written = create(&store, "/a").await.unwrap();
    let mut watch = store.watch("/", written).await.unwrap();
    server.kill();
    assert!(matches!(watch.next().await, Some(Err(Error::Unavailable { .. }))));
    assert!(watch.next().await.is_none());
    for _ in 0..2 {
        assert!(create(&store, "/b").await.unwrap_err().retryable());
        assert!(store.get("/a").await.unwrap_err().retryable());
        assert!(store.list("/", None, 0, None).await.unwrap_err().retryable());
        assert!(store.revision().await.unwrap_err().retryable());
        assert!(store.watch("/", written).await.err().unwrap().retryable());
        assert!(store.compact(written).await.unwrap_err().retryable());
    }
    server.restart();
    assert_eq!(recovered(&store).await, written);
    assert_eq!(store.get("/a").await.unwrap().unwrap().revision, written);
    assert!(create(&store, "/b").await.unwrap() > written);
}

#[tokio::test]
async fn a_store_can_be_made_before_etcd_is_there() {
    let mut server = EtcdServer::start();
    server.kill();
    let store = connect(&[server.endpoint()]).await;
    assert!(store.revision().await.unwrap_err().retryable());
    server.restart();
    recovered(&store).await;
    create(&store, "/a").await.unwrap();
}

#[tokio::test]
async fn a_dead_endpoint_among_living_ones_is_passed_over() {
    let (server, mut dead) = (EtcdServer::start(), EtcdServer::start());
    dead.kill();
    let store = connect(&[dead.endpoint(), server.endpoint()]).await;
    recovered(&store).await;
    for n in 0..50 {
        create(&store, &format!("/{n}")).await.unwrap();
        store.get(&format!("/{n}")).await.unwrap().unwrap();
    }
    assert_eq!(store.list("/", None, 0, None).await.unwrap().entries.len(), 50);
}

#[tokio::test]
async fn long_listings_are_read_in_parts_of_one_revision() {
    let server = EtcdServer::start();
    let store = connect(&[server.endpoint()]).await;
    let mut newest = Revision(0);
    for part in 0..25 {
        let writes = (0..100).map(|n| Write {
            key: format!("/list/{part:02}{n:02}").into(),
            precondition: Precondition::Absent,
            mutation: Mutation::Put(vec![b'x'; 3000].into()),
        });
        newest = store.commit(writes.collect()).await.unwrap();
    }
    create(&store, "/other").await.unwrap();
    for at in [None, Some(newest)] {
        let page = store.list("/list/", at, 0, None).await.unwrap();
        assert_eq!((page.entries.len(), page.remaining), (2500, 0));
        assert!(page.entries.is_sorted_by(|a, b| a.key < b.key));
    }
    let page = store.list("/list/", Some(newest), 1500, Some("/list/0099")).await.unwrap();
    assert_eq!((page.entries.len(), page.remaining, page.revision), (1500, 900, newest));
    assert_eq!(&*page.entries[0].key, "/list/0100");
}

/// An authority, and certificates that it signed, as PEM.
struct Pki {
    ca: String,
    server: (String, String),
    client: (String, String),
}

fn pki() -> Pki {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "test authority");
    let key = KeyPair::generate().unwrap();
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let signed = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    Pki { server: signed("etcd"), client: signed("kube-apiserver"), ca }
}

#[tokio::test]
async fn tls_with_client_certificates() {
    let pki = pki();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key, ca) = (file("cert", &pki.server.0), file("key", &pki.server.1), file("ca", &pki.ca));
    let args = ["--cert-file", &cert, "--key-file", &key, "--trusted-ca-file", &ca, "--client-cert-auth"];
    let server = EtcdServer::start_with("https", &args);
    let connect = async |ca: &str, identity: Option<&(String, String)>| {
        let identity = identity.map(|(cert, key)| (cert.clone().into_bytes(), key.clone().into_bytes()));
        let tls = Some(EtcdTls { ca: ca.into(), identity });
        let endpoints = vec![server.endpoint()];
        Etcd::connect(&EtcdOptions { endpoints, tls, user: None }).await.unwrap()
    };
    let store = connect(&pki.ca, Some(&pki.client)).await;
    let written = create(&store, "/a").await.unwrap();
    assert_eq!(store.revision().await.unwrap(), written);
    let stranger = connect(&pki.ca, None).await;
    assert!(create(&stranger, "/b").await.is_err(), "a client without a certificate is refused");
    let mistrusting = connect(&self::pki().ca, Some(&pki.client)).await;
    assert!(create(&mistrusting, "/b").await.is_err(), "a server of another authority is refused");
    assert_eq!(store.get("/b").await.unwrap(), None);
}

#[tokio::test]
async fn user_and_password() {
    // A token lives for a second, so that it has to be renewed during the test.
    let server = EtcdServer::start_with("http", &["--auth-token-ttl", "1"]);
    let endpoints = vec![server.endpoint()];
    let mut admin = etcd_client::Client::connect(&endpoints, None).await.unwrap();
    admin.user_add("root", "secret", None).await.unwrap();
    admin.user_grant_role("root", "root").await.unwrap();
    admin.auth_enable().await.unwrap();
    let as_user = |password: &str| EtcdOptions {
        endpoints: endpoints.clone(),
        tls: None,
        user: Some(("root".into(), password.into())),
    };
    let store = Arc::new(Etcd::connect(&as_user("secret")).await.unwrap());
    let written = create(&store, "/a").await.unwrap();
    let mut watch = store.watch("/", written).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let again = create(&store, "/b").await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap()[0].revision, again);
    assert!(Etcd::connect(&as_user("wrong")).await.is_err());
    assert!(create(&connect(&endpoints).await, "/c").await.is_err());
}
