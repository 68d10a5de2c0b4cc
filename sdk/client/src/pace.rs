//! At most so many requests in a second. In: a client, a rate. Out: a client that waits before each request that would
//! come too early. The bucket is that of Kubernetes' Go clients: it holds `burst` requests and is refilled steadily.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::Request;
use kube::{Client, client::Body};

/// How many requests a server is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// In a second, in the long run; negative means without limit.
    pub per_second: f32,
    /// At once.
    pub burst: u32,
}

/// The time at which the bucket is full again.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    interval: Duration,
    burst: u32,
    full_at: Instant,
}

impl Bucket {
    fn new(rate: Rate, now: Instant) -> Option<Self> {
        let interval = Duration::try_from_secs_f32(1.0 / rate.per_second).ok()?;
        Some(Bucket { interval, burst: rate.burst.max(1), full_at: now })
    }

    /// Takes a request out of the bucket; how long it has to wait.
    fn take(&mut self, now: Instant) -> Duration {
        self.full_at = self.full_at.max(now) + self.interval;
        (self.full_at - now).saturating_sub(self.interval * self.burst)
    }
}

/// The same client, at this rate.
pub(crate) fn paced(client: Client, rate: Rate) -> Client {
    let Some(bucket) = Bucket::new(rate, Instant::now()) else { return client };
    let bucket = Arc::new(Mutex::new(bucket));
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let client = client.clone();
        let wait = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        async move {
            tokio::time::sleep(wait).await;
            client.send(request).await
        }
    });
    Client::new(service, namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_waits() {
        let start = Instant::now();
        for (per_second, burst, after, expected) in [
            (5.0, 3, 0, &[0, 0, 0, 200, 400][..]),
            (5.0, 3, 100, &[0, 0, 0, 0, 0, 100, 200]),
            (10.0, 1, 0, &[0, 100, 200]),
            (0.5, 2, 0, &[0, 0, 2000]),
            (1000.0, 0, 0, &[0, 1, 2]),
            (5.0, 3, 1000, &[0; 9]),
        ] {
            let rate = Rate { per_second, burst };
            let mut bucket = Bucket::new(rate, start).expect("a positive rate");
            for (index, expected) in (0u32..).zip(expected) {
                let wait = bucket.take(start + Duration::from_millis(after) * index);
                let off = wait.abs_diff(Duration::from_millis(*expected));
                assert!(off < Duration::from_millis(1), "{rate:?} {index}: {wait:?}");
            }
        }
        assert!(Bucket::new(Rate { per_second: -1.0, burst: 1 }, start).is_none());
    }
}
