//! A clock that only the test moves.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use naru_node::Clock;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// A clock that only the test moves.
pub(crate) struct TestClock {
    /// The time, and who waits for which.
    state: Mutex<(Timestamp, Vec<Sleeper>)>,
}

type Sleeper = (Timestamp, oneshot::Sender<()>);

impl TestClock {
    pub(crate) fn new() -> Arc<TestClock> {
        let begin = Timestamp::from_second(1_800_000_000).unwrap();
        Arc::new(TestClock { state: Mutex::new((begin, Vec::new())) })
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        state.0 = state.0.checked_add(by).unwrap();
        let now = state.0;
        let (due, rest): (Vec<Sleeper>, _) =
            std::mem::take(&mut state.1).into_iter().partition(|(time, _)| *time <= now);
        state.1 = rest;
        for (_, sender) in due {
            let _ = sender.send(()); // whoever waited may have gone
        }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.state.lock().0
    }

    fn until(&self, time: Timestamp) -> BoxFuture<'static, ()> {
        let mut state = self.state.lock();
        if time <= state.0 {
            return Box::pin(std::future::ready(()));
        }
        let (sender, receiver) = oneshot::channel();
        state.1.retain(|(_, sender)| !sender.is_closed());
        state.1.push((time, sender));
        Box::pin(async move {
            let _ = receiver.await;
        })
    }
}
