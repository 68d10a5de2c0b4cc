//! A store that loses what it had: emptied, or put back to an older state.

use std::sync::Arc;

use futures::{StreamExt, stream};
use naru_store::{EventStream, KeyValue, Page, Result, Revision, Store, Write, memory::Memory};
use tokio::sync::watch;

use crate::harness::*;

/// A store in memory that can be replaced by a new one.
struct Replaced {
    current: watch::Sender<Arc<Memory>>,
}

impl Replaced {
    fn now(&self) -> Arc<Memory> {
        Arc::clone(&self.current.borrow())
    }
}

#[async_trait::async_trait]
impl Store for Replaced {
    async fn revision(&self) -> Result<Revision> {
        self.now().revision().await
    }

    async fn get(&self, key: &str) -> Result<Option<KeyValue>> {
        self.now().get(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        at: Option<Revision>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page> {
        self.now().list(prefix, at, limit, after).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<Revision> {
        self.now().commit(writes).await
    }

    async fn watch(&self, prefix: &str, after: Revision) -> Result<EventStream> {
        let mut current = self.current.subscribe();
        let events = self.now().watch(prefix, after).await?;
        // The watch breaks with the store.
        let replaced = async move { drop(current.changed().await) };
        Ok(Box::pin(stream::StreamExt::take_until(events, Box::pin(replaced)).boxed()))
    }

    async fn compact(&self, before: Revision) -> Result<()> {
        self.now().compact(before).await
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_not_served_any_more() {
    let store = Arc::new(Replaced { current: watch::Sender::new(Arc::new(Memory::new())) });
    let api = Api::of(Setup { store: store.clone(), ..Setup::default() }).await;
    for name in ["a", "b", "c"] {
        api.post(MAPS, &config_map(name)).await.ok(201);
    }
    let seen = version(&api.get(MAPS).await.ok(200));
    let mut watch = api.watch(&format!("{MAPS}?watch=1&resourceVersion={seen}")).await;
    store.current.send_replace(Arc::new(Memory::new()));
    let last = watch.next().await.expect("it ends with a word");
    assert_eq!((&last["type"], &last["object"]["code"]), (&"ERROR".into(), &410.into()), "{last}");
    let list = api.get(MAPS).await.ok(200);
    assert_eq!(names(&list), [""; 0]);
    assert!(version(&list) < seen);
    api.post("/api/v1/namespaces", &serde_json::json!({"metadata": {"name": "default"}})).await.ok(201);
    let made = api.post(MAPS, &config_map("d")).await.ok(201);
    assert_eq!(names(&api.get(MAPS).await.ok(200)), ["d"]);
    let mut watch = api.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&made))).await;
    api.post(MAPS, &config_map("e")).await.ok(201);
    assert_eq!(watch.next().await.expect("an event")["object"]["metadata"]["name"], "e");
}
