//! Rasters of a DEM of difference.

use isopach_raster::Raster;
use isopach_tiling::{Encode, ResultReader, ResultWriter};

/// Rasters of a DEM of difference, on one grid; NaN is no data.
#[derive(Clone, Debug, PartialEq)]
pub struct DodRasters {
    /// Height difference, compared − reference, metres.
    pub difference: Raster,
    /// 95 % level of detection, metres; if NaN, [`Self::status`] says why.
    pub level_of_detection: Raster,
    /// Standard error (1 σ) of the difference that the scatter of the heights explains, metres: the
    /// random part, without the registration error. Present wherever the difference is; NaN only
    /// where nothing is known of the scatter.
    pub standard_error: Raster,
    /// Probability of so large a difference without change; NaN where there is no level of
    /// detection.
    pub p_value: Raster,
    /// Slope of the reference surface, dz/dx and dz/dy; 0 where unknown. It is computed only where
    /// the registration error depends on it ([`crate::RegistrationError::Covariance`]).
    pub slope: [Raster; 2],
    /// Height statistic of each epoch, absolute metres.
    pub heights: [Raster; 2],
    /// Number of points per cell, of each epoch.
    pub counts: [Raster; 2],
    /// [`crate::ChangeStatus`] of each cell, as its number; never NaN.
    pub status: Raster,
}

impl DodRasters {
    /// Every raster, in the order in which they are stored.
    fn all_rasters(&self) -> [&Raster; 11] {
        let Self {
            difference,
            level_of_detection,
            standard_error,
            p_value,
            slope,
            heights,
            counts,
            status,
        } = self;
        let [slope_x, slope_y] = slope;
        let [first, second] = heights;
        let [first_count, second_count] = counts;
        [
            difference,
            level_of_detection,
            standard_error,
            p_value,
            slope_x,
            slope_y,
            first,
            second,
            first_count,
            second_count,
            status,
        ]
    }
}

impl Encode for DodRasters {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.all_rasters()
            .into_iter()
            .for_each(|raster| raster.encode_into(to));
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let mut next = || Raster::decode_from(from);
        Some(Self {
            difference: next()?,
            level_of_detection: next()?,
            standard_error: next()?,
            p_value: next()?,
            slope: [next()?, next()?],
            heights: [next()?, next()?],
            counts: [next()?, next()?],
            status: next()?,
        })
    }
}
