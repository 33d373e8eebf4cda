//! Backends, the choice between them, and their errors: the root of all isopach crates.
//!
//! A *capability* (neighbour search, rasterising, aligning, inverting) is a small object-safe trait
//! in the crate of its domain, with [`Compute`] as its supertrait. A *backend* implements some of
//! them: [`Cpu`] all, a GPU all, a stranger's perhaps one. A [`Dispatcher`] ranks backends and runs
//! each piece of work on the first that accepts it.
//!
//! ```
//! use isopach_compute::{Compute, Cpu, Device, Dispatcher, Error, Result};
//! use std::sync::Arc;
//!
//! /// A capability, with its reference as the provided body.
//! trait Square: Compute {
//!     fn square(&self, x: f64) -> Result<f64> {
//!         Ok(x * x)
//!     }
//! }
//! impl Square for Cpu {}
//!
//! /// A backend that declines.
//! #[derive(Debug)]
//! struct Picky;
//! impl Compute for Picky {
//!     fn device(&self) -> Device {
//!         Device { name: "picky".into() }
//!     }
//! }
//! impl Square for Picky {
//!     fn square(&self, _: f64) -> Result<f64> {
//!         Err(Error::Unsupported { operation: "square numbers" })
//!     }
//! }
//!
//! let backends: Dispatcher<dyn Square> = Dispatcher::new(vec![Arc::new(Picky), Arc::new(Cpu)]);
//! assert_eq!(backends.run(|on| on.square(3.0))?, 9.0);
//! assert_eq!(backends.fallbacks()[0].causes["unsupported"], 1);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Errors
//!
//! [`Error`] says who is at fault. A caller's mistake names the parameter, its value and what it
//! must be. A backend's failure is recoverable ([`Error::is_recoverable`]): the dispatcher tries
//! the next backend. A failure of the system is transient ([`Error::is_transient`]): the same work
//! may succeed later.
//!
//! # Pins
//!
//! A tile loop pins the coordinates of a tile while its operations run ([`Compute::pin`]), so that
//! a backend with memory of its own copies them once.
//!
//! # Files
//!
//! With the feature `files`, `ByteSource` is what files are read through, wherever their bytes are,
//! `FolderLock` keeps two processes from writing one folder, and `UnfinishedFile` gives a file its
//! name only when it is complete.

#[cfg(feature = "files")]
mod byte_source;
mod catch_panic;
pub mod conformance;
mod dispatcher;
mod error;
#[cfg(feature = "files")]
mod folder_lock;
mod hash;
#[cfg(feature = "files")]
mod machine;
mod median;
mod pin;
#[cfg(feature = "files")]
mod unfinished_file;

#[cfg(feature = "files")]
pub use byte_source::ByteSource;
pub use catch_panic::catch_panic;
pub use dispatcher::{Dispatcher, Fallbacks};
pub use error::{Error, Result, is_transient};
#[cfg(feature = "files")]
pub use folder_lock::FolderLock;
pub use hash::{fnv1a, splitmix64};
pub use median::weighted_median;
pub use pin::PinGuard;
#[cfg(feature = "files")]
pub use unfinished_file::{
    UnfinishedFile, remove_if_left, write_new, write_whole, write_whole_among_others,
};

use std::fmt::Debug;

/// The device that a backend runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name as a person would say it: `"cpu"`, `"NVIDIA H200"`.
    pub name: String,
}

/// Supertrait of every capability: a backend, which computes on a device.
pub trait Compute: Debug + Send + Sync {
    /// The device that the work runs on.
    fn device(&self) -> Device;

    /// The rounding of its results, in words for people and for the manifests of unfinished runs:
    /// results of backends with different words are not mixed.
    fn precision(&self) -> &'static str {
        "as on the processor"
    }

    /// Pins coordinates (`n` × 3 each) until the guard is dropped: operations may use them more
    /// than once, and a backend may keep its copy of them. The guard borrows them, so that they
    /// neither move nor change. Only speed depends on it.
    ///
    /// The guard must be dropped: a backend may identify pinned coordinates by their address, which
    /// a leaked guard ([`std::mem::forget`]) leaves behind.
    ///
    /// ```
    /// use isopach_compute::{Compute, Cpu};
    /// let ticks = vec![[0, 0, 0], [5, 5, 5]];
    /// let pin = Cpu.pin(&[&ticks]);
    /// // … operations on `ticks` …
    /// drop(pin);
    /// ```
    fn pin<'a>(&'a self, _coordinates: &[&'a [[i32; 3]]]) -> PinGuard<'a> {
        PinGuard::none()
    }
}

/// The CPU: every capability, on the threads of the current `rayon` pool.
///
/// It owns no threads: call it inside `rayon::ThreadPool::install` to choose their number. Results
/// do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu;

impl Compute for Cpu {
    fn device(&self) -> Device {
        Device { name: "cpu".into() }
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
