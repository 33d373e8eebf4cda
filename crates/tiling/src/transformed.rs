//! A source under a rigid transform.

use crate::{PointSource, source::as_inner};
use isopach_cloud::{Columns, Crs, Points, Rect, Rigid, from_ticks, to_ticks};
use isopach_compute::Result;

/// A source moved by a rigid transform, in `f64`.
///
/// Points are rounded to whole ticks before they are moved, as those in memory
/// ([`crate::InMemory`]) are already: so a source gives the same points from memory and from a
/// file.
#[derive(Clone, Debug)]
pub struct Transformed<S> {
    source: S,
    by: Rigid,
}

impl<S: PointSource> Transformed<S> {
    /// `source`, every point of it moved.
    #[must_use]
    pub fn new(source: S, by: Rigid) -> Self {
        Self { source, by }
    }

    /// Bounds of the moved corners of a box; a box is convex, so they hold every moved point of it.
    /// A micrometre for rounding.
    fn transformed_bounds(&self, rect: &Rect) -> [[f64; 3]; 2] {
        let [low, high] = self.source.height_range();
        let mut bounds = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for x in [rect.min[0], rect.max[0]] {
            for y in [rect.min[1], rect.max[1]] {
                for z in [low, high] {
                    let corner = self.by.apply([x, y, z]);
                    for axis in 0..3 {
                        bounds[0][axis] = bounds[0][axis].min(corner[axis] - 1e-6);
                        bounds[1][axis] = bounds[1][axis].max(corner[axis] + 1e-6);
                    }
                }
            }
        }
        bounds
    }

    fn transformed_rect(&self, rect: &Rect) -> Rect {
        let [min, max] = self.transformed_bounds(rect);
        Rect::from_inclusive([min[0], min[1]], [max[0], max[1]])
    }
}

impl<S: PointSource> PointSource for Transformed<S> {
    as_inner! {
        name() -> String;
        point_count() -> u64;
        chunk_count() -> usize;
        expect_chunks(chunks: &[usize]) -> ();
        points_in_chunk(chunk: usize) -> u64;
        crs() -> Option<&Crs>;
        input_names() -> Vec<String>;
    }
    fn extent(&self) -> Rect {
        self.transformed_rect(&self.source.extent())
    }
    fn height_range(&self) -> [f64; 2] {
        self.transformed_bounds(&self.source.extent())
            .map(|corner| corner[2])
    }
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        self.source
            .chunk_extent(chunk)
            .map(|rect| self.transformed_rect(&rect))
    }
    fn input_identities(&self) -> Result<Vec<String>> {
        let Rigid {
            rotation,
            translation,
            pivot,
        } = &self.by;
        let mut identity = self.source.input_identities()?;
        identity.push(format!(
            "moved by {rotation:?} {translation:?} about {pivot:?}"
        ));
        Ok(identity)
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        let mut points = self.source.read_chunk(chunk, columns)?;
        points
            .xyz
            .iter_mut()
            .flatten()
            .for_each(|metres| *metres = round_to_tick(*metres));
        points.transform(&self.by);
        Ok(points)
    }
}

/// A coordinate as it is held; one that cannot be stays, to be refused where it is.
fn round_to_tick(metres: f64) -> f64 {
    /// Farther than any origin reaches, metres.
    const NOWHERE: f64 = 1e10;
    if metres.abs() < NOWHERE {
        from_ticks(to_ticks(metres))
    } else {
        metres
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InMemory;
    use isopach_cloud::{Attributes, Cloud};

    /// Coordinates between ticks.
    struct Raw(Vec<[f64; 3]>);

    impl PointSource for Raw {
        fn name(&self) -> String {
            "raw".into()
        }
        fn extent(&self) -> Rect {
            Rect {
                min: [0.0; 2],
                max: [100.0; 2],
            }
        }
        fn height_range(&self) -> [f64; 2] {
            [0.0, 100.0]
        }
        fn point_count(&self) -> u64 {
            self.0.len() as u64
        }
        fn chunk_count(&self) -> usize {
            1
        }
        fn read_chunk(&self, _: usize, _: Columns) -> Result<Points> {
            Ok(Points {
                xyz: self.0.clone(),
                attributes: Attributes::default(),
            })
        }
    }

    #[test]
    fn points_that_are_held_and_points_that_are_read_are_moved_to_the_same_places() {
        let raw = Raw((1..100)
            .map(|i| [0.37, 0.59, 0.83].map(|x| x * f64::from(i) / 1.1))
            .collect());
        let held = InMemory::from_source(&raw, Cloud::from_points(&raw.0).unwrap()).unwrap();
        let by = Rigid::from_vectors([1e-3, -2e-3, 6e-3], [0.31, -0.24, 0.12], [50.0; 3]);
        let moved = |source: &dyn PointSource| {
            Transformed::new(source, by)
                .read_chunk(0, Columns::XYZ)
                .unwrap()
                .xyz
        };
        assert_eq!(moved(&raw), moved(&held));
        let unrounded = raw
            .0
            .iter()
            .map(|point| by.apply(*point))
            .collect::<Vec<_>>();
        assert_ne!(moved(&raw), unrounded, "there is something to round");
        assert!(round_to_tick(f64::NAN).is_nan() && round_to_tick(1e300) == 1e300);
    }
}
