//! Random sequences of operations on a real store give what the naive twin in memory gives.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use futures::StreamExt;
use naru_store::{
    Embedded, EmbeddedOptions, Error, Etcd, EtcdOptions, Event, KeyValue, Mutation, Page, Precondition,
    Result, Revision, Store, Write, memory::Memory, testing::EtcdServer,
};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};

const EMBEDDED_CASES: u32 = 60;
const ETCD_CASES: u32 = 12;

#[derive(Clone, Debug)]
enum Op {
    Commit(Vec<Intent>),
    Get(u8),
    /// Back from the newest revision (`None`: no revision given), limit, after.
    List(Option<u64>, usize, Option<u8>),
    /// Back from the newest revision.
    Watch(u64),
    Compact(u64),
    Reopen,
}

/// A write whose precondition is chosen when it is known what is there.
#[derive(Clone, Debug)]
struct Intent {
    key: u8,
    /// A byte, and how many of it.
    value: Option<(u8, usize)>,
    precondition: Guess,
}

#[derive(Clone, Copy, Debug)]
enum Guess {
    Right,
    Absent,
    At(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let guess = prop_oneof![
        8 => Just(Guess::Right),
        1 => Just(Guess::Absent),
        1 => (0..40u64).prop_map(Guess::At)
    ];
    let value = prop_oneof![
        3 => (any::<u8>(), 0..20usize).prop_map(Some),
        1 => (any::<u8>(), 3000..9000usize).prop_map(Some),
        2 => Just(None)
    ];
    let intent =
        (0..12u8, value, guess).prop_map(|(key, value, precondition)| Intent { key, value, precondition });
    prop_oneof![
        12 => vec(intent, 0..4).prop_map(Op::Commit),
        2 => (0..12u8).prop_map(Op::Get),
        3 => (proptest::option::of(0..20u64), 0..6usize, proptest::option::of(0..12u8))
            .prop_map(|(back, limit, after)| Op::List(back, limit, after)),
        2 => (0..20u64).prop_map(Op::Watch),
        1 => (0..20u64).prop_map(Op::Compact),
        1 => Just(Op::Reopen),
    ]
}

/// The store under test beside its model. Revisions of the two differ by a constant.
struct Pair {
    real: Arc<dyn Store>,
    model: Memory,
    offset: u64,
    prefix: String,
}

impl Pair {
    async fn new(real: Arc<dyn Store>, prefix: String) -> Self {
        let model = Memory::new();
        let offset = real.revision().await.unwrap().0 - model.revision().await.unwrap().0;
        Self { real, model, offset, prefix }
    }

    fn key(&self, n: u8) -> Arc<str> {
        format!(
            "{}{}",
            self.prefix,
            ["a", "a/b", "aa", "b", "b0", "c", "c/d", "c/e", "d", "é", "f", "g"][usize::from(n)]
        )
        .into()
    }

    fn real(&self, revision: Revision) -> Revision {
        Revision(revision.0 + self.offset)
    }

    /// A revision so far back from the newest of the model, but not before all.
    async fn back(&self, back: u64) -> Revision {
        Revision(self.model.revision().await.unwrap().0.saturating_sub(back).max(1))
    }

    async fn run(&self, op: &Op) {
        match op {
            Op::Commit(intents) => self.commit(intents).await,
            Op::Get(key) => {
                let key = self.key(*key);
                let expected = self.model.get(&key).await.unwrap().map(|kv| self.moved(kv));
                assert_eq!(self.real.get(&key).await.unwrap(), expected);
            }
            Op::List(back, limit, after) => self.list(*back, *limit, *after).await,
            Op::Watch(back) => self.watch(self.back(*back).await).await,
            Op::Compact(back) => {
                let before = self.back(*back).await;
                self.model.compact(before).await.unwrap();
                self.real.compact(self.real(before)).await.unwrap();
            }
            Op::Reopen => {}
        }
        let expected = self.real(self.model.revision().await.unwrap());
        assert_eq!(self.real.revision().await.unwrap(), expected);
    }

