//! World coordinates of pixels on the Sun.

use crate::{Keywords, SolarError};

/// Arcseconds of a radian.
const ARCSECONDS: f64 = 648_000.0 / std::f64::consts::PI;

/// World coordinate system of a solar image (helioprojective): a linear part and the gnomonic
/// projection TAN (Greisen & Calabretta 2002; Calabretta & Greisen 2002; Thompson 2006). World
/// coordinates are (longitude, latitude) as seen by the observer, in arcseconds; pixels count from
/// 0 at the middle of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wcs {
    /// The reference pixel (CRPIX), counted from 0.
    pub reference_pixel: [f64; 2],
    /// World coordinates of the reference pixel, arcseconds.
    pub reference_value: [f64; 2],
    /// Arcseconds per pixel: rows are world axes, columns pixel axes.
    pub matrix: [[f64; 2]; 2],
}

impl Wcs {
    /// Reads the coordinate system from CRPIX, CRVAL, CUNIT and the matrix: PC with CDELT, or CD,
    /// or CROTA2 with CDELT. Without CUNIT values are arcseconds, as sunpy takes them.
    ///
    /// # Errors
    /// [`SolarError`], why the header places no pixel: a keyword that is missing, another
    /// projection, another frame, a matrix that cannot be inverted.
    pub fn from_keywords(header: &impl Keywords) -> Result<Self, SolarError> {
        check_frame(header)?;
        let units = [
            number_in_arcseconds(header, "CUNIT1")?,
            number_in_arcseconds(header, "CUNIT2")?,
        ];
        let reference_pixel = [
            required_number(header, "CRPIX1")? - 1.0,
            required_number(header, "CRPIX2")? - 1.0,
        ];
        let reference_value = [
            finite_number(header, "CRVAL1")?.unwrap_or(0.0) * units[0],
            finite_number(header, "CRVAL2")?.unwrap_or(0.0) * units[1],
        ];
        let found = Self {
            reference_pixel,
            reference_value,
            matrix: pixel_matrix(header, units)?,
        };
        let area = found.determinant().abs();
        if area > 0.0 && area.is_finite() {
            Ok(found)
        } else {
            Err(SolarError::PixelArea { area })
        }
    }

    /// Side of a square with the area of a pixel, arcseconds, for any projection and position.
    pub(crate) fn pixel_size_of(header: &impl Keywords) -> Option<f64> {
        let units = [
            number_in_arcseconds(header, "CUNIT1").ok()?,
            number_in_arcseconds(header, "CUNIT2").ok()?,
        ];
        let matrix = pixel_matrix(header, units).ok()?;
        let size = Self {
            reference_pixel: [0.0; 2],
            reference_value: [0.0; 2],
            matrix,
        }
        .pixel_size();
        (size > 0.0 && size.is_finite()).then_some(size)
    }

    /// Determinant of the matrix, arcsec² per square pixel.
    fn determinant(&self) -> f64 {
        let [[a, b], [c, d]] = self.matrix;
        a * d - b * c
    }

    /// Side of a square with the area of a pixel, arcseconds.
    #[must_use]
    pub fn pixel_size(&self) -> f64 {
        self.determinant().abs().sqrt()
    }

    /// Rotation of the image's y axis from solar north, degrees counter-clockwise.
    #[must_use]
    pub fn roll(&self) -> f64 {
        let [[_, b], [_, d]] = self.matrix;
        (-b).atan2(d).to_degrees()
    }

