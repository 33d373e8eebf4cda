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
    /// The name that it has as the value of an option, and in reports.
    pub(crate) fn option_name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

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
    /// Where frame and view are JPEG of 4:2:0, or both of 4:4:4: brightness and colours are
    /// interpolated apart, without a detour through red, green and blue
    Auto,
    /// As auto, and of 4:2:2, where single pixels may be further off
    Always,
    /// All frames become red, green and blue
    Never,
}

impl Planes {
    /// Whether frames with this resolution of colours keep their planes apart.
    pub(crate) fn include(self, chroma: Chroma) -> bool {
        match self {
            Self::Auto => chroma != Chroma::HalfColumns,
            Self::Always => true,
            Self::Never => false,
        }
    }
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
    #[test]
    fn reports_name_it_as_options_do() {
        let names = [Chroma::Half, Chroma::HalfColumns, Chroma::Full].map(Chroma::option_name);
        assert_eq!(names, ["420", "422", "444"]);
    }

    #[test]
    fn planes_with_half_the_columns_are_kept_apart_on_request_alone() {
        let kept = |planes: Planes| {
            [Chroma::Half, Chroma::HalfColumns, Chroma::Full].map(|chroma| planes.include(chroma))
        };
        assert_eq!(kept(Planes::Auto), [true, false, true]);
        assert_eq!(kept(Planes::Always), [true; 3]);
        assert_eq!(kept(Planes::Never), [false; 3]);
    }
}
