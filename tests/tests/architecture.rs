//! Who may depend on whom (docs/ARCHITECTURE.md), and that the documents' links lead somewhere.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use naru_tests::{run, tools};
use serde_json::Value;

/// The crates of ours that each crate may depend on (not counting its tests).
const EDGES: &[(&str, &[&str])] = &[
    ("naru-api", &[]),
    ("naru-client", &["naru-api"]),
    ("naru-processors", &[]),
    ("naru-keys", &["naru-processors"]),
    ("naru-provenance", &[]),
    ("naru-bundle", &["naru-api", "naru-keys", "naru-processors"]),
    ("naru-release", &["naru-api", "naru-bundle", "naru-client", "naru-provenance"]),
    ("naru-store", &[]),
    ("naru-front", &[]),
    ("naru-apiserver", &["naru-api", "naru-front", "naru-store"]),
    ("naru-scheduler", &["naru-api", "naru-client"]),
    ("naru-controllers", &["naru-api", "naru-client"]),
    ("naru-runtime", &[]),
    ("naru-image", &[]),
    ("naru-network", &[]),
    ("naru-node", &["naru-api", "naru-client", "naru-front", "naru-runtime", "naru-image", "naru-network"]),
    ("naru-shim-oci", &["naru-runtime"]),
    ("naru-shim-wasm", &["naru-runtime"]),
    ("naru-tests", &[]),
];

/// Libraries that only these crates may use.
const RESERVED: &[(&str, &[&str])] = &[
    ("libcontainer", &["naru-shim-oci"]),
    ("wasmtime", &["naru-shim-wasm"]),
    ("etcd-client", &["naru-store"]),
    ("redb", &["naru-store"]),
    ("rtnetlink", &["naru-network"]),
    ("oci-client", &["naru-image", "naru-release"]),
    ("pgp", &["naru-provenance"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = tools::repository("Cargo.toml");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"]).arg(manifest);
    let metadata: Value = serde_json::from_str(&run(&mut cargo, "").ok()).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let normal = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        let names =
            all.filter(|one| one["kind"].is_null()).map(|one| one["name"].as_str().unwrap().to_string());
        names.collect()
    };
    packages.map(|package| (package["name"].as_str().unwrap().to_string(), normal(package))).collect()
}

#[test]
fn crates_know_only_what_they_may() {
    let dependencies = dependencies();
    for (name, used) in &dependencies {
        let ours = used.iter().filter(|one| one.starts_with("naru-"));
        // The binary knows everything.
        if name == "naru" {
            continue;
        }
        let allowed = EDGES.iter().find(|(one, _)| one == name);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{name} is not in the table of edges"));
        for one in ours {
            assert!(allowed.contains(&one.as_str()), "{name} must not depend on {one}");
        }
        for (library, users) in RESERVED {
            assert!(
                !used.contains(*library) || users.contains(&name.as_str()),
                "{name} must not use {library}"
            );
        }
    }
}

#[test]
fn the_api_crate_has_no_tokio_clock_or_randomness() {
    let api = &dependencies()["naru-api"];
    for library in ["tokio", "rand", "kube", "axum", "uuid"] {
        assert!(!api.contains(library), "naru-api must not use {library}");
    }
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut look = |path: &Path, text: &str| {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                let found = path.parent().unwrap().join(target);
                assert!(found.exists(), "{}: {link} leads nowhere", path.display());
            }
        }
    };
    let readme = tools::repository("README.md");
    look(&readme, &fs::read_to_string(&readme).unwrap());
    each_file(&tools::repository("docs"), "md", &mut look);
}

fn each_file(dir: &Path, extension: &str, look: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            each_file(&path, extension, look);
        } else if path.extension().is_some_and(|end| end == extension) {
            look(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}
