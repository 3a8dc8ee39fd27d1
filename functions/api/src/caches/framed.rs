//! Cached response: a few facts about it as JSON, then its body, ready to be sent. Either can be read without the
//! other.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Packs facts and body. Returns an empty value if the facts cannot be serialized.
pub(super) fn pack(facts: &impl Serialize, body: &[u8]) -> Bytes {
    let Ok(facts) = serde_json::to_vec(facts) else { return Bytes::new() };
    let Ok(length) = u32::try_from(facts.len()) else { return Bytes::new() };
    let mut packed = BytesMut::with_capacity(4 + facts.len() + body.len());
    packed.put_u32(length);
    packed.put_slice(&facts);
    packed.put_slice(body);
    packed.freeze()
}

/// Unpacks facts and body. Returns `None` if the value has another format.
pub(super) fn unpack<T: DeserializeOwned>(packed: &Bytes) -> Option<(T, Bytes)> {
    let (length, rest) = packed.split_first_chunk::<4>()?;
    let end = 4 + usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let facts = rest.get(..end - 4)?;
    Some((serde_json::from_slice(facts).ok()?, packed.slice(end..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_and_body_round_trip() {
        let packed = pack(&("facts", 7), b"{\"body\": true}");
        let (facts, body) = unpack::<(String, u32)>(&packed).unwrap();
        assert_eq!((facts.0.as_str(), facts.1, &body[..]), ("facts", 7, &b"{\"body\": true}"[..]));
        assert!(unpack::<(String, u32)>(&pack(&("facts", 7), b"")).unwrap().1.is_empty());
    }

    #[test]
    fn malformed_frames_are_ignored() {
        let good = pack(&("facts", 7), b"");
        for bad in [&b""[..], b"abc", b"\xff\xff\xff\xff{}", b"\0\0\0\x02{}", &good[..good.len() - 1]] {
            assert!(unpack::<(String, u32)>(&Bytes::copy_from_slice(bad)).is_none(), "{bad:?}");
        }
    }
}
