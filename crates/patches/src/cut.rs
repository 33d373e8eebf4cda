//! Patches, tile by tile.

use crate::{
    Column, Normalisation, Patch, PatchError, Patches, ZeroHeight, column,
    grid::{Edges, PatchGrid},
    order::PointOrder,
    rows::{Placed, TileValues},
    sample::Choice,
    statistics::moments_of,
};
use isopach_cloud::{Attributes, Cloud, Columns, from_ticks};
use isopach_compute::Result;
use isopach_features::{
    FeatureTiles, Features, GroundSource, HeightAboveGround, HeightTiles, class_after_filter,
};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Cells, Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};
use rayon::prelude::*;
use std::borrow::Cow;

/// [`Patches`] as an operation of the tile loop: the attributes that become columns, and features
/// and heights that are computed on the survey before it is cut.
///
/// The results are the same bits for any tiles. A tile owns the patches whose cores it has; its
/// halo holds the overlap, and around it the neighbourhoods of features.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchTiles {
    patches: Patches,
    grid: PatchGrid,
    kept: Columns,
    features: Option<FeatureTiles>,
    heights: Option<HeightTiles>,
    columns: Vec<Placed>,
}

/// Patches that a tile owns, row by row of the grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatchTile {
    /// The patches.
    pub patches: Vec<Patch>,
    /// Counts of the tile; those of all tiles add up.
    pub counts: PatchCounts,
}

/// Counts of a run of patches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchCounts {
    /// Points of the survey.
    pub points: u64,
    /// Patches that were made.
    pub patches: u64,
    /// Patches with fewer points than [`Patches::at_least`]: left out.
    pub left_out: u64,
    /// Points in the cores of patches that were left out.
    pub points_left_out: u64,
    /// Patches with fewer points than the sample: points were drawn repeatedly.
    pub repeated: u64,
    /// Patches without a ground point to count heights from.
    pub without_ground: u64,
    /// Largest number of a colour or near infrared.
    pub largest_colour: u16,
}

impl PatchCounts {
    /// The counts of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            points: self.points + other.points,
            patches: self.patches + other.patches,
            left_out: self.left_out + other.left_out,
            points_left_out: self.points_left_out + other.points_left_out,
            repeated: self.repeated + other.repeated,
            without_ground: self.without_ground + other.without_ground,
            largest_colour: self.largest_colour.max(other.largest_colour),
        }
    }
}

/// Points of the patches of a tile.
struct Binned {
    /// Column and row of each patch on the absolute grid.
    index: Vec<[i64; 2]>,
    /// Where the points of each patch start in `members`; one more entry for the end.
    starts: Vec<usize>,
    members: Vec<u32>,
    /// Points in the core of each patch.
    in_core: Vec<u32>,
}

impl PatchTiles {
    /// Patches with these attributes of the points as columns.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](isopach_compute::Error::InvalidParameter) for a side, overlap,
    /// sample or other number that is out of range; [`PatchError`] for an attribute that cannot be a column.
    pub fn new(patches: Patches, kept: Columns) -> Result<Self> {
        let grid = patches.check()?;
        let columns = column::of_attributes(kept)?;
        let operation = Self {
            patches,
            grid,
            kept,
            features: None,
            heights: None,
            columns: columns.into_iter().map(|column| (column, 0)).collect(),
        };
        operation.checked()
    }

    /// The same, with features as columns.
    ///
    /// # Errors
    /// As [`FeatureTiles::new`]; [`PatchError`] for columns that do not suit the augmentation or
    /// the statistics.
    pub fn with_features(mut self, features: Features) -> Result<Self> {
        self.columns.extend(column::of_features(&features));
        self.features = Some(FeatureTiles::new(features, Columns::XYZ)?);
        self.checked()
    }

    /// The same, with the height above the ground as a column. Where a filter finds the ground,
    /// its points get class 2, and other points of class 2 get class 1.
    ///
    /// # Errors
    /// As [`HeightTiles::new`]; [`PatchError`] for columns that do not suit the statistics.
    pub fn with_heights(mut self, above: HeightAboveGround, ground: GroundSource) -> Result<Self> {
        self.columns.push((column::of_heights(), 0));
        self.heights = Some(HeightTiles::new(above, ground)?);
        self.checked()
    }

