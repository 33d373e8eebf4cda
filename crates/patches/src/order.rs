//! The order of points by their values, not by their places in files.

use isopach_cloud::{Cloud, Positions};
use std::cmp::Ordering;

/// Points of a cloud in an order of their own: by coordinates, then by their attributes. Points
/// that are equal in all of them are interchangeable.
#[derive(Debug)]
pub(crate) struct PointOrder<'a> {
    positions: Positions<'a>,
    /// Bytes of each attribute, and bytes of a point in it.
    columns: Vec<(&'a [u8], usize)>,
}

impl<'a> PointOrder<'a> {
    pub(crate) fn new(cloud: &'a Cloud) -> Self {
        let points = cloud.len().max(1);
        let columns = cloud.attributes.column_bytes().into_iter();
        Self {
            positions: cloud.positions(),
            columns: columns.map(|bytes| (bytes, bytes.len() / points)).collect(),
        }
    }

    pub(crate) fn positions(&self) -> Positions<'a> {
        self.positions
    }

    /// The order of two points, by their indices.
    pub(crate) fn compare(&self, a: u32, b: u32) -> Ordering {
        let ticks = self.positions.ticks();
        let by_place = ticks[a as usize].cmp(&ticks[b as usize]);
        by_place.then_with(|| self.compare_attributes(a, b))
    }

    fn compare_attributes(&self, a: u32, b: u32) -> Ordering {
        let mut order = Ordering::Equal;
        for &(bytes, size) in &self.columns {
            let row = |i: u32| &bytes[i as usize * size..][..size];
            order = order.then_with(|| row(a).cmp(row(b)));
        }
        order
    }
}
