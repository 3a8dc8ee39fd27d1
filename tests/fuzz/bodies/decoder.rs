//! Arbitrary bytes as a COPY BINARY stream: an error or rows, never a panic, and the same result however they arrive.

use bytes::Bytes;
use worker::decode::{Block, DecodeError, Fields, Framing, FramingLimits};

const LIMITS: FramingLimits = FramingLimits { block_bytes: 64, value_bytes: 4_096, row_bytes: 8_192 };

/// Runs one input. The first byte is the number of columns, the second chooses the size of the network reads and if a
/// header is put in front, so that most inputs get as far as the rows.
pub(crate) fn run(data: &[u8]) {
    let [columns, pieces, rest @ ..] = data else { return };
    let columns = usize::from(columns % 8) + 1;
    let mut stream = Vec::new();
    if pieces & 0x80 == 0 {
        stream.extend(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    }
    stream.extend(rest);
    let whole = decode(columns, &stream, stream.len().max(1));
    let broken = decode(columns, &stream, usize::from(pieces & 0x7f) + 1);
    match (whole, broken) {
        (Ok(whole), Ok(broken)) => assert_eq!(whole, broken, "cuts depend on the rows only"),
        (Err(_), Err(_)) => {}
        (whole, broken) => panic!("{whole:?} is not {broken:?}"),
    }
}

/// Returns the blocks' bytes. Every block must hold exactly the rows it promises.
fn decode(columns: usize, stream: &[u8], size: usize) -> Result<Vec<Bytes>, DecodeError> {
    let mut framing = Framing::new(vec!["c".to_owned(); columns], LIMITS);
    let mut blocks = Vec::new();
    for piece in stream.chunks(size) {
        framing.push(Bytes::copy_from_slice(piece))?;
        while let Some(block) = framing.block()? {
            blocks.push(block);
        }
    }
    let (last, rows) = framing.finish()?;
    blocks.extend(last);
    assert_eq!(blocks.iter().map(|block| block.rows).sum::<u64>(), rows);
    blocks.iter().for_each(|block| read(columns, block));
    Ok(blocks.into_iter().map(|block| block.bytes).collect())
}

fn read(columns: usize, block: &Block) {
    let mut fields = Fields::new(&block.bytes);
    for _ in 0..block.rows {
        fields.row().expect("a row that was framed");
        for _ in 0..columns {
            fields.value().expect("a field that was framed");
        }
    }
    assert!(fields.is_empty());
}
