//! One run of a program: its world, and how it ends.

use std::sync::Arc;

use wasmtime::{Engine, Linker, Store, Trap, component};
use wasmtime_wasi::{
    I32Exit, WasiCtxBuilder, WasiCtxView, WasiView,
    p1::{self, WasiP1Ctx},
    p2,
};

use crate::{limits::MemoryLimit, meter::Usage, programs::Program};

/// The most text of a trap that is kept, in bytes; the API keeps as much in a termination message.
const MAX_MESSAGE: usize = 4096;

/// What a guest's host functions work on: exactly what its container was granted.
pub(crate) struct Guest {
    wasi: WasiP1Ctx,
    memory: MemoryLimit,
}

impl Guest {
    /// A guest with the world `wasi` and a memory limit.
    pub(crate) fn new(wasi: WasiP1Ctx, memory: MemoryLimit) -> Self {
        Self { wasi, memory }
    }
}

impl Default for Guest {
    /// A guest with nothing.
    fn default() -> Self {
        Self::new(WasiCtxBuilder::new().build_p1(), MemoryLimit::new(Arc::<Usage>::default(), None))
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}

/// WASI 0.1 for core modules.
pub(crate) fn module_linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    p1::add_to_linker_async(&mut linker, |guest: &mut Guest| &mut guest.wasi)?;
    // The library's refuses codes above 125, which its own command line needs for itself.
    linker.allow_shadowing(true);
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(I32Exit(code).into())
    })?;
    Ok(linker)
}

/// WASI 0.2 for components.
pub(crate) fn component_linker(engine: &Engine) -> wasmtime::Result<component::Linker<Guest>> {
    let mut linker = component::Linker::new(engine);
    p2::add_to_linker_async(&mut linker)?;
    Ok(linker)
}

/// How a run ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It returned or exited with this code.
    Code(i32),
    /// It trapped; the text is for people.
    Trap(String),
    /// It reached its memory limit.
    OutOfMemory(String),
    /// It could not be run.
    Failed(String),
}

/// Runs a program to its end. Dropping the future ends it at once.
pub(crate) async fn run(engine: Engine, program: Arc<Program>, guest: Guest) -> Outcome {
    let mut store = Store::new(&engine, guest);
    store.limiter(|guest| &mut guest.memory);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    let result = match &*program {
        Program::Module(module) => run_module(&mut store, module).await,
        Program::Component(command) => run_component(&mut store, command).await,
    };
    match result {
        Ok(code) => Outcome::Code(code),
        Err(error) => outcome(&error, store.data().memory.exceeded()),
    }
}

async fn run_module(
    store: &mut Store<Guest>,
    module: &wasmtime::InstancePre<Guest>,
) -> wasmtime::Result<i32> {
    let instance = module.instantiate_async(&mut *store).await?;
    let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
    start.call_async(store, ()).await?;
    Ok(0)
}

async fn run_component(
    store: &mut Store<Guest>,
    command: &p2::bindings::CommandPre<Guest>,
) -> wasmtime::Result<i32> {
    let command = command.instantiate_async(&mut *store).await?;
    let result = command.wasi_cli_run().call_run(store).await?;
    Ok(i32::from(result.is_err()))
}

fn outcome(error: &wasmtime::Error, out_of_memory: bool) -> Outcome {
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Outcome::Code(*code);
    }
    let message = shortened(format!("{error:?}"));
    if out_of_memory {
        Outcome::OutOfMemory(message)
    } else if error.is::<Trap>() {
        Outcome::Trap(message)
    } else {
        Outcome::Failed(message)
    }
}

fn shortened(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    message
}
