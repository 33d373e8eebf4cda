//! Offsets of the points near a query, next to each other.
//!
//! Most points of the cells that a ball meets are not in the ball: three in four where its radius is
//! two cells. Whether a point may be is decided for eight at a time in `f32`, and those that may be
//! are written next to each other without a branch. The sums then read these alone; and a smaller
//! ball about the same query reads only those of the larger.
//!
//! The decision keeps too many rather than too few: the sums decide again, exactly.
#![allow(unsafe_code)]

use super::{Grid, runs::Runs, sorted_points::SortedPoints, walk::Query};
use crate::lanes::{LANES, Lanes, OCTET};

/// Offsets (ticks) of points from a query.
#[derive(Debug, Default)]
pub(super) struct NearPoints {
    /// Three arrays of one length, the last [`OCTET`] numbers of which are never points.
    offsets: [Vec<i32>; 3],
    count: usize,
}

/// An offset that is in no ball whose sums are exact.
const FAR: i32 = i32::MAX;

/// The largest square of an offset in `f32` that may be one of at most `largest` square ticks.
///
/// The square is off by less than six roundings of 2⁻²⁴, 3.6·10⁻⁷.
#[inline(always)]
fn roughly(largest: f64) -> f32 {
    largest as f32 * (1.0 + 1e-6)
}

impl NearPoints {
    /// Forgets the points that are there, and makes room for so many.
    #[inline(always)]
    fn start_packing(&mut self, points: usize) -> Packing<'_> {
        if self.offsets[0].len() < points + OCTET {
            self.grow(points + OCTET);
        }
        let [x, y, z] = &mut self.offsets;
        let last = x.len().min(y.len()).min(z.len()) - OCTET;
        Packing {
            to: [x, y, z],
            last,
            count: 0,
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, length: usize) {
        let length = (2 * length).max(256);
        for offsets in &mut self.offsets {
            offsets.resize(length, 0);
        }
    }

    /// Takes the points of the runs that may be in a ball.
    #[inline(always)]
    pub(super) fn take_runs<L: Lanes>(
        &mut self,
        grid: &Grid<'_>,
        runs: &Runs,
        query: Query,
        largest: f64,
    ) {
        let points = LANES * (runs.whole().len() + runs.parts().len());
        let mut packing = self.start_packing(points + OCTET);
        let sorted = SortedPoints::<L>::new(grid, query);
        let largest = roughly(largest);
        let (pairs, rest) = runs.whole().as_chunks::<2>();
        for &[a, b] in pairs {
            let runs = [sorted.run_from(a), sorted.run_from(b)];
            packing.push_near::<L>(runs, query, largest, !0);
        }
        if let [last] = rest {
            let run = sorted.run_from(*last);
            packing.push_near::<L>([run, run], query, largest, (1 << LANES) - 1);
        }
        for part in runs.parts() {
            let run = sorted.run_from(part.start);
            packing.push_near::<L>([run, run], query, largest, (1 << part.points) - 1);
        }
        self.count = packing.finish();
    }

    /// Takes those of other points about the same query that may be in a ball.
    #[inline(always)]
    pub(super) fn take_nearer<L: Lanes>(&mut self, others: &Self, largest: f64) {
        let mut packing = self.start_packing(others.count.next_multiple_of(OCTET));
        let largest = roughly(largest);
        let [x, y, z] = others.octets();
        for ((x, y), z) in x.iter().zip(y).zip(z) {
            let [low_x, high_x] = halves(x);
            let [low_y, high_y] = halves(y);
            let [low_z, high_z] = halves(z);
            let runs = [[low_x, low_y, low_z], [high_x, high_y, high_z]];
            packing.push_near::<L>(runs, [0; 3], largest, !0);
        }
        self.count = packing.finish();
    }

    /// The arrays, up to the end of the last eight that have a point.
    #[inline(always)]
    fn octets(&self) -> [&[[i32; OCTET]]; 3] {
        let [x, y, z] = &self.offsets;
        let end = self.count.next_multiple_of(OCTET);
        [
            x[..end].as_chunks().0,
            y[..end].as_chunks().0,
            z[..end].as_chunks().0,
        ]
    }

    /// Offsets of all points, [`LANES`] at a time; behind the last are some that are in no ball.
    #[inline(always)]
    pub(super) fn quads(&self) -> [&[[i32; LANES]]; 3] {
        let [x, y, z] = &self.offsets;
        let end = self.count.next_multiple_of(LANES);
        [
            x[..end].as_chunks().0,
            y[..end].as_chunks().0,
            z[..end].as_chunks().0,
        ]
    }
}

/// Arrays that points are written to, next to each other.
struct Packing<'a> {
    to: [&'a mut [i32]; 3],
    /// The last place from which all three have [`OCTET`] numbers.
    last: usize,
    count: usize,
}

impl Packing<'_> {
    /// Adds those of two runs of points whose bit in `looked_at` is set and that may be near.
    #[inline(always)]
    fn push_near<L: Lanes>(
        &mut self,
        runs: [[&[i32; LANES]; 3]; 2],
        query: Query,
        largest: f32,
        looked_at: u32,
    ) {
        let start = self.count.min(self.last);
        let [x, y, z] = &mut self.to;
        // SAFETY: there are OCTET numbers from `last` on in each of the arrays, as `start_packing`
        // has computed, and `start` is not behind it.
        let to = unsafe { [octet_at(x, start), octet_at(y, start), octet_at(z, start)] };
        self.count += L::pack_near(runs, query, largest, looked_at, to);
    }

    /// Fills up the last eight with points that are in no ball; returns the number of the others.
    #[inline(always)]
    fn finish(self) -> usize {
        let Self {
            to: [x, ..], count, ..
        } = self;
        let end = x.get_mut(count..).and_then(<[i32]>::first_chunk_mut);
        if let Some(end) = end {
            *end = [FAR; OCTET];
        }
        count
    }
}

/// Both halves of eight numbers.
#[inline(always)]
fn halves(octet: &[i32; OCTET]) -> [&[i32; LANES]; 2] {
    let halves = octet.as_chunks::<LANES>().0;
    [&halves[0], &halves[1]]
}

/// [`OCTET`] numbers from `start` on.
///
/// # Safety
/// There are as many.
#[inline(always)]
unsafe fn octet_at(numbers: &mut [i32], start: usize) -> &mut [i32; OCTET] {
    // SAFETY: the caller's; an array is aligned as its numbers.
    unsafe { &mut *numbers.as_mut_ptr().add(start).cast::<[i32; OCTET]>() }
}
