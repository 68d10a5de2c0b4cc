//! `naru`: every role and every client command in one binary.
#![allow(unreachable_pub, reason = "a binary has no interface; `pub` means used outside its module")]

mod allocator;
mod args;
mod cleanup;
mod client;
mod cluster;
mod commands;
mod host;
mod membership;
mod namesake;
mod tasks;
mod unread;
mod wiring;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Instant,
};

use allocator::Allocator;
use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use commands::bundle::{self, Rendering};
use tracing_subscriber::EnvFilter;

/// Enough for the control plane and the node beside each other; more threads cost memory, not only time.
const WORKER_THREADS: usize = 2;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    let started = Instant::now();
    if is_bundle() {
        allocator::keep_open()
    } else {
        allocator::close()
    }
    unread::end_in_silence();
    let words = bundle::switches::rewritten(std::env::args_os().collect(), Cli::command);
    if let Some(status) = Rendering::parse(&words).and_then(Rendering::run_offline) {
        leave(status);
    }
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    if let Command::Bundle(args) = &cli.command
        && let Some(status) = args.run_offline()
    {
        leave(status);
    }
    log_to_stderr(&cli.command);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .enable_all()
        .build()
        .expect("a runtime needs only threads and epoll");
    let outcome = runtime.block_on(run(cli, started));
    // A blocked file operation must not keep a process that has nothing left to do.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", client::failure::describe(&error));
            ExitCode::FAILURE
        }
    }
}

/// Ends the process without freeing its memory first, which the allocator would do piece by piece.
fn leave(status: u8) -> ! {
    // Nobody listens: there is nothing left to say it to.
    let _ = std::io::stdout().flush();
    // SAFETY: nothing but memory is left behind: standard output is flushed and standard error has no buffer.
    unsafe { nix::libc::_exit(status.into()) }
}

/// Says how a command is used. `bundle` ends as Helm does, with 1: there 2 means that a diff found something.
fn usage(error: &clap::Error) -> ExitCode {
    if !is_bundle() || !error.use_stderr() {
        // Nobody listens: there is nothing left to say it to.
        let _ = error.print();
        return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    let line: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let answer = bundle::usage::answer(error, &line, Cli::command);
    eprint!("{}", answer.problem);
    match answer.help {
        Some(help) => print!("{help}"),
        None => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

fn is_bundle() -> bool {
    std::env::args_os().nth(1).is_some_and(|command| command == "bundle")
}

async fn run(cli: Cli, started: Instant) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Up(args) => wiring::up(args, started).await?,
        Command::Server(args) => wiring::server(args, started).await?,
        Command::Node(args) => wiring::node(args, started).await?,
        Command::Down(args) => commands::down::run(args).await?,
        Command::Image(args) => args.run().await?,
        Command::Completion(args) => {
            clap_complete::generate(args.shell, &mut Cli::command(), "naru", &mut std::io::stdout());
        }
        Command::Bundle(args) => return args.run().await,
        Command::Apply(args) => return args.run().await,
        Command::Get(args) => return args.run().await,
        Command::Describe(args) => return args.run().await,
        Command::Logs(args) => return args.run().await,
        Command::Delete(args) => return args.run().await,
        Command::Wait(args) => return args.run().await,
    }
    Ok(ExitCode::SUCCESS)
}

/// `RUST_LOG` decides what is logged; by default our own news where a cluster runs, and nothing where a command prints.
fn log_to_stderr(command: &Command) {
    let runs_a_cluster = matches!(command, Command::Up(_) | Command::Server(_) | Command::Node(_));
    let debugs = matches!(command, Command::Bundle(args) if args.debug());
    let default = match (runs_a_cluster, debugs) {
        (true, _) => "info,kube_runtime=warn",
        (_, true) => "naru_release=debug",
        _ => "off",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(terminal).with_writer(std::io::stderr).init();
}
