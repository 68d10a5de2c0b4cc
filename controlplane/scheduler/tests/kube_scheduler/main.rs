//! The core answers as kube-scheduler does: its recorded answers to random questions, compared with the core's.
//!
//! `README.md` beside this file tells where the answers come from.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod answer;
mod difference;
mod message;

use std::{fs::File, io::BufRead, path::Path};

use answer::Question;

/// Questions that the recorded file holds at least, so that a lost one is noticed.
const QUESTIONS_MIN: usize = 300;

#[test]
fn the_core_answers_as_kube_scheduler_did() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kube_scheduler/answers.jsonl.gz");
    let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(File::open(path).unwrap()));
    let (mut asked, mut different) = (0, Vec::new());
    for line in lines.lines() {
        let question: Question = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(question.answer.error, "", "{}", question.id);
        let ours = question.asked_of_core(asked as u64).unwrap();
        let found = difference::differences(&question.answer, &ours);
        different.extend(found.iter().map(|one| format!("{}: {one}", question.id)));
        asked += 1;
    }
    assert!(asked >= QUESTIONS_MIN, "{asked} questions");
    assert!(different.is_empty(), "{} differences:\n{}", different.len(), different.join("\n"));
}

#[test]
fn taints_are_told_apart_here_alone() {
    let told = "0/5 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint {a: b}, \
                2 node(s) had untolerated taint {c: }. no new claims to deallocate, preemption: 0/5 nodes are available: \
                5 Preemption is not helpful for scheduling.";
    let theirs = "0/5 nodes are available: 1 Too many pods, 3 node(s) had untolerated taint(s). no new claims to \
                  deallocate, preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.";
    assert_eq!(message::without_taints(told), theirs);
    assert_eq!(message::without_taints(theirs), theirs);
    assert_eq!(message::without_taint("Insufficient cpu"), "Insufficient cpu");
}
