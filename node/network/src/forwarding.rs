//! The node's switch for forwarding IPv4 packets: turned on for pods, put back when the last cluster goes.

use std::{fs, io, path::Path};

use crate::{Result, error::Context};

const SWITCH: &str = "/proc/sys/net/ipv4/ip_forward";
/// The file in the state directory that says that it was off before us.
const RECORD: &str = "ip_forward.before";

/// Turns forwarding on and records that it was off, if it was.
pub(crate) fn turn_on(state_dir: &Path) -> Result<()> {
    let before = fs::read_to_string(SWITCH).context(|| format!("cannot read {SWITCH}"))?;
    if before.trim() == "1" {
        return Ok(());
    }
    let record = state_dir.join(RECORD);
    fs::write(&record, before.trim()).context(|| format!("cannot write {}", record.display()))?;
    fs::write(SWITCH, "1").context(|| format!("cannot write to {SWITCH}"))
}

/// Puts the recorded value back unless another cluster still needs forwarding, and forgets it.
pub(crate) fn restore(state_dir: &Path, still_needed: bool) -> Result<()> {
    let record = state_dir.join(RECORD);
    let before = match fs::read_to_string(&record) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        before => before.context(|| format!("cannot read {}", record.display()))?,
    };
    if !still_needed {
        fs::write(SWITCH, before).context(|| format!("cannot write to {SWITCH}"))?;
    }
    fs::remove_file(&record).context(|| format!("cannot remove {}", record.display()))
}
