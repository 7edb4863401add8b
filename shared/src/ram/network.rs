//! CIDR blocks, as IpAddress conditions name them.

use std::net::{IpAddr, Ipv6Addr};

/// A CIDR block. IPv4 is kept as IPv4-mapped IPv6, so that `::ffff:192.0.2.1` and `192.0.2.1` are one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    bits: u128,
    mask: u128,
}

impl Network {
    /// An address or `address/length`; `None` when it is neither.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let host_bits = width - length.filter(|l| *l <= width).or(length.is_none().then_some(width))?;
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        Some(Self { bits: mapped(address) & mask, mask })
    }

    pub(super) fn host(address: IpAddr) -> Self {
        Self { bits: mapped(address), mask: u128::MAX }
    }

    /// Its first address, and the first one behind it, if there is one.
    pub(super) fn edges(&self) -> impl Iterator<Item = IpAddr> {
        let behind = (self.bits | !self.mask).checked_add(1);
        std::iter::once(self.bits).chain(behind).map(|bits| Ipv6Addr::from(bits).to_canonical())
    }

    pub(super) fn contains(&self, host: &Self) -> bool {
        host.bits & self.mask == self.bits
    }
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        IpAddr::V6(v6) => v6.into(),
    }
}
