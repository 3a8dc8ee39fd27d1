//! The engine with hand-made streams.

use std::convert::Infallible;

use export::column::ColumnType;
use export::format::Compression;
use export::id::hex;
use sha2::{Digest, Sha256};

use super::*;

fn recipe(compression: Compression) -> Recipe {
    Recipe {
        columns: vec![
            Column::native("id", 20, ColumnType::Int8),
            Column::native("text", 25, ColumnType::Text),
        ],
        output: Output { compression, ..Output::default() },
        threads: 2,
        limits: FramingLimits::default(),
    }
}

/// Returns a stream of rows whose ids count from 0.
fn stream(rows: u64, text: &str) -> Vec<u8> {
    let mut out = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for id in 0..rows {
        out.extend([0, 2, 0, 0, 0, 8]);
        out.extend(id.to_be_bytes());
        out.extend((text.len() as u32).to_be_bytes());
        out.extend(text.as_bytes());
    }
    out.extend([0xff, 0xff]);
    out
}

fn expected(rows: u64, text: &str) -> String {
    let lines: String = (0..rows).map(|id| format!("{id},{text}\n")).collect();
    format!("id,text\n{lines}")
}

async fn made<E: Send + 'static>(
    pieces: Vec<Result<Vec<u8>, E>>,
    recipe: Recipe,
) -> (Vec<Bytes>, Result<Made, PipelineError<E>>) {
    let mut pipeline = Pipeline::start(futures::stream::iter(pieces), recipe, Arc::default());
    let mut parts = Vec::new();
    while let Some(part) = pipeline.part().await {
        // A part that is kept would hold its buffer.
        parts.push(Bytes::copy_from_slice(&part));
    }
    (parts, pipeline.finish().await)
}

async fn whole(bytes: &[u8], piece: usize, recipe: Recipe) -> (Vec<Bytes>, Made) {
    let pieces = bytes.chunks(piece).map(|p| Ok::<_, Infallible>(p.to_vec())).collect();
    let (parts, made) = made(pieces, recipe).await;
    (parts, made.unwrap())
}

#[tokio::test]
async fn file_holds_all_rows_in_order() {
    let (rows, text) = (100_000, "x".repeat(200));
    let bytes = stream(rows, &text);
    let (parts, made) = whole(&bytes, 70_000, recipe(Compression::None)).await;
    let file = parts.concat();
    assert!(file == expected(rows, &text).as_bytes());
    assert_eq!((made.rows, made.bytes, made.source_bytes), (rows, file.len() as u64, bytes.len() as u64));
    assert_eq!(hex(&made.sha256.unwrap()), hex(&Sha256::digest(&file)));
    assert!(parts.len() > 1 && parts[..parts.len() - 1].iter().all(|p| p.len() >= 5 << 20));
}

#[tokio::test]
async fn equal_rows_give_equal_bytes_in_any_framing() {
    let bytes = stream(20_000, "some text, with a comma");
    for compression in [Compression::Gzip, Compression::Zstd] {
        let (once, _) = whole(&bytes, 1_000_000, recipe(compression)).await;
        let (again, _) = whole(&bytes, 333, Recipe { threads: 3, ..recipe(compression) }).await;
        assert_eq!(once.concat(), again.concat());
    }
}

#[tokio::test]
async fn without_rows_there_is_no_file() {
    let (parts, made) = whole(&stream(0, ""), 100, recipe(Compression::Gzip)).await;
    assert_eq!((parts.len(), made.rows, made.bytes, made.sha256), (0, 0, 0, None));
}

#[tokio::test]
async fn broken_stream_makes_no_file() {
    let bytes = stream(50_000, "text");
    let (_, cut) =
        made::<Infallible>(vec![Ok(bytes[..bytes.len() - 2].to_vec())], recipe(Compression::None)).await;
    assert!(matches!(cut, Err(PipelineError::Decode(DecodeError::NoTrailer(50_000)))));
    let broken = vec![Ok(bytes[..1_000_000].to_vec()), Err("gone")];
    let (_, broken) = made(broken, recipe(Compression::Gzip)).await;
    assert!(matches!(broken, Err(PipelineError::Read("gone"))));
}

#[tokio::test]
async fn invalid_value_fails_naming_its_column() {
    let mut recipe = recipe(Compression::Gzip);
    recipe.columns[1].kind = ColumnType::Int4;
    let (_, result) = made::<Infallible>(vec![Ok(stream(50_000, "text!"))], recipe).await;
    let Err(PipelineError::Encode(error)) = result else { panic!("{result:?}") };
    assert_eq!((error.row, error.column.as_str()), (1, "text"));
}

#[tokio::test]
async fn dropping_the_pipeline_drops_its_stream() {
    let (sender, receiver) = mpsc::channel::<Result<Vec<u8>, Infallible>>(1);
    let stream = futures::stream::unfold(receiver, |mut r| async { r.recv().await.map(|item| (item, r)) });
    let pipeline = Pipeline::start(Box::pin(stream), recipe(Compression::None), Arc::default());
    drop(pipeline);
    sender.closed().await;
}
