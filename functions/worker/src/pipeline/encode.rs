//! A thread that encodes and compresses its blocks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::mpsc;

use super::{Gauge, Recipe};
use crate::compress::{Compress, compressor};
use crate::decode::Block;
use crate::encode::{Encode, EncodeError, encoder};

/// A block in its final form.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) rows: u64,
}

pub(super) struct Worker {
    encode: Box<dyn Encode>,
    compress: Option<Box<dyn Compress>>,
    gauge: Arc<Gauge>,
}

impl Worker {
    pub(super) fn new(recipe: &Recipe, gauge: Arc<Gauge>) -> Self {
        let encode = encoder(&recipe.columns, &recipe.output);
        Self { encode, compress: compressor(recipe.output.compression), gauge }
    }

    /// Works until no more blocks come or nobody takes the results.
    pub(super) fn run(
        mut self,
        mut blocks: mpsc::Receiver<Block>,
        out: mpsc::Sender<Encoded>,
    ) -> Result<(), EncodeError> {
        let mut raw = Vec::new();
        while let Some(block) = blocks.blocking_recv() {
            let begun = Instant::now();
            let encoded = Encoded { rows: block.rows, bytes: self.bytes(block, &mut raw)? };
            let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.gauge.encode_micros.fetch_add(micros, Ordering::Relaxed);
            if out.blocking_send(encoded).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn bytes(&mut self, block: Block, raw: &mut Vec<u8>) -> Result<Vec<u8>, EncodeError> {
        raw.clear();
        // One huge value must not hold its memory for ever.
        raw.shrink_to(4 << 20);
        self.encode.block(&block, raw)?;
        drop(block);
        Ok(match &mut self.compress {
            Some(compress) => compress.block(raw),
            None => std::mem::take(raw),
        })
    }
}
