//! The scheduler: a pure core that decides, and a thin loop that watches and binds.
//!
//! In: watches of pods, nodes and what else the core reads through a [`kube::Client`]. Out: bindings, events, the
//! `PodScheduled` condition, and the deletion of pods that make room for more important ones. The later parts of a
//! scheduler enter in [`core`]. A leader election will stand before [`run`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bind;
pub mod core;
mod listing;
mod preempt;
mod report;
mod service;
mod surroundings;
mod wire;

use kube::Client;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

/// What a scheduler is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which pods it places, and what it prefers.
    pub profile: core::Profile,
    /// Chooses among equally good nodes, together with the pod.
    pub seed: u64,
}

impl Default for Options {
    /// kube-scheduler's default profile; beside that, nodes that hold a pod's images compiled are better than others.
    fn default() -> Self {
        let mut profile = core::Profile::default();
        profile.weights.compiled_locality = 1;
        Self { profile, seed: 0 }
    }
}

/// Why the scheduler ended; it can be started again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A watch ended, which it does not by itself.
    #[error("the watch of {kind} ended")]
    WatchEnded {
        /// Of what.
        kind: &'static str,
    },
    /// A task of the scheduler panicked.
    #[error("a part of the scheduler panicked")]
    Panicked(#[from] JoinError),
}

/// Places pods until `cancel`. An API server that is away is waited for.
pub async fn run(client: Client, options: Options, cancel: CancellationToken) -> Result<(), Error> {
    let (reporter, writer) = report::channel(client.clone(), &options.profile.name);
    let mut reports = tokio::task::JoinSet::new();
    reports.spawn(writer.run());
    let service = service::Service::new(client, options, reporter);
    tokio::select! {
        ended = service.run(&cancel) => ended,
        Some(writer) = reports.join_next() => Err(match writer {
            Ok(()) => Error::WatchEnded { kind: "reports" },
            Err(panicked) => panicked.into(),
        }),
    }
}
