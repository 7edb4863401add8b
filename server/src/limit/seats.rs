//! Who holds the open connections: no single address may take them all from the others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::network;

/// The connections that each address holds. One address, or one /64 of IPv6, may hold half of them; one that many clients share any number.
#[derive(Debug)]
pub struct Seats {
    most: usize,
    /// Whether the log has said that an address was held off.
    told: AtomicBool,
    held: Mutex<HashMap<IpAddr, usize>>,
}

impl Seats {
    /// Of so many connections in all.
    pub fn new(connections: NonZeroUsize) -> Arc<Self> {
        let most = connections.get().div_ceil(2);
        Arc::new(Self { most, told: AtomicBool::new(false), held: Mutex::default() })
    }

    /// A connection for `address`, until what this returns is dropped; `None` when it holds its half already.
    pub fn take(self: &Arc<Self>, address: IpAddr, shared: bool) -> Option<Seat> {
        if shared {
            return Some(Seat(None));
        }
        let holder = network(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(holder).or_default();
        if *count >= self.most {
            drop(held);
            if !self.told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    %address,
                    "an address holds half of Limits.Connections, and gets no more. If it is a proxy of yours, name it in TrustedProxies"
                );
            }
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
        let seats = Seats::new(NonZeroUsize::new(5).unwrap());
        let take = |address: &str| seats.take(address.parse().unwrap(), false);
        let mut held: Vec<_> = (1..=3).map(|host| take(&format!("2001:db8::{host}")).unwrap()).collect();
        assert!(take("2001:db8::9").is_none(), "one /64 is one subscriber");
        let other = take("192.0.2.1").unwrap();
        held.pop();
        let again = take("2001:db8::9").unwrap();
        let proxy = "192.0.2.1".parse().unwrap();
        let many: Vec<_> = (0..9).map(|_| seats.take(proxy, true)).collect();
        assert!(many.iter().all(Option::is_some), "of a shared address nobody counts");
        drop((held, again, other, many));
        assert!(seats.held.lock().unwrap().is_empty(), "nobody is remembered who is gone");
    }
}
