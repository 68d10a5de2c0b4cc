//! Container ids: what they say, and where the files of a container are.
//!
//! `<pod uid>-<container name>-<attempt>`; a pod's status shows it as `naru-oci://<id>` or `naru-wasm://<id>`.

use std::path::{Path, PathBuf};

use naru_runtime::ContainerId;
use serde::{Deserialize, Serialize};

/// Which of the node's runtimes a container belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Engine {
    /// Containers with a file system.
    Oci,
    /// WebAssembly.
    Wasm,
}

impl Engine {
    /// The scheme of a `containerID` in a pod's status.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Engine::Oci => "naru-oci",
            Engine::Wasm => "naru-wasm",
        }
    }
}

/// The id of one attempt of a container.
pub(crate) fn container_id(uid: &str, name: &str, attempt: u32) -> ContainerId {
    ContainerId(format!("{uid}-{name}-{attempt}"))
}

/// The container's name and attempt in an id of the pod `uid`.
pub(crate) fn parse<'a>(uid: &str, id: &'a ContainerId) -> Option<(&'a str, u32)> {
    let rest = id.0.strip_prefix(uid)?.strip_prefix('-')?;
    let (name, attempt) = rest.rsplit_once('-')?;
    if name.is_empty() { None } else { Some((name, attempt.parse().ok()?)) }
}

/// The `containerID` of a pod's status.
pub(crate) fn status_id(engine: Engine, id: &ContainerId) -> String {
    format!("{}://{id}", engine.scheme())
}

/// The id within a `containerID` of a pod's status.
pub(crate) fn from_status(text: &str) -> Option<(Engine, ContainerId)> {
    let (scheme, id) = text.split_once("://")?;
    let engine = [Engine::Oci, Engine::Wasm].into_iter().find(|engine| engine.scheme() == scheme)?;
    Some((engine, ContainerId(id.to_owned())))
}

/// The directory of a pod's logs: `<logs>/<namespace>_<name>_<uid>`.
pub(crate) fn pod_logs(logs: &Path, namespace: &str, name: &str, uid: &str) -> PathBuf {
    logs.join(format!("{namespace}_{name}_{uid}"))
}

/// The log of one attempt in the directory of its pod's logs.
pub(crate) fn log_file(pod_logs: &Path, container: &str, attempt: u32) -> PathBuf {
    pod_logs.join(container).join(format!("{attempt}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "7a6f0f7e-6d0c-4b58-9b8e-2f6a52f4b9a1";

    #[test]
    fn an_id_gives_back_what_it_was_made_of() {
        for (name, attempt) in [("main", 0), ("a-b-3", 17), ("x", u32::MAX)] {
            let id = container_id(UID, name, attempt);
            assert_eq!(parse(UID, &id), Some((name, attempt)));
            let text = status_id(Engine::Wasm, &id);
            assert_eq!(from_status(&text), Some((Engine::Wasm, id)));
        }
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in ["", "main-0", &format!("{UID}-0"), &format!("{UID}--0"), &format!("{UID}-main-x")] {
            assert_eq!(parse(UID, &ContainerId(text.to_owned())), None, "{text}");
        }
        assert_eq!(from_status("docker://abc"), None);
        assert_eq!(from_status("abc"), None);
    }
}
