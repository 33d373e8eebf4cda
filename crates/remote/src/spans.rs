//! Ranges that are asked for together.

use std::ops::Range;

/// Several ranges as one piece of an object, and which they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) range: Range<u64>,
    /// Numbers of the ranges that lie within.
    pub(crate) ranges: Vec<usize>,
}

/// Joins ranges that are no farther apart than `gap` into spans of `most` bytes at most; a longer
/// range is a span of its own.
pub(crate) fn join_ranges(ranges: &[Range<u64>], gap: u64, most: u64) -> Vec<Span> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|&number| (ranges[number].start, ranges[number].end));
    let mut spans: Vec<Span> = Vec::new();
    for number in order {
        let range = &ranges[number];
        match spans.last_mut() {
            Some(last)
                if range.start <= last.range.end.saturating_add(gap)
                    && range.end.max(last.range.end) - last.range.start <= most =>
            {
                last.range.end = last.range.end.max(range.end);
                last.ranges.push(number);
            }
            _ => spans.push(Span {
                range: range.clone(),
                ranges: vec![number],
            }),
        }
    }
    spans
}

/// A range in pieces of `most` bytes.
pub(crate) fn split_range(range: &Range<u64>, most: u64) -> Vec<Range<u64>> {
    let most = most.max(1);
    let count = (range.end - range.start).div_ceil(most);
    (0..count)
        .map(|piece| range.start + piece * most..(range.start + (piece + 1) * most).min(range.end))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_joined_up_to_a_length_whatever_their_order() {
        let ranges = [300..400, 0..100, 110..200, 205..290, 5000..9000];
        let spans = join_ranges(&ranges, 10, 350);
        let expected = [
            (0..290, vec![1, 2, 3]),
            (300..400, vec![0]),
            (5000..9000, vec![4]),
        ];
        assert_eq!(
            spans,
            expected.map(|(range, ranges)| Span { range, ranges })
        );
        assert_eq!(join_ranges(&ranges, 10, 400)[0].range, 0..400);
        assert_eq!(
            join_ranges(&ranges, 9, 400).len(),
            4,
            "110 - 100 is too far, 300 - 290 too"
        );
    }

    #[test]
    fn pieces_cover_a_range_once() {
        assert_eq!(split_range(&(5..25), 10), [5..15, 15..25]);
        assert_eq!(split_range(&(5..26), 10), [5..15, 15..25, 25..26]);
        assert!(split_range(&(5..5), 10).is_empty());
    }
}
