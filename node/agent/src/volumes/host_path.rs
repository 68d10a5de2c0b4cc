//! hostPath volumes: a path of the node, checked or made as its type says. Blocking. Messages are kubelet's.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt},
    path::Path,
};

/// Checks that `path` is what `kind` (a HostPathType) says, and makes it where the type allows.
pub(crate) fn prepare(path: &Path, kind: &str) -> Result<(), String> {
    let shown = path.display();
    let failed = |what: &str| Err(format!("hostPath type check failed: {shown} is not {what}"));
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return make(path, kind),
        Err(error) => return Err(format!("hostPath {shown}: {error}")),
    };
    let file_type = meta.file_type();
    match kind {
        "" => Ok(()),
        "Directory" | "DirectoryOrCreate" if !file_type.is_dir() => failed("a directory"),
        "File" | "FileOrCreate" if !file_type.is_file() => failed("a file"),
        "Socket" if !file_type.is_socket() => failed("a socket file"),
        "CharDevice" if !file_type.is_char_device() => failed("a character device"),
        "BlockDevice" if !file_type.is_block_device() => failed("a block device"),
        "Directory" | "DirectoryOrCreate" | "File" | "FileOrCreate" | "Socket" | "CharDevice"
        | "BlockDevice" => Ok(()),
        other => Err(format!("{other} is an invalid volume type")),
    }
}

fn make(path: &Path, kind: &str) -> Result<(), String> {
    let shown = path.display();
    let what = match kind {
        // A path of no type that does not exist is made as a directory by the container runtimes.
        "" | "DirectoryOrCreate" => {
            let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(path);
            return made.map_err(|error| format!("cannot make the directory {shown}: {error}"));
        }
        "FileOrCreate" => {
            let made = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(path);
            return made.map(drop).map_err(|error| format!("cannot make the file {shown}: {error}"));
        }
        "Directory" => "a directory",
        "File" => "a file",
        "Socket" => "a socket file",
        "CharDevice" => "a character device",
        "BlockDevice" => "a block device",
        other => return Err(format!("{other} is an invalid volume type")),
    };
    Err(format!("hostPath type check failed: {shown} is not {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_checked_and_made() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        let absent = dir.path().join("absent/deep");
        prepare(&file, "FileOrCreate").unwrap();
        assert!(file.is_file());
        prepare(&absent, "DirectoryOrCreate").unwrap();
        assert!(absent.is_dir());
        let table = [
            (&file, "", true),
            (&file, "File", true),
            (&file, "Directory", false),
            (&file, "Socket", false),
            (&absent, "Directory", true),
            (&absent, "File", false),
            (&absent, "BlockDevice", false),
            (&absent, "Nonsense", false),
        ];
        for (path, kind, good) in table {
            assert_eq!(prepare(path, kind).is_ok(), good, "{} {kind}", path.display());
        }
        let null = Path::new("/dev/null");
        prepare(null, "CharDevice").unwrap();
        let none = dir.path().join("none");
        let message = prepare(&none, "Directory").unwrap_err();
        assert_eq!(message, format!("hostPath type check failed: {} is not a directory", none.display()));
    }
}
