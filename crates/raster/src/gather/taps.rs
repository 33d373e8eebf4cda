//! The pixels along an axis that contribute to a place, and their weights.

use crate::{
    Sampling,
    gather::{Edges, Gathering},
};

/// An axis of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Pixels along it.
    pub(super) count: usize,
    /// Whether the last pixel is the neighbour of the first.
    pub(super) wraps: bool,
}

/// The pixels `first`, `first + 1` … along an axis and their weights: four of them, or fewer with
/// zeros at the end. Some of the pixels may be outside, where [`Axis::pixel`] replaces them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taps<W> {
    pub(super) first: i64,
    pub(super) weights: [W; 4],
}

/// The two axes of an image, columns and rows.
pub(super) fn axes([columns, rows]: [usize; 2], edges: Edges) -> [Axis; 2] {
    [
        Axis {
            count: columns,
            wraps: edges == Edges::WrapColumns,
        },
        Axis {
            count: rows,
            wraps: false,
        },
    ]
}

/// The place that stands for `place` within the image, or within a turn of it; `None` if there is
/// no value.
pub(super) fn resolve_place(place: [f64; 2], size: [usize; 2], edges: Edges) -> Option<[f64; 2]> {
    let [x, y] = place;
    let [columns, rows] = size.map(|count| count as f64);
    match edges {
        Edges::Bounded => {
            let inside = (0.0..=columns).contains(&x) && (0.0..=rows).contains(&y);
            inside.then_some(place)
        }
        // The remainder is exact.
        Edges::WrapColumns => {
            let finite = x.is_finite() && y.is_finite();
            finite.then(|| [x % columns, y.clamp(0.0, rows)])
        }
    }
}

impl Axis {
    /// The pixel that stands for an index which may be outside: the one at the outer edge, or that
    /// of another turn.
    pub(super) fn pixel(self, index: i64) -> usize {
        let count = self.count as i64;
        let within = if (0..count).contains(&index) {
            index
        } else if self.wraps {
            index.rem_euclid(count)
        } else {
            index.clamp(0, count - 1)
        };
        within as usize
    }

    /// The pixel that holds a place.
    pub(super) fn holder(self, at: f64) -> usize {
        self.pixel(at.floor() as i64)
    }

    /// The contributing pixels of a place, from the edge.
    pub(super) fn taps(self, at: f64, sampling: Sampling) -> Taps<f64> {
        let from_centre = at - 0.5;
        match sampling {
            Sampling::Nearest => Taps {
                first: at.floor() as i64,
                weights: [1.0, 0.0, 0.0, 0.0],
            },
            Sampling::Bilinear => {
                let last = self.count as f64 - 1.0;
                let at = if self.wraps {
                    from_centre
                } else {
                    from_centre.clamp(0.0, last)
                };
                let t = at - at.floor();
                Taps {
                    first: at.floor() as i64,
                    weights: [1.0 - t, t, 0.0, 0.0],
                }
            }
            Sampling::Bicubic => Taps {
                first: from_centre.floor() as i64 - 1,
                weights: cubic_weights(from_centre - from_centre.floor()),
            },
        }
    }
}

/// Weights of the four pixels about a place `t` beyond the second (Keys 1981, a = −½).
fn cubic_weights(t: f64) -> [f64; 4] {
    let t2 = t * t;
    let t3 = t * t * t;
    [
        -0.5 * t + t2 - 0.5 * t3,
        1.0 - 2.5 * t2 + 1.5 * t3,
        0.5 * t + 2.0 * t2 - 1.5 * t3,
        -0.5 * t2 + 0.5 * t3,
    ]
}

/// The contributing pixels of a place in an image, along columns and along rows.
pub(super) fn taps_at(
    [x, y]: [f64; 2],
    [across, down]: [Axis; 2],
    sampling: Sampling,
) -> [Taps<f64>; 2] {
    [across.taps(x, sampling), down.taps(y, sampling)]
}

impl Gathering {
    /// These options with linear interpolation.
    pub(super) fn bilinear(self) -> Self {
        Self {
            sampling: Sampling::Bilinear,
            ..self
        }
    }
}

/// The pixels that contribute to a place, for backends: what [`super::reference::interpolate`] visits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Footprint {
    /// Column and row of the upper left contributing pixel. Neighbours follow to the right and down;
    /// those outside the image are replaced as [`Edges`] says.
    pub first: [i64; 2],
    /// Weights of the columns from `first` on, and of the rows. The weight of a pixel is their
    /// product; where one of them is zero, the pixel does not contribute, whatever its value.
    pub weights: [[f64; 4]; 2],
    /// Column and row of the pixel that holds the place.
    pub holder: [usize; 2],
}

impl Footprint {
    /// The footprint of a place in an image of `size` columns and rows; `None` if the place has no
    /// value in any image of that size.
    ///
    /// ```
    /// use isopach_raster::gather::{Footprint, Gathering};
    /// let at = Footprint::of([1.25, 0.5], [4, 3], Gathering::default()).expect("inside");
    /// assert_eq!((at.first, at.holder), ([0, 0], [1, 0]));
    /// assert_eq!(at.weights[0], [0.25, 0.75, 0.0, 0.0]);
    /// ```
    #[must_use]
    pub fn of(place: [f64; 2], size: [usize; 2], how: Gathering) -> Option<Self> {
        if size.contains(&0) {
            return None;
        }
        let [x, y] = resolve_place(place, size, how.edges)?;
        let [across, down] = axes(size, how.edges);
        let taps = taps_at([x, y], [across, down], how.sampling);
        Some(Self {
            first: taps.map(|taps| taps.first),
            weights: taps.map(|taps| taps.weights),
            holder: [across.holder(x), down.holder(y)],
        })
    }
}
