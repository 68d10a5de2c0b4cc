//! `naru-shim-oci`: the parent of one pod's OCI containers.
//!
//! One small process for each pod, started by the agent and outliving it. It holds the pod's IPC and UTS namespaces and its
//! shared memory, makes containers by libcontainer in process, keeps their output and their exits, and serves
//! [`naru_runtime::Runtime`] on a socket. It ends when the agent deletes the sandbox.
//!
//! It has one thread, always: libcontainer clones the process without the C library's knowledge, which is only sound while
//! no other thread can hold a lock, and the containers' parent-death signal is tied to the thread that made them.

mod args;
mod container;
mod deadline;
mod journal;
mod output;
mod program;
mod record;
mod runtime;
mod sandbox;
mod spec;
mod workdir;

use std::{process::ExitCode, sync::Arc};

use naru_runtime::shim::{server, spawn};
use tokio_util::sync::CancellationToken;

use crate::{args::Args, runtime::OciRuntime, sandbox::Sandbox};

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args_os().skip(1)) {
        Ok(args) => args,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    match serve(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("naru-shim-oci: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    spawn::detach()?;
    journal::init()?;
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    event_loop.block_on(async {
        // The socket's lock first: nothing of the pod is touched while another shim lives.
        let listener = server::bind(&args.socket)?;
        let sandbox = Arc::new(Sandbox::enter(&args.run_dir)?);
        let cancel = CancellationToken::new();
        let runtime = Arc::new(OciRuntime::open(sandbox.clone(), cancel.clone())?);
        let reaper = runtime.clone().reap()?;
        tokio::select! {
            () = server::serve(listener, runtime, cancel) => Ok(()),
            never = reaper => match never {},
        }
    })
}
