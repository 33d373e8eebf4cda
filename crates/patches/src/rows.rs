//! The rows of a patch: coordinates and columns of chosen points.

use crate::{Attribute, Column, ColumnSource, ZeroHeight};
use isopach_cloud::{Attributes, Cloud, from_ticks, to_ticks};
use std::borrow::Cow;

/// A column, and the place of its first number in the table of features if it is one.
pub(crate) type Placed = (Column, usize);

/// Values of the points of a tile that columns are made of.
#[derive(Debug)]
pub(crate) struct TileValues<'a> {
    pub(crate) cloud: &'a Cloud,
    /// Classes, with those of found ground.
    pub(crate) classes: Option<Cow<'a, [u8]>>,
    /// Columns of features.
    pub(crate) features: Vec<Vec<f32>>,
    /// Heights above the ground.
    pub(crate) heights: Vec<f64>,
    /// Row of each point in features and heights; empty if there are none.
    pub(crate) row_of: Vec<u32>,
}

impl TileValues<'_> {
    /// Numbers of a column at some points, row by row.
    pub(crate) fn column(&self, (column, at): &Placed, points: &[u32]) -> Vec<f32> {
        match column.source {
            ColumnSource::Attribute(attribute) => self.attribute(attribute, points),
            ColumnSource::HeightAboveGround => {
                let height = |point: &u32| self.heights[self.row(*point)] as f32;
                points.iter().map(height).collect()
            }
            ColumnSource::Feature(_) => {
                let numbers = &self.features[*at..*at + column.width];
                let mut values = Vec::with_capacity(column.width * points.len());
                for point in points {
                    let row = self.row(*point);
                    values.extend(numbers.iter().map(|number| number[row]));
                }
                values
            }
        }
    }

    fn row(&self, point: u32) -> usize {
        self.row_of[point as usize] as usize
    }

    fn attribute(&self, attribute: Attribute, points: &[u32]) -> Vec<f32> {
        let Attributes {
            classification: _,
            intensity,
            returns,
            gps_time: _,
            rgb,
            point_source,
            scan_angle,
            flags: _,
            user_data,
            nir,
            extra: _,
        } = &self.cloud.attributes;
        match attribute {
            Attribute::Class => gather(self.classes.as_deref(), points, |&class| class.into()),
            Attribute::Intensity => gather(intensity.as_deref(), points, |&value| value.into()),
            Attribute::ReturnNumber => gather(returns.as_deref(), points, |[n, _]| (*n).into()),
            Attribute::NumberOfReturns => gather(returns.as_deref(), points, |[_, n]| (*n).into()),
            Attribute::NearInfrared => gather(nir.as_deref(), points, |&value| value.into()),
            Attribute::PointSource => {
                gather(point_source.as_deref(), points, |&value| value.into())
            }
            Attribute::ScanAngle => gather(scan_angle.as_deref(), points, |&angle| angle),
            Attribute::UserData => gather(user_data.as_deref(), points, |&value| value.into()),
            Attribute::Colour => {
                let colours = rgb.as_deref().unwrap_or_default();
                let of_point = |point: &u32| colours[*point as usize].map(f32::from);
                points.iter().flat_map(of_point).collect()
            }
        }
    }

    /// Coordinates of points about a centre and a height, all in absolute ticks: rounded to `f32`
    /// after the subtraction.
    pub(crate) fn coordinates(&self, points: &[u32], zero: [i64; 3]) -> Vec<[f32; 3]> {
        let positions = self.cloud.positions();
        let about = |&point: &u32| {
            let ticks = positions.absolute_ticks(point as usize);
            std::array::from_fn(|axis| from_ticks(ticks[axis] - zero[axis]) as f32)
        };
        points.iter().map(about).collect()
    }

    /// The height that those of a patch are counted from, absolute ticks; `None` if it has no
    /// ground points where they are asked for.
    pub(crate) fn zero_height(&self, rule: &ZeroHeight, members: &[u32]) -> Option<i64> {
        let positions = self.cloud.positions();
        let height = |point: &u32| positions.absolute_ticks(*point as usize)[2];
        match rule {
            ZeroHeight::Lowest => members.iter().map(height).min(),
            ZeroHeight::Fixed(metres) => Some(to_ticks(*metres)),
            ZeroHeight::Ground(classes) => {
                let of_points = self.classes.as_deref().unwrap_or_default();
                let is_ground = |point: &&u32| {
                    let class = of_points.get(**point as usize);
                    class.is_some_and(|class| classes.contains(class))
                };
                let ground = members.iter().filter(is_ground);
                let mut heights: Vec<i64> = ground.map(height).collect();
                let middle = heights.len().checked_sub(1)? / 2;
                Some(*heights.select_nth_unstable(middle).1)
            }
        }
    }
}

fn gather<T>(values: Option<&[T]>, points: &[u32], number: impl Fn(&T) -> f32) -> Vec<f32> {
    let values = values.unwrap_or_default();
    let of_point = |point: &u32| number(&values[*point as usize]);
    points.iter().map(of_point).collect()
}
