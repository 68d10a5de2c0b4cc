//! Containers and init containers: names, images, ports, mounts.

use std::collections::HashSet;

use naru_api::names;
use serde_json::Value;

use super::{env, resources, security};
use crate::kinds::{
    fields::{int, items, text},
    path::{Path, Problems},
    words,
};

const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];
const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES: &[&str] = &["File", "FallbackToLogsOnError"];

/// Both lists of containers; names are unique over both.
pub(super) fn check(spec: &Value, volumes: &HashSet<&str>, root: &Path<'_>, problems: &mut Problems) {
    let path = root.child("containers");
    let containers = items(&spec["containers"]);
    if containers.is_empty() {
        problems.required(&path, "");
    }
    let mut seen = HashSet::new();
    for (index, container) in containers.iter().enumerate() {
        check_container(container, volumes, &path.index(index), &mut seen, problems);
    }
    let path = root.child("initContainers");
    for (index, container) in items(&spec["initContainers"]).iter().enumerate() {
        check_container(container, volumes, &path.index(index), &mut seen, problems);
    }
}

fn check_container<'a>(
    container: &'a Value,
    volumes: &HashSet<&str>,
    path: &Path<'_>,
    seen: &mut HashSet<&'a str>,
    problems: &mut Problems,
) {
    let (name, image) = (text(&container["name"]), text(&container["image"]));
    if name.is_empty() {
        problems.required(&path.child("name"), "");
    } else {
        problems.invalid_all(&path.child("name"), name, names::dns1123_label(name));
    }
    if image.is_empty() {
        problems.required(&path.child("image"), "");
    }
    let policy = text(&container["terminationMessagePolicy"]);
    problems.check_one_of(&path.child("terminationMessagePolicy"), policy, MESSAGE_POLICIES);
    check_ports(&container["ports"], &path.child("ports"), problems);
    env::check(container, path, problems);
    check_mounts(&container["volumeMounts"], volumes, &path.child("volumeMounts"), problems);
    let policy = text(&container["imagePullPolicy"]);
    problems.check_one_of(&path.child("imagePullPolicy"), policy, PULL_POLICIES);
    resources::check(&container["resources"], &path.child("resources"), problems);
    security::check_container(&container["securityContext"], &path.child("securityContext"), problems);
    if !name.is_empty() && !seen.insert(name) {
        problems.duplicate(&path.child("name"), name);
    }
    if image.trim() != image {
        problems.invalid(&path.child("image"), image, "must not have leading or trailing whitespace");
    }
}

fn check_ports(ports: &Value, path: &Path<'_>, problems: &mut Problems) {
    let mut seen = HashSet::new();
    for (index, port) in items(ports).iter().enumerate() {
        let path = path.index(index);
        let name = text(&port["name"]);
        if !name.is_empty() {
            let reasons = names::port_name(name);
            if reasons.is_empty() && !seen.insert(name) {
                problems.duplicate(&path.child("name"), name);
            }
            problems.invalid_all(&path.child("name"), name, reasons);
        }
        let number = int(&port["containerPort"]);
        if number == 0 {
            problems.required(&path.child("containerPort"), "");
        } else {
            problems.invalid_all(&path.child("containerPort"), number, names::port_number(number));
        }
        problems.check_one_of(&path.child("protocol"), text(&port["protocol"]), PROTOCOLS);
    }
}

fn check_mounts(mounts: &Value, volumes: &HashSet<&str>, list: &Path<'_>, problems: &mut Problems) {
    let mut seen = HashSet::new();
    for (index, mount) in items(mounts).iter().enumerate() {
        let path = list.index(index);
        let (name, mount_path) = (text(&mount["name"]), text(&mount["mountPath"]));
        if name.is_empty() {
            problems.required(&path.child("name"), "");
        }
        if !volumes.contains(name) {
            problems.not_found(&path.child("name"), name);
        }
        if mount_path.is_empty() {
            problems.required(&path.child("mountPath"), "");
        }
        if !seen.insert(mount_path) {
            problems.invalid(&path.child("mountPath"), mount_path, "must be unique");
        }
        let sub_path = text(&mount["subPath"]);
        problems.invalid_all(&list.child("subPath"), sub_path, words::descending_path(sub_path));
        let expression = text(&mount["subPathExpr"]);
        if !expression.is_empty() && !sub_path.is_empty() {
            let why = "subPathExpr and subPath are mutually exclusive";
            problems.invalid(&path.child("subPathExpr"), expression, why);
        }
        problems.invalid_all(&list.child("subPathExpr"), expression, words::descending_path(expression));
    }
}
