//! `inet` and `cidr`: whole addresses, of which PostgreSQL also reads shorter forms.

use std::net::IpAddr;

/// Reads `10.1.2.3` or `10.1.2.3/16`; a mask of the full width is left out, as PostgreSQL writes it.
pub(super) fn host(text: &str) -> Option<String> {
    let (address, mask) = read(text)?;
    Some(if mask == bits(address) { address.to_string() } else { format!("{address}/{mask}") })
}

/// Reads `10.1.0.0/16`, with its mask as PostgreSQL writes it.
pub(super) fn network(text: &str) -> Option<String> {
    let (address, mask) = read(text)?;
    let (value, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    // The bits to the right of the mask, which PostgreSQL requires to be 0.
    let beyond = 1u128.checked_shl(width - mask).map_or(u128::MAX, |bit| bit - 1);
    (value & beyond == 0).then(|| format!("{address}/{mask}"))
}

fn read(text: &str) -> Option<(IpAddr, u32)> {
    let (address, mask) = match text.split_once('/') {
        None => (text, None),
        Some((address, mask)) => (address, Some(mask)),
    };
    let address: IpAddr = address.parse().ok()?;
    let Some(mask) = mask else { return Some((address, bits(address))) };
    let plain = !mask.is_empty() && mask.len() <= 3 && mask.bytes().all(|b| b.is_ascii_digit());
    let mask: u32 = plain.then(|| mask.parse().ok()).flatten()?;
    (mask <= bits(address)).then_some((address, mask))
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_complete_and_have_one_spelling() {
        let same = |text: &str| host(text).as_deref() == Some(text);
        assert!(["10.1.2.3", "10.1.2.3/16", "2001:db8::1", "::/0"].iter().all(|text| same(text)));
        assert_eq!(host("10.1.2.3/32").as_deref(), Some("10.1.2.3"));
        assert_eq!(host("2001:DB8:0::1/128").as_deref(), Some("2001:db8::1"));
        let wrong = [
            "10.1",
            "10/8",
            "10.1.2.300",
            "10.1.2.3/33",
            "10.1.2.3/",
            "1.2.3.4/+1",
            "fe80::1%eth0",
            " ::1",
            "",
        ];
        assert!(wrong.iter().all(|text| host(text).is_none()));
    }

    #[test]
    fn a_network_has_no_bits_beyond_its_mask() {
        assert_eq!(network("10.1.0.0/16").as_deref(), Some("10.1.0.0/16"));
        assert_eq!(network("10.1.2.3").as_deref(), Some("10.1.2.3/32"));
        assert_eq!(network("2001:db8::/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(network("0.0.0.0/0").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(network("::/0").as_deref(), Some("::/0"));
        assert!(["10.1.2.0/16", "::1/0", "2001:db8::1/64"].iter().all(|text| network(text).is_none()));
    }
}
