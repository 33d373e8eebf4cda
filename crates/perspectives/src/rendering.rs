//! Rendering of views from a decoded frame: sampling, and averaging where views are coarse.

use crate::{
    average::average_blocks,
    chroma::Chroma,
    encode::{Attached, Encoding, Picture, PlanePicture},
    plan::{Prepared, ViewPlan},
};
use isopach_compute::{Cpu, Result};
use isopach_raster::gather::{Gather, HeldImage, ImageView, Pixels, PlaceMap};

/// How the samples of a decoded frame lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[row][column][band]`, of so many bands.
    Pixels(usize),
    /// Brightness, `[row][column]`, then the differences of blue and red, `[row][column]` of two, of
    /// this resolution.
    Planes(Chroma),
}

/// A decoded frame that views are rendered from.
pub(crate) enum HeldFrame<'a> {
    Pixels {
        image: Box<dyn HeldImage + 'a>,
        bands: usize,
    },
    Planes {
        brightness: Box<dyn HeldImage + 'a>,
        colours: Box<dyn HeldImage + 'a>,
    },
}

/// Buffers of a worker that are used again.
#[derive(Debug, Default)]
pub(crate) struct ViewBuffers {
    pixels: SampleBuffers,
    colours: SampleBuffers,
    blue: Vec<u8>,
    red: Vec<u8>,
}

/// Samples of a view before and after their places are averaged.
#[derive(Debug, Default)]
struct SampleBuffers {
    fine: Vec<u8>,
    coarse: Vec<u8>,
}

/// A rendered view.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rendered<'a> {
    Pixels(Picture<'a>),
    Planes(PlanePicture<'a>),
}

impl Rendered<'_> {
    /// Encodes the view.
    ///
    /// # Errors
    /// Those of the encoder.
    pub(crate) fn encode(&self, encoding: Encoding, attached: Attached<'_>) -> Result<Vec<u8>> {
        match self {
            Self::Pixels(picture) => encoding.encode(*picture, attached),
            Self::Planes(picture) => encoding.encode_planes(*picture, attached),
        }
    }
}

impl<'a> HeldFrame<'a> {
    /// Holds the samples of a frame of the plan's size.
    ///
    /// # Errors
    /// Those of [`ImageView::new`].
    pub(crate) fn new(samples: &'a [u8], layout: Layout, plan: &ViewPlan) -> Result<Self> {
        let hold = |samples, [columns, rows]: [usize; 2], bands| {
            Cpu.hold_image(ImageView::new(columns, rows, bands, Pixels::U8(samples))?)
        };
        let size = plan.size();
        Ok(match layout {
            Layout::Pixels(bands) => Self::Pixels {
                image: hold(samples, size, bands)?,
                bands,
            },
            Layout::Planes(chroma) => {
                let (brightness, colours) = samples.split_at(size[0] * size[1]);
                Self::Planes {
                    brightness: hold(brightness, size, 1)?,
                    colours: hold(colours, chroma.colour_size(size), 2)?,
                }
            }
        })
    }

    /// Renders a view.
    ///
    /// # Errors
    /// Those of [`HeldImage::remap`].
    pub(crate) fn render<'b>(
        &self,
        plan: &ViewPlan,
        prepared: &Prepared,
        number: usize,
        buffers: &'b mut ViewBuffers,
    ) -> Result<Rendered<'b>> {
        let lens = plan.rig.cameras()[number].view().lens;
        let [columns, rows] = [lens.columns, lens.rows];
        let parts = plan.parts[number];
        let map = prepared.maps.of_pixels(number);
        match self {
            Self::Pixels { image, bands } => Ok(Rendered::Pixels(Picture {
                pixels: buffers.pixels.fill(&**image, map, *bands, parts)?,
                columns,
                rows,
                bands: *bands,
            })),
            Self::Planes {
                brightness,
                colours,
            } => {
                let colour_map = prepared.maps.of_colours(number);
                let woven = buffers.colours.fill(&**colours, colour_map, 2, parts)?;
                part_colours(woven, &mut buffers.blue, &mut buffers.red);
                Ok(Rendered::Planes(PlanePicture {
                    brightness: buffers.pixels.fill(&**brightness, map, 1, parts)?,
                    colours: [&buffers.blue, &buffers.red],
                    columns,
                    rows,
                }))
            }
        }
    }
}

impl SampleBuffers {
    /// Samples of `bands` at the places of a map, the mean of `parts` a side.
    fn fill(
        &mut self,
        image: &dyn HeldImage,
        map: &PlaceMap,
        bands: usize,
        parts: usize,
    ) -> Result<&[u8]> {
        self.fine.resize(map.columns() * map.rows() * bands, 0);
        image.remap(map, &mut self.fine)?;
        if parts == 1 {
            return Ok(&self.fine);
        }
        let [columns, rows] = [map.columns() / parts, map.rows() / parts];
        self.coarse.resize(columns * rows * bands, 0);
        average_blocks(&self.fine, [columns, bands], parts, &mut self.coarse);
        Ok(&self.coarse)
    }
}

/// Puts samples of two that lie together apart.
fn part_colours(woven: &[u8], blue: &mut Vec<u8>, red: &mut Vec<u8>) {
    blue.resize(woven.len() / 2, 0);
    red.resize(woven.len() / 2, 0);
    let parted = blue.iter_mut().zip(red);
    for (both, (blue, red)) in woven.chunks_exact(2).zip(parted) {
        *blue = both[0];
        *red = both[1];
    }
}
