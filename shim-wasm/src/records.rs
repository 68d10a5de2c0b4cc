//! What is known of containers on disk, so that their exits outlive this process.
//!
//! A record is written when a container is made and when it ends, and removed with it. A new shim lists what it finds:
//! exits as they were, and containers that ran when the old one died as killed.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use naru_runtime::{ContainerId, Exit, SandboxId};
use serde::{Deserialize, Serialize};

use crate::compile::private_dir;

/// The longest id, in bytes: it becomes a file's name.
const MAX_ID: usize = 253;

/// One container on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its sandbox.
    pub(crate) sandbox: SandboxId,
    /// How it ended, if it has.
    pub(crate) exit: Option<Exit>,
}

/// The containers a former shim left, all of them ended.
pub(crate) type Former = BTreeMap<ContainerId, (SandboxId, Exit)>;

/// The directory of records.
#[derive(Debug)]
pub(crate) struct Records {
    dir: PathBuf,
}

impl Records {
    /// Opens the directory, and takes over what a former shim left: every record comes with an exit.
    pub(crate) fn open(dir: &Path) -> io::Result<(Self, Former)> {
        private_dir(dir)?;
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let record: Option<Record> = serde_json::from_slice(&fs::read(entry.path())?).ok();
            match (entry.file_name().into_string(), record) {
                (Ok(name), Some(record)) => {
                    let exit = record.exit.unwrap_or_else(died_with_the_shim);
                    found.insert(ContainerId(name), (record.sandbox, exit));
                }
                // Torn or not ours: nobody can ask for it.
                _ => fs::remove_file(entry.path())?,
            }
        }
        Ok((Self { dir: dir.to_owned() }, found))
    }

    /// Writes a container's record; it is in memory (`/run`), so no disk is waited for.
    pub(crate) fn write(&self, id: &ContainerId, record: &Record) -> io::Result<()> {
        fs::write(self.dir.join(&id.0), serde_json::to_vec(record)?)
    }

    /// Removes a container's record.
    pub(crate) fn remove(&self, id: &ContainerId) -> io::Result<()> {
        match fs::remove_file(self.dir.join(&id.0)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Whether an id can name a file.
pub(crate) fn is_name(id: &ContainerId) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    !id.0.is_empty() && id.0.len() <= MAX_ID && !id.0.starts_with('.') && id.0.bytes().all(plain)
}

fn died_with_the_shim() -> Exit {
    Exit {
        code: 137,
        signal: Some(9),
        oom_killed: false,
        message: Some("the Wasm shim that ran the container ended".into()),
        started_at: None,
        finished_at: Timestamp::now(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn exits_outlive_the_shim() {
        let dir = tempfile::tempdir().unwrap();
        let (records, found) = Records::open(dir.path()).unwrap();
        assert!(found.is_empty());
        let exit = Exit { code: 3, signal: None, message: None, ..died_with_the_shim() };
        let [ended, running, gone] = ["ended", "running", "gone"].map(|id| ContainerId(id.into()));
        let sandbox = SandboxId("pod".into());
        for (id, exit) in [(&ended, Some(exit.clone())), (&running, None), (&gone, None)] {
            records.write(id, &Record { sandbox: sandbox.clone(), exit }).unwrap();
        }
        records.remove(&gone).unwrap();
        records.remove(&gone).unwrap();
        fs::write(dir.path().join("torn"), "{\"sand").unwrap();
        let (_, found) = Records::open(dir.path()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), [&ended, &running]);
        assert_eq!(found[&ended].1, exit);
        assert_eq!(found[&running].1.code, 137);
    }

    #[test]
    fn names() {
        for good in ["a", "0b7e-web-0", "a.b"] {
            assert!(is_name(&ContainerId(good.into())), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "A", "a b", &"x".repeat(254)] {
            assert!(!is_name(&ContainerId(bad.into())), "{bad}");
        }
    }
}
