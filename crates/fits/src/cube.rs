//! Description of a cube: shape, number type, keywords.

use fitskit::{Header, HeaderValue, Keyword};

/// Letters of a record without a value.
const COMMENTARY: usize = 72;

/// Value of a keyword to be written.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KeywordValue {
    /// A real number.
    Number(f64),
    /// A whole number.
    Whole(i64),
    /// A text. A keyword HISTORY or COMMENT, which may be there many times, has as many lines as it
    /// takes.
    Text(String),
}

/// Number type of the cube's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Precision {
    /// `f32`, BITPIX −32.
    #[default]
    Single,
    /// `f64`, BITPIX −64.
    Double,
    /// `u8`, BITPIX 8.
    Byte,
    /// `i32`, BITPIX 32.
    Whole,
}

impl Precision {
    pub(crate) fn bytes_per_sample(self) -> u64 {
        match self {
            Self::Single | Self::Whole => 4,
            Self::Double => 8,
            Self::Byte => 1,
        }
    }

    pub(crate) fn bitpix_code(self) -> i64 {
        match self {
            Self::Single => -32,
            Self::Double => -64,
            Self::Byte => 8,
            Self::Whole => 32,
        }
    }
}

/// A number type that a cube can hold: `f32`, `f64`, `u8` or `i32`.
pub trait CubeSample: Copy {
    /// Precision of this number type.
    const PRECISION: Precision;
    /// Its bytes, most significant first.
    fn fits_bytes(self) -> impl AsRef<[u8]>;
    /// The number in double precision, which holds it exactly.
    fn to_f64(self) -> f64;
}

impl CubeSample for u8 {
    const PRECISION: Precision = Precision::Byte;
    fn fits_bytes(self) -> impl AsRef<[u8]> {
        [self]
    }
    fn to_f64(self) -> f64 {
        self.into()
    }
}

impl CubeSample for i32 {
    const PRECISION: Precision = Precision::Whole;
    fn fits_bytes(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
    fn to_f64(self) -> f64 {
        self.into()
    }
}

impl CubeSample for f32 {
    const PRECISION: Precision = Precision::Single;
    fn fits_bytes(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
    fn to_f64(self) -> f64 {
        self.into()
    }
}

impl CubeSample for f64 {
    const PRECISION: Precision = Precision::Double;
    fn fits_bytes(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
    fn to_f64(self) -> f64 {
        self
    }
}

/// Description of a cube to be written as an image extension with three axes.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cube {
    /// Name of the extension (EXTNAME).
    pub name: String,
    /// Unit of the values (BUNIT).
    pub unit: String,
    /// Planes, rows, columns: NAXIS3, NAXIS2, NAXIS1.
    pub shape: [usize; 3],
    /// Number type of the values.
    pub precision: Precision,
    /// Further keywords: name, value, comment.
    pub keywords: Vec<(String, KeywordValue, String)>,
}

/// Name, unit, and the keywords that were given.
pub(crate) fn set_keywords(header: &mut Header, cube: &Cube) {
    header.set("EXTNAME", text_value(&cube.name), None);
    header.set("BUNIT", text_value(&cube.unit), None);
    for (name, value, comment) in &cube.keywords {
        if let (KeywordValue::Text(lines), "HISTORY" | "COMMENT") = (value, name.as_str()) {
            comment_lines(lines).for_each(|line| header.push(Keyword::commentary(name, &line)));
            continue;
        }
        let value = match value {
            KeywordValue::Number(x) => HeaderValue::Float(*x),
            KeywordValue::Whole(x) => HeaderValue::Integer(*x),
            KeywordValue::Text(s) => text_value(s),
        };
        header.set(name, value, Some(comment));
    }
}

/// A text as the value of a keyword.
pub(crate) fn text_value(text: &str) -> HeaderValue {
    HeaderValue::String(text.into())
}

/// Lines of a commentary keyword: printable ASCII, split at the record length.
fn comment_lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().flat_map(|line| {
        let letters: Vec<char> = line
            .chars()
            .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
            .collect();
        letters
            .chunks(COMMENTARY)
            .map(|chunk| chunk.iter().collect())
            .collect::<Vec<String>>()
    })
}
