//! Number of rows in a file, counted in one pass.

mod parquet;
mod records;

use std::io::{BufRead, Read};

use export::format::{Compression, Format};
use export::manifest::DatasetHead;
use flate2::bufread::MultiGzDecoder;

/// Counts the rows of a file. The header of a CSV file is none.
pub(crate) fn count(raw: &mut impl BufRead, head: &DatasetHead) -> std::io::Result<u64> {
    match head.output.format {
        Format::Csv => {
            let records = records::count_csv(decoder(raw, head)?)?;
            Ok(records.saturating_sub(u64::from(head.output.csv.header)))
        }
        Format::Ndjson => records::count_lines(decoder(raw, head)?),
        Format::Parquet => parquet::count(raw),
    }
}

/// Returns the decompressed text of a file.
pub(crate) fn decoder<'a>(
    raw: &'a mut impl BufRead,
    head: &DatasetHead,
) -> std::io::Result<Box<dyn Read + 'a>> {
    Ok(match head.output.compression {
        Compression::None | Compression::Snappy => Box::new(raw),
        Compression::Gzip => Box::new(MultiGzDecoder::new(raw)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(raw)?),
    })
}
