//! Compares the core's answers with kube-scheduler's.
//!
//! `compare ANSWERS.jsonl [SHOWN]`: reads lines of questions with kube-scheduler's answers, prints how many of each
//! subject the core answers equally, and so many of the differences of each subject (default 3).
#![allow(clippy::print_stdout)]

#[path = "../tests/kube_scheduler/answer.rs"]
mod answer;
#[path = "../tests/kube_scheduler/difference.rs"]
mod difference;
#[path = "../tests/kube_scheduler/message.rs"]
mod message;

use std::{collections::BTreeMap, error::Error, fs::File, io::BufRead};

use answer::Question;
use difference::Aspect;

#[derive(Default)]
struct Tally {
    asked: usize,
    equal: usize,
    aspects: BTreeMap<Aspect, usize>,
    shown: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, shown) = match &arguments[..] {
        [path] => (path, 3),
        [path, shown] => (path, shown.parse()?),
        _ => return Err("usage: compare ANSWERS.jsonl [SHOWN]".into()),
    };
    let mut subjects: BTreeMap<String, Tally> = BTreeMap::new();
    for (number, line) in std::io::BufReader::new(File::open(path)?).lines().enumerate() {
        let question: Question = serde_json::from_str(&line?)?;
        let subject = question.id.rsplit_once('-').map_or(&*question.id, |(subject, _)| subject);
        let tally = subjects.entry(subject.to_owned()).or_default();
        tally.asked += 1;
        let ours = question.asked_of_core(number as u64)?;
        let mut differences = difference::differences(&question.answer, &ours);
        if !question.answer.error.is_empty() {
            println!("{}: {}", question.id, question.answer.error);
        }
        if differences.is_empty() {
            tally.equal += 1;
            continue;
        }
        differences.sort_by_key(|one| one.aspect);
        let mut told = format!("{}:", question.id);
        for one in &differences {
            told.push_str(&format!("\n    {one}"));
        }
        differences.dedup_by_key(|one| one.aspect);
        differences.iter().for_each(|one| *tally.aspects.entry(one.aspect).or_default() += 1);
        if tally.shown.len() < shown {
            tally.shown.push(told);
        }
    }
    for tally in subjects.values() {
        tally.shown.iter().for_each(|told| println!("{told}"));
    }
    for (subject, tally) in &subjects {
        println!("{subject}: {} of {} equal; different {:?}", tally.equal, tally.asked, tally.aspects);
    }
    Ok(())
}
