//! A small file beside each attempt: what the runtime does not keep and the status needs after the agent's restart.
//!
//! `<pod>/containers/<name>/<attempt>.json`, and `<attempt>.message` for the termination message. Blocking.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::observed::ImageName;
use crate::volumes::PodDir;

/// Most bytes of a termination message that are told (kubelet's bound).
pub(crate) const MAX_MESSAGE: u64 = 4096;

/// What is kept of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Record {
    /// The image's name as a status shows it.
    pub(crate) image: String,
    /// What the pod asked for.
    pub(crate) asked: String,
    /// The image's digest.
    pub(crate) image_id: String,
    /// The image's stop signal; empty is SIGTERM.
    pub(crate) stop_signal: String,
}

impl Record {
    /// The image as the status tells it.
    pub(crate) fn image_name(&self) -> ImageName {
        ImageName { name: self.image.clone(), digest: self.image_id.clone(), asked: self.asked.clone() }
    }

    /// Where the record of an attempt is.
    fn path(dir: &PodDir, container: &str, attempt: u32) -> PathBuf {
        dir.container(container).join(format!("{attempt}.json"))
    }

    /// Reads it; an empty one if there is none or it is damaged.
    pub(crate) fn read(dir: &PodDir, container: &str, attempt: u32) -> Record {
        let bytes = fs::read(Self::path(dir, container, attempt)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Writes it.
    pub(crate) fn write(&self, dir: &PodDir, container: &str, attempt: u32) -> io::Result<()> {
        let bytes = serde_json::to_vec(self).map_err(io::Error::other)?;
        fs::write(Self::path(dir, container, attempt), bytes)
    }
}

/// Where the termination message of an attempt is.
pub(crate) fn message_file(dir: &PodDir, container: &str, attempt: u32) -> PathBuf {
    dir.container(container).join(format!("{attempt}.message"))
}

/// Reads a termination message; `None` if there is none.
pub(crate) fn read_message(path: &Path) -> Option<String> {
    let file = fs::File::open(path).ok()?;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MAX_MESSAGE), &mut bytes).ok()?;
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// Removes an attempt's files; succeeds if there are none.
pub(crate) fn remove(dir: &PodDir, container: &str, attempt: u32) -> io::Result<()> {
    for path in [Record::path(dir, container, attempt), message_file(dir, container, attempt)] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