    fn checked(self) -> Result<Self> {
        let columns = self.columns();
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].iter().any(|other| other.name == column.name) {
                let name = column.name.clone();
                return Err(PatchError::SameName { name }.into());
            }
        }
        if let Some(augmentation) = &self.patches.augmentation {
            augmentation.check_columns(&columns)?;
        }
        Ok(self)
    }

    /// The parameters.
    #[must_use]
    pub fn patches(&self) -> &Patches {
        &self.patches
    }

    /// The columns of each patch, in their order.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        self.columns
            .iter()
            .map(|(column, _)| column.clone())
            .collect()
    }

    /// Distance between neighbouring patches, metres.
    #[must_use]
    pub fn stride(&self) -> f64 {
        self.grid.stride()
    }

    /// Refuses given statistics that lack a column.
    ///
    /// # Errors
    /// [`PatchError::OtherStatistics`].
    pub fn check_statistics(&self) -> Result<()> {
        if let Normalisation::Given(statistics) = &self.patches.normalisation {
            for (column, _) in &self.columns {
                if column.is_normalised() {
                    statistics.of_column(column)?;
                }
            }
        }
        Ok(())
    }

    /// The tile with the overlap of its patches in the core.
    fn widened(&self, tile: &Tile<1>, cores: &Cells) -> Result<Tile<1>> {
        let cells = self.grid.covered_by(cores)?;
        Ok(Tile {
            cells,
            core: cells.rect(),
            halo: (tile.halo - self.grid.margin()).max(0.0),
            epochs: tile.epochs.clone(),
        })
    }

    /// Features and heights of the points in the patches of a tile.
    fn values<'a, B: NeighbourSearch + ?Sized>(
        &self,
        on: &B,
        tile: &'a Tile<1>,
        cores: &Cells,
    ) -> Result<TileValues<'a>> {
        let [cloud] = &tile.epochs;
        let classes = cloud.attributes.classification.as_deref();
        let mut values = TileValues {
            cloud,
            classes: classes.map(Cow::Borrowed),
            features: Vec::new(),
            heights: Vec::new(),
            row_of: Vec::new(),
        };
        if self.features.is_none() && self.heights.is_none() {
            return Ok(values);
        }
        let wide = (self.grid.margin() > 0.0).then(|| self.widened(tile, cores));
        let wide = wide.transpose()?;
        let wide = wide.as_ref().unwrap_or(tile);
        let owned = wide.owned(0);
        values.row_of = vec![0; cloud.len()];
        for (row, point) in owned.iter().enumerate() {
            values.row_of[*point as usize] = row as u32;
        }
        if let Some(features) = &self.features {
            let found = features.run_tile(on, wide)?.features.columns.into_iter();
            values.features = found.map(|column| column.values).collect();
        }
        if let Some(heights) = &self.heights {
            let found = heights.run_tile(on, wide)?;
            values.heights = found.heights.height;
            if let Some(classes) = &mut values.classes {
                mark_ground(classes, &owned, &found.is_ground);
            }
        }
        Ok(values)
    }

    /// One patch of these points.
    fn cut_patch(
        &self,
        values: &TileValues<'_>,
        order: &PointOrder<'_>,
        index: [i64; 2],
        members: &[u32],
    ) -> Result<Patch> {
        let [x, y] = self.grid.centre_ticks(index);
        let choice = Choice {
            order,
            members,
            centre: [x, y],
            seed: self.patches.seed,
            patch: index,
        };
        let chosen = choice.choose(self.patches.sample)?;
        let ground = values.zero_height(&self.patches.zero_height, members);
        let lowest = || values.zero_height(&ZeroHeight::Lowest, members);
        let zero = ground.or_else(lowest).unwrap_or_default();
        let of_column = |placed: &Placed| values.column(placed, &chosen);
        let numbers: Vec<Vec<f32>> = self.columns.iter().map(of_column).collect();
        Ok(Patch {
            index,
            centre: self.grid.centre(index),
            zero_height: from_ticks(zero),
            lacks_ground: ground.is_none(),
            points: members.len() as u64,
            coord: values.coordinates(&chosen, [x, y, zero]),
            moments: moments_of(&self.columns(), &numbers),
            columns: numbers,
        })
    }

    /// The points of each patch whose core has a point.
    fn bin_points(&self, cloud: &Cloud, cores: &Cells) -> Binned {
        let edges = [0, 1].map(|axis| self.grid.edges(cores.first[axis], cores.end[axis]));
        let [width, height] = cores.counts().map(|count| count as usize);
        let mut counts = vec![0_u32; width * height];
        let mut in_core = vec![0_u32; width * height];
        for_each_patch(cloud, &edges, |x, y, _, is_core| {
            counts[y * width + x] += 1;
            in_core[y * width + x] += u32::from(is_core);
        });
        let mut places = vec![usize::MAX; width * height];
        let mut binned = Binned {
            index: Vec::new(),
            starts: vec![0],
            members: Vec::new(),
            in_core: Vec::new(),
        };
        let mut end = 0;
        for (at, place) in places.iter_mut().enumerate() {
            if in_core[at] > 0 {
                let [x, y] = [at % width, at / width].map(|index| index as i64);
                binned.index.push([cores.first[0] + x, cores.first[1] + y]);
                binned.in_core.push(in_core[at]);
                *place = end;
                end += counts[at] as usize;
                binned.starts.push(end);
            }
        }
        binned.members = vec![0; end];
        for_each_patch(cloud, &edges, |x, y, point, _| {
            let place = &mut places[y * width + x];
            if *place != usize::MAX {
                binned.members[*place] = point;
                *place += 1;
            }
        });
        binned
    }
}

