//! The coordinate reference system of a GeoTIFF, from the keys that it holds in three tags.

use super::{
    fault::Read,
    tags::{Directory, Tiff, Values},
};
use isopach_cloud::Crs;
use isopach_crs::{GeoKeys, from_geokeys};
use std::io::Seek;

/// The GeoKey directory with its numbers and texts.
pub(super) struct Keys {
    directory: Vec<u16>,
    doubles: Vec<f64>,
    ascii: Vec<u8>,
}

/// Values that keys, whose numbers have sixteen bits, can point to.
const MOST_VALUES: u64 = 1 << 16;

impl Keys {
    pub(super) fn from_directory<R: std::io::Read + Seek>(
        tiff: &mut Tiff<R>,
        directory: &Directory,
    ) -> Read<Self> {
        let words = tiff.read_numbers(directory, 34735, 4 * MOST_VALUES)?;
        // A number of more than sixteen bits is no key and no code.
        let words = words
            .iter()
            .flat_map(Values::iter)
            .map(|word| u16::try_from(word).unwrap_or_default());
        let doubles = tiff.read_doubles(directory, 34736, MOST_VALUES)?;
        Ok(Self {
            directory: words.collect(),
            doubles,
            ascii: tiff.text_bytes(directory, 34737)?,
        })
    }

    fn geo_keys(&self) -> GeoKeys<'_> {
        GeoKeys {
            directory: &self.directory,
            doubles: &self.doubles,
            ascii: &self.ascii,
        }
    }

    /// Whether places are those of cell centres.
    pub(super) fn is_point(&self) -> bool {
        self.geo_keys().is_point()
    }

    /// The system, as far as it is stated.
    pub(super) fn crs(&self) -> Crs {
        from_geokeys(self.geo_keys()).unwrap_or_default()
    }
}
