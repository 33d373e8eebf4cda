//! Changed copies of patches.

use crate::{
    Column, ColumnKind, Patch, PatchError,
    key::{PatchKey, Purpose},
    statistics::moments_of,
};
use isopach_compute::{Error, Result};

/// Changed copies of each patch: mirrored, turned about the vertical through its centre, scaled,
/// jittered, thinned, in this order. Columns change with them by their [`ColumnKind`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// Copies of each patch, beside the patch itself.
    pub copies: u32,
    /// Whether a copy is mirrored east to west, and north to south, each with a chance of one half.
    pub flip: bool,
    /// Whether a copy is turned by a random angle, all angles alike.
    pub rotation: bool,
    /// Least and largest scale, all between alike; `[1.0, 1.0]` for none.
    pub scale: [f64; 2],
    /// Standard deviation of the noise added to each coordinate, metres: a sum of twelve uniform
    /// numbers (Irwin and Hall), so at most six times as much. Columns stay as they are.
    pub jitter: f64,
    /// Chance of each row to be dropped. In samples of a fixed count, rows that stay are repeated
    /// in their order to fill the place.
    pub dropout: f64,
}

/// The change of a copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Whether it is mirrored east to west, and north to south.
    pub mirrored: [bool; 2],
    /// Cosine and sine of the angle that it is turned by, counter-clockwise seen from above.
    pub turn: [f64; 2],
    /// Its scale.
    pub scale: f64,
    /// Rows that were dropped.
    pub dropped: usize,
}

impl Default for Augmentation {
    /// One copy, turned and mirrored.
    fn default() -> Self {
        Self {
            copies: 1,
            flip: true,
            rotation: true,
            scale: [1.0, 1.0],
            jitter: 0.0,
            dropout: 0.0,
        }
    }
}

/// Pairs of numbers that are drawn for an angle before it counts as due east: fewer are needed but
/// once in 10¹⁷ copies.
const MOST_PAIRS: u64 = 64;

impl Augmentation {
    pub(crate) fn check(&self) -> Result<()> {
        let copies = self.copies;
        let must = "be at least 1";
        Error::check("number of copies", f64::from(copies), copies > 0, must)?;
        let [least, most] = self.scale;
        for scale in self.scale {
            Error::positive("scale of a copy", scale)?;
        }
        let must = "be at least the least one";
        Error::check("largest scale of a copy", most, least <= most, must)?;
        Error::not_negative("jitter", self.jitter)?;
        let is_chance = (0.0..1.0).contains(&self.dropout);
        let must = "be from 0 to below 1";
        Error::check("dropout", self.dropout, is_chance, must)?;
        Ok(())
    }

    /// Refuses columns that cannot follow the changes.
    pub(crate) fn check_columns(&self, columns: &[Column]) -> Result<()> {
        let is_scaled = self.scale.iter().any(|scale| (scale - 1.0).abs() > 0.0);
        for column in columns {
            let name = || column.name.clone();
            if (self.rotation || self.flip) && !column.turns {
                return Err(PatchError::CannotTurn { column: name() }.into());
            }
            if is_scaled && !column.scales {
                return Err(PatchError::CannotScale { column: name() }.into());
            }
        }
        Ok(())
    }

    /// The copy of a patch with a number, from 1 on, and its change. `fixed` says whether the
    /// number of rows must stay.
    #[must_use]
    pub fn copy(
        &self,
        patch: &Patch,
        columns: &[Column],
        seed: u64,
        number: u32,
        fixed: bool,
    ) -> (Patch, Change) {
        let number = u64::from(number);
        let key = |purpose| PatchKey::new(seed, patch.index, purpose);
        let mut change = self.draw(key(Purpose::Copy(number)));
        let mut copy = patch.clone();
        self.change_places(&mut copy, &change, key(Purpose::Jitter(number)));
        for (column, values) in columns.iter().zip(&mut copy.columns) {
            change.change_column(column.kind, values);
        }
        if self.dropout > 0.0 {
            let rows = self.kept_rows(copy.len(), key(Purpose::Dropout(number)));
            change.dropped = copy.len() - rows.len();
            let count = if fixed { copy.len() } else { rows.len() };
            let rows: Vec<usize> = rows.iter().copied().cycle().take(count).collect();
            select_rows(&mut copy, columns, &rows);
        }
        copy.moments = moments_of(columns, &copy.columns);
        (copy, change)
    }

    fn draw(&self, key: PatchKey) -> Change {
        let [least, most] = self.scale;
        Change {
            mirrored: [0, 1].map(|counter| self.flip && key.chance(counter) < 0.5),
            scale: least + (most - least) * key.chance(2),
            turn: if self.rotation {
                random_direction(key)
            } else {
                [1.0, 0.0]
            },
            dropped: 0,
        }
    }

    fn change_places(&self, copy: &mut Patch, change: &Change, key: PatchKey) {
        for (row, place) in copy.coord.iter_mut().enumerate() {
            let turned = change.turn_vector(place.map(f64::from));
            let mut moved = turned.map(|coordinate| coordinate * change.scale);
            if self.jitter > 0.0 {
                for (axis, coordinate) in moved.iter_mut().enumerate() {
                    *coordinate += self.jitter * irwin_hall(key, 3 * row as u64 + axis as u64);
                }
            }
            *place = moved.map(|coordinate| coordinate as f32);
        }
    }

