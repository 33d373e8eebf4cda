//! Neighbourhoods of a point: by radius, by number, or the best of several.

use isopach_compute::{Error, Result};

/// Points that the features of a point are computed from; the point itself is one of them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Neighbourhood {
    /// All points within this distance, metres, points at exactly this distance included.
    Radius(f64),
    /// All points within each of several radii, metres: one set of columns a radius.
    Radii(Vec<f64>),
    /// The `k` nearest points, ties by index. A point with fewer than `k` within `max_distance`
    /// (metres, may be infinite in memory) has no features and is counted: in tiles its `k`-th
    /// neighbour may lie beyond the halo.
    Nearest {
        /// Number of points.
        k: usize,
        /// Largest distance, metres.
        max_distance: f64,
    },
    /// At most `k` points, the nearest of those within the radius (metres).
    NearestWithin {
        /// Largest number of points.
        k: usize,
        /// Radius, metres.
        radius: f64,
    },
    /// For each point, the one of several radii (metres) whose eigenentropy is least (Demantké et
    /// al. 2011, Weinmann et al. 2015); of equal ones the first.
    OptimalRadius(Vec<f64>),
    /// For each point, the one of several numbers of nearest points whose eigenentropy is least; of
    /// equal ones the first. Points with fewer than the largest number within `max_distance` have
    /// no features and are counted.
    OptimalNearest {
        /// Numbers of points.
        ks: Vec<usize>,
        /// Largest distance, metres.
        max_distance: f64,
    },
}

/// One candidate neighbourhood of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    Radius(f64),
    Nearest(usize),
}

impl Scale {
    /// Its radius, metres; `None` for a number of points.
    pub(crate) fn radius(self) -> Option<f64> {
        match self {
            Self::Radius(radius) => Some(radius),
            Self::Nearest(_) => None,
        }
    }

    /// The number that names it: metres, or points.
    pub(crate) fn number(self) -> f64 {
        match self {
            Self::Radius(radius) => radius,
            Self::Nearest(k) => k as f64,
        }
    }
}

impl Neighbourhood {
    /// Metres that a neighbourhood reaches at most.
    #[must_use]
    pub fn reach(&self) -> f64 {
        match self {
            Self::Radius(radius) | Self::NearestWithin { radius, .. } => *radius,
            Self::Radii(radii) | Self::OptimalRadius(radii) => {
                radii.iter().copied().fold(0.0, f64::max)
            }
            Self::Nearest { max_distance, .. } | Self::OptimalNearest { max_distance, .. } => {
                *max_distance
            }
        }
    }

    /// All candidates.
    pub(crate) fn scales(&self) -> Vec<Scale> {
        match self {
            Self::Radius(radius) => vec![Scale::Radius(*radius)],
            Self::Radii(radii) | Self::OptimalRadius(radii) => {
                radii.iter().copied().map(Scale::Radius).collect()
            }
            Self::Nearest { k, .. } | Self::NearestWithin { k, .. } => vec![Scale::Nearest(*k)],
            Self::OptimalNearest { ks, .. } => ks.iter().copied().map(Scale::Nearest).collect(),
        }
    }

    /// Largest number of nearest points, where the number limits the neighbourhood.
    pub(crate) fn most_points(&self) -> Option<usize> {
        match self {
            Self::Radius(_) | Self::Radii(_) | Self::OptimalRadius(_) => None,
            Self::Nearest { k, .. } | Self::NearestWithin { k, .. } => Some(*k),
            Self::OptimalNearest { ks, .. } => ks.iter().copied().max(),
        }
    }

    /// Whether one of the candidates is chosen for each point.
    pub(crate) fn chooses_one(&self) -> bool {
        matches!(self, Self::OptimalRadius(_) | Self::OptimalNearest { .. })
    }

    /// Whether a query with fewer points than [`Self::most_points`] has no features.
    pub(crate) fn must_be_full(&self) -> bool {
        matches!(self, Self::Nearest { .. } | Self::OptimalNearest { .. })
    }

    pub(crate) fn check(&self) -> Result<()> {
        let scales = self.scales();
        Error::check(
            "number of scales",
            scales.len() as f64,
            !scales.is_empty(),
            "be at least 1",
        )?;
        for scale in scales {
            match scale {
                Scale::Radius(radius) => check_radius(radius)?,
                Scale::Nearest(k) => {
                    Error::check("k", k as f64, k > 0, "be above zero")?;
                }
            }
        }
        match self {
            Self::NearestWithin { radius, .. } => check_radius(*radius),
            Self::Nearest { max_distance, .. } | Self::OptimalNearest { max_distance, .. } => {
                let is_distance = *max_distance > 0.0;
                Error::check(
                    "maximum distance",
                    *max_distance,
                    is_distance,
                    "be above zero",
                )
                .map(drop)
            }
            Self::Radius(_) | Self::Radii(_) | Self::OptimalRadius(_) => Ok(()),
        }
    }
}

fn check_radius(radius: f64) -> Result<()> {
    let is_radius = radius.is_finite() && radius > 0.0;
    Error::check("radius", radius, is_radius, "be above zero and finite").map(drop)
}