    async fn commit(&self, intents: &[Intent]) {
        let (mut writes, mut moved) = (Vec::<Write>::new(), Vec::new());
        for Intent { key, value, precondition } in intents {
            let key = self.key(*key);
            if writes.iter().any(|write| write.key == key) {
                continue;
            }
            let precondition = match precondition {
                Guess::Right => {
                    let there = self.model.get(&key).await.unwrap();
                    there.map_or(Precondition::Absent, |kv| Precondition::At(kv.revision))
                }
                Guess::Absent => Precondition::Absent,
                Guess::At(revision) => Precondition::At(Revision(*revision)),
            };
            let mutation =
                value.map_or(Mutation::Delete, |(byte, length)| Mutation::Put(vec![byte; length].into()));
            writes.push(Write { key: key.clone(), precondition, mutation: mutation.clone() });
            let precondition = match precondition {
                Precondition::At(revision) if revision.0 > 0 => Precondition::At(self.real(revision)),
                other => other,
            };
            moved.push(Write { key, precondition, mutation });
        }
        let expected = self.model.commit(writes).await.map(|revision| self.real(revision));
        match (self.real.commit(moved).await, expected) {
            (Ok(revision), Ok(expected)) => assert_eq!(revision, expected),
            (
                Err(Error::Conflict { key, current }),
                Err(Error::Conflict { key: expected_key, current: expected }),
            ) => {
                assert_eq!((key, current), (expected_key, expected.map(|kv| self.moved(kv))));
            }
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    async fn list(&self, back: Option<u64>, limit: usize, after: Option<u8>) {
        let at = match back {
            Some(back) => Some(self.back(back).await),
            None => None,
        };
        let after = after.map(|key| self.key(key));
        for prefix in ["", "a", "c/", "é", "z"] {
            let prefix = format!("{}{prefix}", self.prefix);
            let expected = self.model.list(&prefix, at, limit, after.as_deref()).await;
            let real_at = at.map(|at| self.real(at));
            let found = self.real.list(&prefix, real_at, limit, after.as_deref()).await;
            self.compare_pages(found, expected);
        }
    }

    fn compare_pages(&self, found: Result<Page>, expected: Result<Page>) {
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                let entries: Vec<_> = expected.entries.into_iter().map(|kv| self.moved(kv)).collect();
                assert_eq!(found.entries, entries);
                assert_eq!(found.remaining, expected.remaining);
                assert_eq!(found.revision, self.real(expected.revision));
            }
            (Err(Error::Compacted { .. }), Err(Error::Compacted { .. })) => {}
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    /// Reads everything after a revision from both.
    async fn watch(&self, after: Revision) {
        let expected = events(&self.model, &self.prefix, after).await.map(|mut batches| {
            for event in batches.iter_mut().flatten() {
                event.revision = self.real(event.revision);
            }
            batches
        });
        match (events(&*self.real, &self.prefix, self.real(after)).await, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(Error::Compacted { .. }), Err(Error::Compacted { .. })) => {}
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    fn moved(&self, kv: KeyValue) -> KeyValue {
        KeyValue { revision: self.real(kv.revision), ..kv }
    }
}

/// All batches after a revision, each sorted by key, up to a last write that marks the end (and is removed again).
async fn events(store: &dyn Store, prefix: &str, after: Revision) -> Result<Vec<Vec<Event>>> {
    let mut watch = store.watch(prefix, after).await?;
    let key: Arc<str> = format!("{prefix}~end").into();
    let write = |precondition, mutation| Write { key: key.clone(), precondition, mutation };
    let end = store.commit(vec![write(Precondition::Absent, Mutation::Put("end".into()))]).await?;
    store.commit(vec![write(Precondition::At(end), Mutation::Delete)]).await?;
    let mut batches = Vec::new();
    loop {
        let mut batch = watch.next().await.expect("a watch does not end in silence")?;
        if batch[0].revision == end {
            return Ok(batches);
        }
        batch.sort_by(|a, b| a.key.cmp(&b.key));
        batches.push(batch);
    }
}

fn run(cases: u32, case: impl Fn(Vec<Op>)) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let sequences = vec(op(), 1..60);
    let case = |ops| {
        case(ops);
        Ok(())
    };
    TestRunner::new(config).run(&sequences, case).unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn the_embedded_store_does_what_its_model_does() {
    let runtime = runtime();
    run(EMBEDDED_CASES, |ops| {
        let dir = tempfile::tempdir().unwrap();
        let open = || {
            let options = EmbeddedOptions { cache_bytes: 256 * 1024 };
            Arc::new(Embedded::open(dir.path().join("s"), options).unwrap())
        };
        runtime.block_on(async {
            let mut pair = Pair::new(open(), "/model/".into()).await;
            for op in ops {
                if matches!(op, Op::Reopen) {
                    // The file has to be closed before it can be opened again.
                    pair.real = Arc::new(Memory::new());
                    pair.real = open();
                }
                pair.run(&op).await;
            }
        });
    });
}

#[test]
fn etcd_does_what_its_model_does() {
    let runtime = runtime();
    let server = EtcdServer::start();
    let options = EtcdOptions { endpoints: vec![server.endpoint()], ..EtcdOptions::default() };
    let store: Arc<dyn Store> = Arc::new(runtime.block_on(Etcd::connect(&options)).unwrap());
    let case = std::cell::Cell::new(0);
    run(ETCD_CASES, |ops| {
        case.set(case.get() + 1);
        runtime.block_on(async {
            let pair = Pair::new(store.clone(), format!("/model/{}/", case.get())).await;
            for op in &ops {
                pair.run(op).await;
            }
        });
    });
}
