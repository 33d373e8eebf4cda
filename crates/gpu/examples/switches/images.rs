//! Pictures and values of a photograph of 8 bits.

use crate::{Found, fold_bits};
use isopach_compute::Result;
use isopach_gpu::Gpu;
use isopach_raster::{
    Sampling,
    gather::{Edges, Gather, Gathering, ImageView, Pixels, PlaceMap},
};
use ndarray::{ArrayD, IxDyn};

/// Bands of a photograph: three, which a texture pads to four.
const BANDS: usize = 3;

/// A photograph in the plane of a panorama.
pub(crate) struct Photo {
    size: [usize; 2],
    samples: Vec<u8>,
    places: Vec<[f64; 2]>,
    /// Views of it by lines and by cubics.
    maps: [PlaceMap; 2],
}

impl Photo {
    /// A photograph with two pixels a place, and scattered places.
    pub(crate) fn new(places: usize, seed: u64) -> Result<Self> {
        let rows = places.isqrt().max(2);
        let size = [2 * rows, rows];
        let noise = |i: usize| (i as u64 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let samples = (0..size[0] * size[1] * BANDS)
            .map(|i| noise(i) as u8)
            .collect();
        let place = |i: usize| {
            let share = |at: usize| noise(at) as f64 / (1_u64 << 32) as f64;
            [2 * i, 2 * i + 1].map(share)
        };
        let places = (0..places)
            .map(place)
            .map(|[x, y]| [x * size[0] as f64, y * size[1] as f64])
            .collect();
        Ok(Self {
            size,
            samples,
            places,
            maps: [
                turned_view(size, Sampling::Bilinear)?,
                turned_view(size, Sampling::Bicubic)?,
            ],
        })
    }

    /// Holds it, takes two pictures by a map and the values at the places.
    pub(crate) fn gather(&self, gpu: &Gpu) -> Result<Found> {
        let [columns, rows] = self.size;
        let image = ImageView::new(columns, rows, BANDS, Pixels::U8(&self.samples))?;
        let held = gpu.hold_image(image)?;
        let mut pictures = Vec::new();
        for map in &self.maps {
            let mut picture = vec![0; map.columns() * map.rows() * BANDS];
            held.remap(map, &mut picture)?;
            pictures.extend(picture);
        }
        let values = held.gather(&self.places, Gathering::default())?;
        Ok(Found {
            bits: fold_bits(pictures.into_iter().map(u64::from)),
            distances: values.iter().map(|value| value / 255.0).collect(),
            emission: ArrayD::zeros(IxDyn(&[0, 0])),
        })
    }
}

/// A square view that is turned a little, across the seam.
fn turned_view([columns, rows]: [usize; 2], sampling: Sampling) -> Result<PlaceMap> {
    let how = Gathering {
        sampling,
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let place = |column: usize, row: usize| {
        let [u, v] = [column, row].map(|at| at as f64 + 0.3);
        [1.7 * columns as f64 + u + 0.2 * v, v - 0.1 * u]
    };
    PlaceMap::new(rows, rows, [columns, rows], how, place)
}
