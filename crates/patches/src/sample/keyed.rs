//! The points with the smallest numbers of the generator.

use super::Choice;
use std::cmp::Ordering;

/// A point and its number.
pub(super) type Numbered = (u64, u32);

/// The first `n` points in the order of their numbers of a round; `n` is at most their count.
pub(super) fn first(choice: &Choice<'_>, round: u64, n: usize) -> Vec<u32> {
    let mut smallest = numbered_up_to(choice, round, likely_limit(n, choice.members.len()));
    if smallest.len() < n {
        smallest = numbered(choice, round);
    }
    let compare = |a: &Numbered, b: &Numbered| compare(choice, a, b);
    if n < smallest.len() {
        smallest.select_nth_unstable_by(n, compare);
        smallest.truncate(n);
    }
    smallest.sort_unstable_by(compare);
    smallest.into_iter().map(|(_, point)| point).collect()
}

/// A number that `n` of `count` uniform numbers are nearly always below, and not many more.
fn likely_limit(n: usize, count: usize) -> u64 {
    let n = n as f64;
    let enough = n + 6.0 * n.sqrt() + 10.0;
    // Saturates at the largest number.
    (enough / count as f64 * u64::MAX as f64) as u64
}

/// Each point with its number of a round.
pub(super) fn numbered(choice: &Choice<'_>, round: u64) -> Vec<Numbered> {
    numbered_up_to(choice, round, u64::MAX)
}

/// The points whose number of a round is at most a limit, with it.
fn numbered_up_to(choice: &Choice<'_>, round: u64, limit: u64) -> Vec<Numbered> {
    let key = choice.key(round);
    let positions = choice.order.positions();
    let number = |&point: &u32| {
        (
            key.of_ticks(positions.absolute_ticks(point as usize)),
            point,
        )
    };
    let all = choice.members.iter().map(number);
    all.filter(|(number, _)| *number <= limit).collect()
}

/// The order of numbers; of equal ones, that of the points.
#[inline]
pub(super) fn compare(choice: &Choice<'_>, a: &Numbered, b: &Numbered) -> Ordering {
    a.0.cmp(&b.0).then_with(|| choice.order.compare(a.1, b.1))
}
