//! Framing of arbitrary bytes, in buffers of arbitrary size.

use proptest::prelude::*;

use super::*;

const SMALL: FramingLimits = FramingLimits { block_bytes: 40, value_bytes: 1_000, row_bytes: 2_000 };

type Cell = Option<Vec<u8>>;

fn stream(rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    out.extend([0, 0, 0, 0, 0, 0, 0, 3, b'e', b'x', b't']);
    for row in rows {
        out.extend((row.len() as i16).to_be_bytes());
        for cell in row {
            match cell {
                None => out.extend((-1i32).to_be_bytes()),
                Some(value) => {
                    out.extend((value.len() as i32).to_be_bytes());
                    out.extend(value);
                }
            }
        }
    }
    out.extend([0xff, 0xff]);
    out
}

fn blocks<'a>(columns: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Block>, DecodeError> {
    let mut framing = Framing::new((1..=columns).map(|i| format!("c{i}")).collect(), SMALL);
    let mut blocks = Vec::new();
    for piece in pieces {
        framing.push(Bytes::copy_from_slice(piece))?;
        while let Some(block) = framing.block()? {
            blocks.push(block);
        }
    }
    let (last, before) = framing.finish()?;
    blocks.extend(last);
    assert_eq!(before, blocks.iter().map(|b| b.rows).sum::<u64>());
    Ok(blocks)
}

fn cells(columns: usize, blocks: &[Block]) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for block in blocks {
        assert_eq!(block.before, rows.len() as u64);
        let mut fields = super::super::Fields::new(&block.bytes);
        for _ in 0..block.rows {
            fields.row().unwrap();
            rows.push((0..columns).map(|_| fields.value().unwrap().map(<[u8]>::to_vec)).collect());
        }
        assert!(fields.is_empty());
    }
    rows
}

fn one() -> Vec<u8> {
    stream(&[vec![Some(b"abc".to_vec()), None]])
}

#[test]
fn stream_without_rows_is_valid() {
    assert!(blocks(2, [stream(&[]).as_slice()]).unwrap().is_empty());
}

#[test]
fn incomplete_or_overlong_streams_are_refused() {
    let whole = one();
    for cut in 0..whole.len() {
        assert!(blocks(2, [&whole[..cut]]).is_err(), "{cut} bytes are not the whole");
    }
    assert_eq!(blocks(2, [&whole[..whole.len() - 2]]).unwrap_err(), DecodeError::NoTrailer(1));
    let mut more = whole.clone();
    more.push(0);
    assert_eq!(blocks(2, [more.as_slice()]).unwrap_err(), DecodeError::AfterEnd);
    assert_eq!(blocks(2, [whole.as_slice(), &[0]]).unwrap_err(), DecodeError::AfterEnd);
    assert_eq!(blocks(2, [whole.as_slice(), &[]]).unwrap().len(), 1);
}

#[test]
fn malformed_streams_are_refused() {
    let mut wrong = one();
    wrong[3] = b'x';
    assert_eq!(blocks(2, [wrong.as_slice()]).unwrap_err(), DecodeError::Signature);
    let mut flags = one();
    flags[12] = 1;
    assert_eq!(blocks(2, [flags.as_slice()]).unwrap_err(), DecodeError::Flags(1 << 16));
    let fields = blocks(3, [one().as_slice()]).unwrap_err();
    assert_eq!(fields, DecodeError::FieldCount { row: 1, found: 2, expected: 3 });
    let mut negative = one();
    negative[24] = 0xfe;
    assert!(matches!(blocks(2, [negative.as_slice()]), Err(DecodeError::Malformed { row: 1, .. })));
}

#[test]
fn value_limit_is_enforced_naming_row_and_column() {
    let fits = stream(&[vec![Some(vec![1; 1_000])], vec![Some(vec![2; 999])]]);
    assert_eq!(blocks(1, fits.chunks(7)).unwrap().len(), 2);
    let larger = stream(&[vec![None, None], vec![None, Some(vec![1; 1_001])]]);
    let error = blocks(2, [larger.as_slice()]).unwrap_err();
    assert_eq!(error, DecodeError::ValueTooLarge { row: 2, column: "c2".into(), bytes: 1_001, limit: 1_000 });
    let wide = stream(&[vec![Some(vec![1; 1_000]), Some(vec![1; 1_000])]]);
    assert_eq!(blocks(2, [wide.as_slice()]).unwrap_err(), DecodeError::RowTooLarge { row: 1, limit: 2_000 });
}

fn table() -> impl Strategy<Value = (usize, Vec<Vec<Cell>>)> {
    (1usize..5).prop_flat_map(|columns| {
        let cell = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..30));
        let row = proptest::collection::vec(cell, columns);
        (Just(columns), proptest::collection::vec(row, 0..30))
    })
}

proptest! {
    #[test]
    fn rows_and_blocks_do_not_depend_on_framing((columns, rows) in table(), size in 1usize..200) {
        let bytes = stream(&rows);
        let whole = blocks(columns, [bytes.as_slice()]).unwrap();
        let pieces = blocks(columns, bytes.chunks(size)).unwrap();
        prop_assert_eq!(cells(columns, &pieces), rows);
        let cuts = |blocks: &[Block]| blocks.iter().map(|b| b.bytes.clone()).collect::<Vec<_>>();
        prop_assert_eq!(cuts(&whole), cuts(&pieces));
    }

    #[test]
    fn arbitrary_bytes_cause_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), size in 1usize..50) {
        let _ = blocks(2, bytes.chunks(size));
    }

    #[test]
    fn damaged_streams_cause_no_panic((columns, rows) in table(), at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let mut bytes = stream(&rows);
        let at = at.index(bytes.len());
        bytes[at] = with;
        let _ = blocks(columns, [bytes.as_slice()]);
    }
}
