//! Sets of views as the command line names them.

use crate::PerspectiveError;
use isopach_compute::{Error, Result};
use isopach_panorama::{Equirectangular, Lens, View, colmap_views, cube_views, ring_views};
use std::{fs, path::Path};

/// A set of views before the size of the panorama is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ViewSet {
    /// Several at one pitch, radians.
    Ring { count: usize, pitch: f64 },
    /// The six of a cube.
    Cube,
    /// The twelve of `pycolmap.panorama`.
    Colmap,
    /// Those of a file.
    Listed(Vec<ListedView>),
}

/// A view of a list: angles in radians; what it leaves out is that of the options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ListedView {
    yaw: f64,
    pitch: f64,
    roll: f64,
    fov: Option<f64>,
    size: Option<[usize; 2]>,
}

/// The lens of the options: angle in radians; a size that follows from the panorama if not given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LensOptions {
    pub(crate) fov: f64,
    pub(crate) size: Option<[usize; 2]>,
}

impl LensOptions {
    fn lens(self, panorama: Equirectangular) -> Result<Lens> {
        match self.size {
            Some([columns, rows]) => Ok(Lens {
                horizontal_fov: self.fov,
                columns,
                rows,
            }),
            None => Lens::of_panorama(panorama, self.fov),
        }
    }
}

/// Most bytes of a list of views.
const MOST_BYTES: u64 = 1 << 20;

impl ViewSet {
    /// The set that `--views` names; reads a list.
    pub(crate) fn parse(given: &str) -> Result<Self> {
        let unknown = || PerspectiveError::UnknownViews {
            given: given.into(),
        };
        match given {
            "cube" => return Ok(Self::Cube),
            "colmap" => return Ok(Self::Colmap),
            _ => {}
        }
        if let Some(ring) = given.strip_prefix("ring:") {
            let (count, pitch) = ring.split_once('@').unwrap_or((ring, "0"));
            let count = count.parse().map_err(|_| unknown())?;
            let pitch = parse_angle(pitch).ok_or_else(unknown)?;
            return Ok(Self::Ring { count, pitch });
        }
        let path = Path::new(given);
        if !path.exists() {
            return Err(unknown().into());
        }
        Self::read_list(path)
    }

    fn read_list(path: &Path) -> Result<Self> {
        let of_file = |error: std::io::Error| Error::of_file(path, error);
        let bytes = fs::metadata(path).map_err(of_file)?.len();
        let wrong = |line, problem: &str| PerspectiveError::ViewLine {
            file: path.into(),
            line,
            problem: problem.into(),
        };
        if bytes > MOST_BYTES {
            return Err(wrong(1, "a list of views has at most 1 MiB: is it one?").into());
        }
        let text = fs::read_to_string(path).map_err(of_file)?;
        let mut views = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                views.push(parse_line(line).map_err(|problem| wrong(i + 1, problem))?);
            }
        }
        Ok(Self::Listed(views))
    }

    /// The views of a panorama.
    pub(crate) fn views(
        &self,
        panorama: Equirectangular,
        options: LensOptions,
    ) -> Result<Vec<View>> {
        match self {
            Self::Ring { count, pitch } => ring_views(*count, *pitch, options.lens(panorama)?),
            Self::Cube => Ok(cube_views(options.lens(panorama)?)),
            Self::Colmap => Ok(colmap_views(options.lens(panorama)?)),
            Self::Listed(listed) => listed
                .iter()
                .map(|view| view.view(panorama, options))
                .collect(),
        }
    }
}

impl ListedView {
    fn view(&self, panorama: Equirectangular, options: LensOptions) -> Result<View> {
        let options = LensOptions {
            fov: self.fov.unwrap_or(options.fov),
            size: self.size.or(options.size),
        };
        Ok(View {
            yaw: self.yaw,
            pitch: self.pitch,
            roll: self.roll,
            lens: options.lens(panorama)?,
        })
    }
}

fn parse_line(line: &str) -> std::result::Result<ListedView, &'static str> {
    let words: Vec<&str> = line
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    let angle = |i: usize| {
        words
            .get(i)
            .map(|word| parse_angle(word).ok_or("yaw, pitch, roll and fov must be degrees"))
            .transpose()
    };
    let side = |i: usize| {
        words
            .get(i)
            .map(|word| {
                word.parse()
                    .map_err(|_| "columns and rows must be whole numbers")
            })
            .transpose()
    };
    let size = match (side(4)?, side(5)?) {
        (Some(columns), rows) => Some([columns, rows.unwrap_or(columns)]),
        _ => None,
    };
    match (angle(0)?, angle(1)?) {
        (Some(yaw), Some(pitch)) if words.len() <= 6 => Ok(ListedView {
            yaw,
            pitch,
            roll: angle(2)?.unwrap_or(0.0),
            fov: angle(3)?,
            size,
        }),
        _ => Err("a view is: yaw pitch [roll [fov [columns [rows]]]], in degrees and pixels"),
    }
}

/// Degrees as radians.
fn parse_angle(word: &str) -> Option<f64> {
    let degrees: f64 = word.parse().ok()?;
    degrees.is_finite().then(|| degrees.to_radians())
}

/// Pixels of a view: `1920`, or `1920x1080`.
pub(crate) fn parse_size(given: &str) -> Option<[usize; 2]> {
    let (columns, rows) = given.split_once('x').unwrap_or((given, given));
    Some([columns.parse().ok()?, rows.parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_parsed_and_others_refused() {
        let ring = ViewSet::parse("ring:8@-20").unwrap();
        let pitch = (-20_f64).to_radians();
        assert_eq!(ring, ViewSet::Ring { count: 8, pitch });
        assert_eq!(ViewSet::parse("cube").unwrap(), ViewSet::Cube);
        for wrong in [
            "ring:",
            "ring:x",
            "ring:8@up",
            "ring:8@inf",
            "no such file",
            "",
        ] {
            let error = ViewSet::parse(wrong).unwrap_err();
            assert!(
                matches!(
                    error.find_cause(),
                    Some(PerspectiveError::UnknownViews { .. })
                ),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_list_has_a_view_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("views.txt");
        fs::write(
            &path,
            "# ahead\n0 0\n-120.5,-35,12,70,128,72 # down\n\n10 80 0 100 96\n",
        )
        .unwrap();
        let set = ViewSet::parse(path.to_str().unwrap()).unwrap();
        let panorama = Equirectangular::new(1024, 512).unwrap();
        let options = LensOptions {
            fov: 90_f64.to_radians(),
            size: None,
        };
        let views = set.views(panorama, options).unwrap();
        assert_eq!(views.len(), 3);
        assert_eq!([views[0].lens.columns, views[0].lens.rows], [256, 256]);
        assert_eq!([views[1].lens.columns, views[1].lens.rows], [128, 72]);
        assert_eq!([views[2].lens.columns, views[2].lens.rows], [96, 96]);
        assert_eq!(views[1].roll, 12_f64.to_radians());
        for (line, wrong) in [
            (1, "0\n"),
            (2, "0 0\n0 0 0 90 12 12 1"),
            (1, "a b"),
            (1, "0 0 0 90 1.5"),
        ] {
            fs::write(&path, wrong).unwrap();
            let error = ViewSet::parse(path.to_str().unwrap()).unwrap_err();
            let Some(PerspectiveError::ViewLine { line: found, .. }) = error.find_cause() else {
                panic!("{error}");
            };
            assert_eq!(*found, line, "{wrong}");
        }
    }
}
