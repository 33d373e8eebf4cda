//! Computing features of a cloud.

use crate::{
    Convention, FeatureColumn, Neighbourhood, NormalSide, PointFeatures, Wanted,
    columns::ShapeColumns,
    neighbourhood::Scale,
    rounded::WIDTH,
    shape::place_of_least_entropy,
    site::{Candidate, Site},
    table::Gaps,
};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::{
    Covariance, EigenShape, NeighbourIndex, NeighbourLists, NeighbourSearch, squared_distance,
    squared_ticks,
};
use rayon::prelude::*;
use std::ops::Range;

/// Features of the points of a cloud: which, of which neighbourhood, by whose formulas.
///
/// ```
/// use isopach_features::{Cloud, Convention, Cpu, Feature, Features, Neighbourhood, NormalSide, Wanted};
/// // A roof that rises by 1 in 1 towards the east.
/// let points: Vec<[f64; 3]> =
///     (0..400).map(|i| [f64::from(i % 20), f64::from(i / 20), f64::from(i % 20)]).collect();
/// let cloud = Cloud::from_points(&points)?;
/// let features = Features {
///     neighbourhood: Neighbourhood::Radius(3.0),
///     wanted: Wanted::of(&[Feature::Planarity, Feature::Verticality]),
///     convention: Convention::ISOPACH,
///     normals: NormalSide::Up,
/// };
/// let found = features.run(&Cpu, cloud.positions())?;
/// let [planarity, verticality] = [&found.columns[0].values, &found.columns[1].values];
/// assert!(planarity[210] > 0.6 && (verticality[210] - 0.2929).abs() < 1e-4);
/// # Ok::<(), isopach_features::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Points that the features of a point are computed from.
    pub neighbourhood: Neighbourhood,
    /// The features.
    pub wanted: Wanted,
    /// Formulas and names.
    pub convention: Convention,
    /// Side that normals point to.
    pub normals: NormalSide,
}

/// Queries that are answered together from covariances.
const BLOCK: usize = 1 << 16;
/// Queries whose columns one thread writes before it asks for more.
const PIECE: usize = 8 * WIDTH;
/// Queries that are answered together from lists of neighbours, at first and at most.
const LIST_BLOCKS: [usize; 2] = [64, 1 << 13];
/// Neighbours that lists of queries answered together have, about.
const LISTED: usize = 1 << 20;

impl Features {
    /// Computes the features of all points.
    ///
    /// Sums over neighbours are exact and rounded once: the values do not depend on the order of
    /// the points, but where `k` of equally distant neighbours are chosen by index.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a neighbourhood without scales, or with a radius, distance
    /// or `k` that is not above zero; any error of the backend.
    pub fn run(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
    ) -> Result<PointFeatures> {
        if let NormalSide::SpanningTree { .. } = self.normals {
            return self.run_on_tree(on, points).map(|found| found.features);
        }
        self.answer(on, points, points, true)
    }

    /// Computes the features of the cloud at other places, which are none of its points.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_at(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        places: Positions<'_>,
    ) -> Result<PointFeatures> {
        self.answer(on, points, places, false)
    }

    /// Computes the features of some of the points.
    ///
    /// # Errors
    /// As [`Self::run`]; [`Error::InvalidParameter`] for an index that no point has.
    pub fn run_selected(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        indices: &[u32],
    ) -> Result<PointFeatures> {
        let ticks: Option<Vec<[i32; 3]>> = indices
            .iter()
            .map(|&index| points.ticks().get(index as usize).copied())
            .collect();
        let Some(ticks) = ticks else {
            let largest = indices.iter().copied().max().unwrap_or_default();
            return Err(Error::InvalidParameter {
                name: "index of a point",
                value: f64::from(largest),
                must: "be below the number of points",
            });
        };
        self.answer(on, points, Positions::new(points.origin(), &ticks), true)
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.neighbourhood.check()?;
        self.normals.check()?;
        let wanted = self.wanted.features().len();
        Error::check(
            "number of features",
            wanted as f64,
            wanted > 0,
            "be at least 1",
        )
        .map(drop)
    }

    /// The features of all points from lists of their neighbours.
    pub(crate) fn answer_from_lists(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
    ) -> Result<PointFeatures> {
        self.answer_by(on, points, points, true, Source::Lists)
    }

    fn answer(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        queries: Positions<'_>,
        is_member: bool,
    ) -> Result<PointFeatures> {
        self.answer_by(on, points, queries, is_member, self.source())
    }

    fn answer_by(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        queries: Positions<'_>,
        is_member: bool,
        source: Source,
    ) -> Result<PointFeatures> {
        self.check()?;
        let index = on.index(points)?;
        let mut table = self.empty_table(queries.len());
        let asked = Asked {
            features: self,
            index: &*index,
            queries,
            is_member,
            scales: self.neighbourhood.scales(),
        };
        let answer_block = match source {
            Source::Shapes => Asked::answer_by_shapes,
            Source::Covariances => Asked::answer_by_covariances,
            Source::Lists => {
                asked.answer_all_by_lists(&mut table)?;
                return Ok(table);
            }
        };
        for start in (0..queries.len()).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(queries.len());
            answer_block(&asked, block, &mut table)?;
        }
        Ok(table)
    }

    /// The least that answers all that is wanted.
    fn source(&self) -> Source {
        if self.is_from_shapes() {
            Source::Shapes
        } else if self.is_from_covariances() {
            Source::Covariances
        } else {
            Source::Lists
        }
    }

    /// Whether the index's own shapes answer all that is wanted.
    fn is_from_shapes(&self) -> bool {
        let has_radii = self.neighbourhood.most_points().is_none();
        has_radii && self.needs_shapes_alone()
    }

    /// Whether the index's own sums answer all that is wanted.
    fn is_from_covariances(&self) -> bool {
        let has_own_sums = match self.neighbourhood {
            Neighbourhood::NearestWithin { .. } => false,
            Neighbourhood::Nearest { max_distance, .. }
            | Neighbourhood::OptimalNearest { max_distance, .. } => max_distance == f64::INFINITY,
            _ => true,
        };
        has_own_sums && !self.needs_neighbours()
    }

    /// The columns of the result for so many points, all NaN: their names and their order.
    #[must_use]
    pub fn empty_table(&self, points: usize) -> PointFeatures {
        let radii: Vec<Option<f64>> = match &self.neighbourhood {
            Neighbourhood::Radii(radii) => radii.iter().copied().map(Some).collect(),
            _ => vec![None],
        };
        let mut columns = Vec::new();
        for radius in radii {
            for &feature in self.wanted.features() {
                let name = self.convention.column_name(feature);
                columns.push(FeatureColumn {
                    feature,
                    name: radius.map_or_else(|| name.to_owned(), |r| format!("{name}_r{r}")),
                    values: vec![f32::NAN; points],
                });
            }
        }
        PointFeatures {
            columns,
            gaps: Gaps::default(),
        }
    }
}

