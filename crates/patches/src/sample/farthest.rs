//! Farthest-point sampling: exact, by a tree of boxes.
//!
//! Every point has the squared distance to the nearest chosen point; the next chosen point is the
//! one with the largest (Gonzalez 1985, Eldar et al. 1997). A box whose nearest place is farther
//! from the new point than the distances of its points cannot change, so most boxes are not looked
//! into. Distances are whole numbers of squared ticks, so the choice is exact. Of equal distances,
//! the first point in the order of coordinates and attributes is taken.

use super::Choice;
use isopach_cloud::TICK;
use isopach_compute::{Error, Result};
use std::cmp::Ordering;

/// Most points of a box that is not divided.
const LEAF: usize = 16;

/// Largest range of heights, ticks: squared distances fit 64 bits.
const MOST_RANGE: i64 = 1 << 31;

/// The first `n` points, at most as many as there are.
pub(super) fn farthest(choice: &Choice<'_>, n: usize) -> Result<Vec<u32>> {
    let Some(start) = nearest_to_centre(choice) else {
        return Ok(Vec::new());
    };
    let mut tree = Tree::new(choice)?;
    let mut chosen = Vec::with_capacity(n);
    let mut next = tree.slot_of(start);
    while chosen.len() < n {
        chosen.push(tree.points[next as usize]);
        tree.take(next);
        next = tree.boxes[0].farthest.slot;
    }
    Ok(chosen)
}

/// The point that is horizontally nearest to the centre of the patch.
fn nearest_to_centre(choice: &Choice<'_>) -> Option<u32> {
    let positions = choice.order.positions();
    let squared = |point: u32| {
        let [x, y, _] = positions.absolute_ticks(point as usize);
        let [dx, dy] = [x - choice.centre[0], y - choice.centre[1]];
        dx * dx + dy * dy
    };
    choice.members.iter().copied().min_by(|&a, &b| {
        squared(a)
            .cmp(&squared(b))
            .then_with(|| choice.order.compare(a, b))
    })
}

/// The farthest point of a box.
#[derive(Clone, Copy, Debug)]
struct Farthest {
    /// One more than its squared distance, ticks²; 0 if all points of the box are chosen.
    distance: u64,
    slot: u32,
}

/// A box of points: those of the slots `start..end`.
#[derive(Clone, Copy, Debug)]
struct Region {
    low: [i32; 3],
    high: [i32; 3],
    start: u32,
    end: u32,
    /// The second half of the box, behind the first; 0 of a leaf.
    second: u32,
    farthest: Farthest,
}

/// Boxes of points, the whole first.
struct Tree<'a> {
    choice: &'a Choice<'a>,
    boxes: Vec<Region>,
    /// Points by slot.
    points: Vec<u32>,
    /// Their coordinates.
    ticks: Vec<[i32; 3]>,
    /// One more than the squared distance to the nearest chosen point; 0 of a chosen one.
    distances: Vec<u64>,
}

impl<'a> Tree<'a> {
    fn new(choice: &'a Choice<'a>) -> Result<Self> {
        let all = choice.order.positions().ticks();
        let mut points = choice.members.to_vec();
        let mut boxes = Vec::with_capacity(2 * points.len().div_ceil(LEAF / 2));
        let count = points.len() as u32;
        divide(all, &mut points, 0..count, &mut boxes);
        let heights = i64::from(boxes[0].high[2]) - i64::from(boxes[0].low[2]);
        Error::check(
            "range of heights in a patch",
            heights as f64 * TICK,
            heights < MOST_RANGE,
            "be below 8192 m for farthest points: leave out points that are no ground",
        )?;
        Ok(Self {
            choice,
            boxes,
            ticks: points.iter().map(|point| all[*point as usize]).collect(),
            distances: vec![u64::MAX; points.len()],
            points,
        })
    }

    fn slot_of(&self, point: u32) -> u32 {
        let slot = self.points.iter().position(|other| *other == point);
        slot.unwrap_or_default() as u32
    }

