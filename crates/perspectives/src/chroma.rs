//! Resolution of the colours of a JPEG, and whether its planes are kept apart.

use clap::ValueEnum;

/// Resolution of the colours of a JPEG beside its brightness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Chroma {
    /// Half as many columns and rows
    #[value(name = "420")]
    Half,
    /// Half as many columns
    #[value(name = "422")]
    HalfColumns,
    /// As many
    #[value(name = "444")]
    Full,
}

impl Chroma {
    /// Columns and rows of brightness that share a sample of colour.
    pub(crate) fn shared(self) -> [usize; 2] {
        match self {
            Self::Half => [2, 2],
            Self::HalfColumns => [2, 1],
            Self::Full => [1, 1],
        }
    }

    /// Columns and rows of the colours of a picture of this size.
    pub(crate) fn colour_size(self, [columns, rows]: [usize; 2]) -> [usize; 2] {
        let [across, down] = self.shared();
        [columns.div_ceil(across), rows.div_ceil(down)]
    }
}

/// Whether views are made from the planes of a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Planes {
    /// Where frame and view are JPEG with one resolution of colours: brightness and colours are
    /// interpolated apart, without a detour through red, green and blue
    Auto,
    /// All frames become red, green and blue
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_cover_the_last_column_and_row() {
        assert_eq!(Chroma::Half.colour_size([7, 4]), [4, 2]);
        assert_eq!(Chroma::HalfColumns.colour_size([7, 5]), [4, 5]);
        assert_eq!(Chroma::Full.colour_size([7, 5]), [7, 5]);
    }
}