/// Results of the index that features are computed from.
enum Source {
    Shapes,
    Covariances,
    Lists,
}

/// A run: the features, and the points at which they are wanted.
struct Asked<'a> {
    features: &'a Features,
    index: &'a (dyn NeighbourIndex + 'a),
    queries: Positions<'a>,
    is_member: bool,
    scales: Vec<Scale>,
}

impl Asked<'_> {
    fn queries_of(&self, block: Range<usize>) -> Positions<'_> {
        Positions::new(self.queries.origin(), &self.queries.ticks()[block])
    }

    /// Answers the queries of a block from the index's shapes, column by column.
    fn answer_by_shapes(&self, block: Range<usize>, table: &mut PointFeatures) -> Result<()> {
        let radii: Vec<f64> = self.scales.iter().map(|scale| scale.number()).collect();
        let shapes = self
            .index
            .shapes_within_radii(self.queries_of(block.clone()), &radii)?;
        let mut pieces: Vec<Vec<&mut [f32]>> = Vec::new();
        pieces.resize_with(block.len().div_ceil(PIECE), Vec::new);
        for column in &mut table.columns {
            let values = column.values[block.clone()].chunks_mut(PIECE);
            pieces
                .iter_mut()
                .zip(values)
                .for_each(|(piece, values)| piece.push(values));
        }
        let gaps = pieces
            .into_par_iter()
            .zip(shapes.par_chunks(PIECE * radii.len()))
            .enumerate()
            .map(|(i, (columns, shapes))| {
                self.write_piece(block.start + i * PIECE, &radii, shapes, columns)
            })
            .reduce(Gaps::default, Gaps::plus);
        table.gaps = table.gaps.plus(gaps);
        Ok(())
    }

    /// Writes the columns of some queries, from the one with the number `first` on.
    fn write_piece(
        &self,
        first: usize,
        radii: &[f64],
        shapes: &[EigenShape],
        mut columns: Vec<&mut [f32]>,
    ) -> Gaps {
        let width = radii.len();
        let chooses_one = self.features.neighbourhood.chooses_one();
        let features = self.features.wanted.features();
        let mut block = ShapeColumns::new(self.features);
        for (number, shapes) in shapes.chunks(WIDTH * width).enumerate() {
            let start = number * WIDTH;
            let place = |i: usize| self.queries.absolute(first + start + i);
            let to = start..start + shapes.len() / width;
            for (at, columns) in columns.chunks_mut(features.len()).enumerate() {
                let chosen = shapes.chunks(width).map(|shapes| {
                    let at = if chooses_one {
                        place_of_least_entropy(shapes)
                    } else {
                        at
                    };
                    (&shapes[at], radii[at])
                });
                block.set_shapes(chosen, place);
                for (&feature, column) in features.iter().zip(columns) {
                    block.write_feature(feature, &mut column[to.clone()]);
                }
            }
        }
        block.gaps()
    }

    /// Answers the queries of a block from the index's sums.
    fn answer_by_covariances(&self, block: Range<usize>, table: &mut PointFeatures) -> Result<()> {
        let queries = self.queries_of(block.clone());
        let covariances = self.covariances_of(queries)?;
        let candidates_of = |i: usize, candidates: &mut Vec<Candidate>| {
            let of_query = &covariances[i * self.scales.len()..];
            candidates.extend(self.scales.iter().zip(of_query).map(|(scale, covariance)| {
                Candidate {
                    scale: *scale,
                    covariance: *covariance,
                    neighbours: None,
                }
            }));
            Ok(())
        };
        self.write_block(block, candidates_of, table)
    }

    /// The covariances of all scales, query by query.
    fn covariances_of(&self, queries: Positions<'_>) -> Result<Vec<Covariance>> {
        let radii: Vec<f64> = self
            .scales
            .iter()
            .filter_map(|scale| scale.radius())
            .collect();
        if radii.len() == self.scales.len() {
            return self.index.covariances_within_radii(queries, &radii);
        }
        let mut of_scales = Vec::with_capacity(self.scales.len());
        for scale in &self.scales {
            let k = scale.number() as usize;
            of_scales.push(self.index.covariances_of_nearest(queries, k)?);
        }
        let of_query = |i: usize| of_scales.iter().map(move |covariances| covariances[i]);
        Ok((0..queries.len()).flat_map(of_query).collect())
    }

    /// Answers all queries from lists of neighbours, as many at a time as lists fit their memory.
    fn answer_all_by_lists(&self, table: &mut PointFeatures) -> Result<()> {
        let [mut size, most] = LIST_BLOCKS;
        let mut start = 0;
        while start < self.queries.len() {
            let block = start..(start + size).min(self.queries.len());
            let queries = self.queries_of(block.clone());
            let reach = self.features.neighbourhood.reach();
            let lists = match self.features.neighbourhood.most_points() {
                Some(k) => self.index.k_nearest(queries, k, reach)?,
                None => self.index.within_radius(queries, reach)?,
            };
            let a_query = lists.indices.len() / block.len() + 1;
            size = (LISTED / a_query).clamp(1, most);
            start = block.end;
            let candidates_of = |i: usize, candidates: &mut Vec<Candidate>| {
                self.list_candidates(queries, &lists, i, candidates)
            };
            self.write_block(block, candidates_of, table)?;
        }
        Ok(())
    }

    /// The candidates of a query from the list of its neighbours.
    fn list_candidates(
        &self,
        queries: Positions<'_>,
        lists: &NeighbourLists,
        i: usize,
        candidates: &mut Vec<Candidate>,
    ) -> Result<()> {
        let points = self.index.positions();
        let query = queries.absolute_ticks(i);
        let offset_of = |&index: &u32| -> [i64; 3] {
            let point = points.absolute_ticks(index as usize);
            std::array::from_fn(|axis| point[axis] - query[axis])
        };
        let offsets: Vec<[i64; 3]> = lists.indices_of(i).iter().map(offset_of).collect();
        for &scale in &self.scales {
            let candidate = match scale {
                Scale::Nearest(k) => Candidate::of_offsets(scale, &offsets[..k.min(offsets.len())]),
                Scale::Radius(radius) => {
                    Candidate::of_offsets(scale, &offsets_within(&offsets, radius)?)
                }
            };
            candidates.push(candidate.ok_or(Error::InvalidParameter {
                name: "distance to a neighbour, metres",
                value: self.features.neighbourhood.reach(),
                must: "be at most 8192: limit the distance",
            })?);
        }
        Ok(())
    }

    /// Writes the rows of a block, computed in parallel, into the columns.
    fn write_block(
        &self,
        block: Range<usize>,
        candidates_of: impl Fn(usize, &mut Vec<Candidate>) -> Result<()> + Sync,
        table: &mut PointFeatures,
    ) -> Result<()> {
        let width = table.columns.len();
        let mut rows = vec![f32::NAN; width * block.len()];
        let gaps = rows
            .par_chunks_mut(width)
            .enumerate()
            .map_init(Vec::new, |candidates, (i, row)| {
                candidates.clear();
                candidates_of(i, candidates)?;
                let site = Site {
                    features: self.features,
                    candidates,
                    is_member: self.is_member,
                    place: self.queries.absolute(block.start + i),
                };
                Ok::<Gaps, Error>(site.write_row(row))
            })
            .try_reduce(Gaps::default, |a, b| Ok(a.plus(b)))?;
        table.gaps = table.gaps.plus(gaps);
        for (at, column) in table.columns.iter_mut().enumerate() {
            let values = &mut column.values[block.clone()];
            for (value, row) in values.iter_mut().zip(rows.chunks(width)) {
                *value = row[at];
            }
        }
        Ok(())
    }
}

/// The offsets (ticks) within a radius (metres).
fn offsets_within(offsets: &[[i64; 3]], radius: f64) -> Result<Vec<[i64; 3]>> {
    let most = squared_ticks("radius", radius)?;
    let all = offsets.iter().copied();
    Ok(all
        .filter(|offset| squared_distance(*offset, [0; 3]) <= most)
        .collect())
}
