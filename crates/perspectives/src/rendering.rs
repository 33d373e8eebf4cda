//! What all frames share: cameras, maps, masks.

use crate::{
    average::average_blocks,
    encode::{Attached, Picture, encode_png},
};
use isopach_compute::{Error, Result};
use isopach_panorama::{Camera, Equirectangular, Lens, Rig};
use isopach_raster::gather::{Gathering, HeldImage, PlaceMap};
use rayon::prelude::*;

/// Bytes of a place of a map.
const PLACE_BYTES: u64 = 8;

/// The views of a panorama, and how their pixels are found.
#[derive(Clone, Debug)]
pub(crate) struct ViewPlan {
    pub(crate) rig: Rig,
    pub(crate) panorama: Equirectangular,
    pub(crate) gathering: Gathering,
    /// Places a side of a pixel that are averaged, of each view.
    pub(crate) parts: Vec<usize>,
}

/// A view before its places are averaged.
fn fine_lens(camera: &Camera, parts: usize) -> Lens {
    camera.view().lens.subdivided(parts)
}

impl ViewPlan {
    /// A plan; `parts` of every view, or what suits its coarseness.
    pub(crate) fn new(
        rig: Rig,
        panorama: Equirectangular,
        gathering: Gathering,
        parts: Option<usize>,
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
        }
    }

    fn fine_pixels(&self) -> impl Iterator<Item = u64> {
        self.rig
            .cameras()
            .iter()
            .zip(&self.parts)
            .map(|(camera, parts)| {
                let lens = fine_lens(camera, *parts);
                lens.columns as u64 * lens.rows as u64
            })
    }

    /// Bytes of all maps.
    pub(crate) fn map_bytes(&self) -> u64 {
        PLACE_BYTES * self.fine_pixels().sum::<u64>()
    }

    /// Bytes that a frame of 3 bands needs while it is worked on: its pixels, its file of `file`
    /// bytes, a view before and after its places are averaged, and the encoded view.
    pub(crate) fn frame_bytes(&self, file: u64) -> u64 {
        let view = self.fine_pixels().max().unwrap_or(0);
        3 * self.pixels() + file + 3 * 3 * view
    }

    /// Pixels of the panorama.
    pub(crate) fn pixels(&self) -> u64 {
        self.panorama.columns() as u64 * self.panorama.rows() as u64
    }

    /// Computes the maps and, if wanted, the masks.
    ///
    /// # Errors
    /// Those of [`PlaceMap::new`].
    pub(crate) fn prepare(&self, with_masks: bool) -> Result<Prepared> {
        let maps = self
            .rig
            .cameras()
            .iter()
            .zip(&self.parts)
            .map(|(camera, parts)| self.map_of(camera, *parts))
            .collect::<Result<_>>()?;
        let masks = if with_masks {
            (0..self.rig.cameras().len())
                .into_par_iter()
                .map(|number| self.encoded_mask(number))
                .collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        Ok(Prepared { maps, masks })
    }

    /// The places of a view.
    pub(crate) fn map_of(&self, camera: &Camera, parts: usize) -> Result<PlaceMap> {
        let lens = fine_lens(camera, parts);
        let fine = Camera::new(isopach_panorama::View {
            lens,
            ..*camera.view()
        })?;
        let panorama = self.panorama;
        let size = [panorama.columns(), panorama.rows()];
        PlaceMap::new(
            lens.columns,
            lens.rows,
            size,
            self.gathering,
            |column, row| panorama.place_of(fine.ray_of([column as f64 + 0.5, row as f64 + 0.5])),
        )
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

/// Maps and masks, in the order of the views.
#[derive(Debug)]
pub(crate) struct Prepared {
    maps: Vec<PlaceMap>,
    /// Files; none if masks are not wanted.
    pub(crate) masks: Vec<Vec<u8>>,
}

/// A view of the worker that renders it; buffers are used again.
#[derive(Debug, Default)]
pub(crate) struct ViewBuffers {
    fine: Vec<u8>,
    view: Vec<u8>,
}

impl Prepared {
    /// Renders a view of a frame of `bands`; returns its pixels, `[row][column][band]`.
    ///
    /// # Errors
    /// Those of [`HeldImage::remap`].
    pub(crate) fn render<'b>(
        &self,
        plan: &ViewPlan,
        number: usize,
        frame: &dyn HeldImage,
        bands: usize,
        buffers: &'b mut ViewBuffers,
    ) -> Result<&'b [u8]> {
        let map = &self.maps[number];
        let parts = plan.parts[number];
        buffers.fine.resize(map.columns() * map.rows() * bands, 0);
        frame.remap(map, &mut buffers.fine)?;
        if parts == 1 {
            return Ok(&buffers.fine);
        }
        let lens = plan.rig.cameras()[number].view().lens;
        buffers.view.resize(lens.columns * lens.rows * bands, 0);
        average_blocks(
            &buffers.fine,
            [lens.columns, bands],
            parts,
            &mut buffers.view,
        );
        Ok(&buffers.view)
    }
}

/// Workers that fit the memory beside maps, with what is left for frames that need more than
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryShares {
    pub(crate) workers: usize,
    /// Bytes that are left for the coefficients of progressive JPEG, of all workers together.
    pub(crate) spare: u64,
}

impl MemoryShares {
    /// Shares of a budget of `memory` bytes for up to `wanted` workers, whose files have up to `file`
    /// bytes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if no frame fits.
    pub(crate) fn new(plan: &ViewPlan, memory: u64, wanted: usize, file: u64) -> Result<Self> {
        let maps = plan.map_bytes();
        let frame = plan.frame_bytes(file);
        let left = memory.checked_sub(maps + frame).ok_or(Error::OutOfMemory {
            what: "one frame with the maps of its views",
            requested: maps + frame,
            budget: memory,
            advice: "give more --memory, fewer views, or a smaller --size",
        })?;
        // Room for the coefficients of one progressive JPEG, before there is a second worker.
        let progressive = 6 * plan.pixels();
        let others = left.saturating_sub(progressive) / frame;
        let workers = wanted.min(1 + others as usize).max(1);
        Ok(Self {
            workers,
            spare: left - (workers as u64 - 1) * frame,
        })
    }
}
