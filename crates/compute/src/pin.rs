//! A guard that keeps coordinates pinned.

use std::fmt::Debug;

/// Keeps coordinates pinned on a backend until it is dropped: see [`crate::Compute::pin`].
#[derive(Debug)]
#[must_use = "coordinates are pinned only while the guard lives"]
pub struct PinGuard<'a> {
    /// Its drop unpins the coordinates.
    _backend: Option<Box<dyn Debug + 'a>>,
}

impl<'a> PinGuard<'a> {
    /// A guard that drops `backend` when it is dropped: the backend's own record of the pin.
    ///
    /// ```
    /// use isopach_compute::PinGuard;
    /// use std::sync::Arc;
    /// let pins = Arc::new(());
    /// let guard = PinGuard::new(Arc::clone(&pins));
    /// assert_eq!(Arc::strong_count(&pins), 2);
    /// drop(guard);
    /// assert_eq!(Arc::strong_count(&pins), 1);
    /// ```
    pub fn new(backend: impl Debug + 'a) -> Self {
        Self {
            _backend: Some(Box::new(backend)),
        }
    }

    /// A guard that pins nothing: for backends that compute where the coordinates are.
    pub fn none() -> Self {
        Self { _backend: None }
    }
}
