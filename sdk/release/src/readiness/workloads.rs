//! Kinds that keep a number of pods running: whether all that are wanted are there, up to date, and no more.

use serde_json::Value;

use super::{Judgement, State, condition, judged, number, status, true_condition};

/// The first count that is below what it should be: (name, found, wanted).
fn first_lack(counts: &[(&str, i64, i64)]) -> Option<Judgement> {
    let (name, found, wanted) = counts.iter().find(|(_, found, wanted)| found < wanted)?;
    Some(judged(State::InProgress, format!("{name}: {found}/{wanted}")))
}

/// Too many pods: some are still to end.
fn surplus(found: i64, wanted: i64) -> Option<Judgement> {
    (found > wanted).then(|| judged(State::InProgress, format!("Pending termination: {}", found - wanted)))
}

pub(super) fn deployment(object: &Value) -> Judgement {
    if condition(object, "Progressing").is_some_and(|found| found["reason"] == "ProgressDeadlineExceeded") {
        return judged(State::Failed, "Progress deadline exceeded");
    }
    let wanted = number(object, "/spec/replicas", 1);
    let (replicas, updated) = (status(object, "replicas"), status(object, "updatedReplicas"));
    let unlimited =
        number(object, "/spec/progressDeadlineSeconds", i64::from(i32::MAX)) == i64::from(i32::MAX);
    let progressed = unlimited
        || true_condition(object, "Progressing").is_some_and(|one| one["reason"] == "NewReplicaSetAvailable");
    first_lack(&[("Replicas", replicas, wanted), ("Updated", updated, wanted)])
        .or_else(|| surplus(replicas, wanted))
        .or_else(|| {
            first_lack(&[
                ("Available", status(object, "availableReplicas"), updated),
                ("Ready", status(object, "readyReplicas"), wanted),
            ])
        })
        .or_else(|| (!progressed).then(|| judged(State::InProgress, "ReplicaSet not Available")))
        .or_else(|| {
            let missing = true_condition(object, "Available").is_none();
            missing.then(|| judged(State::InProgress, "Deployment not Available"))
        })
        .unwrap_or_else(|| judged(State::Current, format!("Deployment is available. Replicas: {replicas}")))
}

pub(super) fn replica_set(object: &Value) -> Judgement {
    if true_condition(object, "ReplicaFailure").is_some() {
        return judged(State::InProgress, "Replica Failure condition. Check Pods");
    }
    let wanted = number(object, "/spec/replicas", 1);
    let replicas = status(object, "replicas");
    first_lack(&[
        ("Labelled", status(object, "fullyLabeledReplicas"), wanted),
        ("Available", status(object, "availableReplicas"), wanted),
        ("Ready", status(object, "readyReplicas"), wanted),
    ])
    .or_else(|| surplus(replicas, wanted))
    .unwrap_or_else(|| judged(State::Current, format!("ReplicaSet is available. Replicas: {replicas}")))
}

pub(super) fn stateful_set(object: &Value) -> Judgement {
    if object["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return judged(State::Current, "StatefulSet is using the ondelete update strategy");
    }
    let wanted = number(object, "/spec/replicas", 1);
    let (replicas, updated) = (status(object, "replicas"), status(object, "updatedReplicas"));
    let lack =
        first_lack(&[("Replicas", replicas, wanted), ("Ready", status(object, "readyReplicas"), wanted)])
            .or_else(|| surplus(replicas, wanted));
    if let Some(lack) = lack {
        return lack;
    }
    if let Some(partition) = object["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_i64() {
        return first_lack(&[("updated", updated, wanted - partition)]).unwrap_or_else(|| {
            judged(State::Current, format!("Partition rollout complete. updated: {updated}"))
        });
    }
    let same = object["status"]["currentRevision"] == object["status"]["updateRevision"];
    first_lack(&[("current", status(object, "currentReplicas"), wanted)])
        .or_else(|| {
            (!same).then(|| judged(State::InProgress, "Waiting for updated revision to match current"))
        })
        .unwrap_or_else(|| {
            judged(State::Current, format!("All replicas scheduled as expected. Replicas: {replicas}"))
        })
}

pub(super) fn daemon_set(object: &Value) -> Judgement {
    for (part, field) in [("metadata", "generation"), ("status", "observedGeneration")] {
        if object[part][field].is_null() {
            return judged(State::InProgress, format!("DaemonSet {part}.{field} not found"));
        }
    }
    let Some(wanted) = object["status"]["desiredNumberScheduled"].as_i64() else {
        return judged(State::InProgress, "Missing .status.desiredNumberScheduled");
    };
    first_lack(&[
        ("Current", status(object, "currentNumberScheduled"), wanted),
        ("Updated", status(object, "updatedNumberScheduled"), wanted),
        ("Available", status(object, "numberAvailable"), wanted),
        ("Ready", status(object, "numberReady"), wanted),
    ])
    .unwrap_or_else(|| {
        judged(State::Current, format!("All replicas scheduled as expected. Replicas: {wanted}"))
    })
}
