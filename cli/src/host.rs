//! What the machine says of itself, where no flag says otherwise: its name, its address, the server's names.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    str::FromStr,
};

use anyhow::{Context, Result, bail};
use ipnet::Ipv4Net;
use naru_api::names;
use naru_apiserver::pki::Names;

use crate::args::{ControlPlaneArgs, NodeIdentityArgs};

/// An address that is never asked: choosing a route to it sends nothing.
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9);
/// A pod range needs its network, gateway and broadcast addresses and at least one pod's.
const PREFIX_MAX: u8 = 29;

/// `--node-name`, or the host name in lower case.
pub fn node_name(args: &NodeIdentityArgs) -> Result<String> {
    let name = match &args.node_name {
        Some(name) => name.clone(),
        None => {
            let host = nix::unistd::gethostname().context("cannot ask for the host name")?;
            host.to_string_lossy().to_lowercase()
        }
    };
    match names::dns1123_subdomain(&name).pop() {
        Some(problem) => {
            bail!("the node name {name:?} cannot be used: {problem}; give another with --node-name")
        }
        None => Ok(name),
    }
}

/// `--node-ip`, or the address of the interface that leads to the default route, or loopback without one.
pub fn node_ip(args: &NodeIdentityArgs) -> Result<IpAddr> {
    if let Some(ip) = args.node_ip {
        return Ok(ip);
    }
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).context("cannot make a socket")?;
    match socket.connect(ANYWHERE).and_then(|()| socket.local_addr()) {
        Ok(address) => Ok(address.ip()),
        Err(_) => Ok(Ipv4Addr::LOCALHOST.into()),
    }
}

/// Where a client of this machine reaches a listener: loopback for one on every address.
pub fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}

/// Every name and address the API server's certificate is for: what it listens on, the names pods use, `--tls-san`.
pub fn server_names(bind: SocketAddr, args: &ControlPlaneArgs) -> Names {
    const INSIDE: [&str; 5] = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ];
    let mut names = Names {
        dns: INSIDE.map(String::from).to_vec(),
        addresses: vec![Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()],
    };
    names.addresses.extend(args.service_cidr.hosts().next().map(IpAddr::from));
    if !bind.ip().is_unspecified() {
        names.addresses.push(bind.ip());
    } else if let Ok(ip) = node_ip(&NodeIdentityArgs { node_name: None, node_ip: None }) {
        names.addresses.push(ip);
    }
    for name in &args.tls_san {
        match IpAddr::from_str(name) {
            Ok(ip) => names.addresses.push(ip),
            Err(_) => names.dns.push(name.clone()),
        }
    }
    names.addresses.sort();
    names.addresses.dedup();
    names
}

/// Refuses ranges that overlap each other or are too small.
pub fn check_ranges(ranges: &[(&str, Ipv4Net)]) -> Result<()> {
    for (index, (flag, range)) in ranges.iter().enumerate() {
        if range.prefix_len() > PREFIX_MAX {
            bail!("{flag} {range} is too small: it needs a prefix of /{PREFIX_MAX} or shorter");
        }
        if range.trunc() != *range {
            bail!("{flag} {range} has host bits set: did you mean {}?", range.trunc());
        }
        for (other_flag, other) in &ranges[..index] {
            if other.contains(range) || range.contains(other) {
                bail!("{flag} {range} overlaps {other_flag} {other}: give one of them another range");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_must_be_sound_and_apart() {
        let check = |a: &str, b: &str| {
            let ranges = [("--pod-cidr", a.parse().unwrap()), ("--service-cidr", b.parse().unwrap())];
            check_ranges(&ranges).map_err(|error| error.to_string())
        };
        assert_eq!(check("10.1.0.0/16", "10.2.0.0/16"), Ok(()));
        for (a, b, complaint) in [
            ("10.1.0.0/16", "10.1.2.0/24", "--service-cidr 10.1.2.0/24 overlaps --pod-cidr 10.1.0.0/16"),
            ("10.1.0.0/30", "10.2.0.0/24", "--pod-cidr 10.1.0.0/30 is too small"),
            ("10.1.0.7/16", "10.2.0.0/24", "did you mean 10.1.0.0/16?"),
        ] {
            let error = check(a, b).unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
    }

    #[test]
    fn a_listener_everywhere_is_reached_on_loopback() {
        let reach = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(reach("0.0.0.0:6443"), "127.0.0.1:6443");
        assert_eq!(reach("[::]:1"), "[::1]:1");
        assert_eq!(reach("10.0.0.1:1"), "10.0.0.1:1");
    }
}