    /// Takes the point of a slot: distances are those to it, where it is nearer.
    fn take(&mut self, slot: u32) {
        self.distances[slot as usize] = 0;
        self.update(0, self.ticks[slot as usize], slot);
    }

    /// Updates the distances in a box. `taken` is the slot of the new point.
    fn update(&mut self, at: usize, to: [i32; 3], taken: u32) -> Farthest {
        let found = self.boxes[at];
        let has_taken = (found.start..found.end).contains(&taken);
        if !has_taken && squared_to_box(&found, to) + 1 >= found.farthest.distance {
            return found.farthest;
        }
        let farthest = if found.second == 0 {
            self.update_leaf(&found, to)
        } else {
            let first = self.update(at + 1, to, taken);
            let second = self.update(found.second as usize, to, taken);
            self.farther(first, second)
        };
        self.boxes[at].farthest = farthest;
        farthest
    }

    fn update_leaf(&mut self, found: &Region, to: [i32; 3]) -> Farthest {
        let mut farthest = Farthest {
            distance: 0,
            slot: found.start,
        };
        for slot in found.start..found.end {
            let distance = &mut self.distances[slot as usize];
            *distance = (*distance).min(squared(self.ticks[slot as usize], to) + 1);
            let candidate = Farthest {
                distance: *distance,
                slot,
            };
            farthest = self.farther(farthest, candidate);
        }
        farthest
    }

    fn farther(&self, a: Farthest, b: Farthest) -> Farthest {
        match a.distance.cmp(&b.distance) {
            Ordering::Greater => a,
            Ordering::Less => b,
            Ordering::Equal => {
                let [first, second] = [a, b].map(|of| self.points[of.slot as usize]);
                match self.choice.order.compare(first, second) {
                    Ordering::Greater => b,
                    Ordering::Less | Ordering::Equal => a,
                }
            }
        }
    }
}

/// Divides the points of some slots until boxes are small; the first box is theirs.
fn divide(
    all: &[[i32; 3]],
    points: &mut [u32],
    slots: std::ops::Range<u32>,
    boxes: &mut Vec<Region>,
) -> usize {
    let [low, high] = bounds(all, points);
    let at = boxes.len();
    boxes.push(Region {
        low,
        high,
        start: slots.start,
        end: slots.end,
        second: 0,
        farthest: Farthest {
            distance: u64::MAX,
            slot: slots.start,
        },
    });
    if points.len() > LEAF {
        let extents: [i64; 3] =
            std::array::from_fn(|axis| i64::from(high[axis]) - i64::from(low[axis]));
        let widest = (0..3).max_by_key(|axis| extents[*axis]).unwrap_or_default();
        let half = points.len() / 2;
        points.select_nth_unstable_by_key(half, |point| all[*point as usize][widest]);
        let (first, second) = points.split_at_mut(half);
        let middle = slots.start + half as u32;
        divide(all, first, slots.start..middle, boxes);
        boxes[at].second = divide(all, second, middle..slots.end, boxes) as u32;
    }
    at
}

fn bounds(all: &[[i32; 3]], points: &[u32]) -> [[i32; 3]; 2] {
    let mut low = [i32::MAX; 3];
    let mut high = [i32::MIN; 3];
    for point in points {
        for axis in 0..3 {
            let tick = all[*point as usize][axis];
            low[axis] = low[axis].min(tick);
            high[axis] = high[axis].max(tick);
        }
    }
    [low, high]
}

#[inline]
fn squared(a: [i32; 3], b: [i32; 3]) -> u64 {
    let square = |axis: usize| {
        let difference = (i64::from(a[axis]) - i64::from(b[axis])).unsigned_abs();
        difference * difference
    };
    square(0) + square(1) + square(2)
}

/// Squared distance of a place to the nearest place of a box.
#[inline]
fn squared_to_box(of: &Region, place: [i32; 3]) -> u64 {
    let nearest = std::array::from_fn(|axis| place[axis].clamp(of.low[axis], of.high[axis]));
    squared(nearest, place)
}
