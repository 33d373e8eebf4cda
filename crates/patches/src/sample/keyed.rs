//! The points with the smallest numbers of the generator.

use super::Choice;
use std::cmp::Ordering;

/// A point and its number.
pub(super) type Numbered = (u64, u32);

/// The first `n` points in the order of their numbers of a round; `n` is at most their count.
pub(super) fn first(choice: &Choice<'_>, round: u64, n: usize) -> Vec<u32> {
    let mut numbered = numbered(choice, round);
    let compare = |a: &Numbered, b: &Numbered| compare(choice, a, b);
    if n < numbered.len() {
        numbered.select_nth_unstable_by(n, compare);
        numbered.truncate(n);
    }
    numbered.sort_unstable_by(compare);
    numbered.into_iter().map(|(_, point)| point).collect()
}

/// Each point with its number of a round.
pub(super) fn numbered(choice: &Choice<'_>, round: u64) -> Vec<Numbered> {
    let key = choice.key(round);
    let positions = choice.order.positions();
    let number = |&point: &u32| {
        (
            key.of_ticks(positions.absolute_ticks(point as usize)),
            point,
        )
    };
    choice.members.iter().map(number).collect()
}

/// The order of numbers; of equal ones, that of the points.
#[inline]
pub(super) fn compare(choice: &Choice<'_>, a: &Numbered, b: &Numbered) -> Ordering {
    a.0.cmp(&b.0).then_with(|| choice.order.compare(a.1, b.1))
}
