//! Normals at several radii.

use super::{
    build::Resident,
    queries::{Parameters, Queries},
};
use crate::{
    kernel::{Access, Kernel},
    pool::Buffer,
    work::{Reading, Submitted, Work},
};
use isopach_compute::Result;
use isopach_neighbours::{Normal, NormalQuery};
use rayon::prelude::*;

const NORMALS: Kernel = Kernel::new(
    "normals",
    "normals",
    super::sources!(
        "walk.wgsl",
        "moments.wgsl",
        "ball.wgsl",
        "eigen.wgsl",
        "normals.wgsl"
    ),
    &[Access::Read, Access::Read, Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&NORMALS];

/// Words of one result: see normals.wgsl.
const ENTRY: usize = 8;

/// Planarity below which the kernel's direction may be off by 10⁻⁴: its covariances are right to
/// 4·10⁻⁷ of the largest eigenvalue, its eigenvectors to some 10⁻⁶, and the gap that both are
/// divided by is the planarity.
const TOO_ROUND: f32 = 0.03;

/// Planarities closer than this may be in another order.
const TOO_CLOSE: f32 = 2e-5;

/// Cosine to the direction that normals point to, below which the side is not certain.
const TOO_FLAT: f64 = 2e-4;

/// One result: see normals.wgsl.
pub(super) type Entry = [u32; ENTRY];

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scales<'a> {
    pub(super) surface: NormalQuery<'a>,
    /// Largest squared distances of its radii, square ticks.
    pub(super) limits: &'a [u128],
}

/// Normals, and the queries that are left to the processor.
#[derive(Debug)]
pub(super) struct Facing {
    pub(super) normals: Vec<Normal>,
    /// Neighbourhoods on a line or in a ball, as planar as each other, or across the direction;
    /// loops that a driver ended. Ascending.
    pub(super) undecided: Vec<usize>,
}

impl Facing {
    pub(super) fn with_capacity(queries: usize) -> Self {
        Self {
            normals: Vec::with_capacity(queries),
            undecided: Vec::new(),
        }
    }

    /// Takes what was found of the queries from `start` on.
    pub(super) fn absorb(&mut self, start: usize, found: &[Entry], scales: Scales<'_>) {
        let NormalQuery { radii, towards } = scales.surface;
        let undecided = (0..found.len())
            .into_par_iter()
            .filter(|&i| is_undecided(&found[i], towards));
        self.undecided.par_extend(undecided.map(|i| start + i));
        self.normals
            .par_extend(found.par_iter().map(|entry| normal(entry, radii, towards)));
    }
}

/// Records the search around `n` queries; where the results will be.
pub(super) fn record(
    work: &mut Work,
    resident: &Resident,
    queries: &Buffer,
    n: usize,
    limits: &[u128],
) -> Result<Buffer> {
    let Resident {
        session,
        points,
        starts,
        grid,
        ..
    } = resident;
    let found = session.storage("normals", (size_of::<Entry>() * n) as u64)?;
    work.clear(&found);
    for (number, &limit) in (1..).zip(limits) {
        let parameters = Parameters {
            count: n as u32,
            wanted: number,
            ..Parameters::within(*grid, limit)
        };
        work.run(&NORMALS, n, &parameters, &[points, starts, queries, &found])?;
    }
    Ok(found)
}

/// Of the points within each radius.
pub(super) fn facing(
    resident: &Resident,
    queries: Queries<'_>,
    scales: Scales<'_>,
) -> Result<Facing> {
    let plan = queries
        .plan()
        .brought_back("normals", size_of::<Entry>() as u64);
    let mut all = Facing::with_capacity(queries.len());
    let mut look = |(start, submitted, reading): (usize, Submitted, Reading<Entry>)| {
        submitted
            .wait()?
            .look(reading, |found| all.absorb(start, found, scales))
    };
    let mut last = None;
    for batch in queries.batches(&plan)? {
        let mut work = resident.session.work();
        let items = queries.upload(&mut work, &batch)?;
        let found = record(&mut work, resident, &items, batch.len(), scales.limits)?;
        let reading = work.read(&found, 0..batch.len())?;
        if let Some(before) = last.replace((batch.start, work.submit()?, reading)) {
            look(before)?;
        }
    }
    last.map_or(Ok(()), look)?;
    Ok(all)
}

/// The axis as it came, and its cosine to a direction.
fn axis(entry: &Entry, towards: [f64; 3]) -> ([f64; 3], f64) {
    let axis = [0, 1, 2].map(|i| f64::from(f32::from_bits(entry[i])));
    let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f64>();
    (axis, dot(axis, towards) / dot(towards, towards).sqrt())
}

fn is_undecided(entry: &Entry, towards: [f64; 3]) -> bool {
    let [best, other] = [3, 4].map(|word| f32::from_bits(entry[word]));
    // Comparisons the right way round for directions that are no numbers.
    let certain =
        best >= TOO_ROUND && best - other > TOO_CLOSE && axis(entry, towards).1.abs() >= TOO_FLAT;
    entry[6] != 0 || (entry[7] != 0 && !certain)
}

fn normal(entry: &Entry, radii: &[f64], towards: [f64; 3]) -> Normal {
    let Some(&radius) = (entry[7] as usize)
        .checked_sub(1)
        .and_then(|number| radii.get(number))
    else {
        return Normal::default();
    };
    let (axis, along) = axis(entry, towards);
    let length = axis
        .iter()
        .map(|x| x * x)
        .sum::<f64>()
        .sqrt()
        .copysign(along);
    Normal {
        axis: axis.map(|x| x / length),
        radius,
        planarity: f64::from(f32::from_bits(entry[3])),
    }
}
