//! A node's pod range: an IPv4 network, its gateway and the addresses pods may have. Pure.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest prefix that leaves room for a gateway and a pod, in bits.
const LONGEST_PREFIX: u8 = 29;
/// The shortest prefix accepted, in bits: an offset in the range has at most six hexadecimal digits in a link's name.
const SHORTEST_PREFIX: u8 = 8;

/// An IPv4 network in CIDR notation whose host bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PodRange {
    network: Ipv4Addr,
    prefix: u8,
}

impl PodRange {
    /// Makes a range; the error says what is wrong with it.
    pub fn new(network: Ipv4Addr, prefix: u8) -> Result<Self, String> {
        if !(SHORTEST_PREFIX..=LONGEST_PREFIX).contains(&prefix) {
            return Err(format!(
                "pod range {network}/{prefix}: the prefix must be from {SHORTEST_PREFIX} to {LONGEST_PREFIX} bits"
            ));
        }
        let range = Self { network, prefix };
        if u32::from(network) & (range.size() - 1) != 0 {
            let first = Ipv4Addr::from(u32::from(network) & !(range.size() - 1));
            return Err(format!(
                "pod range {network}/{prefix} has host bits set; did you mean {first}/{prefix}?"
            ));
        }
        Ok(range)
    }

    /// The network address.
    pub fn network(self) -> Ipv4Addr {
        self.network
    }

    /// The prefix length in bits.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// The first address: the bridge's, and the pods' gateway.
    pub fn gateway(self) -> Ipv4Addr {
        self.at(1)
    }

    /// How many addresses there are, with network and broadcast.
    pub fn size(self) -> u32 {
        1 << (32 - self.prefix)
    }

    /// The offsets that pods may have: all but network, gateway and broadcast.
    pub fn pod_offsets(self) -> std::ops::Range<u32> {
        2..self.size() - 1
    }

    /// The address at an offset from the network address.
    pub fn at(self, offset: u32) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.network) + offset)
    }

    /// The address's offset, if a pod may have it.
    pub fn offset(self, ip: Ipv4Addr) -> Option<u32> {
        let offset = u32::from(ip).checked_sub(u32::from(self.network))?;
        self.pod_offsets().contains(&offset).then_some(offset)
    }

    /// Whether any address is in both networks.
    pub fn overlaps(self, network: Ipv4Addr, prefix: u8) -> bool {
        let common = self.prefix.min(prefix);
        if common == 0 {
            return true;
        }
        let shift = 32 - u32::from(common);
        u32::from(self.network) >> shift == u32::from(network) >> shift
    }
}

impl fmt::Display for PodRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

impl FromStr for PodRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("pod range {text:?} is not an IPv4 network like 10.244.0.0/24");
        let (network, prefix) = text.split_once('/').ok_or_else(malformed)?;
        Self::new(network.parse().map_err(|_| malformed())?, prefix.parse().map_err(|_| malformed())?)
    }
}

impl TryFrom<String> for PodRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<PodRange> for String {
    fn from(range: PodRange) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_shows() {
        let range: PodRange = "10.244.3.0/24".parse().unwrap();
        assert_eq!(range.to_string(), "10.244.3.0/24");
        assert_eq!(range.gateway(), Ipv4Addr::new(10, 244, 3, 1));
        assert_eq!(range.pod_offsets(), 2..255);
        assert_eq!(range.offset(Ipv4Addr::new(10, 244, 3, 7)), Some(7));
        for outside in ["10.244.3.0", "10.244.3.1", "10.244.3.255", "10.244.4.7", "9.1.2.3"] {
            assert_eq!(range.offset(outside.parse().unwrap()), None, "{outside}");
        }
    }

    #[test]
    fn refuses_what_is_no_range() {
        for (text, message) in [
            ("10.244.0.0", "not an IPv4 network"),
            ("fd00::/64", "not an IPv4 network"),
            ("10.244.0.0/x", "not an IPv4 network"),
            ("10.244.0.0/30", "the prefix must be from 8 to 29"),
            ("10.0.0.0/7", "the prefix must be from 8 to 29"),
            ("10.244.0.1/24", "did you mean 10.244.0.0/24?"),
        ] {
            let error = text.parse::<PodRange>().unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn overlaps_when_one_holds_the_other() {
        let range: PodRange = "10.244.0.0/16".parse().unwrap();
        for (network, prefix, expected) in [
            ("10.244.7.0", 24, true),
            ("10.0.0.0", 8, true),
            ("10.244.0.0", 16, true),
            ("10.245.0.0", 16, false),
            ("192.168.0.0", 16, false),
            ("10.244.9.9", 32, true),
            ("0.0.0.0", 0, true),
        ] {
            assert_eq!(range.overlaps(network.parse().unwrap(), prefix), expected, "{network}/{prefix}");
        }
    }
}
