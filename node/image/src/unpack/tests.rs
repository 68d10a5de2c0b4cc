//! Layers with everything that images hold, and layers from people who mean harm. Needs root (owners, devices, attributes).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tar::{EntryType, Header};

use super::*;
use crate::testing::Layer;

const SMALL: Limits = Limits { entries: 100, bytes: 1 << 20, trailing: 1 << 12 };

fn unpacked(layer: Layer) -> (tempfile::TempDir, Result<(), Fault>) {
    let dir = tempfile::tempdir().unwrap();
    let result = unpack(&layer.into_tar()[..], dir.path(), SMALL);
    (dir, result)
}

fn refusal(layer: Layer) -> String {
    match unpacked(layer).1 {
        Err(Fault::Invalid(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// An entry whose name and link the `tar` crate would not write.
fn raw(kind: EntryType, path: &str, link: &str, data: &[u8]) -> Layer {
    let (path, link) = (path.to_owned(), link.to_owned());
    Layer::new().raw(|tar| append(tar, kind, &path, &link, data))
}

fn append(tar: &mut tar::Builder<Vec<u8>>, kind: EntryType, path: &str, link: &str, data: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
    header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    tar.append(&header, data).unwrap();
}

#[test]
fn keeps_owners_modes_times_and_links() {
    let mut owned = Header::new_gnu();
    owned.set_uid(1234);
    owned.set_gid(5678);
    owned.set_mode(0o4755);
    owned.set_mtime(1_000_000_001);
    owned.set_size(2);
    let layer = Layer::new()
        .dir("./", 0o711)
        .dir("dir", 0o1777)
        .raw(|tar| tar.append_data(&mut owned, "dir/suid", &b"hi"[..]).unwrap())
        .hard_link("hard", "dir/suid")
        .symlink("soft", "/dir/suid")
        .file("deep/without/parents", 0o600, b"x");
    let (dir, result) = unpacked(layer);
    result.unwrap();
    let meta = |path: &str| fs::symlink_metadata(dir.path().join(path)).unwrap();
    let suid = meta("dir/suid");
    assert_eq!(
        (suid.uid(), suid.gid(), suid.mode() & 0o7777, suid.mtime()),
        (1234, 5678, 0o4755, 1_000_000_001)
    );
    assert_eq!((suid.nlink(), suid.ino()), (2, meta("hard").ino()));
    assert_eq!(meta("dir").mode() & 0o7777, 0o1777);
    assert_eq!(meta("dir").mtime(), 1_000_000_000, "a directory's time survives its being filled");
    assert_eq!(meta("").mode() & 0o7777, 0o711);
    assert_eq!(fs::read_link(dir.path().join("soft")).unwrap(), Path::new("/dir/suid"));
    assert_eq!(meta("deep/without").mode() & 0o7777, 0o755);
}

#[test]
fn makes_devices_and_allowed_attributes_only() {
    let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let layer = Layer::new().raw(|tar| {
        tar.append_pax_extensions([
            ("SCHILY.xattr.security.capability", &capability[..]),
            ("SCHILY.xattr.trusted.overlay.redirect", b"/etc"),
            ("SCHILY.xattr.user.note", b"kept"),
        ])
        .unwrap();
        append(tar, EntryType::Regular, "ping", "", b"");
        let mut null = Header::new_gnu();
        null.set_entry_type(EntryType::Char);
        null.set_device_major(1).unwrap();
        null.set_device_minor(3).unwrap();
        null.set_mode(0o666);
        null.set_size(0);
        tar.append_data(&mut null, "null", &b""[..]).unwrap();
        append(tar, EntryType::Fifo, "pipe", "", b"");
    });
    let (dir, result) = unpacked(layer);
    result.unwrap();
    let attribute = |name: &str| xattr::get(dir.path().join("ping"), name).unwrap();
    assert_eq!(attribute("security.capability").unwrap(), capability);
    assert_eq!(attribute("trusted.overlay.redirect"), None);
    let null = fs::symlink_metadata(dir.path().join("null")).unwrap();
    assert_eq!((null.rdev(), null.permissions().mode() & 0o777), (makedev(1, 3), 0o666));
}

#[test]
fn whiteouts_become_overlayfs_marks() {
    let layer = Layer::new()
        .file("a/.wh.gone", 0o644, b"")
        .file("a/.wh..wh.plnk", 0o644, b"")
        .dir("opaque", 0o755)
        .file("opaque/.wh..wh..opq", 0o644, b"")
        .file(".wh.anew", 0o644, b"")
        .dir("anew", 0o755)
        .file("mine", 0o644, b"mine")
        .file(".wh.mine", 0o644, b"");
    let (dir, result) = unpacked(layer);
    result.unwrap();
    let gone = fs::symlink_metadata(dir.path().join("a/gone")).unwrap();
    assert!(Found::of(&gone).is_whiteout());
    let opaque = |path: &str| xattr::get(dir.path().join(path), OPAQUE_XATTR).unwrap();
    assert_eq!(opaque("opaque").unwrap(), b"y");
    assert_eq!(opaque("anew").unwrap(), b"y", "removed and made again: nothing from below shines through");
    assert_eq!(opaque("a"), None);
    assert_eq!(fs::read(dir.path().join("mine")).unwrap(), b"mine", "whiteouts are about lower layers");
    assert!(!dir.path().join("a/.wh.plnk").exists());
    assert!(refusal(raw(EntryType::Regular, ".wh.", "", b"")).contains("takes nothing away"));
    assert!(refusal(raw(EntryType::Regular, ".wh..", "", b"")).contains("takes nothing away"));
}

#[test]
fn later_entries_replace_earlier_ones() {
    let layer = Layer::new()
        .file("x", 0o644, b"first")
        .symlink("x", "elsewhere")
        .file("x", 0o644, b"last")
        .symlink("d", "/etc")
        .dir("d", 0o755)
        .file("d/f", 0o644, b"in d");
    let (dir, result) = unpacked(layer);
    result.unwrap();
    assert_eq!(fs::read(dir.path().join("x")).unwrap(), b"last");
    assert_eq!(fs::read(dir.path().join("d/f")).unwrap(), b"in d");
    assert!(refusal(Layer::new().file("d/f", 0o644, b"").file("d", 0o644, b"")).contains("not empty"));
}

#[test]
fn nothing_leads_out() {
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, b"unharmed").unwrap();
    let (out, victim_path) = (outside.path().to_str().unwrap(), victim.to_str().unwrap());
    let root = tempfile::tempdir_in(outside.path()).unwrap();
    let try_layer = |layer: Layer| unpack(&layer.into_tar()[..], root.path(), SMALL);

    for path in ["../victim", "a/../../victim", "a/.."] {
        assert!(try_layer(raw(EntryType::Regular, path, "", b"harm")).is_err(), "{path}");
    }
    assert!(try_layer(raw(EntryType::Link, "link", "../victim", b"")).is_err());
    assert!(try_layer(raw(EntryType::Link, "link", victim_path, b"")).is_err());
    assert!(try_layer(raw(EntryType::Char, "whiteout", "", b"")).is_err());
    // A link to the outside is fine as such, but nothing is written through it.
    let through = Layer::new()
        .symlink("up", out)
        .symlink("dots", "../../../../../../../..")
        .symlink("self", victim_path);
    let through = through.raw(|tar| append(tar, EntryType::Regular, "self", "", b"replaces the link"));
    try_layer(through).unwrap();
    assert!(try_layer(Layer::new().file("up/victim", 0o644, b"harm")).is_err());
    try_layer(Layer::new().file("dots/victim", 0o644, b"inside")).unwrap();
    assert_eq!(fs::read(root.path().join("victim")).unwrap(), b"inside");
    try_layer(raw(EntryType::Regular, "/abs", "", b"inside")).unwrap();
    assert_eq!(fs::read(root.path().join("abs")).unwrap(), b"inside");
    // A hard link through a symbolic link stays inside too.
    assert!(try_layer(raw(EntryType::Link, "again", "up/victim", b"")).is_err());
    assert_eq!(fs::read(&victim).unwrap(), b"unharmed");
    assert_eq!(fs::symlink_metadata(&victim).unwrap().nlink(), 1);
}

#[test]
fn limits_are_kept() {
    let many = (0..101).fold(Layer::new(), |layer, i| layer.file(&format!("f{i}"), 0o644, b""));
    assert_eq!(refusal(many), "layer has more than 100 entries");
    let large = Layer::new().raw(|tar| append(tar, EntryType::Regular, "large", "", &[0; (1 << 20) + 1]));
    assert_eq!(refusal(large), "layer holds more than 1048576 bytes");
    let mut padded = Layer::new().file("f", 0o644, b"").into_tar();
    padded.resize(padded.len() + 5000, 0);
    let dir = tempfile::tempdir().unwrap();
    let error = unpack(&padded[..], dir.path(), SMALL).unwrap_err().to_string();
    assert!(error.contains("behind the end of the archive"), "{error}");
    let endless =
        refusal(raw(EntryType::Regular, &"a/".repeat(49), "", b"").file(&"n".repeat(300), 0o644, b""));
    assert!(endless.contains("File name too long"), "{endless}");
}

/// Entries over few names, so that they meet: links to each other, to the outside, up the tree.
fn entries() -> impl Strategy<Value = Vec<(u8, String, String)>> {
    let name = prop_oneof![
        "[abc]",
        "[ab]/[abc]",
        "[ab]/[ab]/[ab]",
        "\\.wh\\.[ab]",
        "[ab]/\\.wh\\.[abc]",
        "\\.\\./[ab]",
        "/[ab]"
    ];
    let link = prop_oneof![
        "[abc]",
        "\\.\\.",
        "\\.\\./\\.\\./canary",
        "/",
        "[ab]/[ab]",
        "\\.\\./canary",
        "/proc/self/root"
    ];
    let kind = prop::sample::select(b"0012356".to_vec());
    prop::collection::vec((kind, name, link), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn no_layer_changes_what_is_outside(entries in entries()) {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("canary"), b"alive").unwrap();
        let root = outside.path().join("root");
        fs::create_dir(&root).unwrap();
        let layer = Layer::new().raw(|tar| {
            for (kind, name, link) in &entries {
                let data = if *kind == b'0' { &b"data"[..] } else { b"" };
                append(tar, EntryType::new(*kind), name, link, data);
            }
        });
        let result = unpack(&layer.into_tar()[..], &root, SMALL);
        prop_assert!(!matches!(result, Err(Fault::Io { .. })), "blamed on the node: {:?}", result);
        let names: BTreeSet<_> = fs::read_dir(outside.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        prop_assert_eq!(names.len(), 2);
        prop_assert_eq!(fs::read(outside.path().join("canary")).unwrap(), b"alive");
        prop_assert_eq!(fs::metadata(outside.path().join("canary")).unwrap().nlink(), 1);
    }
}
