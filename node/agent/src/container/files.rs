//! `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf` of a pod's OCI containers.
//!
//! The texts are pure functions; [`write`] puts them beside the pod's volumes and returns the mounts. Blocking.

use std::{fs, io, net::IpAddr, path::Path};

use k8s_openapi::api::core::v1::{Pod, PodDNSConfig};
use naru_runtime::Mount;

use super::spec::hostname;

/// Most name servers in a resolv.conf (the resolver reads no more).
const MAX_SERVERS: usize = 3;
/// Most bytes of the node's own files that are read.
const MAX_FILE: u64 = 1 << 20;

/// Writes the three files to `etc` where they differ, and returns their mounts. Targets in `taken` are the pod's own
/// business.
pub(crate) fn write(
    pod: &Pod,
    ip: Option<IpAddr>,
    etc: &Path,
    taken: &[Mount],
    read_only: bool,
) -> io::Result<Vec<Mount>> {
    fs::create_dir_all(etc)?;
    let host = crate::pods::uses_host_network(pod);
    let node = |name: &str| read_bounded(Path::new("/etc").join(name).as_path());
    let name = hostname(pod);
    let hosts = if host { host_hosts(pod, &node("hosts")) } else { pod_hosts(pod, ip) };
    let files = [
        ("hosts", hosts),
        ("hostname", format!("{name}\n")),
        ("resolv.conf", resolv_conf(pod, &node("resolv.conf"))),
    ];
    let mut mounts = Vec::new();
    for (name, text) in files {
        let target = Path::new("/etc").join(name);
        if taken.iter().any(|mount| mount.target == target) {
            continue;
        }
        let source = etc.join(name);
        if fs::read(&source).ok().as_deref() != Some(text.as_bytes()) {
            fs::write(&source, text)?; // in place: running containers have the file itself mounted
        }
        mounts.push(Mount { source, target, read_only });
    }
    Ok(mounts)
}

