//! The format's running median of five.

/// Five values in order, of which each new one pushes out the largest and the smallest by turns:
/// the next goes to the other side whenever a value falls there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunningMedian {
    values: [i32; 5],
    drop_largest: bool,
}

impl Default for RunningMedian {
    fn default() -> Self {
        Self {
            values: [0; 5],
            drop_largest: true,
        }
    }
}

impl RunningMedian {
    /// The current estimate of the median.
    #[inline(always)]
    pub(crate) fn get(&self) -> i32 {
        self.values[2]
    }

    /// Puts `v` in its place among the four that stay, by minima and maxima alone.
    #[inline(always)]
    pub(crate) fn add(&mut self, v: i32) {
        let old = self.values;
        let kept: [i32; 4] = std::array::from_fn(|i| {
            if self.drop_largest {
                old[i]
            } else {
                old[i + 1]
            }
        });
        self.drop_largest = if self.drop_largest {
            v < old[2]
        } else {
            v <= old[2]
        };
        self.values = [
            kept[0].min(v),
            kept[0].max(kept[1].min(v)),
            kept[1].max(kept[2].min(v)),
            kept[2].max(kept[3].min(v)),
            kept[3].max(v),
        ];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_by_sorting(values in prop::collection::vec(-20..20_i32, 0..60)) {
            let mut median = RunningMedian::default();
            let (mut sorted, mut drop_largest) = (vec![0; 5], true);
            for v in values {
                let middle = sorted[2];
                sorted.remove(if drop_largest { 4 } else { 0 });
                drop_largest = if drop_largest { v < middle } else { v <= middle };
                sorted.push(v);
                sorted.sort_unstable();
                median.add(v);
                prop_assert_eq!(median.get(), sorted[2]);
            }
        }
    }
}
