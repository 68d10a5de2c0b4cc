//! Pods on this node: one worker a pod, driven by what the API wants and what the node shows.
//!
//! The way of a pod: [`supervisor`] sees it in the API's watch and starts a [`worker`]; the worker asks [`plan`] (pure) for
//! steps, runs them by [`apply`] (IO), notes their results in [`observed`] by [`progress`] (pure), and reports [`status`]
//! (pure) by [`report`]. After a restart of the agent [`adopt`] finds again what runs.

mod adopt;
mod apply;
mod backoff;
mod desired;
mod ids;
mod observed;
mod plan;
mod progress;
mod record;
mod report;
mod status;
mod step;
mod supervisor;
mod view;
mod worker;

#[cfg(test)]
mod simulation;

use k8s_openapi::api::core::v1::{Container, Pod};

pub(crate) use desired::{host_network as uses_host_network, title};
pub(crate) use ids::{Engine, container_id, from_status, log_file, parse as parse_id, pod_logs};
pub(crate) use step::Prepared;
pub(crate) use supervisor::Supervisor;
pub(crate) use view::{View, Views};

/// A container or init container of a pod by name.
pub(crate) fn container_named<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    desired::find(pod, name).map(|(container, _)| container)
}
