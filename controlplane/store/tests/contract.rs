//! The contract suite on every implementation.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use naru_store::{
    Embedded, EmbeddedOptions, Etcd, EtcdOptions, contract, memory::Memory, testing::EtcdServer,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    for check in contract::checks() {
        eprintln!("{}", check.name);
        let path = dir.path().join(check.name);
        check.run(Arc::new(Embedded::open(&path, EmbeddedOptions::default()).unwrap())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_embedded_store_passes_all_checks_in_turn_and_again_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new folder").join("store.redb");
    let mut revision = None;
    for check in contract::checks() {
        let store = Arc::new(Embedded::open(&path, EmbeddedOptions { cache_bytes: 64 * 1024 }).unwrap());
        let opened_at = naru_store::Store::revision(&*store).await.unwrap();
        assert!(revision.is_none_or(|before| before == opened_at), "{}", check.name);
        check.run(store.clone()).await;
        revision = Some(naru_store::Store::revision(&*store).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_twin_in_memory_keeps_the_contract() {
    let store = Arc::new(Memory::new());
    for check in contract::checks() {
        eprintln!("{}", check.name);
        check.run(store.clone()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_keeps_the_contract() {
    let server = EtcdServer::start();
    let options = EtcdOptions { endpoints: vec![server.endpoint()], ..EtcdOptions::default() };
    let store = Arc::new(Etcd::connect(&options).await.unwrap());
    for check in contract::checks() {
        eprintln!("{}", check.name);
        check.run(store.clone()).await;
    }
}
