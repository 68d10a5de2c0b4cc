//! What is kept of a container on disk, so that a shim started after a crash can tell of it: one JSON file.

use std::{fs, io, path::Path};

use naru_runtime::{ContainerId, State};
use serde::{Deserialize, Serialize};

const FILE: &str = "task.json";

/// A container's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The container.
    pub(crate) id: ContainerId,
    /// Its cgroup, relative to each hierarchy's root.
    pub(crate) cgroup: String,
    /// Where it stood at the last change.
    pub(crate) state: State,
}

impl Record {
    /// Reads the record of the container whose directory this is; `None` if there is none or it was cut short.
    pub(crate) fn read(directory: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(directory.join(FILE)).ok()?).ok()
    }

    /// Writes it, replacing the old one in one step.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        let fresh = directory.join("task.new");
        fs::write(&fresh, serde_json::to_vec(self)?)?;
        fs::rename(&fresh, directory.join(FILE))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Record::read(dir.path()), None);
        let started_at = jiff::Timestamp::now();
        let record = Record {
            id: ContainerId("p-c-0".into()),
            cgroup: "/naru-x/podp/c".into(),
            state: State::Running { started_at, pid: Some(7) },
        };
        record.write(dir.path()).unwrap();
        assert_eq!(Record::read(dir.path()), Some(record));
        fs::write(dir.path().join(FILE), "{\"id\":").unwrap();
        assert_eq!(Record::read(dir.path()), None);
    }
}
