//! The node's own HTTPS endpoint, over real TLS.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    harness::{Authority, Cluster, oci},
    told::{phase, ready},
};

/// Asks the endpoint; status and body, or why there is no answer.
async fn ask(
    cluster: &Cluster,
    client: Option<(String, String)>,
    path: &str,
) -> Result<(u16, String), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(cluster.authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let config = match client {
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let stream = TcpStream::connect(cluster.endpoint.unwrap()).await.map_err(|error| text(&error))?;
    let name = ServerName::try_from("localhost").unwrap();
    let stream =
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| text(&error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
    let driver = tokio::spawn(connection);
    let request = Request::get(path).header("host", "localhost").body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.map_err(|error| text(&error))?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(|error| text(&error))?.to_bytes();
    driver.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_api_server_and_administrators_get_in() {
    let cluster = Cluster::start().await;
    let issue = |user, group| Some(cluster.authority.issue(user, group));
    assert_eq!(ask(&cluster, issue("kube-apiserver", "x"), "/healthz").await, Ok((200, "ok".into())));
    assert_eq!(ask(&cluster, issue("admin", "system:masters"), "/healthz").await, Ok((200, "ok".into())));
    let turned_away = ask(&cluster, issue("system:node:n2", "system:nodes"), "/pods").await;
    assert_eq!(turned_away, Ok((403, "Forbidden".into())));
    assert!(ask(&cluster, None, "/healthz").await.is_err(), "no certificate, no connection");
    let foreign = Authority::new().issue("kube-apiserver", "system:masters");
    assert!(ask(&cluster, Some(foreign), "/healthz").await.is_err(), "another authority's certificate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_of_running_previous_and_waiting_containers() {
    let cluster = Cluster::start().await;
    let master = || Some(cluster.authority.issue("kube-apiserver", "system:masters"));
    cluster.create("web", json!({"containers": [oci("a", &["say", "hello"])]})).await;
    cluster.until("web", "ready", ready).await;
    let logs = |query: &str| format!("/containerLogs/default/web/a?{query}");
    assert_eq!(ask(&cluster, master(), &logs("")).await, Ok((200, "hello\n".into())));
    let stamped = ask(&cluster, master(), &logs("timestamps=true&tailLines=1")).await.unwrap();
    assert!(stamped.1.starts_with("2027-01-15T08:00:00") && stamped.1.ends_with(" hello\n"), "{stamped:?}");
    let none = "previous terminated container \"a\" in pod \"web\" not found";
    assert_eq!(ask(&cluster, master(), &logs("previous=true")).await, Ok((400, none.into())));
    let other = ask(&cluster, master(), "/containerLogs/default/web/b").await;
    assert_eq!(other, Ok((404, "container \"b\" not found in pod \"web\"".into())));
    let other = ask(&cluster, master(), "/containerLogs/default/none/a").await;
    assert_eq!(other, Ok((404, "pod \"none\" does not exist".into())));

    let spec = json!({"containers": [{"name": "a", "image": "localhost:5000/none:1"}]});
    cluster.create("pull", spec).await;
    cluster.until_event("pull", "Failed", "Error: ErrImagePull").await;
    let waiting = ask(&cluster, master(), "/containerLogs/default/pull/a").await;
    let expected = "container \"a\" in pod \"pull\" is waiting to start: image can't be pulled";
    assert_eq!(waiting, Ok((400, expected.into())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn following_a_log_ends_with_its_container() {
    let cluster = Cluster::start().await;
    let master = Some(cluster.authority.issue("kube-apiserver", "system:masters"));
    cluster
        .create("web", json!({"restartPolicy": "Never", "containers": [oci("a", &["say", "hello"])]}))
        .await;
    let pod = cluster.until("web", "ready", ready).await;
    let follow = ask(&cluster, master, "/containerLogs/default/web/a?follow=true");
    let id = naru_runtime::ContainerId(format!("{}-a-0", pod.metadata.uid.unwrap()));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        naru_runtime::Runtime::get(&*cluster.oci, &id).await.unwrap().kill(9).await.unwrap();
    };
    let (followed, ()) = tokio::join!(follow, stop);
    assert_eq!(followed, Ok((200, "hello\n".into())));
    cluster.until("web", "Failed", |pod| phase(pod) == "Failed").await;
}