/// Calls `visit` with column and row of each patch (from the first of the tile) of each point, the
/// point, and whether the core has it.
fn for_each_patch(
    cloud: &Cloud,
    edges: &[Edges; 2],
    mut visit: impl FnMut(usize, usize, u32, bool),
) {
    let positions = cloud.positions();
    for point in 0..positions.len() {
        let [x, y, _] = positions.absolute_ticks(point);
        for row in edges[1].patches_at(y) {
            for column in edges[0].patches_at(x) {
                let is_core = edges[0].is_in_core(column, x) && edges[1].is_in_core(row, y);
                visit(column, row, point as u32, is_core);
            }
        }
    }
}

/// Gives the points `owned` the class of ground, or takes it from them, where a filter found which
/// are ground.
fn mark_ground(classes: &mut Cow<'_, [u8]>, owned: &[u32], is_ground: &[bool]) {
    for (point, is_ground) in owned.iter().zip(is_ground) {
        let class = &mut classes.to_mut()[*point as usize];
        *class = class_after_filter(*class, *is_ground);
    }
}

/// Metres that the halo is wider than the overlap, so that no rounding of an edge matters.
const MORE: f64 = 0.001;

/// Bytes a point of a patch while points are chosen: the point, its number, boxes and distances.
const CHOICE: f64 = 48.0;

/// Bytes of a place of the grid while points are binned, whether it has points or not.
const PLACE: f64 = 56.0;

impl<B: NeighbourSearch + ?Sized> TileOperation<1, B> for PatchTiles {
    type Output = PatchTile;

    fn halo(&self) -> f64 {
        let features = self.features.as_ref().map(TileOperation::<1, B>::halo);
        let heights = self.heights.as_ref().map(TileOperation::<1, B>::halo);
        let reach = features.unwrap_or(0.0).max(heights.unwrap_or(0.0));
        let margin = self.grid.margin();
        reach + margin + if margin > 0.0 { MORE } else { 0.0 }
    }

    fn cell_sizes(&self) -> Vec<f64> {
        vec![self.grid.stride()]
    }

    fn columns(&self) -> Columns {
        let mut columns = self.kept;
        if matches!(self.patches.zero_height, ZeroHeight::Ground(_)) {
            columns |= Columns::CLASSIFICATION;
        }
        if let Some(heights) = &self.heights {
            columns |= TileOperation::<1, B>::columns(heights);
        }
        columns
    }

