//! `smallint`, `integer`, `bigint`, `oid`.

use super::{digits, exactly};
use crate::decode::Malformed;

pub(super) fn int2(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    digits::signed(i16::from_be_bytes(exactly(value)?).into(), out);
    Ok(())
}

pub(super) fn int4(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    digits::signed(i32::from_be_bytes(exactly(value)?).into(), out);
    Ok(())
}

pub(super) fn int8(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    digits::signed(i64::from_be_bytes(exactly(value)?), out);
    Ok(())
}

pub(super) fn oid(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    digits::unsigned(u32::from_be_bytes(exactly(value)?).into(), out);
    Ok(())
}
