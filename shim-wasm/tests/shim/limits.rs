//! Memory, CPU and signals.

use std::time::Duration;

use naru_runtime::{ContainerSpec, Resources};

use crate::{
    components, modules,
    setup::{Shim, exit},
};

const MIB: u64 = 1024 * 1024;

fn limited(mut spec: ContainerSpec, memory: Option<u64>, cpu: Option<u64>) -> ContainerSpec {
    spec.resources = Resources { memory_bytes: memory, cpu_millis: cpu, ..Resources::default() };
    spec
}

#[tokio::test]
async fn memory_over_the_limit_kills() {
    let shim = Shim::start().await;
    let specs = [shim.module(&modules::grows("")), shim.component(components::GROWS)];
    for spec in specs {
        let exit = shim.run(limited(spec, Some(8 * MIB), None)).await;
        assert_eq!((exit.code, exit.signal, exit.oom_killed), (137, Some(9), true), "{exit:?}");
        assert!(exit.message.unwrap().contains("8388608 bytes"));
    }
    // A memory's own maximum is the guest's affair.
    let within = shim.run(limited(shim.module(&modules::grows("20")), Some(8 * MIB), None)).await;
    assert_eq!((within.code, within.oom_killed), (9, false));
    // Not even the first page fits.
    let never = shim.run(limited(shim.module(modules::RETURNS), Some(4096), None)).await;
    assert_eq!((never.code, never.oom_killed), (137, true), "{never:?}");
}

#[tokio::test]
async fn signals_end_what_computes_and_what_waits() {
    let shim = Shim::start().await;
    for wat in [modules::SPINS, modules::SLEEPS] {
        for (signal, code) in [(15, 143), (9, 137), (2, 130)] {
            let task = shim.begin(shim.module(wat)).await;
            // Ignored by default, or no signal at all.
            for nothing in [0, 17, 18, 23, 28] {
                task.kill(nothing).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
            task.kill(signal).await.unwrap();
            let exit = exit(&*task).await;
            assert_eq!((exit.code, exit.signal), (code, Some(signal)), "{exit:?}");
        }
    }
}

#[tokio::test]
async fn cpu_time_is_counted_and_limited() {
    let shim = Shim::start().await;
    let (free, held) = (
        shim.begin(limited(shim.component(components::SPINS), None, None)).await,
        shim.begin(limited(shim.module(modules::SPINS), None, Some(50))).await,
    );
    // By the guest's own CPU time, not by the clock: a busy machine only makes it longer.
    let used = loop {
        let used = free.stats().await.unwrap().cpu_nanos;
        if used > 1_000_000_000 {
            break used;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let (held_used, sleeping) = (held.stats().await.unwrap(), shim.begin(shim.module(modules::SLEEPS)).await);
    // At most a twentieth of the time that has passed, which is at least what the other one used on its core.
    assert!(held_used.cpu_nanos > 0 && held_used.memory_bytes == 65536, "{held_used:?}");
    assert!(held_used.cpu_nanos < used, "{held_used:?} of {used}");
    // The host still answers, and a guest that waits costs nothing.
    let idle = sleeping.stats().await.unwrap().cpu_nanos;
    assert!(idle < 500_000_000, "{idle}");
    for task in [free, held, sleeping] {
        task.kill(9).await.unwrap();
        assert_eq!(exit(&*task).await.code, 137);
    }
}