    /// Converts a pixel position to (longitude, latitude), arcseconds.
    ///
    /// ```
    /// use isopach_solar::Wcs;
    /// let wcs = Wcs { reference_pixel: [100.0, 100.0], reference_value: [0.0, 0.0], matrix: [[0.6, 0.0], [0.0, 0.6]] };
    /// let [longitude, latitude] = wcs.pixel_to_world([110.0, 100.0]);
    /// assert!((longitude - 6.0).abs() < 1e-6 && latitude.abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn pixel_to_world(&self, pixel: [f64; 2]) -> [f64; 2] {
        let off = [
            pixel[0] - self.reference_pixel[0],
            pixel[1] - self.reference_pixel[1],
        ];
        let [x, y] = self
            .matrix
            .map(|row| (row[0] * off[0] + row[1] * off[1]) / ARCSECONDS);
        let [longitude, latitude] = self.reference_value.map(|value| value / ARCSECONDS);
        let (sine, cosine) = latitude.sin_cos();
        let away = cosine - y * sine;
        let found = [
            longitude + x.atan2(away),
            (sine + y * cosine).atan2(x.hypot(away)),
        ];
        found.map(|value| value * ARCSECONDS)
    }

    /// Converts (longitude, latitude), arcseconds, to a pixel position; NaN on the far half of the
    /// sphere, which TAN does not show.
    #[must_use]
    pub fn world_to_pixel(&self, world: [f64; 2]) -> [f64; 2] {
        let turn = (world[0] - self.reference_value[0]) / ARCSECONDS;
        let (sine, cosine) = (self.reference_value[1] / ARCSECONDS).sin_cos();
        let (s, c) = (world[1] / ARCSECONDS).sin_cos();
        let near = sine * s + cosine * c * turn.cos();
        if near <= 0.0 {
            return [f64::NAN; 2];
        }
        let x = c * turn.sin() / near * ARCSECONDS;
        let y = (cosine * s - sine * c * turn.cos()) / near * ARCSECONDS;
        let [[a, b], [c, d]] = self.matrix;
        let whole = self.determinant();
        [
            self.reference_pixel[0] + (d * x - b * y) / whole,
            self.reference_pixel[1] + (a * y - c * x) / whole,
        ]
    }

    /// The largest distance, in pixels of `self`, between the places of the same pixel here and in
    /// `other`, over an image of `[columns, rows]` (corners, middles of the sides, centre).
    #[must_use]
    pub fn largest_offset(&self, other: &Self, [columns, rows]: [usize; 2]) -> f64 {
        let places = |n: usize| [0.0, 0.5 * (n.max(1) - 1) as f64, (n.max(1) - 1) as f64];
        let mut largest = 0.0_f64;
        for x in places(columns) {
            for y in places(rows) {
                let [u, v] = self.world_to_pixel(other.pixel_to_world([x, y]));
                let off = (u - x).hypot(v - y);
                largest = if off.is_nan() {
                    f64::INFINITY
                } else {
                    largest.max(off)
                };
            }
        }
        largest
    }
}

/// Refuses coordinates that are not helioprojective and TAN.
fn check_frame(header: &impl Keywords) -> Result<(), SolarError> {
    for (axis, names) in [
        (1, ["HPLN", "SOLAR_X", "SOLAR-X", "SOLARX"]),
        (2, ["HPLT", "SOLAR_Y", "SOLAR-Y", "SOLARY"]),
    ] {
        let keyword = format!("CTYPE{axis}");
        let Some(text) = header.text(&keyword) else {
            continue;
        };
        let upper = text.to_uppercase();
        let is_known = names.iter().any(|name| upper.starts_with(name));
        let projection = upper
            .rsplit_once('-')
            .map_or("", |(_, projection)| projection);
        if !is_known || (upper.starts_with("HP") && projection != "TAN") {
            return Err(SolarError::OtherProjection {
                keyword,
                value: text.into(),
            });
        }
    }
    // The point of projection is elsewhere.
    for (keyword, usual) in [("PV1_1", 0.0), ("PV1_2", 90.0)] {
        if let Some(other) = header.number(keyword).filter(|value| *value != usual) {
            return Err(other_parameter(keyword, other, usual));
        }
    }
    match header.number("LONPOLE").filter(|pole| *pole != 180.0) {
        Some(pole) => Err(other_parameter("LONPOLE", pole, 180.0)),
        None => Ok(()),
    }
}

