//! Under which names the others of a project reach a service: its own, its container's, and what networks and links
//! call it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    model::{Project, Service},
    object_name,
};

/// All names of a service, its own first, each once; none is another service's own.
pub(super) fn of(name: &str, service: &Service, project: &Project) -> Vec<String> {
    let own = object_name(name);
    let aliases = service.networks.values().filter_map(|options| options["aliases"].as_array()).flatten();
    let aliases = aliases.filter_map(Value::as_str);
    let links = project.services.values().flat_map(|other| &other.links).filter_map(|link| {
        let (target, alias) = link.split_once(':')?;
        (target == name).then_some(alias)
    });
    let container = service.container_name.as_deref();
    let taken: BTreeMap<String, &String> =
        project.services.keys().map(|other| (object_name(other), other)).collect();
    let mut names = vec![own];
    for alias in aliases.chain(links).chain(container).map(object_name) {
        if !alias.is_empty() && !names.contains(&alias) && !taken.contains_key(&alias) {
            names.push(alias);
        }
    }
    names
}
