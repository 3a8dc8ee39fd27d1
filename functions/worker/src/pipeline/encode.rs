//! Encoder thread: encodes and compresses its blocks.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::{Gauge, Recipe};
use crate::compress::{Compress, compressor};
use crate::decode::Block;
use crate::encode::{Encode, EncodeError, encoder};

/// Block in its final form.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) rows: u64,
}

/// Maximum capacity in bytes that a thread keeps for its next block, so that one huge value does not hold its memory
/// forever.
const KEPT_BYTES: usize = 4 << 20;

pub(super) struct Worker {
    encode: Box<dyn Encode>,
    compress: Option<Box<dyn Compress>>,
    gauge: Arc<Gauge>,
}

impl Worker {
    pub(super) fn new(recipe: &Recipe, gauge: Arc<Gauge>) -> Self {
        let encode = encoder(&recipe.columns, &recipe.output);
        Self { encode, compress: compressor(&recipe.output), gauge }
    }

    /// Runs until there are no more blocks or the receiver of the results is closed.
    pub(super) fn run(
        mut self,
        mut blocks: mpsc::Receiver<Block>,
        out: mpsc::Sender<Encoded>,
    ) -> Result<(), EncodeError> {
        let (mut raw, mut any) = (Vec::new(), false);
        while let Some(block) = blocks.blocking_recv() {
            let begun = Instant::now();
            let encoded = Encoded { rows: block.rows, bytes: self.bytes(block, &mut raw)? };
            self.gauge.encoding(begun.elapsed());
            any = true;
            if out.blocking_send(encoded).is_err() {
                return Ok(());
            }
        }
        if any {
            let begun = Instant::now();
            raw.clear();
            self.encode.finish(&mut raw)?;
            self.gauge.encoding(begun.elapsed());
            if !raw.is_empty() {
                // The receiver is closed: the pipeline has another error.
                let _ = out.blocking_send(Encoded { rows: 0, bytes: self.compressed(&mut raw) });
            }
        }
        Ok(())
    }

    fn bytes(&mut self, block: Block, raw: &mut Vec<u8>) -> Result<Vec<u8>, EncodeError> {
        raw.clear();
        raw.shrink_to(KEPT_BYTES);
        self.encode.block(&block, raw)?;
        drop(block);
        Ok(self.compressed(raw))
    }

    fn compressed(&mut self, raw: &mut Vec<u8>) -> Vec<u8> {
        match &mut self.compress {
            Some(compress) if !raw.is_empty() => compress.block(raw),
            _ => {
                // The next block has about the same size: growing to it step by step would copy it each time.
                let next = Vec::with_capacity((raw.len() + raw.len() / 8).min(KEPT_BYTES));
                std::mem::replace(raw, next)
            }
        }
    }
}
