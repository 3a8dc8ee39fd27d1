//! `inet` and `cidr`: family, bits of the mask, flag for `cidr`, address.

use std::ops::Range;

use super::digits::unsigned;
use super::exactly;
use crate::decode::Malformed;

/// Address families of PostgreSQL, the same on every platform.
const IPV4: u8 = 2;
const IPV6: u8 = 3;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let ([family, bits, is_cidr, length], address) = value.split_first_chunk::<4>().ok_or(Malformed)?;
    let most = match *family {
        IPV4 => 32,
        IPV6 => 128,
        _ => return Err(Malformed),
    };
    if *bits > most || *is_cidr > 1 || usize::from(*length) != address.len() {
        return Err(Malformed);
    }
    if most == 32 {
        v4(exactly(address)?, out);
    } else {
        v6(exactly(address)?, out);
    }
    // A network always shows its mask, an address only if the mask is shorter than the address.
    if *bits != most || *is_cidr == 1 {
        out.push(b'/');
        unsigned((*bits).into(), out);
    }
    Ok(())
}

/// Table of the digits of each byte followed by a point, with their length.
static OCTETS: [([u8; 4], u8); 256] = {
    let mut octets = [([b'.'; 4], 0); 256];
    let mut n = 0;
    while n < 256 {
        let digits = [b'0' + (n / 100) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
        let skipped = if n >= 100 {
            0
        } else if n >= 10 {
            1
        } else {
            2
        };
        let mut i = skipped;
        while i < 3 {
            octets[n].0[i - skipped] = digits[i];
            i += 1;
        }
        octets[n].1 = (4 - skipped) as u8;
        n += 1;
    }
    octets
};

fn v4(address: [u8; 4], out: &mut Vec<u8>) {
    let (mut text, mut to) = ([0; 16], 0);
    for byte in address {
        let (octet, length) = OCTETS[usize::from(byte)];
        text[to..to + 4].copy_from_slice(&octet);
        to += usize::from(length);
    }
    out.extend_from_slice(&text[..to - 1]);
}

fn v6(address: [u8; 16], out: &mut Vec<u8>) {
    let mut words = [0u16; 8];
    for (word, bytes) in words.iter_mut().zip(address.as_chunks::<2>().0) {
        *word = u16::from_be_bytes(*bytes);
    }
    let zeros = longest_zeros(&words);
    // An IPv4 address inside IPv6: compatible (`::1.2.3.4`) or mapped (`::ffff:1.2.3.4`).
    let holds_v4 = zeros == (0..6) || (zeros == (0..5) && words[5] == 0xffff);
    for (i, word) in words.into_iter().enumerate() {
        if zeros.contains(&i) {
            if i == zeros.start {
                out.push(b':');
            }
            continue;
        }
        if i > 0 {
            out.push(b':');
        }
        if i == 6 && holds_v4 {
            let [.., a, b, c, d] = address;
            return v4([a, b, c, d], out);
        }
        hex(word, out);
    }
    if zeros.end == words.len() && !zeros.is_empty() {
        out.push(b':');
    }
}

/// Returns the longest run of at least two zeros, the first one of several; empty if there is none.
fn longest_zeros(words: &[u16; 8]) -> Range<usize> {
    let (mut best, mut begin) = (0..0, 0);
    for (i, word) in words.iter().enumerate() {
        if *word != 0 {
            begin = i + 1;
        } else if i + 1 - begin > best.len().max(1) {
            best = begin..i + 1;
        }
    }
    best
}

fn hex(word: u16, out: &mut Vec<u8>) {
    let digits = 4 - (word.leading_zeros() / 4).min(3);
    for i in (0..digits).rev() {
        let digit = (word >> (4 * i) & 15) as u8;
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    fn text(bits: u8, cidr: u8, words: [u16; 8]) -> String {
        let address = words.iter().flat_map(|w| w.to_be_bytes());
        written(write, &[IPV6, bits, cidr, 16].into_iter().chain(address).collect::<Vec<_>>())
    }

    #[test]
    fn ipv4_is_written_like_postgresql() {
        assert_eq!(written(write, &[2, 32, 0, 4, 10, 0, 0, 1]), "10.0.0.1");
        assert_eq!(written(write, &[2, 32, 1, 4, 10, 0, 0, 1]), "10.0.0.1/32");
        assert_eq!(written(write, &[2, 8, 0, 4, 10, 0, 0, 255]), "10.0.0.255/8");
        assert_eq!(written(write, &[2, 0, 1, 4, 0, 0, 0, 0]), "0.0.0.0/0");
    }

    #[test]
    fn first_longest_zero_run_is_compressed() {
        assert_eq!(text(128, 0, [0; 8]), "::");
        assert_eq!(text(0, 1, [0; 8]), "::/0");
        assert_eq!(text(128, 0, [0, 0, 0, 0, 0, 0, 0, 1]), "::1");
        assert_eq!(text(32, 0, [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]), "2001:db8::/32");
        assert_eq!(text(128, 0, [1, 0, 0, 2, 0, 0, 3, 0]), "1::2:0:0:3:0");
        assert_eq!(text(128, 0, [1, 0, 2, 0, 3, 0, 4, 0xabcd]), "1:0:2:0:3:0:4:abcd");
        assert_eq!(text(128, 0, [0, 1, 2, 3, 4, 5, 6, 0xf00]), "0:1:2:3:4:5:6:f00");
    }

    #[test]
    fn ipv4_in_ipv6_is_written_with_dots() {
        assert_eq!(text(128, 0, [0, 0, 0, 0, 0, 0xffff, 0x0102, 0x0304]), "::ffff:1.2.3.4");
        assert_eq!(text(128, 0, [0, 0, 0, 0, 0, 0, 0x0102, 0x0304]), "::1.2.3.4");
        assert_eq!(text(128, 0, [0, 0, 0, 0, 0, 1, 0x0102, 0x0304]), "::1:102:304");
        assert_eq!(text(128, 0, [0, 0, 0, 0, 0, 0, 1, 0]), "::0.1.0.0");
    }

    #[test]
    fn malformed_inet_values_are_refused() {
        for bad in [
            &[2, 33, 0, 4, 1, 2, 3, 4][..],
            &[2, 32, 0, 4, 1, 2, 3],
            &[4, 0, 0, 0],
            &[3, 1, 0, 4, 1, 2, 3, 4],
            &[],
        ] {
            assert_eq!(write(bad, &mut Vec::new()), Err(Malformed));
        }
    }
}
