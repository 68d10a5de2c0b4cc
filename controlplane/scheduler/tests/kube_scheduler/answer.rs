//! An answer to a question about a cluster, kube-scheduler's or the core's, in one form.

use std::collections::{BTreeMap, BTreeSet};

use naru_scheduler::core::{
    Decision, Diagnosis, NodeView, Preemption, Profile, Snapshot, explain, feed, schedule,
};
use serde::Deserialize;
use serde_json::Value;

use crate::message;

/// A cluster and a pod that is to be placed there, with kube-scheduler's answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Question {
    /// The subject and a number.
    pub(crate) id: String,
    objects: Vec<Value>,
    pod: Value,
    /// kube-scheduler's.
    pub(crate) answer: Answer,
}

/// What is to become of the pod, and why.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    /// It waits for a gate.
    pub(crate) gated: bool,
    /// Why there was no answer.
    pub(crate) error: String,
    /// The best nodes; kube-scheduler takes any of them. Of the core, the one it takes.
    pub(crate) best: BTreeSet<String>,
    /// Why it fits nowhere.
    pub(crate) message: String,
    /// What each node is for it.
    pub(crate) nodes: BTreeMap<String, Node>,
    /// The nodes on which room may be made; any of them. Of the core, the one it takes.
    pub(crate) chosen: BTreeSet<String>,
    /// The nodes on which room can be made. Of the core, only the one it takes.
    pub(crate) rooms: BTreeMap<String, Room>,
}

/// What a node is for a pod.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Node {
    /// Why it does not fit.
    pub(crate) reasons: Vec<String>,
    /// The weighed scores that are not 0.
    pub(crate) scores: BTreeMap<String, i64>,
    /// Their sum.
    pub(crate) total: i64,
}

/// What it takes to make room on a node.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Room {
    /// The names of the pods that leave.
    pub(crate) pods: Vec<String>,
    /// How many of them break a disruption budget.
    pub(crate) violations: usize,
}

impl Question {
    /// The core's answer.
    pub(crate) fn asked_of_core(&self, tie_breaker: u64) -> Result<Answer, feed::Error> {
        let mut snapshot = Snapshot::new();
        for object in &self.objects {
            feed::apply(&mut snapshot, object)?;
        }
        let (pod, profile) = (feed::pod(&self.pod)?, Profile::default());
        let mut answer = match schedule(&snapshot, &pod, &profile, tie_breaker) {
            Decision::Place(placement) => {
                Answer { best: [placement.node.to_string()].into(), ..Answer::default() }
            }
            Decision::Gated => return Ok(Answer { gated: true, ..Answer::default() }),
            Decision::Unschedulable(diagnosis) => refusal(&diagnosis),
        };
        answer.nodes = explain(&snapshot, &pod, &profile).iter().map(node).collect();
        Ok(answer)
    }
}

fn refusal(diagnosis: &Diagnosis) -> Answer {
    let mut answer = Answer { message: message::without_taints(&diagnosis.to_string()), ..Answer::default() };
    if let Preemption::Victims(victims) = &diagnosis.preemption {
        let pods = victims.pods.iter().map(|pod| pod.id.name.to_string()).collect();
        answer.chosen.insert(victims.node.to_string());
        answer.rooms.insert(victims.node.to_string(), Room { pods, violations: victims.violations });
    }
    answer
}

fn node(view: &NodeView) -> (String, Node) {
    let weighed =
        view.scores.iter().map(|(score, (value, weight))| (score.name().to_owned(), value * weight));
    let node = Node {
        reasons: view.reasons.iter().map(|reason| message::without_taint(&reason.to_string())).collect(),
        scores: weighed.filter(|(_, value)| *value != 0).collect(),
        total: view.total,
    };
    (view.node.to_string(), node)
}
