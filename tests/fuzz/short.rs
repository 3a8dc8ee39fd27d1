//! Runs the fuzz targets' bodies on their corpus and some thousand mutations of it. Ten minutes of real fuzzing need a
//! nightly compiler: `cargo +nightly fuzz run --fuzz-dir tests/fuzz TARGET`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "bodies/decoder.rs"]
mod decoder;
#[path = "bodies/quoting.rs"]
mod quoting;
#[path = "bodies/values.rs"]
mod values;

use std::fs;
use std::path::Path;

/// Number of mutations.
const ROUNDS: usize = 30_000;

fn run(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let corpus: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!corpus.is_empty(), "{} is empty", folder.display());
    corpus.iter().for_each(|input| body(input));
    let mut random = Random(0x5eed);
    for _ in 0..ROUNDS {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            change(&mut input, &corpus, &mut random);
        }
        body(&input);
    }
}

/// Overwrites, removes, repeats, or inserts a part of another input.
fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(5) {
        0 if at < input.len() => input[at] = random.next() as u8,
        1 if at < input.len() => input[at] ^= 1 << random.below(8),
        2 => input.truncate(at),
        3 => input.insert(at, [0, 1, 0x7f, 0x80, 0xff, b'"', b'\\', b'\''][random.below(8)]),
        _ => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len() + 1);
            let length = random.below((other.len() - from).min(64) + 1);
            input.splice(at..at, other[from..from + length].iter().copied());
        }
    }
    // Longer inputs find nothing more.
    input.truncate(8_192);
}

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

#[test]
fn decoder_never_panics_in_any_framing() {
    run("decoder", decoder::run);
}

#[test]
fn values_of_any_bytes_never_panic() {
    run("values", values::run);
}

#[test]
fn quoted_text_reads_back() {
    run("quoting", quoting::run);
}
