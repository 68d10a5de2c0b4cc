//! The watch of the pods that are bound to this node.

use std::time::Duration;

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    runtime::{WatchStreamExt, utils::Backoff, watcher},
};

/// How long after a failure the watch is opened again, at first and at most.
const FIRST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(5);

/// An endless watch of the pods of the node `name`; it comes back by itself.
pub(crate) fn pods(
    client: Client,
    name: &str,
) -> impl Stream<Item = watcher::Result<watcher::Event<Pod>>> + use<> {
    let config = watcher::Config::default().fields(&format!("spec.nodeName={name}"));
    let events = watcher(Api::<Pod>::all(client), config);
    // What nobody here reads is dropped at once: it is most of an object.
    events.backoff(Doubling { next: FIRST }).map(|event| event.map(|event| event.modify(strip)))
}

fn strip(pod: &mut Pod) {
    pod.metadata.managed_fields = None;
}

struct Doubling {
    next: Duration,
}

impl Iterator for Doubling {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.next;
        self.next = (delay * 2).min(MOST);
        Some(delay)
    }
}

impl Backoff for Doubling {
    fn reset(&mut self) {
        self.next = FIRST;
    }
}
