//! M3C2 tile by tile.

use crate::{
    ChangeError, ChangeStatus, CoreSelection, Differences, Epochs, M3c2, Normals,
    core_selection::OwnedCorePoints,
};
use isopach_cloud::Cloud;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};
use std::borrow::Cow;

/// Tile operation at core points that are selected from the reference epoch, or given.
#[derive(Clone, Debug, PartialEq)]
pub struct GridCorePoints<O> {
    /// Operation at the core points.
    pub operation: O,
    /// Choice of the core points.
    pub core_points: CoreSelection,
}

impl M3c2 {
    /// M3C2 as a tile operation, with one core point per square of `spacing` metres in the plane
    /// ([`isopach_cloud::Positions::subsample_grid_indices`]).
    ///
    /// ```
    /// use isopach_change::{CoreSelection, ErrorModel, M3c2};
    /// let m3c2 = M3c2 { detection: ErrorModel::Normal.into(), ..M3c2::default() };
    /// let tiled = m3c2.with_core_spacing(2.0);
    /// assert_eq!(tiled.core_points, CoreSelection::Grid(2.0));
    /// ```
    #[must_use]
    pub fn with_core_spacing(self, spacing: f64) -> GridCorePoints<Self> {
        self.with_core_points(CoreSelection::Grid(spacing))
    }

    /// M3C2 as a tile operation, with any choice of core points.
    #[must_use]
    pub fn with_core_points(self, core_points: CoreSelection) -> GridCorePoints<Self> {
        GridCorePoints {
            operation: self,
            core_points,
        }
    }
}

/// M3C2 results of a tile: those of the core points in its core.
#[derive(Clone, Debug, PartialEq)]
pub struct M3c2Tile {
    /// Core points in the core, in the order of [`CoreSelection::select_points`].
    pub core_points: Cloud,
    /// Results at the core points.
    pub differences: Differences,
}

impl Encode for M3c2Tile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.core_points.encode_into(to);
        let Differences {
            distance,
            level_of_detection,
            standard_error,
            p_value,
            significant,
            count,
            spread,
            normal,
            normal_radius,
            status,
            flat_normals,
        } = &self.differences;
        for column in [
            distance,
            level_of_detection,
            standard_error,
            p_value,
            normal_radius,
        ] {
            column.encode_into(to);
        }
        significant.encode_into(to);
        count.iter().for_each(|count| count.encode_into(to));
        spread.iter().for_each(|spread| spread.encode_into(to));
        normal.encode_into(to);
        status
            .iter()
            .map(|status| *status as u8)
            .collect::<Vec<u8>>()
            .encode_into(to);
        flat_normals.encode_into(to);
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        Some(Self {
            core_points: Encode::decode_from(from)?,
            differences: Differences {
                distance: Encode::decode_from(from)?,
                level_of_detection: Encode::decode_from(from)?,
                standard_error: Encode::decode_from(from)?,
                p_value: Encode::decode_from(from)?,
                normal_radius: Encode::decode_from(from)?,
                significant: Encode::decode_from(from)?,
                count: [Encode::decode_from(from)?, Encode::decode_from(from)?],
                spread: [Encode::decode_from(from)?, Encode::decode_from(from)?],
                normal: Encode::decode_from(from)?,
                status: Vec::<u8>::decode_from(from)?
                    .into_iter()
                    .map(ChangeStatus::from_number)
                    .collect::<Option<_>>()?,
                flat_normals: Encode::decode_from(from)?,
            },
        })
    }
}

impl<B: NeighbourSearch + ?Sized> TileOperation<2, B> for GridCorePoints<M3c2> {
    type Output = M3c2Tile;

    /// A cell whose chosen point the core owns may reach out of it by its diagonal; around that
    /// point the result looks as far as M3C2 does.
    fn halo(&self) -> f64 {
        self.operation.search_radius() + self.core_points.cell_diagonal()
    }

    /// Two indexes, and of each core point its normal, both cylinders and the result.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let points = load
            .points_by_epoch
            .first()
            .map_or(0.0, |points| *points as f64);
        let core_points = self
            .core_points
            .most_points(load.core_area / load.core_share, points);
        28 * load.points() + (400.0 * core_points) as u64
    }

    fn run_tile(&self, on: &B, tile: &Tile<2>) -> Result<M3c2Tile> {
        self.operation.detection.check_for_tiles()?;
        let [reference, compared] = &tile.epochs;
        let owned = self
            .core_points
            .select_owned(reference, |point| tile.cells.own(point))?;
        let operation = self.operation_at(&owned)?;
        let reference = reference.positions();
        let compared = compared.positions();
        let epochs = Epochs {
            reference,
            compared,
            core_points: owned.points.positions(),
        };
        let differences = operation.run(on, epochs)?;
        Ok(M3c2Tile {
            core_points: owned.points,
            differences,
        })
    }
}

impl GridCorePoints<M3c2> {
    /// The operation with the normals of a tile's core points, if each has one of its own.
    fn operation_at(&self, owned: &OwnedCorePoints) -> Result<Cow<'_, M3c2>> {
        let Normals::Given(normals) = &self.operation.normals else {
            return Ok(Cow::Borrowed(&self.operation));
        };
        let CoreSelection::Given(core_points) = &self.core_points else {
            return Err(ChangeError::NormalsWithoutCorePoints.into());
        };
        Error::check_length("normals", normals.len(), "core points", core_points.len())?;
        let normals = owned.chosen.iter().map(|&i| normals[i as usize]);
        let M3c2 {
            cylinder_radius,
            projection_depth,
            statistic,
            ..
        } = self.operation;
        Ok(Cow::Owned(M3c2 {
            normals: Normals::Given(normals.collect()),
            cylinder_radius,
            projection_depth,
            registration_error: self.operation.registration_error.clone(),
            statistic,
            detection: self.operation.detection.clone(),
        }))
    }
}
