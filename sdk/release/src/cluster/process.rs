//! This process and others of this machine, from /proc.

use crate::plan::holder::Process;

/// Which boot of which machine this is; empty where the system does not say.
pub fn boot() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().into()
}

/// This process.
pub fn own() -> Process {
    let pid = std::process::id();
    Process { boot: boot(), pid, started: started(pid).unwrap_or_default() }
}

/// Whether a process of this machine is running.
pub fn runs(process: &Process) -> bool {
    started(process.pid) == Some(process.started)
}

/// When a process was started, in clock ticks since the boot; `None` if there is none, or it has ended and only waits to
/// be collected. The name, the second field, may hold spaces and parentheses.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_another() {
        let own = own();
        assert!(runs(&own) && own.started > 0 && !own.boot.is_empty());
        assert!(!runs(&Process { started: own.started + 1, ..own.clone() }));
        assert!(!runs(&Process { pid: u32::MAX, ..own }));
    }
}
