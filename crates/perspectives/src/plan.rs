//! What all frames share: cameras, and how large what they need is.

use crate::{
    chroma::Chroma,
    encode::{Attached, Picture, encode_png},
    maps::{PLACE_BYTES, ViewMaps, compute_maps},
};
use isopach_compute::Result;
use isopach_panorama::{Camera, Equirectangular, Lens, Rig};
use isopach_raster::gather::Gathering;
use rayon::prelude::*;

/// The views of a panorama, and how their pixels are found.
#[derive(Clone, Debug)]
pub(crate) struct ViewPlan {
    pub(crate) rig: Rig,
    pub(crate) panorama: Equirectangular,
    pub(crate) gathering: Gathering,
    /// Places a side of a pixel that are averaged, of each view.
    pub(crate) parts: Vec<usize>,
    /// Resolution of the colours of frames whose planes are kept apart; `None` if no frame's are.
    pub(crate) chroma: Option<Chroma>,
}

impl ViewPlan {
    /// A plan; `parts` of every view, or what suits its coarseness.
    pub(crate) fn new(
        rig: Rig,
        panorama: Equirectangular,
        gathering: Gathering,
        parts: Option<usize>,
        chroma: Option<Chroma>,
    ) -> Self {
        let parts = rig
            .cameras()
            .iter()
            .map(|camera| parts.unwrap_or_else(|| camera.view().lens.places_a_side(panorama)))
            .collect();
        Self {
            rig,
            panorama,
            gathering,
            parts,
            chroma,
        }
    }

    /// Columns and rows of the panorama.
    pub(crate) fn size(&self) -> [usize; 2] {
        [self.panorama.columns(), self.panorama.rows()]
    }

    /// Lenses of the views before their places are averaged.
    fn fine_lenses(&self) -> impl Iterator<Item = Lens> {
        let cameras = self.rig.cameras().iter().zip(&self.parts);
        cameras.map(|(camera, parts)| fine_lens(camera, *parts))
    }

    fn fine_pixels(&self) -> impl Iterator<Item = u64> {
        self.fine_lenses()
            .map(|lens| lens.columns as u64 * lens.rows as u64)
    }

    /// Samples of colour before they are averaged, of each view that has a map for them.
    fn fine_colours(&self, number: usize, chroma: Chroma) -> u64 {
        let [columns, rows] = self.colour_size(number, chroma);
        let parts = self.parts[number] as u64;
        columns as u64 * rows as u64 * parts * parts
    }

    /// Columns and rows of the colours of a view.
    pub(crate) fn colour_size(&self, number: usize, chroma: Chroma) -> [usize; 2] {
        let Lens { columns, rows, .. } = self.rig.cameras()[number].view().lens;
        chroma.colour_size([columns, rows])
    }

    /// Bytes of all maps.
    pub(crate) fn map_bytes(&self) -> u64 {
        let pixels: u64 = self.fine_pixels().sum();
        let colours: u64 = match self.chroma {
            None | Some(Chroma::Full) => 0,
            Some(chroma) => (0..self.parts.len())
                .map(|number| self.fine_colours(number, chroma))
                .sum(),
        };
        PLACE_BYTES * (pixels + colours)
    }

    /// Bytes that a frame of 3 bands needs while it is worked on: its pixels, its file of `file`
    /// bytes, a view before and after its places are averaged, and the encoded view. Planes that are
    /// apart need no more.
    pub(crate) fn frame_bytes(&self, file: u64) -> u64 {
        let view = self.fine_pixels().max().unwrap_or(0);
        3 * self.pixels() + file + 3 * 3 * view
    }

    /// Pixels of the panorama.
    pub(crate) fn pixels(&self) -> u64 {
        self.panorama.columns() as u64 * self.panorama.rows() as u64
    }

    /// Bytes that computing the maps needs beside them.
    pub(crate) fn place_bytes(&self) -> u64 {
        size_of::<[f64; 2]>() as u64 * self.fine_pixels().max().unwrap_or(0)
    }

    /// Computes the maps and, if wanted, the masks.
    ///
    /// # Errors
    /// Those of [`PlaceMap::new`](isopach_raster::gather::PlaceMap::new).
    pub(crate) fn prepare(&self, with_masks: bool) -> Result<Prepared> {
        let masks = if with_masks {
            (0..self.rig.cameras().len())
                .into_par_iter()
                .map(|number| self.encoded_mask(number))
                .collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        Ok(Prepared {
            maps: compute_maps(self)?,
            masks,
        })
    }

    /// The mask of a view, a grey PNG.
    fn encoded_mask(&self, number: usize) -> Result<Vec<u8>> {
        let lens = self.rig.cameras()[number].view().lens;
        let mask = self.rig.mask_of(number);
        let picture = Picture {
            pixels: &mask,
            columns: lens.columns,
            rows: lens.rows,
            bands: 1,
        };
        encode_png(picture, Attached::default())
    }
}

/// The lens of a view before its places are averaged.
pub(crate) fn fine_lens(camera: &Camera, parts: usize) -> Lens {
    camera.view().lens.subdivided(parts)
}

/// Maps and masks, in the order of the views.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) maps: ViewMaps,
    /// Files; none if masks are not wanted.
    pub(crate) masks: Vec<Vec<u8>>,
}
