//! What all frames share: cameras, maps, masks.

use crate::{
    average::average_blocks,
    encode::{Attached, Picture, encode_png},
};
use isopach_compute::{Error, Result};
use isopach_panorama::{Camera, Equirectangular, Lens, Rig, View};
use isopach_raster::gather::{Gathering, HeldImage, PlaceMap};
use rayon::prelude::*;

/// Bytes of a pixel's place in a map: x and y in 32 bits.
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

    /// Bytes that computing the maps needs beside them.
    fn place_bytes(&self) -> u64 {
        size_of::<[f64; 2]>() as u64 * self.fine_pixels().max().unwrap_or(0)
    }

    /// Computes the maps and, if wanted, the masks.
    ///
    /// # Errors
    /// Those of [`PlaceMap::new`].
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
            maps: self.maps()?,
            masks,
        })
    }

    /// The maps of all views. Views that differ in their yaw alone have the same places but for a
    /// shift along the row, so that they are computed once.
    pub(crate) fn maps(&self) -> Result<Vec<PlaceMap>> {
        let mut maps = Vec::new();
        let mut base: Option<(View, Vec<[f64; 2]>)> = None;
        for (camera, parts) in self.rig.cameras().iter().zip(&self.parts) {
            let view = View {
                lens: fine_lens(camera, *parts),
                ..*camera.view()
            };
            let unturned = View { yaw: 0.0, ..view };
            let places = match base.take() {
                Some((of, places)) if of == unturned => places,
                // Freed before the next.
                former => {
                    drop(former);
                    self.places_of(unturned)?
                }
            };
            maps.push(self.map_of(&view, &places)?);
            base = Some((unturned, places));
        }
        Ok(maps)
    }

    /// The places of all pixels of a view, by rows.
    fn places_of(&self, view: View) -> Result<Vec<[f64; 2]>> {
        let camera = Camera::new(view)?;
        let columns = view.lens.columns;
        let mut places = vec![[0.0; 2]; columns * view.lens.rows];
        places
            .par_chunks_mut(columns)
            .enumerate()
            .for_each(|(row, places)| {
                for (column, place) in places.iter_mut().enumerate() {
                    let centre = [column as f64 + 0.5, row as f64 + 0.5];
                    *place = self.panorama.place_of(camera.ray_of(centre));
                }
            });
        Ok(places)
    }

    /// The map of a view, from the places of the same view at yaw 0.
    fn map_of(&self, view: &View, places: &[[f64; 2]]) -> Result<PlaceMap> {
        let size = [self.panorama.columns(), self.panorama.rows()];
        let [columns, rows] = [view.lens.columns, view.lens.rows];
        let shift = view.yaw * self.panorama.pixels_per_radian();
        PlaceMap::new(columns, rows, size, self.gathering, |column, row| {
            let [x, y] = places[row * columns + column];
            [x + shift, y]
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
    /// Bytes of all maps.
    pub(crate) fn map_bytes(&self) -> u64 {
        self.maps.iter().map(PlaceMap::bytes).sum()
    }

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
        // Places are freed before there is a frame.
        let frame = plan.frame_bytes(file).max(plan.place_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_panorama::{colmap_views, ring_views};
    use isopach_raster::gather::Edges;

    #[test]
    fn places_that_are_shifted_are_those_that_are_computed() {
        let panorama = Equirectangular::new(7680, 3840).unwrap();
        let lens = Lens {
            horizontal_fov: 1.4,
            columns: 61,
            rows: 40,
        };
        let turned = View {
            yaw: -2.0,
            pitch: 0.3,
            roll: 0.7,
            lens,
        };
        let views = [
            ring_views(7, -0.2, lens).unwrap(),
            colmap_views(lens),
            vec![turned, View { yaw: 9.0, ..turned }],
        ];
        let gathering = Gathering {
            edges: Edges::WrapColumns,
            ..Gathering::default()
        };
        let rig = Rig::new(&views.concat()).unwrap();
        let plan = ViewPlan::new(rig, panorama, gathering, Some(2));
        let maps = plan.maps().unwrap();
        assert_eq!(maps.len(), 21);
        for (camera, map) in plan.rig.cameras().iter().zip(maps) {
            for row in 0..80 {
                for column in 0..122 {
                    let centre = [column as f64 + 0.5, row as f64 + 0.5].map(|at| at / 2.0);
                    let [x, y] = panorama.place_of(camera.ray_of(centre));
                    let found = map.place(column, row).unwrap();
                    let turns = ((found[0] - x) / 7680.0).round();
                    let bound = 1.0 / 4096.0 + 1e-9;
                    assert!((found[0] - x - turns * 7680.0).abs() <= bound);
                    assert!((found[1] - y).abs() <= bound);
                }
            }
        }
    }
}
