//! [`Rng`]: a seeded source of chance for tests. It is SplitMix64 and of our own, not a library's: a seed that a failure
//! printed, or that documentation names, means the same after any update. Never: for secrets, or in the program.

/// FNV-1a's first value and its factor.
const FNV: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);

/// A stream of numbers that its seed fixes.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream of number `number` of `name` under `seed`: each can be had without those before it.
    #[must_use]
    pub fn of(seed: u64, name: &str, number: u64) -> Self {
        let mut rng = Self(seed ^ hash(FNV.0, name));
        Self(rng.draw() ^ number.wrapping_mul(0xd605_1b23_69e1_2d45))
    }

    /// A stream of its own for `tag`, whatever was drawn from this one.
    #[must_use]
    pub fn fork(&self, tag: &str) -> Self {
        let mut fork = Self(hash(self.0 ^ FNV.0, tag));
        fork.draw();
        fork
    }

    /// The next number.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % (end.max(1) as u64)).unwrap_or_default()
    }

    /// Whether the one case in `n` came up.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Whether one of `percent` cases in a hundred came up.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, which holds at least one.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Brings `items` into any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

fn hash(first: u64, text: &str) -> u64 {
    text.bytes().fold(first, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_for_good() {
        // The first numbers of SplitMix64 for the seed 1234567, as its authors' program prints them.
        let mut rng = Rng::new(1_234_567);
        let first = [(); 3].map(|()| rng.draw());
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn streams_of_a_seed_are_apart() {
        let seed = Rng::new(7);
        let mut drawn = vec![seed.clone().draw(), seed.fork("a").draw(), seed.fork("b").draw()];
        drawn.extend([("a", 0), ("a", 1), ("b", 0)].map(|(name, number)| Rng::of(7, name, number).draw()));
        let many = drawn.len();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), many);
        assert_eq!(seed.fork("a").draw(), Rng::new(7).fork("a").draw());
    }
}
