//! Size classes of buffers: four to each power of two, so that at most a fifth of a buffer is
//! unused and the buffers of one tile fit the next.

/// The smallest class that holds `bytes`: 4, 5, 6 or 7 quarters of a power of two, at least 256.
fn class_of(bytes: u64) -> u64 {
    if bytes <= 256 {
        return 256;
    }
    let quarter = 1 << (bytes.ilog2() - 2);
    bytes.next_multiple_of(quarter)
}

/// The class of a size, or `largest` where that is smaller.
pub(crate) fn class_within(bytes: u64, largest: u64) -> u64 {
    class_of(bytes).min(largest.max(bytes))
}

/// A limit rounded down to words of four bytes: buffers are copied and cleared by words, and a
/// driver's limit may be 2³¹ − 1.
pub(crate) fn whole_words(limit: u64) -> u64 {
    limit & !3
}

#[cfg(test)]
mod tests {
    use super::{class_of, class_within, whole_words};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_class_holds_its_sizes_and_wastes_at_most_a_fifth(bytes in 256_u64..1 << 40) {
            let class = class_of(bytes);
            prop_assert!(class >= bytes && (class - bytes) * 5 <= class);
            prop_assert_eq!(class_of(class), class);
            prop_assert_eq!(class % 4, 0);
        }

        #[test]
        fn buffers_are_whole_words_up_to_a_limit_that_is_not(words in 64_u64..=(i32::MAX as u64) / 4) {
            let largest = whole_words(i32::MAX as u64);
            let class = class_within(4 * words, largest);
            prop_assert!(class >= 4 * words && class <= largest);
            prop_assert_eq!(class % 4, 0);
        }
    }
}