    /// Rows that are not dropped, at least one.
    fn kept_rows(&self, count: usize, key: PatchKey) -> Vec<usize> {
        let rows: Vec<usize> = (0..count)
            .filter(|row| key.chance(*row as u64) >= self.dropout)
            .collect();
        if rows.is_empty() {
            (0..count.min(1)).collect()
        } else {
            rows
        }
    }
}

impl Change {
    /// A vector, mirrored and turned.
    fn turn_vector(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let [x, y] = [
            if self.mirrored[0] { -x } else { x },
            if self.mirrored[1] { -y } else { y },
        ];
        let [cosine, sine] = self.turn;
        [cosine * x - sine * y, sine * x + cosine * y, z]
    }

    fn change_column(&self, kind: ColumnKind, values: &mut [f32]) {
        match kind {
            ColumnKind::Label | ColumnKind::Scalar => {}
            ColumnKind::ScalesAs(power) => {
                let factor = self.scale.powi(power.into());
                for value in values {
                    *value = (f64::from(*value) * factor) as f32;
                }
            }
            ColumnKind::Vector | ColumnKind::Axis => {
                for row in values.as_chunks_mut::<3>().0 {
                    let turned = self.turn_vector(row.map(f64::from));
                    let turned = match kind {
                        ColumnKind::Axis => pointing_up(turned),
                        _ => turned,
                    };
                    *row = turned.map(|component| component as f32);
                }
            }
        }
    }
}

/// The axis with the side of [`NormalSide::Up`](isopach_features::NormalSide::Up).
fn pointing_up(axis: [f64; 3]) -> [f64; 3] {
    let is_down = [axis[2], axis[1], axis[0]]
        .into_iter()
        .find(|component| *component != 0.0)
        .is_some_and(|component| component < 0.0);
    if is_down { axis.map(|c| -c) } else { axis }
}

/// Cosine and sine of a random angle, without trigonometry: their bits are the same everywhere.
fn random_direction(key: PatchKey) -> [f64; 2] {
    for pair in 0..MOST_PAIRS {
        let [x, y] = [0, 1].map(|i| 2.0 * key.chance(3 + 2 * pair + i) - 1.0);
        let squared = x * x + y * y;
        if squared > 0.01 && squared <= 1.0 {
            let length = squared.sqrt();
            return [x / length, y / length];
        }
    }
    [1.0, 0.0]
}

/// A number of mean 0 and standard deviation 1: the sum of twelve uniform ones of 16 bits, minus 6.
fn irwin_hall(key: PatchKey, counter: u64) -> f64 {
    let mut sum = 0_u64;
    for i in 0..3 {
        let bits = key.of_counter(3 * counter + i);
        sum += (0..4)
            .map(|part| (bits >> (16 * part)) & 0xFFFF)
            .sum::<u64>();
    }
    // Each number stands for the middle of its interval.
    (sum as f64 + 6.0) / 65_536.0 - 6.0
}

fn select_rows(patch: &mut Patch, columns: &[Column], rows: &[usize]) {
    patch.coord = rows.iter().map(|row| patch.coord[*row]).collect();
    for (column, values) in columns.iter().zip(&mut patch.columns) {
        let of_row = |row: &usize| values[row * column.width..][..column.width].iter().copied();
        *values = rows.iter().flat_map(of_row).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_has_mean_zero_and_deviation_one() {
        let key = PatchKey::new(1, [2, 3], Purpose::Jitter(1));
        let values: Vec<f64> = (0..20_000).map(|i| irwin_hall(key, i)).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let square = values.iter().map(|value| value * value).sum::<f64>() / 20_000.0;
        // Four standard errors: 4/√20000 = 0.028, and 4 √(2/20000) = 0.04 of the variance.
        assert!(
            mean.abs() < 0.028 && (square - 1.0).abs() < 0.04,
            "{mean} {square}"
        );
    }

    #[test]
    fn directions_are_of_length_one_and_favour_none() {
        let mut sum = [0.0; 2];
        for patch in 0..2000 {
            let [x, y] = random_direction(PatchKey::new(5, [patch, 0], Purpose::Copy(1)));
            assert!((x * x + y * y - 1.0).abs() < 1e-15);
            sum = [sum[0] + x, sum[1] + y];
        }
        // Four standard errors of a mean of cosines: 4 √(0.5/2000) = 0.063.
        assert!(
            sum.iter().all(|sum| (sum / 2000.0).abs() < 0.063),
            "{sum:?}"
        );
    }

    #[test]
    fn axes_point_up_after_turning_and_vectors_do_not() {
        let change = Change {
            mirrored: [false; 2],
            turn: [-1.0, 0.0],
            scale: 1.0,
            dropped: 0,
        };
        let level = [0.6, 0.8, 0.0];
        let turned = |kind| {
            let mut values = level.to_vec();
            change.change_column(kind, &mut values);
            values
        };
        assert_eq!(turned(ColumnKind::Vector), [-0.6, -0.8, 0.0]);
        assert_eq!(turned(ColumnKind::Axis), [0.6, 0.8, -0.0]);
    }
}
