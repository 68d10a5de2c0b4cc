//! The core neither waits nor looks at a clock nor draws random numbers nor knows a client.

use std::{fs, path::Path};

#[test]
fn the_core_uses_nothing_that_is_not_pure() {
    const FORBIDDEN: [&str; 11] = [
        "tokio",
        "kube::",
        "k8s_openapi",
        "futures",
        "rand::",
        "Instant",
        "SystemTime",
        "Timestamp::now",
        "std::fs",
        "std::net",
        "std::thread",
    ];
    fn check(folder: &Path, files: &mut usize) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "tests") {
                    check(&path, files);
                }
                continue;
            }
            *files += 1;
            let text = fs::read_to_string(&path).unwrap();
            for word in FORBIDDEN {
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let found = code.filter(|line| line.contains(word)).count();
                assert_eq!(found, 0, "{} uses {word}", path.display());
            }
        }
    }
    let mut files = 0;
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core"), &mut files);
    assert!(files > 30, "the core's files were found");
}
