//! A pod's line in `kubectl get pods`: the state of many containers in one word.
//!
//! Source of the behaviour: kube-apiserver's pod printer.

use jiff::Timestamp;
use naru_api::{Object, meta};
use serde_json::Value;

use crate::kinds::{
    age, age_cell,
    fields::{condition, flag, int, items, text, text_or},
    name_cell,
};

/// The cells in the order of the Pod row's columns.
pub(super) fn cells(pod: &Object, now: Timestamp) -> Vec<Value> {
    let summary = Summary::of(pod);
    let ips = &pod["status"]["podIPs"];
    let ip = match text(&ips[0]["ip"]) {
        "" => text_or(&pod["status"]["podIP"], "<none>"),
        ip => ip,
    };
    vec![
        name_cell(pod),
        format!("{}/{}", summary.ready, items(&pod["spec"]["containers"]).len()).into(),
        summary.reason.into(),
        restarts_cell(&summary.restarts, now),
        age_cell(pod, now),
        ip.into(),
        text_or(&pod["spec"]["nodeName"], "<none>").into(),
        text_or(&pod["status"]["nominatedNodeName"], "<none>").into(),
        readiness_gates(pod).into(),
    ]
}

/// `2`, or `2 (5m ago)` when it is known when the last one was.
fn restarts_cell(restarts: &Restarts, now: Timestamp) -> Value {
    match restarts.last {
        Some(last) if restarts.count > 0 => {
            let ago = age::human((now.as_millisecond() - last.as_millisecond()) / 1000);
            format!("{} ({ago} ago)", restarts.count).into()
        }
        _ => restarts.count.to_string().into(),
    }
}

fn readiness_gates(pod: &Object) -> String {
    let gates = items(&pod["spec"]["readinessGates"]);
    if gates.is_empty() {
        return "<none>".into();
    }
    let met = gates.iter().filter(|gate| is_true(pod, text(&gate["conditionType"]))).count();
    format!("{met}/{}", gates.len())
}

fn is_true(pod: &Object, kind: &str) -> bool {
    condition(pod, kind).is_some_and(|one| one["status"] == "True")
}

/// Restarts counted so far and the newest end of a container that was restarted.
#[derive(Default)]
struct Restarts {
    count: i64,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += int(&container["restartCount"]);
        let ended = age::parse(&container["lastState"]["terminated"]["finishedAt"]);
        self.last = self.last.max(ended);
    }
}

/// What the containers' states come to.
struct Summary {
    reason: String,
    ready: usize,
    restarts: Restarts,
}

impl Summary {
    fn of(pod: &Object) -> Summary {
        let status = &pod["status"];
        let mut summary = Summary {
            reason: text_or(&status["reason"], text(&status["phase"])).to_string(),
            ready: 0,
            restarts: Restarts::default(),
        };
        if condition(pod, "PodScheduled").is_some_and(|one| one["reason"] == "SchedulingGated") {
            summary.reason = "SchedulingGated".into();
        }
        let initializing = summary.add_init_containers(pod);
        if !initializing || is_true(pod, "Initialized") {
            summary.restarts = Restarts::default();
            summary.add_containers(pod);
        }
        if meta::deletion_timestamp(pod).is_some() {
            if status["reason"] == "NodeLost" {
                summary.reason = "Unknown".into();
            } else if !matches!(text(&status["phase"]), "Succeeded" | "Failed") {
                summary.reason = "Terminating".into();
            }
        }
        summary
    }

    /// Looks for the first init container that is not done; true if there is one.
    fn add_init_containers(&mut self, pod: &Object) -> bool {
        let total = items(&pod["spec"]["initContainers"]).len();
        for (index, container) in items(&pod["status"]["initContainerStatuses"]).iter().enumerate() {
            self.restarts.add(container);
            let ended = &container["state"]["terminated"];
            if ended.is_object() && int(&ended["exitCode"]) == 0 {
                continue;
            }
            let waiting = text(&container["state"]["waiting"]["reason"]);
            self.reason = if ended.is_object() {
                format!("Init:{}", end_reason(ended))
            } else if !waiting.is_empty() && waiting != "PodInitializing" {
                format!("Init:{waiting}")
            } else {
                format!("Init:{index}/{total}")
            };
            return true;
        }
        false
    }

    fn add_containers(&mut self, pod: &Object) {
        let mut some_run = false;
        // Backwards, so that the first container with something to say has the last word.
        for container in items(&pod["status"]["containerStatuses"]).iter().rev() {
            self.restarts.add(container);
            let state = &container["state"];
            let waiting = text(&state["waiting"]["reason"]);
            if !waiting.is_empty() {
                self.reason = waiting.to_string();
            } else if state["terminated"].is_object() {
                self.reason = end_reason(&state["terminated"]);
            } else if flag(&container["ready"]) && state["running"].is_object() {
                some_run = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && some_run {
            self.reason = if is_true(pod, "Ready") { "Running" } else { "NotReady" }.into();
        }
    }
}

/// The reason a container ended, or its signal or exit code.
fn end_reason(ended: &Value) -> String {
    match (text(&ended["reason"]), int(&ended["signal"])) {
        ("", 0) => format!("ExitCode:{}", int(&ended["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_string(),
    }
}
