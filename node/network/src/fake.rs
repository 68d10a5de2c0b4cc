//! [`FakeNetwork`]: the in-memory twin of [`crate::BridgeNetwork`] for tests of the agent and for hollow nodes.

use std::{collections::HashMap, net::Ipv4Addr, path::PathBuf};

use parking_lot::Mutex;

use crate::{Attachment, Error, PodNetwork, PodRange, Result, naming, pool::Pool};

/// Gives out addresses; makes nothing in the kernel, so its namespaces' paths do not exist.
#[derive(Debug)]
pub struct FakeNetwork {
    range: PodRange,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pool: Pool,
    by_pod: HashMap<String, Ipv4Addr>,
}

impl FakeNetwork {
    /// A network of this range without any pod.
    pub fn new(range: PodRange) -> Self {
        let state = State { pool: Pool::new(range, [], None), by_pod: HashMap::new() };
        Self { range, state: Mutex::new(state) }
    }
}

fn attachment(pod: &str, ip: Ipv4Addr) -> Attachment {
    Attachment { pod: pod.to_owned(), ip, namespace: PathBuf::from("/nonexistent/netns").join(pod) }
}

#[async_trait::async_trait]
impl PodNetwork for FakeNetwork {
    async fn attach(&self, pod: &str) -> Result<Attachment> {
        naming::check_pod(pod)?;
        let mut state = self.state.lock();
        if let Some(ip) = state.by_pod.get(pod) {
            return Ok(attachment(pod, *ip));
        }
        let ip = state.pool.take().ok_or_else(|| Error::Exhausted { range: self.range.to_string() })?;
        state.by_pod.insert(pod.to_owned(), ip);
        Ok(attachment(pod, ip))
    }

    async fn detach(&self, pod: &str) -> Result<()> {
        naming::check_pod(pod)?;
        let mut state = self.state.lock();
        if let Some(ip) = state.by_pod.remove(pod) {
            state.pool.give_back(ip);
        }
        Ok(())
    }

    async fn list(&self) -> Result<Vec<Attachment>> {
        Ok(self.state.lock().by_pod.iter().map(|(pod, ip)| attachment(pod, *ip)).collect())
    }

    async fn teardown(&self) -> Result<()> {
        let mut state = self.state.lock();
        state.by_pod.clear();
        state.pool = Pool::new(self.range, [], None);
        Ok(())
    }
}