fn read_bounded(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        // What cannot be read counts as empty: a node need not have these files.
        let _ = io::Read::read_to_end(&mut io::Read::take(file, MAX_FILE), &mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn pod_hosts(pod: &Pod, ip: Option<IpAddr>) -> String {
    let mut text = String::from(
        "# Kubernetes-managed hosts file.\n\
         127.0.0.1\tlocalhost\n\
         ::1\tlocalhost ip6-localhost ip6-loopback\n\
         fe00::0\tip6-localnet\n\
         fe00::0\tip6-mcastprefix\n\
         fe00::1\tip6-allnodes\n\
         fe00::2\tip6-allrouters\n",
    );
    if let Some(ip) = ip {
        let name = hostname(pod);
        let subdomain =
            pod.spec.as_ref().and_then(|spec| spec.subdomain.as_deref()).filter(|name| !name.is_empty());
        match subdomain {
            Some(subdomain) => {
                let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
                text.push_str(&format!("{ip}\t{name}.{subdomain}.{namespace}.svc.cluster.local\t{name}\n"));
            }
            None => text.push_str(&format!("{ip}\t{name}\n")),
        }
    }
    text + &aliases(pod)
}

fn host_hosts(pod: &Pod, node: &str) -> String {
    format!("# Kubernetes-managed hosts file (host network).\n{node}{}", aliases(pod))
}

fn aliases(pod: &Pod) -> String {
    let list = pod.spec.as_ref().and_then(|spec| spec.host_aliases.as_deref()).unwrap_or_default();
    if list.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n# Entries added by HostAliases.\n");
    for alias in list {
        let names = alias.hostnames.as_deref().unwrap_or_default().join("\t");
        text.push_str(&format!("{}\t{names}\n", alias.ip));
    }
    text
}

/// Until the cluster has a name service, `ClusterFirst` is the node's own configuration, as `Default` is.
fn resolv_conf(pod: &Pod, node: &str) -> String {
    let spec = pod.spec.as_ref();
    let none = spec.and_then(|spec| spec.dns_policy.as_deref()) == Some("None");
    let base = if none { "" } else { node };
    match spec.and_then(|spec| spec.dns_config.as_ref()) {
        None => base.to_owned(),
        Some(config) => merge(base, config),
    }
}

fn merge(base: &str, config: &PodDNSConfig) -> String {
    let mut servers: Vec<String> = Vec::new();
    let mut searches: Vec<String> = Vec::new();
    let mut options: Vec<String> = Vec::new();
    for line in base.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => servers.extend(words.next().map(Into::into)),
            Some("search" | "domain") => searches = words.map(Into::into).collect(),
            Some("options") => options.extend(words.map(Into::into)),
            _ => {}
        }
    }
    servers.extend(config.nameservers.iter().flatten().cloned());
    searches.extend(config.searches.iter().flatten().cloned());
    for option in config.options.iter().flatten() {
        let Some(name) = &option.name else { continue };
        options.retain(|old| old.split(':').next() != Some(name));
        options.push(option.value.as_ref().map_or(name.clone(), |value| format!("{name}:{value}")));
    }
    let mut seen = std::collections::BTreeSet::new();
    servers.retain(|server| seen.insert(server.clone()));
    searches.retain(|search| seen.insert(search.clone()));
    let mut text: String =
        servers.iter().take(MAX_SERVERS).map(|server| format!("nameserver {server}\n")).collect();
    if !searches.is_empty() {
        text.push_str(&format!("search {}\n", searches.join(" ")));
    }
    if !options.is_empty() {
        text.push_str(&format!("options {}\n", options.join(" ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(spec: Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "web", "namespace": "ns"}, "spec": spec})).unwrap()
    }

    #[test]
    fn hosts_name_the_pod_and_its_aliases() {
        let spec = json!({
            "containers": [], "subdomain": "db",
            "hostAliases": [{"ip": "192.0.2.9", "hostnames": ["a", "b"]}],
        });
        let text = pod_hosts(&pod(spec), Some([10, 0, 0, 7].into()));
        assert!(text.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
        assert!(text.contains("\n10.0.0.7\tweb.db.ns.svc.cluster.local\tweb\n"));
        assert!(text.ends_with("\n# Entries added by HostAliases.\n192.0.2.9\ta\tb\n"));
    }

    #[test]
    fn resolv_conf_is_the_nodes_with_the_pods_additions() {
        const NODE: &str = "nameserver 192.0.2.1\nsearch example.org\noptions ndots:1 edns0\n";
        let config = json!({
            "nameservers": ["192.0.2.2", "192.0.2.1", "192.0.2.3", "192.0.2.4"],
            "searches": ["x.y"], "options": [{"name": "ndots", "value": "5"}, {"name": "rotate"}],
        });
        let plain = pod(json!({"containers": []}));
        assert_eq!(resolv_conf(&plain, NODE), NODE);
        let more = pod(json!({"containers": [], "dnsConfig": config}));
        let expected = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n\
                        search example.org x.y\noptions edns0 ndots:5 rotate\n";
        assert_eq!(resolv_conf(&more, NODE), expected);
        let own =
            pod(json!({"containers": [], "dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.9"]}}));
        assert_eq!(resolv_conf(&own, NODE), "nameserver 192.0.2.9\n");
    }

    #[test]
    fn files_are_written_once_and_leave_the_pods_own_alone() {
        let dir = tempfile::tempdir().unwrap();
        let taken = [Mount { source: "/x".into(), target: "/etc/hosts".into(), read_only: false }];
        let pod = pod(json!({"containers": []}));
        let mounts = write(&pod, None, dir.path(), &taken, true).unwrap();
        let targets: Vec<_> = mounts.iter().map(|mount| mount.target.to_str().unwrap()).collect();
        assert_eq!(targets, ["/etc/hostname", "/etc/resolv.conf"]);
        assert_eq!(fs::read_to_string(dir.path().join("hostname")).unwrap(), "web\n");
    }
}
