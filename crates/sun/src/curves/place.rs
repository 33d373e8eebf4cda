//! Places of an image that curves are wanted of.

use std::ops::Range;

/// A pixel, or a region of several: columns and rows from 0, the first row the lowest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) columns: Range<usize>,
    pub(crate) rows: Range<usize>,
    pub(super) is_region: bool,
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts = text
            .split_once(',')
            .and_then(|(x, y)| Some((parse_range(x)?, parse_range(y)?)));
        let ((columns, a), (rows, b)) = parts.ok_or_else(|| {
            format!("{text} is neither a pixel X,Y nor a region X0:X1,Y0:Y1: whole numbers from 0")
        })?;
        if columns.is_empty() || rows.is_empty() {
            return Err(format!(
                "{text} is not a region: X1 and Y1, which are outside of it, must be above X0 and Y0"
            ));
        }
        Ok(Self {
            columns,
            rows,
            is_region: a || b,
        })
    }
}

/// A range of positions, and whether it was stated as one.
fn parse_range(text: &str) -> Option<(Range<usize>, bool)> {
    match text.split_once(':') {
        Some((from, to)) => Some((parse_index(from)?..parse_index(to)?, true)),
        None => parse_index(text).map(|at| (at..at + 1, false)),
    }
}

/// A position along an axis.
fn parse_index(text: &str) -> Option<usize> {
    text.trim()
        .parse::<usize>()
        .ok()
        .filter(|n| *n < usize::MAX)
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            columns,
            rows,
            is_region,
        } = self;
        if *is_region {
            write!(
                f,
                "{}:{},{}:{}",
                columns.start, columns.end, rows.start, rows.end
            )
        } else {
            write!(f, "{},{}", columns.start, rows.start)
        }
    }
}

impl Place {
    /// The file of its curve.
    pub(crate) fn file(&self) -> String {
        format!(
            "curve_{}.csv",
            self.to_string().replace(':', "-").replace(',', "_")
        )
    }

    /// The place of a file with this name.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        let text = name.strip_prefix("curve_")?.strip_suffix(".csv")?;
        let place: Self = text.replace('-', ":").replace('_', ",").parse().ok()?;
        (place.file() == name).then_some(place)
    }

    pub(super) fn pixels_at(&self) -> usize {
        self.columns.len() * self.rows.len()
    }
}
