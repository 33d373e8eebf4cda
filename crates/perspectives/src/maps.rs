//! Maps of the views: the places of their pixels and of their samples of colour in the planes of a
//! frame.

use crate::{
    chroma::Chroma,
    plan::{ViewPlan, fine_lens},
};
use isopach_compute::Result;
use isopach_panorama::{Camera, View};
use isopach_raster::gather::PlaceMap;
use rayon::prelude::*;

/// Bytes of a pixel's place in a map: x and y in 32 bits.
pub(crate) const PLACE_BYTES: u64 = 8;

/// Maps of all views, in their order.
#[derive(Debug)]
pub(crate) struct ViewMaps {
    pixels: Vec<PlaceMap>,
    /// Of samples of colour; none where they have the places of the pixels, or no frame's planes are
    /// kept apart.
    colours: Vec<PlaceMap>,
}

impl ViewMaps {
    /// Bytes of all.
    pub(crate) fn bytes(&self) -> u64 {
        let all = self.pixels.iter().chain(&self.colours);
        all.map(PlaceMap::bytes).sum()
    }

    /// Places of the pixels of a view.
    pub(crate) fn of_pixels(&self, number: usize) -> &PlaceMap {
        &self.pixels[number]
    }

    /// Places of the samples of colour of a view in the colours of a frame.
    pub(crate) fn of_colours(&self, number: usize) -> &PlaceMap {
        self.colours.get(number).unwrap_or(&self.pixels[number])
    }
}

/// Computes the maps of all views.
///
/// # Errors
/// Those of [`PlaceMap::new`].
pub(crate) fn compute_maps(plan: &ViewPlan) -> Result<ViewMaps> {
    let colours = match plan.chroma {
        None | Some(Chroma::Full) => Vec::new(),
        Some(chroma) => maps_of(plan, chroma)?,
    };
    Ok(ViewMaps {
        pixels: maps_of(plan, Chroma::Full)?,
        colours,
    })
}

/// Maps from samples that `chroma.shared()` columns and rows of the view share to those that as many
/// of the panorama share. A sample lies in the middle of what shares it (JFIF 1.02), so that all
/// places are those of the pixels, divided. Views that differ in their yaw alone have the same
/// places but for a shift along the row, so that they are computed once.
fn maps_of(plan: &ViewPlan, chroma: Chroma) -> Result<Vec<PlaceMap>> {
    let views: Vec<FineView> = FineView::all_of(plan);
    let mut maps = Vec::new();
    for alike in views.chunk_by(|a, b| a.unturned() == b.unturned()) {
        let places = Places::compute(plan, &alike[0], chroma)?;
        let turned = alike.par_iter().map(|of| {
            let shift = of.view.yaw * plan.panorama.pixels_per_radian();
            places.shifted(plan, shift, chroma)
        });
        maps.extend(turned.collect::<Result<Vec<PlaceMap>>>()?);
    }
    Ok(maps)
}

/// A view before its places are averaged, with so many places a side of a pixel.
struct FineView {
    number: usize,
    view: View,
    parts: usize,
}

impl FineView {
    fn all_of(plan: &ViewPlan) -> Vec<Self> {
        let cameras = plan.rig.cameras().iter().zip(&plan.parts);
        let views = cameras.enumerate().map(|(number, (camera, parts))| Self {
            number,
            view: View {
                lens: fine_lens(camera, *parts),
                ..*camera.view()
            },
            parts: *parts,
        });
        views.collect()
    }

    /// The view at yaw 0, and its places a side.
    fn unturned(&self) -> (View, usize) {
        let view = View {
            yaw: 0.0,
            ..self.view
        };
        (view, self.parts)
    }
}

/// Places of all samples of a view in the panorama, pixels.
struct Places {
    columns: usize,
    rows: usize,
    /// By rows.
    places: Vec<[f64; 2]>,
}

impl Places {
    /// Places of the samples of a view at yaw 0, each in the middle of the pixels that share it.
    fn compute(plan: &ViewPlan, of: &FineView, chroma: Chroma) -> Result<Self> {
        let (unturned, parts) = of.unturned();
        let camera = Camera::new(unturned)?;
        let [columns, rows] = plan.colour_size(of.number, chroma).map(|side| side * parts);
        let [across, down] = chroma.shared();
        let mut places = vec![[0.0; 2]; columns * rows];
        places
            .par_chunks_mut(columns)
            .enumerate()
            .for_each(|(row, places)| {
                let y = (row as f64 + 0.5) * down as f64;
                for (column, place) in places.iter_mut().enumerate() {
                    let x = (column as f64 + 0.5) * across as f64;
                    *place = plan.panorama.place_of(camera.ray_of([x, y]));
                }
            });
        Ok(Self {
            columns,
            rows,
            places,
        })
    }

    /// The map of the view turned by `shift` pixels of the panorama.
    fn shifted(&self, plan: &ViewPlan, shift: f64, chroma: Chroma) -> Result<PlaceMap> {
        let [across, down] = chroma.shared().map(|shared| shared as f64);
        let source_size = chroma.colour_size(plan.size());
        PlaceMap::new(
            self.columns,
            self.rows,
            source_size,
            plan.gathering,
            |column, row| {
                let [x, y] = self.places[row * self.columns + column];
                [(x + shift) / across, y / down]
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_panorama::{Equirectangular, Lens, Rig, colmap_views, ring_views};
    use isopach_raster::gather::{Edges, Gathering};

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
        let plan = ViewPlan::new(rig, panorama, gathering, Some(2), Some(Chroma::Half));
        let maps = compute_maps(&plan).unwrap();
        for (number, camera) in plan.rig.cameras().iter().enumerate() {
            check_map(&plan, camera, maps.of_pixels(number), [1.0, 1.0]);
            check_map(&plan, camera, maps.of_colours(number), [2.0, 2.0]);
        }
    }

    /// Compares the places of samples, `shared` pixels each, with those of their rays.
    fn check_map(plan: &ViewPlan, camera: &Camera, map: &PlaceMap, shared: [f64; 2]) {
        let lens = camera.view().lens;
        let columns = 7680.0 / shared[0];
        assert_eq!(
            map.columns(),
            2 * (lens.columns as f64 / shared[0]).ceil() as usize
        );
        assert_eq!(
            map.rows(),
            2 * (lens.rows as f64 / shared[1]).ceil() as usize
        );
        for row in 0..map.rows() {
            for column in 0..map.columns() {
                let x = (column as f64 + 0.5) * shared[0] / 2.0;
                let y = (row as f64 + 0.5) * shared[1] / 2.0;
                let place = plan.panorama.place_of(camera.ray_of([x, y]));
                let exact = [place[0] / shared[0], place[1] / shared[1]];
                let found = map.place(column, row).unwrap();
                let turns = ((found[0] - exact[0]) / columns).round();
                let bound = 1.0 / 4096.0 + 1e-9;
                assert!((found[0] - exact[0] - turns * columns).abs() <= bound);
                assert!((found[1] - exact[1]).abs() <= bound);
            }
        }
    }
}