    /// Lists of the points of patches, their choice, the rows; what features and heights take.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let in_patches = load.points() as f64 * self.grid.patches_a_point();
        let numbers: usize = self.columns.iter().map(|(column, _)| column.width).sum();
        let row = (12 + 4 * numbers) as f64;
        let patches = (load.core_area / self.grid.stride().powi(2)).ceil();
        let rows = match self.patches.sample.count() {
            Some(count) => patches * count as f64,
            None => in_patches,
        };
        let mut bytes = (in_patches * CHOICE + rows * (row + 4.0) + patches * PLACE) as u64;
        if self.features.is_some() || self.heights.is_some() {
            let columns = TileOperation::<1, B>::columns(self);
            let point = 24 + Attributes::bytes_per_point(columns);
            bytes = bytes.saturating_add(load.points().saturating_mul(point));
        }
        if let Some(features) = &self.features {
            bytes = bytes.saturating_add(TileOperation::<1, B>::working_bytes(features, load));
        }
        if let Some(heights) = &self.heights {
            bytes = bytes.saturating_add(TileOperation::<1, B>::working_bytes(heights, load));
        }
        bytes
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<PatchTile> {
        let [cloud] = &tile.epochs;
        let cores = tile.cells.of_size(self.grid.stride())?;
        let binned = self.bin_points(cloud, &cores);
        let values = self.values(on, tile, &cores)?;
        let order = PointOrder::new(cloud);
        let members_of = |at: usize| &binned.members[binned.starts[at]..binned.starts[at + 1]];
        let is_full = |at: &usize| members_of(*at).len() as u64 >= self.patches.at_least;
        let full: Vec<usize> = (0..binned.index.len()).filter(is_full).collect();
        let patches: Vec<Patch> = full
            .par_iter()
            .map(|&at| self.cut_patch(&values, &order, binned.index[at], members_of(at)))
            .collect::<Result<_>>()?;
        let points = binned.in_core.iter().copied().map(u64::from).sum::<u64>();
        let kept: u64 = full.iter().map(|at| u64::from(binned.in_core[*at])).sum();
        let sample = self.patches.sample.count().unwrap_or_default() as u64;
        let lacking = |lacks: &dyn Fn(&Patch) -> bool| {
            patches.iter().filter(|patch| lacks(patch)).count() as u64
        };
        let counts = PatchCounts {
            points,
            patches: patches.len() as u64,
            left_out: (binned.index.len() - full.len()) as u64,
            points_left_out: points - kept,
            repeated: lacking(&|patch| patch.points < sample),
            without_ground: lacking(&|patch| patch.lacks_ground),
            largest_colour: largest_colour(tile),
        };
        Ok(PatchTile { patches, counts })
    }
}

/// Largest number of a colour of the points that a tile owns.
fn largest_colour(tile: &Tile<1>) -> u16 {
    let [cloud] = &tile.epochs;
    let Attributes { rgb, nir, .. } = &cloud.attributes;
    if rgb.is_none() && nir.is_none() {
        return 0;
    }
    let of_point = |point: u32| {
        let colour = rgb.as_ref().map(|rgb| rgb[point as usize]);
        let nir = nir.as_ref().map(|nir| nir[point as usize]);
        let colours = colour.into_iter().flatten().chain(nir);
        colours.max().unwrap_or_default()
    };
    let owned = tile.owned(0).into_iter();
    owned.map(of_point).max().unwrap_or_default()
}

impl Encode for PatchTile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        let PatchCounts {
            points,
            patches,
            left_out,
            points_left_out,
            repeated,
            without_ground,
            largest_colour,
        } = self.counts;
        self.patches.encode_into(to);
        let more = [repeated, without_ground, largest_colour.into()];
        ([points, patches, left_out, points_left_out], more).encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let patches = Encode::decode_from(from)?;
        let (first, more): ([u64; 4], [u64; 3]) = Encode::decode_from(from)?;
        let [points, made, left_out, points_left_out] = first;
        let [repeated, without_ground, largest_colour] = more;
        let counts = PatchCounts {
            points,
            patches: made,
            left_out,
            points_left_out,
            repeated,
            without_ground,
            largest_colour: u16::try_from(largest_colour).ok()?,
        };
        Some(Self { patches, counts })
    }
}
