//! `kill -9` at random instants loses no acknowledged write, and tears none.
//!
//! A child process (this test binary again) writes and prints each acknowledged write to a pipe. The parent kills it,
//! or etcd, or both, looks at what is stored, and goes on with the same store.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures::StreamExt;
use naru_store::{
    Embedded, EmbeddedOptions, Error, Etcd, EtcdOptions, Mutation, Precondition, Revision, Store, Write,
    testing::EtcdServer,
};

/// Tells a child where to write: `embedded PATH` or `etcd URL`.
const TARGET: &str = "NARU_TEST_KILL_TARGET";
/// Writers in a child, each with a counter of its own, so that commits are grouped.
const COUNTERS: usize = 4;
/// Longest time after the first acknowledged write before the kill.
const LIFE_MAX: Duration = Duration::from_millis(40);
/// Kills of the embedded store's writer.
const EMBEDDED_KILLS: usize = 220;
/// Rounds between compactions, whose work is thus interrupted by kills, too.
const COMPACTION_ROUNDS: usize = 8;
/// Rounds with etcd; each kills etcd and the writer, in either order.
const ETCD_ROUNDS: usize = 105;

/// A counter is two keys, written in one batch.
fn keys(counter: usize) -> [Arc<str>; 2] {
    ["first", "second"].map(|half| format!("/kill/{counter}/{half}").into())
}

async fn open(target: &str) -> Arc<dyn Store> {
    match target.split_once(' ').unwrap() {
        ("embedded", path) => Arc::new(Embedded::open(path, EmbeddedOptions::default()).unwrap()),
        ("etcd", url) => {
            let options = EtcdOptions { endpoints: vec![url.into()], ..EtcdOptions::default() };
            Arc::new(Etcd::connect(&options).await.unwrap())
        }
        other => panic!("{other:?}"),
    }
}

/// The value of a counter and its revision; panics if it is torn.
async fn read(store: &dyn Store, counter: usize) -> naru_store::Result<(u64, Option<Revision>)> {
    let page = store.list(&format!("/kill/{counter}/"), None, 0, None).await?;
    let halves: Vec<_> = page.entries.iter().map(|kv| (number(&kv.value), kv.revision)).collect();
    match halves[..] {
        [] => Ok((0, None)),
        [first, second] if first == second => Ok((first.0, Some(first.1))),
        _ => panic!("counter {counter} is torn: {halves:?}"),
    }
}

fn number(value: &[u8]) -> u64 {
    std::str::from_utf8(value).unwrap().trim_end().parse().unwrap()
}

