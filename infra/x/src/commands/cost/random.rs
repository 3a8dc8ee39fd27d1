//! Random numbers of the simulation: the Mersenne Twister MT19937 by Matsumoto and Nishimura. The seed fixes
//! its sequence on every machine, so that the document can be compared byte for byte.

const SIZE: usize = 624;
const MIDDLE: usize = 397;

/// Generator with a seed.
pub(super) struct Random {
    state: [u32; SIZE],
    index: usize,
}

impl Random {
    /// Creates the generator as `init_by_array` of the reference implementation does with one key.
    pub(super) fn seeded(seed: u32) -> Self {
        let mut state = [0_u32; SIZE];
        state[0] = 19_650_218;
        for i in 1..SIZE {
            state[i] = mixed(&state, i, 1_812_433_253).wrapping_add(i as u32);
        }
        let mut i = 1;
        for step in 0..2 * SIZE - 1 {
            state[i] = if step < SIZE {
                (state[i] ^ mixed(&state, i, 1_664_525)).wrapping_add(seed)
            } else {
                (state[i] ^ mixed(&state, i, 1_566_083_941)).wrapping_sub(i as u32)
            };
            i += 1;
            if i == SIZE {
                state[0] = state[SIZE - 1];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        Self { state, index: SIZE }
    }

    /// Returns a number from 0 to below 1, with 53 random bits.
    pub(super) fn fraction(&mut self) -> f64 {
        let (high, low) = (self.next() >> 5, self.next() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// Returns an integer from 0 to below `limit`, which must not be 0.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        loop {
            let number = self.next() >> limit.leading_zeros();
            if number < limit {
                return number;
            }
        }
    }

    fn next(&mut self) -> u32 {
        if self.index == SIZE {
            self.twist();
        }
        let mut y = self.state[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for i in 0..SIZE {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % SIZE] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + MIDDLE) % SIZE] ^ (y >> 1) ^ odd;
        }
        self.index = 0;
    }
}

fn mixed(state: &[u32; SIZE], i: usize, factor: u32) -> u32 {
    (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_reference() {
        let mut random = Random::seeded(7);
        let fractions = [random.fraction(), random.fraction(), random.fraction()];
        assert_eq!(fractions, [0.323_832_764_833_162_37, 0.150_849_173_924_501_92, 0.650_934_473_039_853_7]);
        assert_eq!([random.below(10_000), random.below(10_000), random.below(10_000)], [1186, 8779, 1542]);
        assert_eq!((random.below(1), random.below(1)), (0, 0));
        assert_eq!(random.fraction(), 0.909_704_063_143_102_3);
    }
}
