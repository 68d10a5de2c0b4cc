//! `healthcheck` as probes: ready when it succeeds, restarted when it goes on failing, as the restart policy has it.

use serde_json::{Value, json};

use super::{Error, model::Health, short::scalar, units};

/// Docker's defaults, in seconds and in attempts.
const INTERVAL: u64 = 30;
const TIMEOUT: u64 = 30;
const RETRIES: u64 = 3;

/// The readiness and the liveness probe; `None` if there is no check or it is off.
pub(super) fn probes(service: &str, health: &Health) -> Result<Option<(Value, Value)>, Error> {
    let Some(command) = command(service, health)? else { return Ok(None) };
    let time = |field: &str, given: &Option<String>, default: u64| match given {
        None => Ok(default),
        Some(text) => units::seconds(text).ok_or_else(|| Error::Form {
            path: format!("services.{service}.healthcheck.{field}"),
            problem: format!("{text:?} is no duration: write 30s or 1m30s"),
        }),
    };
    let probe = json!({
        "exec": {"command": command},
        "periodSeconds": time("interval", &health.interval, INTERVAL)?.max(1),
        "timeoutSeconds": time("timeout", &health.timeout, TIMEOUT)?.max(1),
        "failureThreshold": health.retries.unwrap_or(RETRIES).max(1),
    });
    let mut alive = probe.clone();
    // Failures during the start period do not count, but a success makes the service ready at once.
    alive["initialDelaySeconds"] = json!(time("start_period", &health.start_period, 0)?);
    Ok(Some((probe, alive)))
}

/// The check's command in exec form.
fn command(service: &str, health: &Health) -> Result<Option<Vec<String>>, Error> {
    let bad = |problem: &str| Error::Form {
        path: format!("services.{service}.healthcheck.test"),
        problem: problem.into(),
    };
    let shell = |line: &str| Some(vec!["/bin/sh".into(), "-c".into(), line.into()]);
    match &health.test {
        _ if health.disable => Ok(None),
        None => Ok(None),
        Some(Value::String(line)) => Ok(shell(line)),
        Some(Value::Array(items)) => {
            let words: Option<Vec<String>> = items.iter().map(scalar).collect();
            let words = words.ok_or_else(|| bad("must be texts"))?;
            match words.first().map(String::as_str) {
                Some("NONE") => Ok(None),
                Some("CMD") if words.len() > 1 => Ok(Some(words[1..].to_vec())),
                Some("CMD-SHELL") if words.len() == 2 => Ok(shell(&words[1])),
                _ => Err(bad("must begin with CMD, CMD-SHELL or NONE, and have a command")),
            }
        }
        Some(_) => Err(bad("must be a text or a list")),
    }
}
