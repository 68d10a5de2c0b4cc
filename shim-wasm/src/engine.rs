//! The one engine of the process, and the clock that interrupts guests.
//!
//! A guest that computes is interrupted at each tick and yields, so that it can be paused, ended and shared with. The
//! clock's thread sleeps for good while no guest computes.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::Thread,
    time::Duration,
};

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// The time between two interruptions of a guest that computes.
const TICK: Duration = Duration::from_millis(10);

/// After so many ticks without a computing guest the clock stops until there is one.
const QUIET_TICKS: u32 = 20;

/// Most guests at once. Each slot costs address space and, for its stack, two mappings of the kernel's 65,530.
pub(crate) const MAX_GUESTS: u32 = 5_000;

/// The largest linear memory, in bytes: all a 32-bit guest can address.
const MAX_MEMORY: usize = 1 << 32;

/// The most elements in a table: the large language runtimes have about 30,000.
const MAX_TABLE: usize = 100_000;

/// A guest's stack, in bytes, and how much of it its own code may use.
const STACK: (usize, usize) = (1024 * 1024, 512 * 1024);

/// The most frames in a trap's backtrace.
const MAX_FRAMES: NonZeroUsize = NonZeroUsize::new(16).expect("invariant: not zero");

/// Everything that decides what compiled code looks like, and limits.
fn config(guests: u32) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_stacks(guests)
        .total_memories(guests)
        .total_tables(4 * guests)
        .total_core_instances(6 * guests)
        .total_component_instances(guests)
        .total_gc_heaps(guests.min(100))
        .max_memory_size(MAX_MEMORY)
        .table_elements(MAX_TABLE)
        .max_tables_per_module(8)
        .max_memories_per_module(4)
        .max_unused_warm_slots(8);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .memory_init_cow(true)
        .async_stack_size(STACK.0)
        .max_wasm_stack(STACK.1)
        .wasm_backtrace_max_frames(Some(MAX_FRAMES))
        .native_unwind_info(false)
        // A memory shared between threads is nobody's to count, and there are no threads.
        .wasm_threads(false);
    config
}

/// An engine to run guests.
pub(crate) fn new() -> wasmtime::Result<Engine> {
    Engine::new(&config(MAX_GUESTS)).or_else(|error| {
        // A machine that grants little address space still runs guests, without slots prepared for them.
        tracing::warn!(%error, "no pool of instances");
        let mut config = config(1);
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })
}

/// An engine to compile for [`new`]'s.
pub(crate) fn for_compiling() -> wasmtime::Result<Engine> {
    Engine::new(&config(1))
}

/// What compiled code must match to be run by `engine`, in hexadecimal.
pub(crate) fn compatibility(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Ticks while guests compute.
#[derive(Clone, Debug)]
pub(crate) struct Ticker {
    state: Arc<TickerState>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct TickerState {
    computing: AtomicUsize,
    stopped: AtomicBool,
}

impl Ticker {
    /// Starts the clock's thread, which lives as long as the process.
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let state = Arc::new(TickerState::default());
        let ticking = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("ticker".into())
            .stack_size(64 * 1024)
            .spawn(move || tick(&ticking, &engine))?;
        Ok(Self { state, thread: thread.thread().clone() })
    }

    /// A guest computes until the result is dropped.
    pub(crate) fn computing(&self) -> impl Drop + use<'_> {
        self.state.computing.fetch_add(1, Ordering::SeqCst);
        if self.state.stopped.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Computing(&self.state.computing)
    }
}

struct Computing<'a>(&'a AtomicUsize);

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(state: &TickerState, engine: &Engine) {
    let mut quiet = 0;
    loop {
        std::thread::sleep(TICK);
        if state.computing.load(Ordering::SeqCst) > 0 {
            engine.increment_epoch();
            quiet = 0;
            continue;
        }
        quiet += 1;
        if quiet >= QUIET_TICKS {
            // Said first, looked at again after: a guest that begins in between sees it, or is seen.
            state.stopped.store(true, Ordering::SeqCst);
            if state.computing.load(Ordering::SeqCst) == 0 {
                std::thread::park();
            }
            state.stopped.store(false, Ordering::SeqCst);
            quiet = 0;
        }
    }
}
