//! Chance: one seeded stream of numbers, the same on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The dice of a community's life.
#[derive(Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// Dice that fall alike for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `limit`; 0 where there is none.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64().checked_rem(limit).unwrap_or(0)
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// Tells whether something happens that does in so many of a hundred cases.
    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// A position in a list of this length.
    pub fn position(&mut self, length: usize) -> usize {
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(limit)).unwrap_or(0)
    }

    /// One of several, if there is any.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let position = self.position(all.len());
        all.get(position).copied()
    }

    /// One of several that fits, if there is any.
    pub fn pick_where<T: Copy>(&mut self, all: &[T], fits: impl Fn(T) -> bool) -> Option<T> {
        let fitting: Vec<T> = all.iter().copied().filter(|one| fits(*one)).collect();
        self.pick(&fitting)
    }

    /// One of several words.
    pub fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick(words).unwrap_or_default()
    }

    /// Puts a list into another order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let other = self.position(last + 1);
            all.swap(last, other);
        }
    }
}
