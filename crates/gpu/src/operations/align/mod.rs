//! Alignment: pairs and sums on the device.
//!
//! Source and target stay where they are for all poses. The processor moves the source, in f64, as
//! the definition does, so that every pair is the definition's; the device finds the pairs and, for
//! the two factors that it knows ([`Factor::measure`]), measures and adds them up. What comes back
//! is 120 bytes for a thousand pairs. Other factors, and trimmed pairs, whose limit is only known
//! when all are found, are summed by the definition, from the pairs that the device found.

mod moved;

use crate::{
    Gpu,
    kernel::{Access, Kernel},
    pool::Buffer,
    prelude,
    search::{
        self,
        build::Resident,
        nearest::NEAREST,
        queries::{Parameters, Queries},
    },
};
use bytemuck::{Pod, Zeroable};
use isopach_cloud::{Positions, Rigid, TICK, TICKS_PER_METRE};
use isopach_compute::Result;
use isopach_neighbours::{NeighbourSearch, reference};
use isopach_registration::{
    Align, AlignTarget, Correspondences, Factor, FactorKind, HostCorrespondences, NormalEquations,
    Rejection,
};
use moved::Moved;
use std::sync::Arc;

use Access::{Read, Write};

const PAIRS: Kernel = Kernel::new(
    "normal equations",
    "pairs",
    &[prelude::THREADS, include_str!("pairs.wgsl")],
    &[Read, Read, Read, Read, Read, Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&PAIRS];

/// Pairs that a workgroup adds up, and words that come of it. As in pairs.wgsl.
const BLOCK: usize = 1024;
const ENTRY: usize = 30;

/// Pairs that are found and added up at once.
const MOST: usize = 1 << 21;

/// As in pairs.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Summing {
    count: u32,
    measure: u32,
    two: u32,
    unused: u32,
    pivot: [i32; 4],
    beside: [f32; 4],
}

/// Pairs are the CPU's; sums are within 10⁻⁵ of its own, as [`Correspondences::linearize`] says,
/// the same bits at every run.
impl Align for Gpu {
    fn pairing<'a>(
        &self,
        source: Positions<'a>,
        target: AlignTarget<'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        self.options()
            .least
            .points(source.len().max(target.positions.len()))?;
        if source.is_empty()
            || target.positions.is_empty()
            || u32::try_from(target.positions.len()).is_err()
        {
            return Ok(Box::new(HostCorrespondences::new(
                source,
                target,
                self.index(target.positions)?,
            )));
        }
        let session = self.session()?;
        let resident = session.resident(target.positions)?;
        let ticks = target.positions.ticks().as_flattened();
        let ticks = session.upload("target points", ticks.len(), |i| ticks[i])?;
        let normals = target.normals.as_flattened();
        let normals = session.upload("target normals", normals.len(), |i| normals[i] as f32)?;
        let index = search::index_of(target.positions, Arc::clone(&resident));
        Ok(Box::new(Resting {
            source,
            target,
            resident,
            ticks,
            normals,
            searched: HostCorrespondences::new(source, target, index),
        }))
    }
}

/// Both clouds, ready to be paired.
struct Resting<'a> {
    source: Positions<'a>,
    target: AlignTarget<'a>,
    resident: Arc<Resident>,
    /// The target in its own order.
    ticks: Buffer,
    normals: Buffer,
    searched: HostCorrespondences<'a>,
}

impl Correspondences for Resting<'_> {
    fn linearize(
        &self,
        factor: &dyn Factor,
        rejection: Rejection,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        rejection.check()?;
        // Without its normal, every pair is passed over: the definition knows.
        let normals = self.target.normals.len() == self.target.positions.len();
        let known = factor
            .measure()
            .filter(|&m| m == FactorKind::PointToPoint || normals);
        if let (Some(measure), true) = (known, rejection.kept_share >= 1.0)
            && let Some(sums) = self.sums(measure, rejection.max_distance, at)?
        {
            return Ok(sums);
        }
        self.searched.linearize(factor, rejection, at)
    }
}

