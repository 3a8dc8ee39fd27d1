//! Assembler thread: puts the blocks in order and cuts their bytes into parts. A file that is compressed as one
//! stream is compressed here.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::encode::Encoded;
use super::parts::Parts;
use crate::compress::Stream;

/// Size of the assembled file.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// Reason why assembling failed.
#[derive(Debug)]
pub(super) enum Failed {
    /// The receiver of the parts is closed.
    Unwanted,
    /// The compressor failed.
    Compress,
}

/// Destinations of finished parts: the upload and the hash.
pub(super) struct Out {
    pub(super) upload: mpsc::Sender<Bytes>,
    pub(super) hash: mpsc::Sender<Bytes>,
}

pub(super) fn run(
    mut threads: Vec<mpsc::Receiver<Encoded>>,
    stream: Option<Stream>,
    out: Out,
) -> Result<Assembled, Failed> {
    let mut assembler = Assembler { out, parts: Parts::new(), part: Vec::new(), full: 0, bytes: 0 };
    let (mut rows, mut stream) = (0, stream);
    // Blocks went to the threads in turns. The first thread without another block is where the stream ended, or where
    // an error occurred; the caller compares the number of rows.
    'all: loop {
        for thread in &mut threads {
            let Some(block) = thread.blocking_recv() else { break 'all };
            rows += block.rows;
            match &mut stream {
                None => assembler.add(&block.bytes)?,
                Some(stream) => assembler.add(stream.block(&block.bytes).map_err(|_| Failed::Compress)?)?,
            }
        }
    }
    if let Some(stream) = stream
        && rows > 0
    {
        assembler.add(&stream.finish().map_err(|_| Failed::Compress)?)?;
    }
    let bytes = assembler.bytes;
    assembler.hand_on()?;
    Ok(Assembled { rows, bytes })
}

struct Assembler {
    out: Out,
    parts: Parts,
    part: Vec<u8>,
    full: usize,
    bytes: u64,
}

impl Assembler {
    fn add(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.full == 0 {
            (self.part, self.full) = self.parts.next();
        }
        self.bytes += bytes.len() as u64;
        self.part.extend_from_slice(bytes);
        if self.part.len() >= self.full { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> Result<(), Failed> {
        self.full = 0;
        if self.part.is_empty() {
            return Ok(());
        }
        let part = self.parts.share(std::mem::take(&mut self.part));
        // The hash runs as long as there is an upload.
        self.out.hash.blocking_send(part.clone()).map_err(|_| Failed::Unwanted)?;
        self.out.upload.blocking_send(part).map_err(|_| Failed::Unwanted)
    }
}