/// Raises a counter for ever, and prints each raise that was acknowledged.
async fn count(store: Arc<dyn Store>, counter: usize) {
    loop {
        let Ok((value, at)) = read(&*store, counter).await else { continue };
        // Values of very different sizes, so that pages split and move.
        let width = (value as usize * 7919) % if value % 16 == 0 { 9000 } else { 600 };
        let text = format!("{}{:width$}", value + 1, "");
        let writes = keys(counter).map(|key| Write {
            key,
            precondition: at.map_or(Precondition::Absent, Precondition::At),
            mutation: Mutation::Put(text.clone().into()),
        });
        match store.commit(writes.into()).await {
            Ok(revision) => {
                let line = format!("acknowledged {counter} {} {revision}\n", value + 1);
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
            Err(Error::Unavailable { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("nobody else writes: {error:?}"),
        }
    }
}

/// Not a test by itself: the child process of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(target) = env::var(TARGET) else { return };
    let store = open(&target).await;
    let counters = (0..COUNTERS).map(|counter| count(store.clone(), counter));
    futures::future::join_all(counters).await;
}

/// What a child acknowledged: for each counter the newest value and its revision.
type Acknowledged = BTreeMap<usize, (u64, Revision)>;

/// A running child; killed when dropped.
struct Writer {
    process: Child,
    lines: Option<JoinHandle<Acknowledged>>,
    first: std::sync::mpsc::Receiver<()>,
}

impl Writer {
    fn start(target: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env(TARGET, target)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (announce, first) = std::sync::mpsc::channel();
        let lines = std::thread::spawn(move || {
            let mut acknowledged = Acknowledged::new();
            for line in output.split(b'\n').map(Result::unwrap) {
                let line = String::from_utf8_lossy(&line);
                let words: Vec<_> = line.split(' ').collect();
                let Some(at) = words.iter().position(|word| word.ends_with("acknowledged")) else { continue };
                // The last line may be cut by the kill: it counts only if it is whole.
                if let [counter, value, revision] = words[at + 1..] {
                    let (value, revision) = (value.parse().unwrap(), Revision(revision.parse().unwrap()));
                    acknowledged.insert(counter.parse().unwrap(), (value, revision));
                    announce.send(()).ok();
                }
            }
            acknowledged
        });
        Self { process, lines: Some(lines), first }
    }

    fn wait_for_a_write(&mut self) {
        self.first.recv_timeout(Duration::from_secs(60)).expect("the child writes something");
    }

    fn kill(&mut self) -> Acknowledged {
        assert!(self.process.try_wait().unwrap().is_none(), "the child still runs");
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.lines.take().unwrap().join().unwrap()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Compares what is stored with what was acknowledged since the last look.
struct Ledger {
    counters: Acknowledged,
    newest: Revision,
    compacted: Revision,
    rounds: usize,
}

impl Ledger {
    async fn check(&mut self, store: &dyn Store, acknowledged: &Acknowledged) {
        let newest = store.revision().await.unwrap();
        assert!(newest >= self.newest, "the store went back from {} to {newest}", self.newest);
        self.rounds += 1;
        if self.rounds.is_multiple_of(COMPACTION_ROUNDS) {
            store.compact(self.newest).await.unwrap();
            self.compacted = self.newest;
        }
        self.newest = newest;
        for counter in 0..COUNTERS {
            let known = self.counters.get(&counter).copied().unwrap_or_default();
            let (value, revision) = acknowledged.get(&counter).copied().unwrap_or(known);
            let (stored, at) = read(store, counter).await.unwrap();
            let at = at.unwrap_or_default();
            let context =
                format!("counter {counter}: {value} at {revision} is known, {stored} at {at} stored");
            assert!(revision >= known.1 && value >= known.0, "{context}; before {known:?}");
            // One more write may have happened without its answer arriving.
            assert!(stored == value || stored == value + 1, "{context}");
            assert!(if stored == value { at == revision } else { at > revision }, "{context}");
            self.counters.insert(counter, (stored, at));
        }
    }

    /// The history since the last compaction shows each counter rise by ones.
    async fn check_history(&self, store: &dyn Store) {
        let mut watch = store.watch("/kill/", self.compacted).await.unwrap();
        let mut position = self.compacted;
        let mut counted = BTreeMap::<Arc<str>, u64>::new();
        for kv in store.list("/kill/", Some(position), 0, None).await.unwrap().entries {
            counted.insert(kv.key, number(&kv.value));
        }
        while position < self.newest {
            let batch = watch.next().await.unwrap().unwrap();
            assert!(batch[0].revision > position && batch.len() == 2);
            position = batch[0].revision;
            for event in batch {
                let value = number(&event.value.unwrap());
                let before = counted.insert(event.key, value).unwrap_or(0);
                assert_eq!(value, before + 1);
            }
        }
        assert!(counted.len() == 2 * COUNTERS && counted.values().all(|value| *value > 10), "{counted:?}");
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self { counters: Acknowledged::new(), newest: Revision(1), compacted: Revision(1), rounds: 0 }
    }
}

/// A random number generator (splitmix64), seeded by the time and told on failure.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        eprintln!("seed {seed}");
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn pause(&mut self, most: Duration) {
        let end = Instant::now() + Duration::from_micros(self.below(most.as_micros() as u64));
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
    }
}

async fn embedded_round(path: &Path, random: &mut Random, ledger: &mut Ledger) {
    let target = format!("embedded {}", path.display());
    let mut writer = Writer::start(&target);
    // One in eight dies while it starts, perhaps amid a repair.
    if random.below(8) != 0 {
        writer.wait_for_a_write();
    }
    random.pause(LIFE_MAX);
    let acknowledged = writer.kill();
    let store = Embedded::open(path, EmbeddedOptions::default()).unwrap();
    ledger.check(&store, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_writer_of_the_embedded_store_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.redb");
    let (mut random, mut ledger) = (Random::new(), Ledger::default());
    for _ in 0..EMBEDDED_KILLS {
        embedded_round(&path, &mut random, &mut ledger).await;
    }
    let store = Embedded::open(&path, EmbeddedOptions::default()).unwrap();
    ledger.check_history(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_etcd_and_its_writer_loses_nothing() {
    let mut server = EtcdServer::start();
    let target = format!("etcd {}", server.endpoint());
    let (mut random, mut ledger) = (Random::new(), Ledger::default());
    for _ in 0..ETCD_ROUNDS {
        let mut writer = Writer::start(&target);
        writer.wait_for_a_write();
        random.pause(LIFE_MAX);
        let acknowledged = if random.below(2) == 0 {
            server.kill();
            random.pause(Duration::from_millis(5));
            writer.kill()
        } else {
            let acknowledged = writer.kill();
            server.kill();
            acknowledged
        };
        server.restart();
        ledger.check(&*open(&target).await, &acknowledged).await;
    }
    ledger.check_history(&*open(&target).await).await;
}
