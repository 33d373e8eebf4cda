//! Places and directions that the options give, in metres: core points of a file, normals,
//! scanners.

use crate::{
    SurveyError,
    core_points::GivenCorePoints,
    options::{ChangeOptions, Lod},
    units::{TwoUnits, metres_per_unit, plane_per_height_unit},
    warnings::Warnings,
};
use isopach::{
    change::{ErrorModel, Normals, Orientation, PointErrors},
    cloud::Rigid,
    compute::Result,
    las::Catalogue,
};
use isopach_program::ProgramError;

/// Places and directions of M3C2, as the options give them.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    /// Side that estimated normals point to.
    side: Orientation,
    /// One normal for all core points.
    normal: Option<[f64; 3]>,
    /// Scanners whose errors make levels of detection.
    scanners: Option<Scanners>,
    /// Core points of a file.
    pub(crate) core_points: Option<GivenCorePoints>,
}

/// The scanners of both epochs, which measure with the same errors.
#[derive(Clone, Copy, Debug)]
struct Scanners {
    earlier: [f64; 3],
    /// In the coordinates of the later epoch before it is moved; `None`: at the same place.
    later: Option<[f64; 3]>,
    /// Standard deviation of a range, metres.
    range: f64,
    /// Standard deviation of a direction, radians.
    angle: f64,
}

/// Conversions from the coordinates of an epoch's files to metres, for an option.
struct Units<'a>(&'a Catalogue);

impl Geometry {
    /// Those of the options: in the coordinates of the earlier epoch's files, and the scanner of
    /// the later epoch in those of its own.
    pub(crate) fn of(
        options: &ChangeOptions,
        epochs: [&Catalogue; 2],
        warnings: &mut Warnings,
    ) -> Result<Self> {
        let [earlier, later] = epochs.map(Units);
        let place = |option, values: &[f64], units: &Units<'_>| match parse_vector(option, values)?
        {
            Some(place) => units.place(option, place).map(Some),
            None => Ok(None),
        };
        let scanner = place("--scanner", &options.scanner, &earlier)?;
        let earlier_scanner = place("--earlier-scanner", &options.earlier_scanner, &earlier)?;
        let later_scanner = place("--later-scanner", &options.later_scanner, &later)?;
        let side = match (parse_vector("--towards", &options.towards)?, scanner) {
            (Some(direction), _) => {
                Orientation::Towards(earlier.direction("--towards", direction)?)
            }
            (None, Some(position)) => Orientation::Scanner(position),
            (None, None) => Orientation::UP,
        };
        let normal = match parse_vector("--normal", &options.normal)? {
            Some(normal) => Some(earlier.normal("--normal", normal)?),
            None => None,
        };
        Ok(Self {
            side,
            normal,
            scanners: Scanners::of(options, earlier_scanner.or(scanner), later_scanner)?,
            core_points: GivenCorePoints::read(options, epochs, warnings)?,
        })
    }

    /// Refuses options that make no sense, before anything is read.
    pub(crate) fn check(options: &ChangeOptions) -> Result<()> {
        let scanner = parse_vector("--scanner", &options.scanner)?;
        let earlier = parse_vector("--earlier-scanner", &options.earlier_scanner)?;
        let later = parse_vector("--later-scanner", &options.later_scanner)?;
        parse_vector("--towards", &options.towards)?;
        parse_vector("--normal", &options.normal)?;
        Scanners::of(options, earlier.or(scanner), later).map(drop)
    }

    /// Normals estimated with these radii, or the one that was given.
    pub(crate) fn normals(&self, radii: Vec<f64>) -> Normals {
        match self.normal {
            Some(normal) => Normals::Fixed(normal),
            None => Normals::Multiscale {
                radii,
                towards: self.side,
            },
        }
    }

    /// Errors of single points, if levels of detection are made from them. A `motion` was applied to
    /// the later epoch, and its scanner moves with it.
    pub(crate) fn point_errors(&self, motion: &Rigid) -> Option<ErrorModel> {
        let scanners = self.scanners?;
        let later = scanners.later.map(|place| motion.apply(place));
        let places = [scanners.earlier, later.unwrap_or(scanners.earlier)];
        Some(ErrorModel::Points(
            places.map(|scanner| scanners.errors_at(scanner)),
        ))
    }
}

impl Scanners {
    /// Those of the options; `None` if levels of detection are made in another way.
    fn of(
        options: &ChangeOptions,
        earlier: Option<[f64; 3]>,
        later: Option<[f64; 3]>,
    ) -> Result<Option<Self>> {
        match options.lod {
            Lod::Student | Lod::Normal => return Ok(None),
            Lod::Scanner => {}
        }
        let errors = &options.scanner_errors;
        let (Some(earlier), false) = (earlier, errors.is_empty()) else {
            return Err(ProgramError::invalid_option(
                "--lod",
                "scanner",
                "come with --scanner x,y,z (or --earlier-scanner) and --scanner-errors metres,radians",
            )
            .into());
        };
        let [range, angle] = errors[..] else {
            return Err(ProgramError::invalid_option(
                "--scanner-errors",
                format!("{errors:?}"),
                "be two numbers: metres,radians",
            )
            .into());
        };
        let scanners = Self {
            earlier,
            later,
            range,
            angle,
        };
        scanners.errors_at(earlier).check()?;
        Ok(Some(scanners))
    }

    fn errors_at(&self, scanner: [f64; 3]) -> PointErrors {
        PointErrors {
            scanner,
            range: self.range,
            angle: self.angle,
        }
    }
}

impl Units<'_> {
    fn place(&self, option: &'static str, place: [f64; 3]) -> Result<[f64; 3]> {
        let factors = metres_per_unit(self.0).map_err(|units| in_two_units(option, units))?;
        Ok(std::array::from_fn(|axis| place[axis] * factors[axis]))
    }

    /// A direction: a difference of two places.
    fn direction(&self, option: &'static str, [x, y, z]: [f64; 3]) -> Result<[f64; 3]> {
        let height = plane_per_height_unit(self.0).map_err(|units| in_two_units(option, units))?;
        Ok([x, y, z * height])
    }

    /// A normal of a surface. Where heights are multiplied by a factor, the normal of a plane is
    /// divided by it.
    fn normal(&self, option: &'static str, [x, y, z]: [f64; 3]) -> Result<[f64; 3]> {
        let height = plane_per_height_unit(self.0).map_err(|units| in_two_units(option, units))?;
        Ok([x, y, z / height])
    }
}

fn in_two_units(option: &'static str, TwoUnits { first, other }: TwoUnits) -> SurveyError {
    SurveyError::PlaceInOtherUnits {
        option,
        first,
        other,
    }
}

/// Three numbers, or none.
fn parse_vector(option: &str, values: &[f64]) -> Result<Option<[f64; 3]>> {
    match values {
        [] => Ok(None),
        [x, y, z] if values.iter().all(|value| value.is_finite()) => Ok(Some([*x, *y, *z])),
        _ => Err(ProgramError::invalid_option(
            option,
            format!("{values:?}"),
            "be three numbers: x,y,z",
        )
        .into()),
    }
}
