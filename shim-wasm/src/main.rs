//! `naru-shim-wasm`: hosts a node's Wasm containers.
//!
//! One process serves [`naru_runtime::Runtime`] behind a unix socket. A module is compiled once by a child process
//! (`compile`), loaded from the cache (`programs`), and run by a guest (`guest`) with what its spec grants and
//! nothing else. Guests end when the agent says so; the signals that end other programs do nothing here.

mod args;
mod compile;
mod container;
mod engine;
mod guest;
mod identity;
mod imports;
mod limits;
mod meter;
mod mounts;
mod output;
mod place;
mod programs;
mod records;
mod runtime;
mod weights;

use std::{io, process::ExitCode, sync::Arc};

use clap::Parser;
use tokio_util::sync::CancellationToken;

use args::{Args, Command, ServeArgs};
use naru_runtime::shim::{server, spawn};

fn main() -> ExitCode {
    // The compiler is a child of a shim that has detached already, and inherits nothing.
    let result = match Args::parse().into_command() {
        Command::Compile(args) => return compile::child::main(&args),
        Command::Serve(args) => serve(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "naru-shim-wasm ends");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &ServeArgs) -> io::Result<()> {
    spawn::detach()?;
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
    // Answers the agent; guests run elsewhere, so that none of them can keep an answer waiting.
    let control = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(runtime::MAX_LOADS)
        .build()?;
    control.block_on(async {
        let listener = server::bind(&args.socket)?;
        let runtime = runtime::WasmRuntime::new(args)?;
        tracing::info!(socket = %args.socket.display(), "serving");
        server::serve(listener, Arc::new(runtime), CancellationToken::new()).await;
        Ok(())
    })
}
