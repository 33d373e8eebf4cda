//! Mean and standard deviation of columns.

use crate::{Column, Patch, PatchError};

/// Count, mean and sum of squared deviations of numbers; NaN are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// Numbers.
    pub count: u64,
    /// NaN.
    pub missing: u64,
    /// Their mean; 0 of none.
    pub mean: f64,
    /// Sum of the squared differences from the mean.
    pub squares: f64,
}

impl Moments {
    /// The moments of numbers, in two passes.
    pub(crate) fn of_values(values: impl Iterator<Item = f32> + Clone) -> Self {
        let all = values.clone().count() as u64;
        let known = values.filter(|value| !value.is_nan()).map(f64::from);
        let count = known.clone().count() as u64;
        let missing = all - count;
        if count == 0 {
            return Self {
                missing,
                ..Self::default()
            };
        }
        let mean = known.clone().sum::<f64>() / count as f64;
        let squares = known.map(|value| (value - mean) * (value - mean)).sum();
        Self {
            count,
            missing,
            mean,
            squares,
        }
    }

    /// The moments of both (Chan, Golub and LeVeque 1983).
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let count = self.count + other.count;
        let missing = self.missing + other.missing;
        if count == 0 {
            return Self {
                missing,
                ..Self::default()
            };
        }
        let [a, b] = [self.count, other.count].map(|count| count as f64);
        let between = other.mean - self.mean;
        Self {
            count,
            missing,
            mean: self.mean + between * (b / count as f64),
            squares: self.squares + other.squares + between * between * (a * b / count as f64),
        }
    }

    /// Standard deviation, divided by the count; 0 of none.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            (self.squares / self.count as f64).sqrt()
        }
    }
}

/// Statistics of the columns of a data set: of all rows of its patches, copies left out.
///
/// Patches are added in the order of their rows and columns on the grid, so that the last bit does
/// not depend on the tiles that they came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Statistics of each column that has any: all but labels.
    pub columns: Vec<ColumnStatistics>,
}

/// Statistics of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnStatistics {
    /// Its name.
    pub name: String,
    /// Those of each of its numbers.
    pub moments: Vec<Moments>,
}

impl Statistics {
    /// Statistics of no row of these columns.
    #[must_use]
    pub fn of_columns(columns: &[Column]) -> Self {
        let counted = columns.iter().filter(|column| is_counted(column));
        Self {
            columns: counted
                .map(|column| ColumnStatistics {
                    name: column.name.clone(),
                    moments: vec![Moments::default(); column.width],
                })
                .collect(),
        }
    }

    /// Adds the rows of a patch, by their moments.
    pub fn add_patch(&mut self, patch: &Patch) {
        self.add_moments(&patch.moments);
    }

    /// Adds the rows of a patch of which there are only the moments.
    pub fn add_moments(&mut self, moments: &[Moments]) {
        let of_set = self
            .columns
            .iter_mut()
            .flat_map(|column| &mut column.moments);
        for (sum, moments) in of_set.zip(moments) {
            *sum = sum.plus(*moments);
        }
    }

    /// The statistics of a column.
    ///
    /// # Errors
    /// [`PatchError::OtherStatistics`] if there are none.
    pub fn of_column(&self, column: &Column) -> Result<&[Moments], PatchError> {
        let found = self.columns.iter().find(|of| of.name == column.name);
        found
            .map(|of| &of.moments[..])
            .filter(|moments| moments.len() == column.width)
            .ok_or_else(|| PatchError::OtherStatistics {
                column: column.name.clone(),
                width: column.width,
            })
    }

    /// Makes the normalised columns of a patch to differences from the mean in standard deviations;
    /// where the deviation is 0, to differences from the mean. NaN stays.
    ///
    /// # Errors
    /// [`PatchError::OtherStatistics`] if a column has none.
    pub fn normalise(&self, patch: &mut Patch, columns: &[Column]) -> Result<(), PatchError> {
        for (column, values) in columns.iter().zip(&mut patch.columns) {
            if !column.is_normalised() {
                continue;
            }
            let moments = self.of_column(column)?;
            for row in values.chunks_exact_mut(column.width) {
                for (value, moments) in row.iter_mut().zip(moments) {
                    let deviation = match moments.deviation() {
                        0.0 => 1.0,
                        deviation => deviation,
                    };
                    *value = ((f64::from(*value) - moments.mean) / deviation) as f32;
                }
            }
        }
        Ok(())
    }
}

fn is_counted(column: &Column) -> bool {
    column.kind != crate::ColumnKind::Label
}

/// The moments of the columns of a patch that have statistics, number by number.
pub(crate) fn moments_of(columns: &[Column], values: &[Vec<f32>]) -> Vec<Moments> {
    let counted = columns
        .iter()
        .zip(values)
        .filter(|(column, _)| is_counted(column));
    counted
        .flat_map(|(column, values)| {
            let of_number = |at: usize| values.iter().copied().skip(at).step_by(column.width);
            (0..column.width).map(move |at| Moments::of_values(of_number(at)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_parts_add_up_to_those_of_the_whole() {
        let values: Vec<f32> = (0..1000).map(|i| ((i * 37) % 101) as f32 + 1e4).collect();
        let whole = Moments::of_values(values.iter().copied());
        let parts = values
            .chunks(130)
            .map(|part| Moments::of_values(part.iter().copied()));
        let sum = parts.fold(Moments::default(), Moments::plus);
        assert_eq!(sum.count, 1000);
        assert!((sum.mean - whole.mean).abs() < 1e-9);
        assert!((sum.deviation() - whole.deviation()).abs() < 1e-9);
    }

    #[test]
    fn missing_numbers_are_counted_apart() {
        let moments = Moments::of_values([1.0, f32::NAN, 3.0].into_iter());
        assert_eq!((moments.count, moments.missing), (2, 1));
        assert_eq!((moments.mean, moments.deviation()), (2.0, 1.0));
        assert_eq!(Moments::of_values([f32::NAN].into_iter()).deviation(), 0.0);
    }
}
