//! Where a request comes from: the connection, or what trusted proxies say of it.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// What proxies add: a request with one of these did not begin where its connection does.
const OF_PROXIES: [&str; 4] = [FORWARDED_FOR, "forwarded", "x-real-ip", "via"];

/// Whom to believe, and who may look behind the curtain.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    proxies: Vec<IpNet>,
    observers: Vec<IpNet>,
}

impl Neighbours {
    /// `proxies` are believed; `observers` may read metrics, as this machine may.
    pub fn new(proxies: Vec<IpNet>, observers: Vec<IpNet>) -> Self {
        Self { proxies, observers }
    }

    /// The client's address. `X-Forwarded-For` is read from its end, where the nearest proxy wrote, up to the first address that
    /// is no trusted proxy; what stands before it anybody may have written.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.is_proxy(client) {
            return client;
        }
        // A line that is no text still ends with what the nearest proxy wrote; to pass over it would be to believe an older one.
        let lines: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
            let Some(address) = std::str::from_utf8(hop).ok().and_then(|hop| parse(hop.trim())) else { break };
            client = address.to_canonical();
            if !self.is_proxy(client) {
                break;
            }
        }
        client
    }

    /// Whether a request may read metrics: it comes from this machine or an observer, and no proxy that nobody vouches for
    /// stands between.
    pub fn is_observer(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let client = self.client(peer, headers);
        let hidden = client == peer.to_canonical() && came_through_a_proxy(headers);
        !hidden && (client.is_loopback() || self.observers.iter().any(|network| network.contains(&client)))
    }

    /// Whether `peer` looks like a proxy that nobody vouches for: then all its clients have one address here.
    pub fn is_unnamed_proxy(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        headers.contains_key(FORWARDED_FOR) && !self.is_proxy(peer)
    }

    /// Whether `address` is that of a trusted proxy.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies.iter().any(|network| network.contains(&address))
    }
}

fn came_through_a_proxy(headers: &HeaderMap) -> bool {
    OF_PROXIES.iter().any(|name| headers.contains_key(*name))
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    text.trim_start_matches('[').trim_end_matches(']').parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed_and_only_as_far_as_they_reach() {
        let neighbours = Neighbours::new(
            vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            vec!["192.0.2.0/24".parse().unwrap()],
        );
        for (peer, lines, client, observer) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9", false),
            ("10.0.0.1", &[], "10.0.0.1", false),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1", false),
            ("10.0.0.1", &["127.0.0.1, 198.51.100.1, 10.9.9.9"], "198.51.100.1", false),
            ("10.0.0.1", &["127.0.0.1", "198.51.100.1"], "198.51.100.1", false),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1", false),
            ("::ffff:10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1", false),
            ("::1", &["192.0.2.7:80"], "192.0.2.7", true),
            ("127.0.0.1", &[], "127.0.0.1", true),
            ("127.0.0.1", &["127.0.0.1"], "127.0.0.1", false),
            ("192.0.2.8", &[], "192.0.2.8", true),
            ("10.0.0.1", &["127.0.0.1", "\u{e9}, 198.51.100.1"], "198.51.100.1", false),
            ("10.0.0.1", &["127.0.0.1", "\u{e9}"], "10.0.0.1", false),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            let peer = peer.parse().unwrap();
            assert_eq!(neighbours.client(peer, &headers), client.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
            assert_eq!(neighbours.is_observer(peer, &headers), observer, "{peer} {lines:?}");
            let named = peer.is_loopback() && peer.is_ipv6() || client.starts_with("10.") || client != peer.to_string();
            assert_eq!(neighbours.is_unnamed_proxy(peer, &headers), !lines.is_empty() && !named, "{peer} {lines:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("via", HeaderValue::from_static("1.1 front"));
        assert!(
            !neighbours.is_observer("127.0.0.1".parse().unwrap(), &headers),
            "a proxy on this machine hides strangers"
        );
    }
}
