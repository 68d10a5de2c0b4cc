//! Where the programs under test and their stock clients are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The directory of our binaries: `$NARU_BIN_DIR`, or where cargo put them beside this test.
pub fn bin_dir() -> PathBuf {
    if let Some(dir) = env::var_os("NARU_BIN_DIR") {
        return dir.into();
    }
    let test = env::current_exe().unwrap();
    let dir = test.ancestors().find(|dir| dir.join("naru").is_file());
    dir.expect("no naru beside this test: run `cargo build --workspace --bins` first (`make test` does)")
        .into()
}

/// One of our binaries.
pub fn ours(name: &str) -> PathBuf {
    let path = bin_dir().join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build --workspace --bins` first", path.display());
    path
}

/// The stock kubectl: `$NARU_KUBECTL`, or `tools/bin/kubectl` in the target directory.
pub fn kubectl() -> PathBuf {
    client("NARU_KUBECTL", "kubectl")
}

/// The stock helm: `$NARU_HELM`, or `tools/bin/helm` in the target directory.
pub fn helm() -> PathBuf {
    client("NARU_HELM", "helm")
}

fn client(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = env::var_os(variable) {
        return path.into();
    }
    let target = bin_dir();
    let path = target.parent().unwrap().join("tools/bin").join(name);
    assert!(
        path.is_file(),
        "{} is missing: run `tools/clients {}`",
        path.display(),
        path.parent().unwrap().display()
    );
    path
}

/// A program of this machine; `package` is what brings it.
pub fn installed(name: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = env::split_paths(&path).collect();
    dirs.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let found = dirs.iter().map(|dir| dir.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}"))
}

/// A file of this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}
