//! The names of everything made in the kernel; each carries the cluster's name. Pure.

use std::net::Ipv4Addr;

use crate::{Error, PodRange, Result};

/// The most bytes a cluster's name may have: the kernel allows 15 in a link's name, and a pod's link adds 8.
const CLUSTER_NAME_LIMIT: usize = 7;
/// The most bytes a pod's uid may have: it is a file name.
const POD_UID_LIMIT: usize = 128;
/// What every cluster's bridge begins with.
pub(crate) const BRIDGE_PREFIX: &str = "naru-";

/// Refuses a name that does not fit into link, table and file names.
pub(crate) fn check_cluster(cluster: &str) -> Result<()> {
    let fits = (1..=CLUSTER_NAME_LIMIT).contains(&cluster.len())
        && cluster.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if fits {
        return Ok(());
    }
    Err(Error::Invalid {
        reason: format!("cluster name {cluster:?} must be 1 to {CLUSTER_NAME_LIMIT} characters of [a-z0-9]"),
    })
}

/// Refuses a pod uid that is no plain file name.
pub(crate) fn check_pod(pod: &str) -> Result<()> {
    let fits = (1..=POD_UID_LIMIT).contains(&pod.len())
        && !pod.starts_with('.')
        && pod.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    if fits { Ok(()) } else { Err(Error::Invalid { reason: format!("pod uid {pod:?} is no plain name") }) }
}

/// The cluster's bridge.
pub(crate) fn bridge(cluster: &str) -> String {
    format!("{BRIDGE_PREFIX}{cluster}")
}

/// The cluster's nftables table.
pub(crate) fn table(cluster: &str) -> String {
    format!("naru_{cluster}")
}

/// The node's end of a pod's pair of interfaces.
pub(crate) fn link(cluster: &str, range: PodRange, ip: Ipv4Addr) -> String {
    format!("nv{cluster}{:06x}", u32::from(ip).wrapping_sub(u32::from(range.network())) & 0xff_ffff)
}

/// Whether a link is the node's end of a pair of this cluster.
pub(crate) fn is_link_of(cluster: &str, name: &str) -> bool {
    name.strip_prefix("nv")
        .and_then(|rest| rest.strip_prefix(cluster))
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A locally administered hardware address made from an IPv4 address, so that an address reused by another pod keeps its
/// neighbours' caches right.
pub(crate) fn hardware_address(ip: Ipv4Addr) -> Vec<u8> {
    let [a, b, c, d] = ip.octets();
    vec![0x0a, 0x58, a, b, c, d]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_kernel() {
        let range: PodRange = "10.0.0.0/8".parse().unwrap();
        let name = link("k3f9a2x", range, "10.255.255.254".parse().unwrap());
        assert_eq!(name, "nvk3f9a2xfffffe");
        assert!(name.len() <= 15 && bridge("k3f9a2x").len() <= 15);
        assert!(is_link_of("k3f9a2x", &name));
        assert!(!is_link_of("k3f9a2", &name), "another cluster whose name begins alike");
        assert!(check_cluster("k3f9a2x").is_ok());
        for bad in ["", "UPPER", "a-b", "eightchr"] {
            assert!(check_cluster(bad).is_err(), "{bad}");
        }
        for bad in ["", "..", ".a", "a/b", "a\0"] {
            assert!(check_pod(bad).is_err(), "{bad}");
        }
    }
}
