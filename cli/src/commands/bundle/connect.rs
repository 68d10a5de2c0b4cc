//! How operations are carried out on a cluster: who hears what is said, what ends them; and how flags are read.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use naru_release::{
    cluster::Cluster,
    operations::{Operator, Options},
};
use tokio_util::sync::CancellationToken;

/// Somebody who operates on the cluster and says things on standard error.
pub fn operator(cluster: &Cluster, options: Options) -> Operator<'_> {
    Operator::new(cluster, options, &say, CancellationToken::new())
}

/// Says something beside the result.
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// The same; Ctrl-C and SIGTERM end what it does, and `name` is said to be cancelled.
pub fn interruptible<'a>(cluster: &'a Cluster, options: Options, name: &str) -> Result<Operator<'a>> {
    use tokio::signal::unix::{SignalKind, signal};
    let cancelled = CancellationToken::new();
    let failed = "cannot listen for signals";
    let mut interrupt = signal(SignalKind::interrupt()).context(failed)?;
    let mut terminate = signal(SignalKind::terminate()).context(failed)?;
    let (token, name) = (cancelled.clone(), name.to_string());
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        println!("Release {name} has been cancelled.");
        token.cancel();
    });
    Ok(Operator::new(cluster, options, &say, cancelled))
}

/// A duration as Go reads it: `300ms`, `1.5h`, `2h45m`, `0`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let problem = || format!("invalid duration {text:?}: it should read 5m30s, 90s, 1.5h or 300ms");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(problem)?;
        let number: f64 = rest[..digits].parse().map_err(|_| problem())?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number
            * match &rest[..end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return Err(problem()),
            };
        rest = &rest[end..];
    }
    match text.is_empty() {
        true => Err(problem()),
        false => Duration::try_from_secs_f64(total).map_err(|_| problem()),
    }
}

/// A revision as a number; text that is none is Helm's error.
pub fn revision(text: &str) -> Result<i64> {
    text.parse().map_err(|_| {
        anyhow!("could not convert revision to a number: strconv.Atoi: parsing {text:?}: invalid syntax")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in
            [("0", 0), ("5m0s", 300_000), ("1.5h", 5_400_000), ("300ms", 300), ("1m30s", 90_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for bad in ["", "5", "m", "5x", "-5m", "1..5s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
