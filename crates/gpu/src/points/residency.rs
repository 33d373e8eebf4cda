//! Points that stay on a device from one operation to the next.
//!
//! While [`isopach_compute::Compute::holding`] borrows coordinates, nothing else can lie where they
//! lie, and they cannot change: their place in the computer's memory names them. What is brought to
//! the device of them in that time stays there, first in their own order, then, once somebody
//! searches them, sorted by cell. It goes when the borrow ends, and before that if the budget is
//! needed for something else and nobody is at work on it.

use crate::{pool::Buffer, search::build::Resident, session::Session};
use isopach_cloud::Positions;
use isopach_compute::Result;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Points on a device.
#[derive(Clone, Debug)]
pub(crate) enum OnDevice {
    /// `vec4<i32>`: x, y, z, position; in their own order.
    Items(Buffer),
    /// The same, sorted by cell.
    Sorted(Arc<Resident>),
}

impl OnDevice {
    /// `vec4<i32>`: x, y, z, position; in any order.
    pub(crate) fn items(&self) -> &Buffer {
        match self {
            Self::Items(buffer) => buffer,
            Self::Sorted(resident) => &resident.points,
        }
    }

    /// Bytes that would be free without it; 0 where somebody else uses it.
    fn evictable_bytes(&self) -> u64 {
        match self {
            Self::Items(buffer) if buffer.is_last() => buffer.class(),
            Self::Sorted(resident) if Arc::strong_count(resident) == 1 => {
                resident.points.class() + resident.starts.class()
            }
            _ => 0,
        }
    }
}

/// Coordinates that are held, and what is on the device of them.
#[derive(Debug)]
struct Held {
    place: [usize; 2],
    on_device: Option<OnDevice>,
}

/// What is held on one device.
#[derive(Debug, Default)]
pub(crate) struct Residency(Mutex<Vec<Held>>);

/// Where a slice is, and how long.
fn place(ticks: &[[i32; 3]]) -> [usize; 2] {
    [ticks.as_ptr().addr(), ticks.len()]
}

impl Residency {
    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody holds these coordinates.
    pub(crate) fn is_held(&self, ticks: &[[i32; 3]]) -> bool {
        self.held().iter().any(|held| held.place == place(ticks))
    }

    /// What is on the device of them, if anything is kept.
    fn find(&self, ticks: &[[i32; 3]]) -> Option<OnDevice> {
        self.held()
            .iter()
            .find(|held| held.place == place(ticks))?
            .on_device
            .clone()
    }

    /// Keeps it as long as the coordinates are held, in the place of what was there.
    fn keep(&self, ticks: &[[i32; 3]], on_device: &OnDevice) {
        let mut held = self.held();
        let entry = held.iter_mut().find(|held| held.place == place(ticks));
        let before = entry.and_then(|held| held.on_device.replace(on_device.clone()));
        drop(held);
        drop(before); // buffers go back to a pool that may ask what is held
    }

    /// Bytes that [`Self::evict`] would free.
    pub(crate) fn evictable_bytes(&self) -> u64 {
        self.held()
            .iter()
            .filter_map(|held| held.on_device.as_ref())
            .map(OnDevice::evictable_bytes)
            .sum()
    }

    /// Gives up what nobody is at work on.
    pub(crate) fn evict(&self) {
        let unused = |held: &mut Held| {
            held.on_device
                .take_if(|on_device| on_device.evictable_bytes() > 0)
        };
        let evicted: Vec<OnDevice> = self.held().iter_mut().filter_map(unused).collect();
        drop(evicted); // outside the lock: buffers go back to the pool
    }
}

/// Coordinates that are held until this is dropped.
#[derive(Debug)]
pub(crate) struct Holding {
    session: Arc<Session>,
    places: Vec<[usize; 2]>,
}

impl Holding {
    /// Those that nobody holds yet.
    pub(crate) fn new(session: Arc<Session>, coordinates: &[&[[i32; 3]]]) -> Self {
        let mut held = session.residency.held();
        let mut places = Vec::new();
        for ticks in coordinates.iter().filter(|ticks| !ticks.is_empty()) {
            if held.iter().all(|held| held.place != place(ticks)) {
                places.push(place(ticks));
                held.push(Held {
                    place: place(ticks),
                    on_device: None,
                });
            }
        }
        drop(held);
        Self { session, places }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let gone: Vec<Held> = self
            .session
            .residency
            .held()
            .extract_if(.., |held| self.places.contains(&held.place))
            .collect();
        drop(gone); // outside the lock
    }
}

impl Session {
    /// Points in any order, brought to the device unless they are there.
    ///
    /// # Errors
    /// As [`Session::storage`].
    pub(crate) fn items(&self, ticks: &[[i32; 3]]) -> Result<OnDevice> {
        if let Some(found) = self.residency.find(ticks) {
            return Ok(found);
        }
        let items = self.upload("points", ticks.len(), |i| {
            let [x, y, z] = ticks[i];
            [x, y, z, i as i32]
        })?;
        let items = OnDevice::Items(items);
        self.residency.keep(ticks, &items);
        Ok(items)
    }

    /// Points sorted by cell, unless they are there.
    ///
    /// # Errors
    /// [`isopach_compute::Error::OutOfMemory`], [`isopach_compute::Error::Unsupported`] where they
    /// are more than 8 km apart.
    pub(crate) fn resident(self: &Arc<Self>, positions: Positions<'_>) -> Result<Arc<Resident>> {
        let items = match self.items(positions.ticks())? {
            OnDevice::Sorted(resident) => return Ok(resident),
            OnDevice::Items(items) => items,
        };
        let resident = Arc::new(Resident::sorted(Arc::clone(self), &items, positions)?);
        self.residency
            .keep(positions.ticks(), &OnDevice::Sorted(Arc::clone(&resident)));
        Ok(resident)
    }
}
