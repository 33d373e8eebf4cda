//! From stored integers to coordinates.

use crate::{error::LasProblem, header::LasHeader};
use isopach_cloud::{Crs, CrsKind, Rect};
use isopach_crs::metre_factors;

/// Conversion from stored integers to coordinates: scale and offset of the file, and factors to
/// metres.
#[derive(Clone, Debug)]
pub(crate) struct CoordinateTransform {
    pub(crate) scale: [f64; 3],
    pub(crate) offset: [f64; 3],
    /// Factors from the file's own coordinates to the ones that are read.
    pub(crate) factors: [f64; 3],
    pub(crate) crs: Option<Crs>,
}

impl CoordinateTransform {
    /// The file's own.
    pub(crate) fn from_header(header: &LasHeader) -> Self {
        let LasHeader {
            scale,
            offset,
            ref crs,
            ..
        } = *header;
        Self {
            scale,
            offset,
            factors: [1.0; 3],
            crs: crs.clone(),
        }
    }

    /// The same in metres.
    pub(crate) fn in_metres(&self) -> Result<Self, LasProblem> {
        let Some(crs) = &self.crs else {
            return Ok(self.clone());
        };
        let factors = metre_factors(crs).ok_or_else(|| not_metres(crs))?;
        let [scale, offset, factors] = [self.scale, self.offset, self.factors]
            .map(|values| std::array::from_fn(|axis| values[axis] * factors[axis]));
        Ok(Self {
            scale,
            offset,
            factors,
            crs: Some(isopach_crs::in_metres(crs)),
        })
    }

    /// Refuses coordinates that are known not to be metres.
    pub(crate) fn check_metres(&self) -> Result<(), LasProblem> {
        self.crs
            .as_ref()
            .filter(|crs| !crs.is_metric())
            .map_or(Ok(()), |crs| Err(not_metres(crs)))
    }

    /// The coordinate of a stored integer.
    #[inline(always)]
    pub(crate) fn stored_to_metres(&self, stored: i32, axis: usize) -> f64 {
        f64::from(stored) * self.scale[axis] + self.offset[axis]
    }

    /// A coordinate that the header states.
    pub(crate) fn stated_to_metres(&self, coordinate: f64, axis: usize) -> f64 {
        coordinate * self.factors[axis]
    }

    /// A rectangle that the file states.
    pub(crate) fn stated_rect(&self, rect: &Rect) -> Rect {
        let [min, max] = [rect.min, rect.max]
            .map(|corner| [0, 1].map(|axis| self.stated_to_metres(corner[axis], axis)));
        Rect { min, max }
    }

    /// A length in the plane, in the file's own unit.
    pub(crate) fn to_file(&self, length: f64) -> f64 {
        length / self.factors[0]
    }

    /// The larger step of x and y.
    pub(crate) fn finest_step(&self) -> f64 {
        self.scale[0].abs().max(self.scale[1].abs())
    }
}

/// The error of a system that is not in metres, with the remedy for its unit.
fn not_metres(crs: &Crs) -> LasProblem {
    const OR_SAY: &str = "reproject them to a system in metres or feet, or state their system (--crs EPSG:… or --crs local, `Las::with_crs`)";
    let advice = match metre_factors(crs) {
        Some(_) => "read them with `in_metres`",
        None => OR_SAY,
    };
    let plane = crs.unit;
    let height = crs.height_unit();
    let units = match (crs.kind, &crs.name) {
        (CrsKind::Plane, _) if plane == height => plane.to_string(),
        (CrsKind::Plane, _) => format!("{plane}, with heights in {height}"),
        (CrsKind::Geographic, _) => plane.to_string(),
        (kind, Some(name)) => format!("{kind} ({name})"),
        (kind, None) => kind.to_string(),
    };
    LasProblem::NotMetres { units, advice }
}
