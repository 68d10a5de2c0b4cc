//! Placing pods, one after the other, on one core: the reported time is that of one pod, decided and assumed.
//!
//! `cargo bench -p naru-scheduler`. The cases are those of kube-scheduler's own performance tests, at 5,000 nodes of 4 CPUs
//! and 32 GiB unless the name says otherwise.
#![allow(clippy::unwrap_used, missing_docs)]

mod cases;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cases::Case;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use naru_scheduler::core::{Decision, PodInfo, Profile, Snapshot, schedule};

/// Pods after which a case starts over with an empty cluster.
const PODS_MAX: u64 = 20_000;

/// Places pods of a case, and tells how long that took without making them.
fn place(case: &Case, cluster: &Snapshot, pods: u64) -> Duration {
    let profile = Profile::default();
    let (mut left, mut time) = (pods, Duration::ZERO);
    while left > 0 {
        let count = left.min(PODS_MAX);
        let mut cluster = cluster.clone();
        let pods: Vec<Arc<PodInfo>> = (0..count).map(|number| (case.pod)(number)).collect();
        let start = Instant::now();
        for (number, pod) in pods.iter().enumerate() {
            match schedule(&cluster, pod, &profile, number as u64) {
                Decision::Place(placement) => cluster.assume(pod, &placement.node),
                other => assert!(!case.fits, "{other:?}"),
            }
        }
        time += start.elapsed();
        left -= count;
    }
    time
}

fn run(c: &mut Criterion) {
    let mut group = c.benchmark_group("place");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    for case in cases::all() {
        let cluster = case.cluster();
        group.bench_with_input(BenchmarkId::new(case.name, case.nodes), &case, |b, case| {
            b.iter_custom(|pods| place(case, &cluster, pods));
        });
    }
    group.finish();
}

criterion_group!(benches, run);
criterion_main!(benches);
