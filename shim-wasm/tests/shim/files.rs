//! Mounts as preopens: what is granted, and that nothing else is.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use naru_runtime::{ContainerSpec, Runtime, User, logs::Stream};

use crate::{
    modules,
    setup::{Shim, mount, output},
};

async fn opens(
    shim: &Shim,
    mounts: &[(&Path, &str, bool)],
    path: &str,
    create: bool,
    text: &str,
) -> (i32, String) {
    let spec = ContainerSpec {
        mounts: mounts.iter().map(|(source, target, read_only)| mount(source, target, *read_only)).collect(),
        ..shim.module(&modules::opens(path, create, text))
    };
    let log = spec.log_path.clone();
    let exit = shim.run(spec).await;
    (exit.code, output(&log, Stream::Stdout))
}

#[tokio::test]
async fn directories() {
    let shim = Shim::start().await;
    let data = shim.path("data");
    std::fs::create_dir_all(data.join("sub")).unwrap();
    std::fs::write(data.join("sub/in.txt"), "from the node").unwrap();
    std::fs::write(shim.path("secret.txt"), "not for guests").unwrap();
    std::os::unix::fs::symlink("../secret.txt", data.join("link")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", data.join("absolute")).unwrap();
    let writable: &[_] = &[(&*data, "/data", false)];
    let read_only: &[_] = &[(&*data, "/data", true)];

    for mounts in [writable, read_only] {
        assert_eq!(opens(&shim, mounts, "sub/in.txt", false, "").await, (0, "from the node".into()));
        for outside in ["../secret.txt", "sub/../../secret.txt", "link", "absolute", "/etc/passwd"] {
            let (code, text) = opens(&shim, mounts, outside, false, "").await;
            assert!(code != 0 && text.is_empty(), "{outside}: {code} {text:?}");
        }
    }
    assert_eq!(opens(&shim, writable, "new.txt", true, "by the guest").await.0, 0);
    assert_eq!(std::fs::read_to_string(data.join("new.txt")).unwrap(), "by the guest");
    for (path, create) in [("newer.txt", true), ("new.txt", false)] {
        assert_ne!(opens(&shim, read_only, path, create, "read-only").await.0, 0);
    }
    assert!(!data.join("newer.txt").exists());
    assert_eq!(std::fs::read_to_string(data.join("new.txt")).unwrap(), "by the guest");
    // Without a mount there is no file system.
    let bad_descriptor = 8;
    assert_eq!(opens(&shim, &[], "etc/passwd", false, "").await.0, bad_descriptor);
}

#[tokio::test]
async fn files_are_used_as_the_containers_user() {
    let shim = Shim::start().await;
    let data = shim.path("data");
    std::fs::create_dir(&data).unwrap();
    let file = |name: &str, uid, gid, mode| {
        std::fs::write(data.join(name), name).unwrap();
        std::os::unix::fs::chown(data.join(name), Some(uid), Some(gid)).unwrap();
        std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    file("roots", 0, 0, 0o600);
    file("own", 1234, 0, 0o600);
    file("groups", 0, 5678, 0o640);
    file("others", 0, 0, 0o644);
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).unwrap();
    let user = User { uid: 1234, gid: 1234, additional_gids: vec![5678] };
    let as_user = async |path: &str, create, text: &str| {
        let mut spec = shim.module(&modules::opens(path, create, text));
        (spec.user, spec.mounts) = (user.clone(), vec![mount(&data, "/data", false)]);
        shim.run(spec).await.code
    };
    for (name, readable) in [("roots", false), ("own", true), ("groups", true), ("others", true)] {
        assert_eq!(as_user(name, false, "").await == 0, readable, "reading {name}");
    }
    for (name, writable) in [("roots", false), ("own", true), ("groups", false), ("others", false)] {
        assert_eq!(as_user(name, false, "x").await == 0, writable, "writing {name}");
    }
    assert_eq!(as_user("new", true, "mine").await, 0);
    let new = std::fs::metadata(data.join("new")).unwrap();
    assert_eq!((new.uid(), new.gid()), (1234, 1234));
    // Root still is root afterwards.
    let mounts: &[_] = &[(&*data, "/data", false)];
    assert_eq!(opens(&shim, mounts, "roots", false, "").await, (0, "roots".into()));
}

#[tokio::test]
async fn logs_are_rotated_for_any_user() {
    let shim = Shim::start().await;
    let line = "y".repeat(1000) + "\n";
    let mut spec = shim.module(&modules::floods(&line, 12_000));
    spec.user = User { uid: 1234, gid: 1234, additional_gids: Vec::new() };
    let log = spec.log_path.clone();
    assert_eq!(shim.run(spec).await.code, 0);
    assert!(std::fs::metadata(naru_runtime::logs::rotated(&log)).unwrap().len() > 9_000_000);
    assert!(output(&log, Stream::Stdout).ends_with(&line));
}

#[tokio::test]
async fn single_files() {
    let shim = Shim::start().await;
    let (config, notes) = (shim.path("config"), shim.path("notes"));
    std::fs::write(&config, "a setting").unwrap();
    std::fs::write(&notes, "").unwrap();
    std::fs::write(shim.path("other"), "not mounted").unwrap();
    let mounts: &[_] = &[(&*config, "/etc/app.conf", true), (&*notes, "/etc/notes", false)];
    assert_eq!(opens(&shim, mounts, "app.conf", false, "").await, (0, "a setting".into()));
    assert_eq!(opens(&shim, mounts, "notes", false, "written").await.0, 0);
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "written");
    assert_ne!(opens(&shim, mounts, "app.conf", false, "x").await.0, 0);
    assert_ne!(opens(&shim, mounts, "other", false, "").await.0, 0);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "a setting");

    // Nothing stays mounted, whether it ran or not.
    let unstarted =
        ContainerSpec { mounts: vec![mount(&config, "/etc/x", true)], ..shim.module(modules::RETURNS) };
    let id = unstarted.id.clone();
    shim.client.create(unstarted).await.unwrap();
    assert!(mounted(&shim));
    shim.client.delete(&id).await.unwrap();
    assert!(!mounted(&shim));
}

#[tokio::test]
async fn what_a_dead_shim_left_is_removed() {
    let mut shim = Shim::start().await;
    let config = shim.path("config");
    std::fs::write(&config, "a setting").unwrap();
    let spec = ContainerSpec { mounts: vec![mount(&config, "/etc/x", true)], ..shim.module(modules::SLEEPS) };
    shim.begin(spec).await;
    assert!(mounted(&shim));
    shim.replace().await;
    assert!(!mounted(&shim));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "a setting");
}

fn mounted(shim: &Shim) -> bool {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    table.contains(shim.dir.path().to_str().unwrap())
}
