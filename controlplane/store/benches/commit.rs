//! Commits and reads of the embedded store beside those of a local etcd, both on the same disk with fsync.
//!
//! `cargo bench -p naru-store`; a value has 1 KiB. With 64 writers the reported time is that of 64 commits.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use naru_store::{
    Embedded, EmbeddedOptions, Etcd, EtcdOptions, Mutation, Precondition, Store, Write, testing::EtcdServer,
};
use tokio::runtime::Runtime;

const VALUE_BYTES: usize = 1024;

static NEXT: AtomicU64 = AtomicU64::new(0);

async fn create(store: Arc<dyn Store>, value: Bytes) {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let key = format!("/registry/pods/default/bench-{n:010}").into();
    let write = Write { key, precondition: Precondition::Absent, mutation: Mutation::Put(value) };
    store.commit(vec![write]).await.unwrap();
}

async fn create_many(store: &Arc<dyn Store>, value: &Bytes, writers: u64) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..writers {
        tasks.spawn(create(store.clone(), value.clone()));
    }
    tasks.join_all().await;
}

fn commits(c: &mut Criterion, runtime: &Runtime, name: &str, store: &Arc<dyn Store>) {
    let value = Bytes::from(vec![b'x'; VALUE_BYTES]);
    let mut group = c.benchmark_group("create");
    group.sample_size(20);
    for writers in [1, 64] {
        group.throughput(Throughput::Elements(writers));
        group.bench_function(BenchmarkId::new(name, writers), |bench| {
            bench.to_async(runtime).iter(|| create_many(store, &value, writers));
        });
    }
    group.finish();
}

fn reads(c: &mut Criterion, runtime: &Runtime, name: &str, store: &Arc<dyn Store>) {
    let key = "/registry/pods/default/read";
    let write = Write {
        key: key.into(),
        precondition: Precondition::Absent,
        mutation: Mutation::Put(vec![b'x'; VALUE_BYTES].into()),
    };
    runtime.block_on(store.commit(vec![write])).unwrap();
    let mut group = c.benchmark_group("read");
    group.sample_size(20);
    group.bench_function(BenchmarkId::new(name, "get"), |bench| {
        bench.to_async(runtime).iter(|| async { black_box(store.get(key).await.unwrap()) });
    });
    group.bench_function(BenchmarkId::new(name, "list 500"), |bench| {
        bench.to_async(runtime).iter(|| async {
            let page = store.list("/registry/pods/default/bench-", None, 500, None).await.unwrap();
            assert_eq!(page.entries.len(), 500);
        });
    });
    group.bench_function(BenchmarkId::new(name, "revision"), |bench| {
        bench.to_async(runtime).iter(|| async { black_box(store.revision().await.unwrap()) });
    });
    group.finish();
}

fn stores(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let server = EtcdServer::start();
    let options = EtcdOptions { endpoints: vec![server.endpoint()], ..EtcdOptions::default() };
    let stores: [(&str, Arc<dyn Store>); 2] = [
        ("embedded", Arc::new(Embedded::open(dir.path().join("s"), EmbeddedOptions::default()).unwrap())),
        ("etcd", Arc::new(runtime.block_on(Etcd::connect(&options)).unwrap())),
    ];
    for (name, store) in &stores {
        commits(c, &runtime, name, store);
        reads(c, &runtime, name, store);
    }
}

criterion_group!(benches, stores);
criterion_main!(benches);
