//! Who holds the open connections: no single address may take them all from the others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use super::network;

/// The connections that each address holds. One address, or one /64 of IPv6, may hold half of them; this machine and trusted proxies,
/// behind which many clients stand, any number.
#[derive(Debug)]
pub struct Seats {
    most: usize,
    proxies: Vec<IpNet>,
    held: Mutex<HashMap<IpAddr, usize>>,
}

impl Seats {
    /// Of so many connections in all.
    pub fn new(connections: NonZeroUsize, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { most: connections.get().div_ceil(2), proxies, held: Mutex::default() })
    }

    /// A connection for `address`, until what this returns is dropped; `None` when it holds its half already.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let address = address.to_canonical();
        if address.is_loopback() || self.proxies.iter().any(|proxies| proxies.contains(&address)) {
            return Some(Seat(None));
        }
        let holder = network(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(holder).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat(Some((Arc::clone(self), holder))))
    }
}

/// One connection of an address.
#[derive(Debug)]
pub struct Seat(Option<(Arc<Seats>, IpAddr)>);

impl Drop for Seat {
    fn drop(&mut self) {
        let Some((seats, holder)) = &self.0 else { return };
        let mut held = seats.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(holder) {
            *count -= 1;
            if *count == 0 {
                held.remove(holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_takes_the_seats_of_the_others() {
        let seats = Seats::new(NonZeroUsize::new(5).unwrap(), vec!["10.0.0.0/8".parse().unwrap()]);
        let take = |address: &str| seats.take(address.parse().unwrap());
        let mut held: Vec<_> = (1..=3).map(|host| take(&format!("2001:db8::{host}")).unwrap()).collect();
        assert!(take("2001:db8::9").is_none(), "one /64 is one subscriber");
        let other = take("192.0.2.1").unwrap();
        held.pop();
        let again = take("2001:db8::9").unwrap();
        for shared in ["127.0.0.1", "::1", "10.1.2.3", "::ffff:10.1.2.3"] {
            let many: Vec<_> = (0..9).map(|_| take(shared)).collect();
            assert!(many.iter().all(Option::is_some), "{shared}");
        }
        drop((held, again, other));
        assert!(seats.held.lock().unwrap().is_empty(), "nobody is remembered who is gone");
    }
}
