//! Makes questions for a scheduler: random clusters with a pod to be placed, by subject.
//!
//! `questions SEED COUNT`: writes so many questions of each subject as JSON lines, each with `id` (the subject and a
//! number), `objects` (a cluster) and `pod`. The objects are as the API server would keep them: with defaults, and with
//! `matchLabelKeys` merged into selectors.
#![allow(clippy::print_stdout)]

mod affinity;
mod dice;
mod nodes;
mod pods;
mod subject;
mod world;

use std::{error::Error, io::Write};

use dice::Dice;
use subject::SUBJECTS;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seed, count] = &arguments[..] else { return Err("usage: questions SEED COUNT".into()) };
    let (seed, count): (u64, u64) = (seed.parse()?, count.parse()?);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (at, subject) in SUBJECTS.iter().enumerate() {
        for number in 0..count {
            let mut dice = Dice::new(seed ^ ((at as u64) << 32) ^ (number << 8));
            let question = world::question(&mut dice, subject, number);
            writeln!(out, "{question}")?;
        }
    }
    out.flush()?;
    Ok(())
}
