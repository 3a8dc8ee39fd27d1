//! Seeded random numbers: the same seed gives the same sequence.

/// A random number generator (splitmix64). Not for secrets.
#[derive(Clone, Debug, Default)]
pub struct Dice(u64);

impl Dice {
    /// Creates dice from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Creates the dice of the `number`-th process called `name`.
    pub(super) fn of(seed: u64, name: &str, number: u64) -> Self {
        let mut dice = Self(seed);
        for byte in name.bytes() {
            dice.0 = dice.0.wrapping_add(u64::from(byte));
            dice.next();
        }
        dice.0 = dice.0.wrapping_add(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number from 0 to `sides` - 1; 0 if there are no sides.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.next().checked_rem(sides).unwrap_or_default()
    }

    /// Returns one of several values.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throws_repeat_per_seed_and_differ_per_process() {
        let throws = |mut dice: Dice| (0..20).map(|_| dice.below(1_000)).collect::<Vec<_>>();
        assert_eq!(throws(Dice::of(1, "worker", 3)), throws(Dice::of(1, "worker", 3)));
        let all = [
            Dice::of(1, "worker", 3),
            Dice::of(1, "worker", 4),
            Dice::of(1, "api", 3),
            Dice::of(2, "api", 3),
        ];
        let mut all = all.map(throws).to_vec();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn throws_are_spread_over_every_side() {
        let mut dice = Dice::new(7);
        let mut seen = [0; 6];
        (0..600).for_each(|_| seen[dice.below(6) as usize] += 1);
        assert!(seen.iter().all(|n| (50..150).contains(n)), "{seen:?}");
        assert_eq!(dice.below(0), 0);
    }
}
