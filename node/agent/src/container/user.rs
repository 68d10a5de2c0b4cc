//! Who runs a container: the security contexts over the image's user, names looked up in the image's own files.
//!
//! [`resolve`] is pure; [`Database::read`] reads `/etc/passwd` and `/etc/group` inside a root file system without ever
//! following a link out of it.

use std::{fs::File, io::Read, path::Path};

use k8s_openapi::api::core::v1::{Container, Pod};
use naru_runtime::User;
use nix::{
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
    sys::stat::Mode,
};

use crate::pods::title;

/// Most bytes of `/etc/passwd` or `/etc/group` that are read.
const MAX_FILE: u64 = 1 << 20;

/// The image's users and groups, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Database {
    passwd: String,
    group: String,
}

impl Database {
    /// Reads the files of a root file system; a missing or unreadable one is empty.
    pub(crate) fn read(rootfs: &Path) -> Database {
        let Ok(root) = File::open(rootfs) else { return Database::default() };
        Database { passwd: read_within(&root, "etc/passwd"), group: read_within(&root, "etc/group") }
    }

    /// `(uid, gid)` of the first entry for which `matches(name, uid)`.
    fn user(&self, matches: impl Fn(&str, u32) -> bool) -> Option<(String, u32, u32)> {
        self.passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            matches(name, uid).then(|| (name.to_owned(), uid, gid))
        })
    }

    fn group(&self, name: &str) -> Option<u32> {
        self.groups().find(|(group, ..)| *group == name).map(|(_, gid, _)| gid)
    }

    /// The groups that list `user` as a member.
    fn memberships(&self, user: &str) -> Vec<u32> {
        self.groups()
            .filter(|(.., members)| members.split(',').any(|one| one == user))
            .map(|(_, gid, _)| gid)
            .collect()
    }

    fn groups(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let gid = fields.nth(1)?.parse().ok()?;
            Some((name, gid, fields.next().unwrap_or_default()))
        })
    }
}

