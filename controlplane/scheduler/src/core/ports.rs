//! Ports of the host that pods take.

use super::object::{Container, PodSpec};

/// The address that stands for all.
const ALL: &str = "0.0.0.0";

/// A port of the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct HostPort {
    port: i32,
    protocol: Box<str>,
    ip: Box<str>,
}

impl HostPort {
    /// Those that a pod takes. A pod in the host's network takes all its ports; containers that have ended before the
    /// others start take none.
    pub(super) fn all(spec: &PodSpec) -> Vec<Self> {
        let stays = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
        let sidecars = spec.init_containers.iter().flatten().filter(stays);
        let ports = spec.containers.iter().chain(sidecars).flat_map(|one| one.ports.iter().flatten());
        let on_host = spec.host_network.unwrap_or(false);
        let mut all = Vec::new();
        for port in ports {
            let number = match port.host_port {
                None | Some(0) if on_host => port.container_port,
                number => number.unwrap_or(0),
            };
            if number > 0 {
                let or = |text: &Option<String>, default: &str| match text.as_deref() {
                    None | Some("") => default.into(),
                    Some(text) => text.into(),
                };
                all.push(Self {
                    port: number,
                    protocol: or(&port.protocol, "TCP"),
                    ip: or(&port.host_ip, ALL),
                });
            }
        }
        all
    }

    /// Whether two pods cannot both have theirs on one host.
    pub(super) fn conflicts(&self, other: &HostPort) -> bool {
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || &*self.ip == ALL || &*other.ip == ALL)
    }
}