/// The error of a parameter of the projection that is not the usual one.
fn other_parameter(keyword: &str, value: f64, usual: f64) -> SolarError {
    SolarError::OtherParameter {
        keyword: keyword.into(),
        value,
        usual,
    }
}

/// A keyword that is a number, which must be finite.
fn finite_number(header: &impl Keywords, keyword: &str) -> Result<Option<f64>, SolarError> {
    match header.number(keyword) {
        Some(value) if !value.is_finite() => Err(SolarError::NotFinite {
            keyword: keyword.into(),
            value,
        }),
        number => Ok(number),
    }
}

/// The elements of a matrix by keyword name; unstated ones are taken from `otherwise`; `None` if
/// none is stated.
fn matrix_elements(
    header: &impl Keywords,
    name: impl Fn(usize, usize) -> String,
    otherwise: [[f64; 2]; 2],
) -> Result<Option<[[f64; 2]; 2]>, SolarError> {
    let mut matrix = otherwise;
    let mut any = false;
    for (i, row) in matrix.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            if let Some(number) = finite_number(header, &name(i + 1, j + 1))? {
                (*value, any) = (number, true);
            }
        }
    }
    Ok(any.then_some(matrix))
}

/// The matrix with its rows multiplied by two factors.
fn scale_rows(matrix: [[f64; 2]; 2], by: [f64; 2]) -> [[f64; 2]; 2] {
    [matrix[0].map(|x| x * by[0]), matrix[1].map(|x| x * by[1])]
}

/// A finite number that must be stated.
fn required_number(header: &impl Keywords, keyword: &str) -> Result<f64, SolarError> {
    finite_number(header, keyword)?.ok_or_else(|| SolarError::Missing {
        keyword: keyword.into(),
    })
}

/// Arcseconds a pixel: PC with CDELT, or CD, or CROTA2 with CDELT; of several the first, as wcslib
/// and sunpy take them.
fn pixel_matrix(header: &impl Keywords, units: [f64; 2]) -> Result<[[f64; 2]; 2], SolarError> {
    let steps = required_number(header, "CDELT1")
        .and_then(|first| Ok([first, required_number(header, "CDELT2")?]));
    let unit = [[1.0, 0.0], [0.0, 1.0]];
    let pc = matrix_elements(header, |i, j| format!("PC{i}_{j}"), unit)?;
    let pc = pc.map_or_else(
        || matrix_elements(header, |i, j| format!("PC{i:03}{j:03}"), unit),
        |pc| Ok(Some(pc)),
    )?;
    let cd = matrix_elements(header, |i, j| format!("CD{i}_{j}"), [[0.0; 2]; 2])?;
    match (pc, cd, steps) {
        (Some(pc), _, Ok(steps)) => Ok(scale_rows(pc, [steps[0] * units[0], steps[1] * units[1]])),
        (_, Some(cd), _) => Ok(scale_rows(cd, units)),
        (_, None, Err(reason)) => Err(reason),
        (None, None, Ok(steps)) => {
            let (sine, cosine) = finite_number(header, "CROTA2")?
                .unwrap_or(0.0)
                .to_radians()
                .sin_cos();
            Ok(scale_rows(
                [
                    [cosine * steps[0], -sine * steps[1]],
                    [sine * steps[0], cosine * steps[1]],
                ],
                units,
            ))
        }
    }
}

/// Arcseconds of a unit of angle.
fn number_in_arcseconds(header: &impl Keywords, keyword: &str) -> Result<f64, SolarError> {
    let Some(text) = header.text(keyword).filter(|text| !text.is_empty()) else {
        return Ok(1.0);
    };
    match text.to_lowercase().as_str() {
        "arcsec" | "arcsecs" | "arcsecond" | "arcseconds" => Ok(1.0),
        "arcmin" => Ok(60.0),
        "deg" | "degree" | "degrees" => Ok(3600.0),
        "rad" => Ok(ARCSECONDS),
        "mas" => Ok(1e-3),
        _ => Err(SolarError::NotAnAngle {
            keyword: keyword.into(),
            unit: text.into(),
        }),
    }
}
