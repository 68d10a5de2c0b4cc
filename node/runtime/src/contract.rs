//! The suite every runtime passes: what [`Runtime`] and [`Task`] promise, checked from outside.
//!
//! A runtime's tests supply a [`Fixture`] and call [`run`]. Every check panics with what went wrong; every container is
//! made under an id of its own and deleted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{ContainerId, ContainerSpec, Error, Exit, Runtime, State, Task};

/// How long anything may take before the suite calls it stuck. Generous: it is no measure of speed.
const STUCK: Duration = Duration::from_secs(60);

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// What the suite needs to know about an implementation. All specs name one sandbox.
pub trait Fixture: Send + Sync {
    /// The runtime under test.
    fn runtime(&self) -> Arc<dyn Runtime>;

    /// A program that writes `text` and a newline to its standard output and exits with `code`.
    fn prints_and_exits(&self, id: ContainerId, text: &str, code: u8) -> ContainerSpec;

    /// A program that runs until it is killed, and that SIGTERM ends or not as the implementation has it.
    fn sleeps(&self, id: ContainerId) -> ContainerSpec;

    /// A container that cannot be made through a fault of its image or spec.
    fn fails_to_create(&self, id: ContainerId) -> ContainerSpec;
}

/// Checks everything. The sandbox is gone afterwards, and with it the runtime if it serves only that.
pub async fn run(fixture: &dyn Fixture) {
    identity(fixture).await;
    from_created_to_exited(fixture).await;
    created_is_not_running(fixture).await;
    exits_are_kept(fixture).await;
    signals(fixture).await;
    deleting(fixture).await;
    failing_to_create(fixture).await;
    giving_up_a_wait(fixture).await;
    many_at_once(fixture).await;
    deleting_the_sandbox(fixture).await;
}

fn new_id() -> ContainerId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let random = jiff::Timestamp::now().subsec_nanosecond();
    ContainerId(format!("contract-{}-{random}-c{number}-0", std::process::id()))
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(STUCK, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: stuck for {STUCK:?}"),
    }
}

