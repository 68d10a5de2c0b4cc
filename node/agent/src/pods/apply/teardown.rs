//! Giving back what a pod holds beside its containers.

use std::{fs, io, path::Path};

use naru_runtime::SandboxId;

use super::{Job, blocking};
use crate::{
    context::chain,
    pods::step::{Done, Trouble},
    volumes::mounts,
};

impl Job {
    pub(super) async fn detach(&self) -> Result<Done, Trouble> {
        let result = self.context.network.detach(&self.uid).await;
        result.map_err(|error| self.failed("the network", chain(&error)))?;
        Ok(Done::Nothing)
    }

    pub(super) async fn remove_volumes(&self) -> Result<Done, Trouble> {
        let dir = self.dir();
        let removed = blocking(move || {
            for path in [dir.sub_paths(), dir.volumes(), dir.etc()] {
                mounts::remove(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            Ok(Done::Nothing)
        });
        removed.await.map_err(|message| self.failed("the volumes", message))
    }

    pub(super) async fn remove_sandbox(&self) -> Result<Done, Trouble> {
        let id = SandboxId(self.uid.to_string());
        let runtimes = &self.context.runtimes;
        let (oci, wasm) = tokio::join!(runtimes.oci.delete_sandbox(&id), runtimes.wasm.delete_sandbox(&id));
        oci.and(wasm).map_err(|error| self.failed("the sandbox", chain(&error)))?;
        Ok(Done::Nothing)
    }

    pub(super) async fn remove_files(&self) -> Result<Done, Trouble> {
        let (dir, logs, uid) = (self.dir(), self.context.log_dir.clone(), self.uid.clone());
        let known = self.pod_log_dir();
        let removed = blocking(move || {
            let text = |error: io::Error| error.to_string();
            mounts::remove(dir.path()).map_err(text)?;
            match known {
                Some(path) => mounts::remove(&path).map_err(text)?,
                None => remove_logs(&logs, &uid).map_err(text)?,
            }
            Ok(Done::Nothing)
        });
        removed.await.map_err(|message| self.failed("the files", message))
    }

    fn failed(&self, what: &str, message: String) -> Trouble {
        tracing::warn!(pod = %self.uid, what, message, "cannot be removed yet");
        Trouble::passing("Removing", message)
    }
}

/// Removes the log directory of a pod whose name is not known.
fn remove_logs(logs: &Path, uid: &str) -> io::Result<()> {
    let entries = match fs::read_dir(logs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let suffix = format!("_{uid}");
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(&suffix) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
