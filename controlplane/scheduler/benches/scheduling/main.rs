//! Placing pods, one after the other, on one core: the reported time is that of one pod, decided and assumed.
//!
//! `cargo bench -p naru-scheduler`. The cases are those of kube-scheduler's own performance tests, at 5,000 nodes of 4 CPUs
//! and 32 GiB unless the name says otherwise.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod cases;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cases::{Case, Outcome};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use naru_scheduler::core::{Decision, PodInfo, Preemption, Profile, Snapshot, schedule};

/// Places pods of a case, and tells how long that took without making them.
fn place(case: &Case, cluster: &Snapshot, pods: u64) -> Duration {
    let profile = Profile::default();
    let (mut left, mut time) = (pods, Duration::ZERO);
    while left > 0 {
        let count = left.min(case.most);
        let mut cluster = cluster.clone();
        let pods: Vec<Arc<PodInfo>> = (0..count).map(|number| (case.pod)(number)).collect();
        let start = Instant::now();
        for (number, pod) in pods.iter().enumerate() {
            match schedule(&cluster, pod, &profile, number as u64) {
                Decision::Place(placement) => cluster.assume_placed(pod, &placement),
                Decision::Unschedulable(why) if case.outcome == Outcome::Preempts => {
                    let Preemption::Victims(victims) = why.preemption else { panic!("{why}") };
                    for victim in &victims.pods {
                        cluster.remove_pod(&victim.id.uid);
                    }
                    cluster.assume(pod, &victims.node);
                }
                other => assert!(matches!(case.outcome, Outcome::Refused | Outcome::Fills), "{other:?}"),
            }
        }
        time += start.elapsed();
        left -= count;
    }
    time
}

/// Prints what a cluster of 5,000 nodes and one with 100,000 pods take.
fn memory() {
    let before = resident();
    let mut cluster = cases::all()[0].nodes_only();
    let nodes = resident();
    for number in 0..100_000 {
        cluster.set_pod((cases::all()[0].pod)(number), &format!("node-{}", number % 5000));
    }
    let pods = resident();
    println!("memory: 5000 nodes {} MiB, with 100000 pods {} MiB", nodes - before, pods - before);
}

/// The process' resident memory in MiB.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4 / 1024
}

fn run(c: &mut Criterion) {
    memory();
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