fn read_within(root: &File, path: &str) -> String {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
        .mode(Mode::empty())
        .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let mut text = Vec::new();
    if let Ok(file) = openat2(root, path, how) {
        let file = File::from(file);
        if file.metadata().is_ok_and(|meta| meta.is_file()) {
            // A file that cannot be read to its end counts as far as it was read.
            let _ = file.take(MAX_FILE).read_to_end(&mut text);
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The container's user. Errors are for the pod's user, in kubelet's words.
pub(crate) fn resolve(
    pod: &Pod,
    container: &Container,
    image_user: &str,
    database: &Database,
) -> Result<User, String> {
    let of_pod = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    let of_container = container.security_context.as_ref();
    let id = |value: i64| u32::try_from(value).map_err(|_| format!("invalid user or group id {value}"));
    let run_as = of_container.and_then(|one| one.run_as_user).or(of_pod.and_then(|one| one.run_as_user));
    let run_as_group =
        of_container.and_then(|one| one.run_as_group).or(of_pod.and_then(|one| one.run_as_group));
    let non_root =
        of_container.and_then(|one| one.run_as_non_root).or(of_pod.and_then(|one| one.run_as_non_root));
    let (user_part, group_part) = match image_user.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (image_user, None),
    };
    if non_root == Some(true) {
        check_non_root(pod, container, run_as, user_part)?;
    }
    let (name, uid, default_gid) = match run_as {
        Some(uid) => entry_of(database, id(uid)?),
        None => image_entry(database, user_part)?,
    };
    let gid = match (run_as_group, run_as, group_part) {
        (Some(gid), ..) => id(gid)?,
        (None, None, Some(group)) => group_id(database, group)?,
        _ => default_gid,
    };
    let mut additional: Vec<u32> = name.map(|name| database.memberships(&name)).unwrap_or_default();
    let supplemental = of_pod.and_then(|one| one.supplemental_groups.clone()).unwrap_or_default();
    for group in supplemental.into_iter().chain(of_pod.and_then(|one| one.fs_group)) {
        additional.push(id(group)?);
    }
    additional.sort_unstable();
    additional.dedup();
    Ok(User { uid, gid, additional_gids: additional })
}

type Entry = (Option<String>, u32, u32);

fn entry_of(database: &Database, uid: u32) -> Entry {
    match database.user(|_, other| other == uid) {
        Some((name, uid, gid)) => (Some(name), uid, gid),
        None => (None, uid, 0),
    }
}

fn image_entry(database: &Database, user: &str) -> Result<Entry, String> {
    if user.is_empty() {
        return Ok(entry_of(database, 0));
    }
    if let Ok(uid) = user.parse() {
        return Ok(entry_of(database, uid));
    }
    let (name, uid, gid) = database
        .user(|name, _| name == user)
        .ok_or_else(|| format!("unable to find user {user}: no matching entries in passwd file"))?;
    Ok((Some(name), uid, gid))
}

fn group_id(database: &Database, group: &str) -> Result<u32, String> {
    group
        .parse()
        .ok()
        .or_else(|| database.group(group))
        .ok_or_else(|| format!("unable to find group {group}: no matching entries in group file"))
}

fn check_non_root(
    pod: &Pod,
    container: &Container,
    run_as: Option<i64>,
    image_user: &str,
) -> Result<(), String> {
    let place = || format!("(pod: {:?}, container: {})", title(pod), container.name);
    match (run_as, image_user.parse::<u32>()) {
        (Some(0), _) => Err(format!("container's runAsUser breaks non-root policy {}", place())),
        (Some(_), _) => Ok(()),
        (None, Ok(0)) => Err(format!("container has runAsNonRoot and image will run as root {}", place())),
        (None, Ok(_)) => Ok(()),
        (None, Err(_)) if image_user.is_empty() => {
            Err(format!("container has runAsNonRoot and image will run as root {}", place()))
        }
        (None, Err(_)) => Err(format!(
            "container has runAsNonRoot and image has non-numeric user ({image_user}), cannot verify user is non-root {}",
            place()
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn database() -> Database {
        Database {
            passwd: "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/srv:/bin/false\nbroken\n".into(),
            group: "root:x:0:root\nwww:x:34:\nlogs:x:40:web,other\nadm:x:4:root\n".into(),
        }
    }

    fn run(pod_context: Value, context: Value, image_user: &str) -> Result<User, String> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
            "spec": {
                "securityContext": pod_context,
                "containers": [{"name": "c", "securityContext": context}],
            },
        }))
        .unwrap();
        resolve(&pod, &pod.spec.as_ref().unwrap().containers[0], image_user, &database())
    }

    #[test]
    fn users_come_from_the_contexts_and_the_image() {
        let none = json!({});
        let table = [
            (none.clone(), none.clone(), "", (0, 0, vec![0, 4])),
            (none.clone(), none.clone(), "web", (33, 34, vec![40])),
            (none.clone(), none.clone(), "33", (33, 34, vec![40])),
            (none.clone(), none.clone(), "web:logs", (33, 40, vec![40])),
            (none.clone(), none.clone(), "1000:7", (1000, 7, vec![])),
            (json!({"runAsUser": 33}), none.clone(), "", (33, 34, vec![40])),
            (json!({"runAsUser": 33}), json!({"runAsUser": 1000, "runAsGroup": 9}), "web", (1000, 9, vec![])),
            (
                json!({"supplementalGroups": [5, 4], "fsGroup": 6}),
                none.clone(),
                "1000",
                (1000, 0, vec![4, 5, 6]),
            ),
        ];
        for (of_pod, of_container, image, (uid, gid, additional_gids)) in table {
            let result = run(of_pod.clone(), of_container.clone(), image);
            assert_eq!(result, Ok(User { uid, gid, additional_gids }), "{of_pod} {of_container} {image}");
        }
    }

    #[test]
    fn root_is_refused_where_it_is_not_wanted() {
        let want = json!({"runAsNonRoot": true});
        let table = [
            (
                "",
                want.clone(),
                "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", container: c)",
            ),
            (
                "0",
                want.clone(),
                "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", container: c)",
            ),
            (
                "web",
                want.clone(),
                "container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root \
                 (pod: \"p_ns(u)\", container: c)",
            ),
            (
                "33",
                json!({"runAsNonRoot": true, "runAsUser": 0}),
                "container's runAsUser breaks non-root policy (pod: \"p_ns(u)\", container: c)",
            ),
        ];
        for (image, context, expected) in table {
            assert_eq!(run(context, json!({}), image), Err(expected.to_owned()));
        }
        assert!(run(want.clone(), json!({}), "33").is_ok());
        assert!(run(want.clone(), json!({"runAsUser": 5}), "").is_ok());
        assert!(run(want, json!({"runAsNonRoot": false}), "").is_ok());
    }

    #[test]
    fn unknown_names_are_errors() {
        let none = json!({});
        assert_eq!(
            run(none.clone(), none.clone(), "nobody"),
            Err("unable to find user nobody: no matching entries in passwd file".into())
        );
        assert!(run(none.clone(), none, "web:nothing").is_err());
    }

    #[test]
    fn links_do_not_lead_out_of_the_root() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("etc/passwd")).unwrap();
        std::fs::write(dir.path().join("etc/group"), "g:x:9:\n").unwrap();
        let database = Database::read(dir.path());
        assert_eq!(database.passwd, "");
        assert_eq!(database.group("g"), Some(9));
    }
}
