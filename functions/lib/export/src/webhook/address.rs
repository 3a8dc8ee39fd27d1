//! Addresses to which webhooks may be sent: those that the internet routes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns true if the address is globally reachable, by the registries of IANA for special purposes
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // This network, private, loopback, multicast, reserved and broadcast.
        (0 | 10 | 127 | 224.., ..) => true,
        // Shared by carriers.
        (100, 64..=127, _) => true,
        // Link-local, where clouds serve metadata.
        (169, 254, _) => true,
        (172, 16..=31, _) | (192, 168, _) => true,
        // Protocol assignments, documentation, relays of 6to4.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        // Benchmarks.
        (198, 18..=19, _) => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let [a, b, ..] = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    let segments = address.segments();
    match (a, b) {
        // NAT64: the IPv4 address is in the last four bytes.
        (0x64, 0xff9b) => segments[2..6] == [0; 4] && inner(segments[6], segments[7]),
        // Protocol assignments with Teredo and ORCHID; documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // 6to4 carries an IPv4 address.
        (0x2002, _) => inner(segments[1], segments[2]),
        // Global unicast is 2000::/3; all else is loopback, unique local, link-local, multicast or unassigned.
        _ => (0x2000..0x4000).contains(&a),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        let special = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "::7f00:1",
        ];
        for text in special {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        let public = [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2606:4700::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ];
        for text in public {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_form_of_a_private_address_is_public(low in any::<[u8; 3]>(), form in 0..4_u8) {
            let [b, c, d] = low;
            let v4 = Ipv4Addr::new(10, b, c, d);
            let [high, rest] = [u16::from_be_bytes([10, b]), u16::from_be_bytes([c, d])];
            let address = match form {
                0 => IpAddr::V4(v4),
                1 => IpAddr::V6(v4.to_ipv6_mapped()),
                2 => IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, rest)),
                _ => IpAddr::V6(Ipv6Addr::new(0x2002, high, rest, 0, 0, 0, 0, 1)),
            };
            prop_assert!(!is_public(address));
        }
    }
}
