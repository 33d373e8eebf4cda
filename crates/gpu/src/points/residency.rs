//! Points that stay on a device from one operation to the next.
//!
//! A pin ([`isopach_compute::Compute::pin`]) borrows coordinates: while it lives, nothing else can
//! be where they are in the computer's memory, and they cannot change. So their address and length
//! identify them. The first operation that needs them brings them to the device, in their own
//! order; the first that searches them sorts them by cell. They leave when the pin ends, and before
//! that if the budget is short and no operation uses them.

use crate::{
    memory::{buffer::Buffer, evict::Evict},
    points::resident_points::ResidentPoints,
    record::recorder::Recorder,
};
use isopach_cloud::Positions;
use isopach_compute::Result;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Points on a device.
#[derive(Clone, Debug)]
pub(crate) enum PointsOnDevice {
    /// `vec4<i32>`: x, y, z, position; in their own order.
    Unsorted(Buffer),
    /// The same, sorted by cell.
    Sorted(Arc<ResidentPoints>),
}

impl PointsOnDevice {
    /// `vec4<i32>`: x, y, z, position; in any order.
    pub(crate) fn items_buffer(&self) -> &Buffer {
        match self {
            Self::Unsorted(buffer) => buffer,
            Self::Sorted(resident) => &resident.points,
        }
    }

    /// Bytes that are free without it; 0 while an operation uses it.
    fn evictable_bytes(&self) -> u64 {
        match self {
            Self::Unsorted(buffer) if buffer.is_unique() => buffer.class_bytes(),
            Self::Sorted(resident) if Arc::strong_count(resident) == 1 => {
                resident.points.class_bytes() + resident.starts.class_bytes()
            }
            Self::Unsorted(_) | Self::Sorted(_) => 0,
        }
    }
}

/// The place of coordinates in the computer's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    address: usize,
    points: usize,
}

impl Place {
    fn of(ticks: &[[i32; 3]]) -> Self {
        Self {
            address: ticks.as_ptr().addr(),
            points: ticks.len(),
        }
    }
}

/// Pinned coordinates, and their copy on the device if there is one.
#[derive(Debug)]
struct PinnedPoints {
    place: Place,
    on_device: Option<PointsOnDevice>,
}

/// The pinned points of one device.
#[derive(Debug, Default)]
pub(crate) struct Residency(Mutex<Vec<PinnedPoints>>);

impl Residency {
    fn lock_pinned(&self) -> MutexGuard<'_, Vec<PinnedPoints>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether these coordinates are pinned.
    pub(crate) fn is_pinned(&self, ticks: &[[i32; 3]]) -> bool {
        let place = Place::of(ticks);
        self.lock_pinned()
            .iter()
            .any(|pinned| pinned.place == place)
    }

    /// The copy of pinned coordinates on the device.
    fn find_copy(&self, ticks: &[[i32; 3]]) -> Option<PointsOnDevice> {
        let place = Place::of(ticks);
        self.lock_pinned()
            .iter()
            .find(|pinned| pinned.place == place)?
            .on_device
            .clone()
    }

    /// Keeps a copy as long as the coordinates are pinned, in the place of an earlier one.
    fn keep_copy(&self, ticks: &[[i32; 3]], on_device: &PointsOnDevice) {
        let place = Place::of(ticks);
        let mut all = self.lock_pinned();
        let pinned = all.iter_mut().find(|pinned| pinned.place == place);
        let before = pinned.and_then(|pinned| pinned.on_device.replace(on_device.clone()));
        drop(all);
        drop(before); // outside the lock: its buffers go back to the pool
    }

    /// Points in any order, brought to the device unless they are there.
    ///
    /// # Errors
    /// As [`Recorder::upload`].
    pub(crate) fn upload_points(
        &self,
        recorder: &Recorder,
        ticks: &[[i32; 3]],
    ) -> Result<PointsOnDevice> {
        if let Some(found) = self.find_copy(ticks) {
            return Ok(found);
        }
        let items = recorder.upload("points", ticks.len(), |i| {
            let [x, y, z] = ticks[i];
            [x, y, z, i as i32]
        })?;
        let items = PointsOnDevice::Unsorted(items);
        self.keep_copy(ticks, &items);
        Ok(items)
    }

    /// Points sorted by cell, unless they are there.
    ///
    /// # Errors
    /// As [`ResidentPoints::sort`].
    pub(crate) fn resident_points(
        &self,
        recorder: &Arc<Recorder>,
        positions: Positions<'_>,
    ) -> Result<Arc<ResidentPoints>> {
        let items = match self.upload_points(recorder, positions.ticks())? {
            PointsOnDevice::Sorted(resident) => return Ok(resident),
            PointsOnDevice::Unsorted(items) => items,
        };
        let sorted = ResidentPoints::sort(Arc::clone(recorder), &items, positions)?;
        let resident = Arc::new(sorted);
        let copy = PointsOnDevice::Sorted(Arc::clone(&resident));
        self.keep_copy(positions.ticks(), &copy);
        Ok(resident)
    }
}

impl Evict for Residency {
    fn evictable_bytes(&self) -> u64 {
        self.lock_pinned()
            .iter()
            .filter_map(|pinned| pinned.on_device.as_ref())
            .map(PointsOnDevice::evictable_bytes)
            .sum()
    }

    fn evict(&self) {
        let evicted: Vec<PointsOnDevice> = self
            .lock_pinned()
            .iter_mut()
            .filter_map(|pinned| {
                pinned
                    .on_device
                    .take_if(|on_device| on_device.evictable_bytes() > 0)
            })
            .collect();
        drop(evicted); // outside the lock
    }
}

/// Pins coordinates until it is dropped.
#[derive(Debug)]
pub(crate) struct ResidencyPin {
    residency: Arc<Residency>,
    places: Vec<Place>,
}

impl ResidencyPin {
    /// Pins those coordinates that nobody pins yet.
    pub(crate) fn new(residency: Arc<Residency>, coordinates: &[&[[i32; 3]]]) -> Self {
        let mut all = residency.lock_pinned();
        let mut places = Vec::new();
        for ticks in coordinates.iter().filter(|ticks| !ticks.is_empty()) {
            let place = Place::of(ticks);
            if all.iter().all(|pinned| pinned.place != place) {
                places.push(place);
                all.push(PinnedPoints {
                    place,
                    on_device: None,
                });
            }
        }
        drop(all);
        Self { residency, places }
    }
}

impl Drop for ResidencyPin {
    fn drop(&mut self) {
        let unpinned: Vec<PinnedPoints> = self
            .residency
            .lock_pinned()
            .extract_if(.., |pinned| self.places.contains(&pinned.place))
            .collect();
        drop(unpinned); // outside the lock
    }
}
