//! The images of the quickstart, built once a target directory from their sources in this repository.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use nix::fcntl::{Flock, FlockArg};

use crate::{run, tools};

/// The OCI image `quickstart/httpd:1` as a docker archive: busybox with every applet.
pub fn httpd() -> PathBuf {
    made("httpd.tar", "manifests/quickstart/httpd-image")
}

/// The Wasm component of the quickstart.
pub fn greeter() -> PathBuf {
    made("greeter.wasm", "manifests/quickstart/guest/build.sh")
}

/// A file in `target/quickstart`, made by a script that does nothing when the file is up to date.
fn made(name: &str, script: &str) -> PathBuf {
    let dir: PathBuf = tools::bin_dir().parent().unwrap().join("quickstart");
    std::fs::create_dir_all(&dir).unwrap();
    let lock = File::create(dir.join(format!("{name}.lock"))).unwrap();
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| errno).unwrap();
    let path = dir.join(name);
    if !is_newer(&path, &tools::repository(script)) || name.ends_with(".wasm") {
        run(Command::new(tools::repository(script)).arg(&path), "").ok();
    }
    path
}

fn is_newer(made: &Path, source: &Path) -> bool {
    let time = |path: &Path| path.metadata().and_then(|meta| meta.modified());
    matches!((time(made), time(source)), (Ok(made), Ok(source)) if made > source)
}