#[track_caller]
fn ok<T>(what: &str, result: crate::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Creates a container.
async fn create(fixture: &dyn Fixture, spec: ContainerSpec) -> Arc<dyn Task> {
    ok("create", soon("create", fixture.runtime().create(spec)).await)
}

/// Creates and starts one that sleeps.
async fn sleeping(fixture: &dyn Fixture) -> Arc<dyn Task> {
    let task = create(fixture, fixture.sleeps(new_id())).await;
    ok("start", soon("start", task.start()).await);
    task
}

async fn state(task: &dyn Task) -> State {
    ok("status", soon("status", task.status()).await).state
}

async fn exit(task: &dyn Task) -> Exit {
    ok("wait", soon("wait", task.wait()).await)
}

async fn delete(fixture: &dyn Fixture, task: &dyn Task) {
    ok("delete", soon("delete", fixture.runtime().delete(task.id())).await);
}

async fn listed(fixture: &dyn Fixture, id: &ContainerId) -> bool {
    ok("list", soon("list", fixture.runtime().list()).await).iter().any(|status| status.id == *id)
}

async fn identity(fixture: &dyn Fixture) {
    let info = ok("info", soon("info", fixture.runtime().info()).await);
    assert!(!info.name.is_empty() && !info.version.is_empty(), "an empty identity: {info:?}");
    let id = new_id();
    let missing = soon("get", fixture.runtime().get(&id)).await.err();
    assert_eq!(missing, Some(Error::NotFound { id: id.clone() }), "get of an unknown id");
    ok("delete of an unknown id", soon("delete", fixture.runtime().delete(&id)).await);
}

async fn from_created_to_exited(fixture: &dyn Fixture) {
    for (text, code) in [("hello", 0), ("goodbye", 3), ("last words", 255)] {
        let spec = fixture.prints_and_exits(new_id(), text, code);
        let log = spec.log_path.clone();
        let before = jiff::Timestamp::now();
        let task = create(fixture, spec.clone()).await;
        assert_eq!(task.id(), &spec.id);
        assert_eq!(state(&*task).await, State::Created);
        assert!(listed(fixture, &spec.id).await, "created, but not in the list");
        let again = soon("create", fixture.runtime().create(spec.clone())).await.err();
        assert_eq!(again, Some(Error::AlreadyExists { id: spec.id.clone() }), "the same id twice");
        ok("start", soon("start", task.start()).await);
        let first = exit(&*task).await;
        assert_eq!((first.code, first.signal, first.oom_killed), (i32::from(code), None, false), "{first:?}");
        let started = first.started_at.unwrap_or_else(|| panic!("no start time: {first:?}"));
        assert!(started <= first.finished_at, "ended before it started: {first:?}");
        // Clocks may be read in any order around the start; hours apart would be a wrong unit.
        assert!(
            started.duration_since(before).abs().as_hours() == 0,
            "started at {started}, now is {before}"
        );
        let text = format!(" stdout F {text}\n");
        let lines =
            std::fs::read_to_string(&log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        assert!(lines.ends_with(&text), "the log has {lines:?}, not {text:?}, when the exit is known");
        delete(fixture, &*task).await;
    }
}

async fn created_is_not_running(fixture: &dyn Fixture) {
    let task = create(fixture, fixture.sleeps(new_id())).await;
    let early = tokio::time::timeout(Duration::from_millis(50), task.wait()).await;
    assert!(early.is_err(), "a container that was not started has exited: {early:?}");
    assert_eq!(state(&*task).await, State::Created);
    delete(fixture, &*task).await;
    assert!(!listed(fixture, task.id()).await, "deleted before its start, and still in the list");
}

async fn exits_are_kept(fixture: &dyn Fixture) {
    let task = create(fixture, fixture.prints_and_exits(new_id(), "kept", 7)).await;
    ok("start", soon("start", task.start()).await);
    let (one, two) = tokio::join!(exit(&*task), exit(&*task));
    assert_eq!(one, two, "two waits, two exits");
    // Somebody else asks later.
    let found = ok("get", soon("get", fixture.runtime().get(task.id())).await);
    assert_eq!(exit(&*found).await, one);
    assert_eq!(state(&*found).await, State::Exited(one));
    let again = soon("start", found.start()).await;
    assert!(matches!(again, Err(Error::WrongState { .. })), "started after its exit: {again:?}");
    ok("kill after the exit", soon("kill", found.kill(SIGKILL)).await);
    delete(fixture, &*task).await;
}

async fn signals(fixture: &dyn Fixture) {
    let task = sleeping(fixture).await;
    let running = state(&*task).await;
    assert!(matches!(running, State::Running { .. }), "started, but {running:?}");
    let again = soon("start", task.start()).await;
    assert!(matches!(again, Err(Error::WrongState { .. })), "started twice: {again:?}");
    ok("stats", soon("stats", task.stats()).await);
    ok("SIGTERM", soon("kill", task.kill(SIGTERM)).await);
    ok("SIGKILL", soon("kill", task.kill(SIGKILL)).await);
    let exit = exit(&*task).await;
    assert!([128 + SIGKILL, 128 + SIGTERM].contains(&exit.code), "{exit:?}");
    assert_eq!(exit.signal.map(|signal| 128 + signal), Some(exit.code), "{exit:?}");
    delete(fixture, &*task).await;

    let task = sleeping(fixture).await;
    ok("SIGKILL", soon("kill", task.kill(SIGKILL)).await);
    let exit = self::exit(&*task).await;
    assert_eq!((exit.code, exit.signal, exit.oom_killed), (137, Some(SIGKILL), false), "{exit:?}");
    delete(fixture, &*task).await;
}

async fn deleting(fixture: &dyn Fixture) {
    let task = sleeping(fixture).await;
    let id = task.id().clone();
    let waiting = tokio::join!(task.wait(), delete(fixture, &*task)).0;
    // Whoever waits hears of the end one way or the other.
    match waiting {
        Ok(exit) => assert_eq!(exit.code, 137, "{exit:?}"),
        Err(error) => assert_eq!(error, Error::NotFound { id: id.clone() }),
    }
    assert!(!listed(fixture, &id).await, "deleted, and still in the list");
    let gone = soon("get", fixture.runtime().get(&id)).await.err();
    assert_eq!(gone, Some(Error::NotFound { id }), "get after delete");
    delete(fixture, &*task).await;
}

async fn failing_to_create(fixture: &dyn Fixture) {
    let id = new_id();
    let failed = soon("create", fixture.runtime().create(fixture.fails_to_create(id.clone()))).await.err();
    match failed {
        Some(Error::Invalid { message }) => assert!(!message.is_empty(), "no word on why"),
        other => panic!("a container that cannot be made: {other:?}"),
    }
    assert!(!listed(fixture, &id).await, "failed, and in the list");
    // Nothing is left that would be in the way of a next try.
    let task = create(fixture, fixture.prints_and_exits(id, "second try", 0)).await;
    ok("start", soon("start", task.start()).await);
    assert_eq!(exit(&*task).await.code, 0);
    delete(fixture, &*task).await;
}

async fn giving_up_a_wait(fixture: &dyn Fixture) {
    let task = sleeping(fixture).await;
    for _ in 0..3 {
        let given_up = tokio::time::timeout(Duration::from_millis(20), task.wait()).await;
        assert!(given_up.is_err(), "it sleeps: {given_up:?}");
    }
    ok("SIGKILL", soon("kill", task.kill(SIGKILL)).await);
    assert_eq!(exit(&*task).await.code, 137);
    delete(fixture, &*task).await;
}

async fn many_at_once(fixture: &dyn Fixture) {
    let one = async |code: u8| {
        let task = create(fixture, fixture.prints_and_exits(new_id(), "one of many", code)).await;
        ok("start", soon("start", task.start()).await);
        assert_eq!(exit(&*task).await.code, i32::from(code));
        delete(fixture, &*task).await;
    };
    tokio::join!(one(1), one(2), one(3), one(4), one(5), one(6));
}

async fn deleting_the_sandbox(fixture: &dyn Fixture) {
    let (running, created) = (sleeping(fixture).await, create(fixture, fixture.sleeps(new_id())).await);
    let sandbox = ok("status", soon("status", running.status()).await).sandbox;
    ok("delete_sandbox", soon("delete_sandbox", fixture.runtime().delete_sandbox(&sandbox)).await);
    for task in [running, created] {
        let gone = soon("get", fixture.runtime().get(task.id())).await.err();
        // A shim that serves one sandbox leaves with it.
        let expected = matches!(gone, Some(Error::NotFound { .. } | Error::Unreachable { .. }));
        assert!(expected, "get after delete_sandbox: {gone:?}");
    }
}
