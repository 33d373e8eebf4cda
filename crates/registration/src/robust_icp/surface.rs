//! A cloud made ready: in an order of its own, with the plane of each neighbourhood.

use isopach_cloud::{Cloud, Positions, TICKS_PER_METRE};
use isopach_compute::Result;
use isopach_neighbours::{Covariance, NeighbourSearch, symmetric_eigen};
use rayon::prelude::*;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

/// Variance of a normal's direction that is assumed even where points lie exactly on a plane, rad²:
/// coordinates are rounded.
const LEAST_TILT: f64 = 1e-6;

/// The plane of a neighbourhood, and how well its direction is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Plane {
    /// Unit normal.
    pub(super) normal: [f64; 3],
    /// Unit vectors in the plane.
    pub(super) along: [[f64; 3]; 2],
    /// Variance of the normal towards each of them, rad²: λ₀/(k λ).
    pub(super) tilt: [f64; 2],
    /// Standard deviation of the points from the plane, metres.
    pub(super) roughness: f64,
    /// How precise a residual along the normal is beside those of the smoothest planes: the ratio of
    /// their standard deviations, at most 1.
    pub(super) precision: f64,
}

/// Points in an order that depends on nothing but their coordinates, in which neighbours are near
/// each other.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) cloud: Cloud,
    /// One a point; `None` where the neighbourhood is a line or a place.
    pub(super) planes: Vec<Option<Plane>>,
}

impl Surface {
    pub(super) fn new(
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        kept: Option<&[bool]>,
        neighbours: usize,
    ) -> Result<Self> {
        let keep = |i: usize| kept.is_none_or(|kept| kept[i]);
        let mut ticks: Vec<[i32; 3]> = (0..points.len())
            .filter(|&i| keep(i))
            .map(|i| points.ticks()[i])
            .collect();
        let base = points.origin().ticks();
        let place = |tick: &[i32; 3]| -> [i64; 3] {
            std::array::from_fn(|axis| base[axis] + i64::from(tick[axis]))
        };
        ticks.par_sort_unstable_by(|a, b| along_curve(place(a), place(b)));
        let ticks = without_isolated(ticks, neighbours);
        let cloud = Cloud::new(points.origin(), ticks);
        let found = on
            .index(cloud.positions())?
            .covariances_of_nearest(cloud.positions(), neighbours)?;
        let planes = found.into_par_iter().map(fit_plane).collect();
        Ok(Self { cloud, planes })
    }

    pub(super) fn absolute_points(&self) -> Vec<[f64; 3]> {
        let positions = self.cloud.positions();
        (0..positions.len())
            .map(|i| positions.absolute(i))
            .collect()
    }
}

/// The order of the places on the curve that visits the octants of a cube one after the other, and
/// theirs likewise (Morton 1966): the axis whose coordinates differ in the highest bit decides.
fn along_curve(a: [i64; 3], b: [i64; 3]) -> Ordering {
    let differ = |axis: usize| (a[axis] ^ b[axis]) as u64;
    let is_higher = |one: u64, other: u64| one < other && one < one ^ other;
    let higher = |one: usize, other: usize| {
        if is_higher(differ(one), differ(other)) {
            other
        } else {
            one
        }
    };
    let deciding = higher(higher(0, 1), 2);
    a[deciding].cmp(&b[deciding])
}

/// Points with fewer than `least` others in the 27 cubes of a kilometre around them are noise: no
/// plane fits them, and no search reaches from one to its neighbours. All points are kept where
/// that would leave none.
fn without_isolated(ticks: Vec<[i32; 3]>, least: usize) -> Vec<[i32; 3]> {
    let cube = |point: &[i32; 3]| {
        point.map(|tick| (f64::from(tick) / (1000.0 * TICKS_PER_METRE)).floor() as i16)
    };
    let mut counts: BTreeMap<[i16; 3], usize> = BTreeMap::new();
    ticks
        .iter()
        .for_each(|point| *counts.entry(cube(point)).or_default() += 1);
    let around = |[x, y, z]: [i16; 3]| -> usize {
        let near = counts.range([x - 1, y - 1, z - 1]..=[x + 1, y + 1, z + 1]);
        near.filter(|([_, v, w], _)| v.abs_diff(y) < 2 && w.abs_diff(z) < 2)
            .map(|(_, count)| count)
            .sum()
    };
    let crowded: BTreeSet<[i16; 3]> = counts
        .keys()
        .copied()
        .filter(|&cube| around(cube) > least)
        .collect();
    if crowded.is_empty() || crowded.len() == counts.len() {
        return ticks;
    }
    ticks
        .into_iter()
        .filter(|point| crowded.contains(&cube(point)))
        .collect()
}

fn fit_plane(covariance: Covariance) -> Option<Plane> {
    if covariance.count < 4 {
        return None;
    }
    let found = symmetric_eigen(covariance.upper);
    let normal = found.normal()?;
    let [least, middle, most] = found.values;
    let count = f64::from(covariance.count);
    // A plane takes three degrees of freedom; the covariance was divided by n − 1.
    let variance = least.max(0.0) * (count - 1.0) / (count - 3.0);
    let tilt = |spread: f64| variance / ((count - 1.0) * spread) + LEAST_TILT;
    Some(Plane {
        normal,
        along: [found.vectors[1], found.vectors[2]],
        tilt: [tilt(middle), tilt(most)],
        roughness: variance.sqrt(),
        precision: 1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The bits of the coordinates in turns, the highest first, x before y before z.
    fn interleaved(point: [i64; 3]) -> Vec<bool> {
        let from_lowest = point.map(|tick| (tick as u64) ^ (1 << 63));
        (0..64)
            .rev()
            .flat_map(|bit| from_lowest.map(|place| place >> bit & 1 == 1))
            .collect()
    }

    proptest! {
        #[test]
        fn the_curve_is_that_of_interleaved_bits(a: [i64; 3], b: [i64; 3], near in prop::array::uniform3(-9..9_i64)) {
            for b in [b, [0, 1, 2].map(|axis| a[axis].wrapping_add(near[axis]))] {
                prop_assert_eq!(along_curve(a, b), interleaved(a).cmp(&interleaved(b)), "{:?} {:?}", a, b);
            }
        }
    }
}
