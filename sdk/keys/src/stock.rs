//! Primes of RSA keys, searched before and while keys are made of them. In: how many keys are expected. Out: pairs of
//! primes, each handed out once.
//!
//! A search may take several times as long as another, and searches take nearly all of a key's time: every thread
//! searches for whatever prime comes next, the thread that waits for a pair too. Nobody may ever ask for a prime that
//! is expected, so threads search ahead only where a processor has nothing else to do; when somebody waits, others
//! join them.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use num_bigint::BigUint;

use super::{
    KeyError,
    primes::{Random, expanded, prime, seed},
    rsa::EXPONENT,
};

/// Threads that search for primes, the one included that waits for them.
const MAX_THREADS: usize = 4;
/// Keys that are worked for at a time.
const MAX_KEYS: usize = 8;
/// Primes of a key.
const PAIR: usize = 2;
/// What Linux adds to a thread's nice value for it to get nearly nothing beside others: nice(2), of the thread that asks.
const LEAST_URGENT: i32 = 19;

/// Primes of RSA keys of one size, searched by other threads until it is dropped or there are enough.
pub struct Stock(Arc<Shared>);

struct Shared {
    /// Bits of a prime.
    bits: u32,
    state: Mutex<State>,
    /// No further prime is wanted.
    idle: AtomicBool,
    /// Whoever waits for a pair need not search on.
    served: AtomicBool,
}

#[derive(Default)]
struct State {
    primes: Vec<BigUint>,
    /// How many are to be found yet.
    wanted: usize,
    /// Threads that search, besides the one that waits, by [`Pace`].
    workers: [usize; 2],
}

/// How much processors have to do with it.
#[derive(Clone, Copy)]
enum Pace {
    /// Only what nothing else wants of them.
    Ahead,
    /// Somebody waits.
    Awaited,
}

impl Stock {
    /// Starts to search the primes of `keys` keys of `bits` bits, an even number. At most eight keys are worked for at a
    /// time; more can be had all the same.
    pub fn start(bits: u32, keys: usize, random: &Random<'_>) -> Self {
        let (state, idle, served) = (Mutex::default(), AtomicBool::new(true), AtomicBool::new(false));
        let stock = Self(Arc::new(Shared { bits: bits / 2, state, idle, served }));
        stock.order(keys.min(MAX_KEYS) * PAIR);
        stock.employ(Pace::Ahead, random);
        stock
    }

    /// Two different primes that nobody else has been given.
    ///
    /// # Errors
    /// Only if `random` is not random.
    pub(crate) fn pair(&self, random: &Random<'_>) -> Result<[BigUint; PAIR], KeyError> {
        if let Some(pair) = self.0.take() {
            return Ok(pair);
        }
        self.order(PAIR.saturating_sub(self.0.expected()));
        self.employ(Pace::Awaited, random);
        let random = expanded(seed(random));
        loop {
            naru_processors::come_back();
            if let Some(found) = self.0.search(&random, &self.0.served)? {
                self.0.add(found);
            }
            if let Some(pair) = self.0.take() {
                return Ok(pair);
            }
        }
    }

    /// Has `count` more primes searched.
    fn order(&self, count: usize) {
        if count > 0 {
            self.0.lock().wanted += count;
            self.0.idle.store(false, Ordering::Relaxed);
        }
    }

    /// Has what is wanted searched by other threads, as many as there are processors for.
    fn employ(&self, pace: Pace, random: &Random<'_>) {
        let threads = naru_processors::count().min(MAX_THREADS);
        let missing = {
            let mut state = self.0.lock();
            let needed = if state.wanted == 0 { 0 } else { threads - 1 };
            let workers = &mut state.workers[pace as usize];
            let missing = needed.saturating_sub(*workers);
            *workers += missing;
            missing
        };
        for _ in 0..missing {
            let (seed, shared) = (seed(random), Arc::clone(&self.0));
            // Without a thread, those that are there take longer.
            if naru_processors::start_apart("primes", move || shared.work(pace, seed)).is_err() {
                self.0.lock().workers[pace as usize] -= 1;
            }
        }
    }
}

impl Drop for Stock {
    fn drop(&mut self) {
        self.0.lock().wanted = 0;
        self.0.idle.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Stock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Primes are secret.
        formatter.debug_struct("Stock").field("bits", &self.0.bits).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Primes that there are or will be.
    fn expected(&self) -> usize {
        let state = self.lock();
        state.primes.len() + state.wanted
    }

    /// What a thread does as long as primes are wanted.
    fn work(&self, pace: Pace, seed: [u8; 32]) {
        if let Pace::Ahead = pace {
            // A system that refuses lets it compete with what else there is to do.
            let _ = rustix::process::nice(LEAST_URGENT);
        }
        let random = expanded(seed);
        loop {
            let is_random = match self.search(&random, &self.idle) {
                Ok(found) => {
                    found.into_iter().for_each(|found| self.add(found));
                    true
                }
                // Whoever waits meets the same error.
                Err(_) => false,
            };
            let mut state = self.lock();
            if !is_random || state.wanted == 0 {
                state.workers[pace as usize] -= 1;
                return;
            }
        }
    }

    fn search(&self, random: &Random<'_>, stopped: &AtomicBool) -> Result<Option<BigUint>, KeyError> {
        // The exponent needs an inverse, so it must not divide what is one below a prime.
        prime(self.bits, random, stopped, |candidate| candidate % EXPONENT != BigUint::from(1_u8))
    }

    fn add(&self, prime: BigUint) {
        let mut state = self.lock();
        if state.primes.contains(&prime) {
            return;
        }
        state.primes.push(prime);
        state.wanted = state.wanted.saturating_sub(1);
        if state.wanted == 0 {
            self.idle.store(true, Ordering::Relaxed);
        }
        if state.primes.len() >= PAIR {
            self.served.store(true, Ordering::Relaxed);
        }
    }

    /// Two primes, if there are as many.
    fn take(&self) -> Option<[BigUint; PAIR]> {
        let mut state = self.lock();
        let pair = (state.primes.len() >= PAIR).then(|| [state.primes.remove(0), state.primes.remove(0)]);
        if state.primes.len() < PAIR {
            self.served.store(false, Ordering::Relaxed);
        }
        pair
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::atomic::AtomicU64};

    use super::*;

    /// Numbers that look random, from a counter.
    fn counted() -> impl Fn(&mut [u8]) {
        let counter = AtomicU64::new(1);
        move |bytes| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&counter.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            expanded(seed)(bytes);
        }
    }

    #[test]
    fn every_prime_is_handed_out_once_whether_announced_or_not() {
        for announced in [0, 1, 3, 100] {
            let random = counted();
            let stock = Stock::start(512, announced, &random);
            let pairs = (0..5).flat_map(|_| stock.pair(&random).expect("random"));
            let primes: HashSet<_> = pairs.inspect(|prime| assert_eq!(prime.bits(), 256)).collect();
            assert_eq!(primes.len(), 10, "{announced} announced");
        }
    }

    #[test]
    fn what_two_threads_find_counts_once() {
        // Seeds are the same, hence also what is found with them.
        let constant = |bytes: &mut [u8]| bytes.fill(0xff);
        let stock = Stock::start(512, 1, &constant);
        assert!(stock.pair(&constant).is_ok_and(|[first, second]| first != second));
    }
}