impl Resting<'_> {
    /// The sums, from the device; `None` where points or the pivot are so far away that 32 bits do
    /// not hold the differences.
    fn sums(
        &self,
        measure: FactorKind,
        max_distance: f64,
        at: &Rigid,
    ) -> Result<Option<NormalEquations>> {
        let limit = reference::squared_ticks("maximum distance", max_distance)?;
        let origin = self.target.positions.origin();
        let Some(moved) = Moved::new(self.source, at, origin) else {
            return Ok(None);
        };
        let queries = Positions::new(origin, &moved.ticks);
        let Some(summing) = summing(measure, at.pivot, queries) else {
            return Ok(None);
        };
        let (session, resident) = (&self.resident.session, &*self.resident);
        session.faults.check(&session.device)?;
        let queries = Queries::new(resident, self.target.positions, queries)?;
        let plan = queries
            .plan()
            .each("fractions of ticks", 4)
            .each("nearest neighbours", 8);
        let wanted = queries.len().min(MOST);
        let parts = (8 * ENTRY * wanted.div_ceil(BLOCK)) as u64;
        let most = plan.fixed("sums of pairs", parts).batch(wanted)?;
        // Whole blocks, so that how much memory is free cannot be seen in the sums.
        let most = if most < BLOCK {
            most
        } else {
            most - most % BLOCK
        };
        let mut sums = NormalEquations::default();
        for start in (0..queries.len()).step_by(most) {
            let batch = start..(start + most).min(queries.len());
            let n = batch.len();
            let mut work = session.work();
            let items = queries.items(&batch)?;
            let sorted = queries.sorted(&mut work, &items, n)?;
            let fractions = session.upload("fractions of ticks", n, |i| {
                moved.fractions[batch.start + i]
            })?;
            let found = session.storage("nearest neighbours", 8 * n as u64)?;
            let parameters = Parameters {
                count: n as u32,
                ..Parameters::within(resident.grid, limit)
            };
            work.run(
                &NEAREST,
                n,
                &parameters,
                &[&resident.points, &resident.starts, &sorted, &found],
            )?;
            let blocks = n.div_ceil(BLOCK);
            let parts = session.storage("sums of pairs", 4 * (blocks * ENTRY) as u64)?;
            let buffers = [
                &items,
                &fractions,
                &found,
                &self.ticks,
                &self.normals,
                &parts,
            ];
            let threads = blocks * PAIRS.workgroup as usize;
            work.run(
                &PAIRS,
                threads,
                &Summing {
                    count: n as u32,
                    ..summing
                },
                &buffers,
            )?;
            let reading = work.read::<[u32; ENTRY]>(&parts, 0..blocks)?;
            let parts = work.submit()?.wait()?.take(reading)?;
            session
                .faults
                .complete(parts.iter().all(|part| part[29] == 0))?;
            parts.iter().for_each(|part| sums.add(&in_metres(part)));
        }
        Ok(Some(sums))
    }
}

/// What the kernel is told; `None` where the pivot is too far from a point.
fn summing(measure: FactorKind, pivot: [f64; 3], points: Positions<'_>) -> Option<Summing> {
    let base = points.origin().ticks();
    let [low, high] = points.bounds()?;
    let (mut whole, mut beside) = ([0; 4], [0.0; 4]);
    for axis in 0..3 {
        let ticks = pivot[axis] * TICKS_PER_METRE;
        let tick = ticks.round() as i64; // saturates, and is then refused
        let offset = i32::try_from(tick.checked_sub(base[axis])?).ok()?;
        low[axis].checked_sub(offset)?;
        high[axis].checked_sub(offset)?;
        (whole[axis], beside[axis]) = (offset, (ticks - tick as f64) as f32);
    }
    let measure = match measure {
        FactorKind::PointToPoint => 0,
        FactorKind::PointToPlane => 1,
    };
    Some(Summing {
        count: 0,
        measure,
        two: 2,
        unused: 0,
        pivot: whole,
        beside,
    })
}

/// The sums of a block: ticks as metres.
fn in_metres(part: &[u32; ENTRY]) -> NormalEquations {
    let sum = |i: usize| f64::from(f32::from_bits(part[i]));
    let mut all = NormalEquations {
        inliers: part[28],
        ..NormalEquations::default()
    };
    for (i, (row, column)) in [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]
        .into_iter()
        .enumerate()
    {
        let (rotations, translations) = (sum(i) * (TICK * TICK), sum(15 + i));
        (all.h[row][column], all.h[column][row]) = (rotations, rotations);
        (all.h[3 + row][3 + column], all.h[3 + column][3 + row]) = (translations, translations);
    }
    for translation in 0..3 {
        for rotation in 0..3 {
            let mixed = sum(6 + 3 * translation + rotation) * TICK;
            (
                all.h[rotation][3 + translation],
                all.h[3 + translation][rotation],
            ) = (mixed, mixed);
        }
    }
    for axis in 0..3 {
        all.b[axis] = sum(21 + axis) * (TICK * TICK);
        all.b[3 + axis] = sum(24 + axis) * TICK;
    }
    all.error = sum(27) * (TICK * TICK);
    all
}
