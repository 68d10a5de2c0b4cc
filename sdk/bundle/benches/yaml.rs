//! Reading and writing YAML and JSON: a values file of 100 KB, and a manifest of 4.5 MB as large charts of
//! resource definitions render it.
//!
//! `cargo bench -p naru-bundle --bench yaml`
#![allow(clippy::unwrap_used, missing_docs)]

use std::{fmt::Write, hint::black_box};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use naru_bundle::{json, yaml};

/// Comments, nested mappings, lists, quoted and folded text, as values files have them.
fn values(bytes: usize) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        write!(
            text,
            "## @param component{number} What the component does, in a sentence of some length\n##\n\
             component{number}:\n  enabled: true\n  replicaCount: {number}\n  image:\n    registry: docker.io\n    \
             repository: example/component-{number}\n    tag: \"1.{number}.0\"\n    pullSecrets: []\n  \
             resources:\n    limits: {{cpu: 500m, memory: 128Mi}}\n    requests: {{}}\n  \
             nodeSelector: {{}}\n  tolerations:\n    - key: dedicated\n      operator: 'Equal'\n      value: x\n  \
             extraEnv:\n    - name: A\n      value: \"some text, with: punctuation\"\n    - name: B\n      \
             value: plain text that goes on\n  config: |\n    [section]\n    key = value\n    other = {number}\n\n"
        )
        .unwrap();
    }
    text
}

/// A deep schema with descriptions.
fn manifest(bytes: usize) -> String {
    let mut text = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n".to_owned();
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        write!(
            text,
            "  field{number}:\n    description: |-\n      What the field is for, in a sentence that takes one line\n      \
             and a second one that follows it.\n    properties:\n      inner:\n        description: Another \
             description, on one line.\n        items:\n          properties:\n            key:\n              \
             type: string\n            values:\n              type: array\n              x-kubernetes-list-type: atomic\n          \
             required:\n          - key\n          - values\n          type: object\n        type: array\n    type: object\n"
        )
        .unwrap();
    }
    text
}

fn benches(c: &mut Criterion) {
    let values = values(100_000);
    let value = yaml::read(values.as_bytes()).unwrap();
    let text = json::write(&value, json::Style::Compact).unwrap();
    let mut group = c.benchmark_group("values of 100 KB");
    group.throughput(Throughput::Bytes(values.len() as u64));
    group.bench_function("read", |b| b.iter(|| yaml::read(black_box(values.as_bytes())).unwrap()));
    group.bench_function("check", |b| b.iter(|| yaml::check(black_box(values.as_bytes())).unwrap()));
    group.bench_function("write", |b| b.iter(|| yaml::write(black_box(&value)).unwrap()));
    group.bench_function("write pretty", |b| b.iter(|| yaml::write_pretty(black_box(&value)).unwrap()));
    group.bench_function("JSON read", |b| b.iter(|| json::read(black_box(text.as_bytes())).unwrap()));
    group.bench_function("JSON write", |b| {
        b.iter(|| json::write(black_box(&value), json::Style::Compact).unwrap())
    });
    group.finish();

    let manifest = manifest(4_500_000);
    let mut group = c.benchmark_group("manifest of 4.5 MB");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(manifest.len() as u64));
    group.bench_function("read", |b| b.iter(|| yaml::read(black_box(manifest.as_bytes())).unwrap()));
    group.bench_function("check", |b| b.iter(|| yaml::check(black_box(manifest.as_bytes())).unwrap()));
    group.finish();
}

criterion_group!(group, benches);
criterion_main!(group);
