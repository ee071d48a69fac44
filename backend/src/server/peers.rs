//! How many connections each peer has open.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// How many connections a peer may have at once: an office behind one address has room, and it takes sixteen
/// addresses to use up all that there may be. An IPv6 peer is its /64, which one customer holds.
const PER_PEER: usize = 1024;

/// The open connections of each peer.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<HashMap<IpAddr, usize>>);

/// The place of a connection, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Peers {
    /// Admits one more connection of a peer, unless it has too many.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let peer = network(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(peer).or_default();
        if *count >= PER_PEER {
            return None;
        }
        *count += 1;
        Some(Place { peers: Arc::clone(self), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_so_many_connections_and_takes_none_from_another() {
        let peers = Arc::new(Peers::default());
        let admit = |address: &str| peers.admit(address.parse().unwrap());
        for (one, same, other) in [
            ("203.0.113.9", "::ffff:203.0.113.9", "203.0.113.10"),
            ("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:3::1"),
        ] {
            let mut places: Vec<_> = (0..PER_PEER).map(|_| admit(one).unwrap()).collect();
            assert!(admit(one).is_none() && admit(same).is_none());
            assert!(admit(other).is_some());
            places.pop();
            assert!(admit(same).is_some(), "one is free again");
        }
        assert!(peers.0.lock().unwrap().is_empty(), "nothing is kept of who is gone");
    }
}
