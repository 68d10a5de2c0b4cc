//! CPU time and memory of another process, from `/proc`.

use std::{fs, time::Duration};

/// `/proc` counts in hundredths of a second (USER_HZ, fixed on Linux).
const TICKS_PER_SECOND: u32 = 100;
const PAGE_BYTES: u64 = 4096;

/// User and system time of all threads of a process so far.
pub fn of(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The second field is a name in parentheses that may hold spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u32 = [11, 12].iter().map(|at| fields[*at].parse::<u32>().unwrap()).sum();
    Duration::from_secs(1) * ticks / TICKS_PER_SECOND
}

/// Resident memory in bytes.
pub fn resident(pid: u32) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * PAGE_BYTES
}
