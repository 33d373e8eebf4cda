//! Where work is done, and what can go wrong there.
//!
//! A *capability* (neighbour search, rasterising, aligning) is a small object-safe trait that lives
//! beside its domain and has [`Compute`] as its supertrait. A *backend* is whatever implements some
//! of them. [`Dispatcher`] ranks backends and reruns whole pieces of work on the next one where
//! that can help; it is not a backend itself, so there is nothing to forward and nothing to forget.

pub mod conformance;
mod dispatcher;
mod error;
mod folder_lock;
mod hash;
mod machine;
mod unfinished_file;
mod unpanicked;

pub use dispatcher::{Dispatcher, Fallbacks};
pub use error::{Error, Result, is_transient};
pub use folder_lock::FolderLock;
pub use hash::fnv1a;
pub use unfinished_file::{
    UnfinishedFile, remove_if_left, write_new, write_whole, write_whole_among_others,
};
pub use unpanicked::unpanicked;

use std::fmt::Debug;

/// What a backend runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Name as a person would say it: `"cpu"`, `"NVIDIA H200"`.
    pub name: String,
    /// Bytes that one piece of work may occupy there; `u64::MAX` where nothing limits it.
    pub working_set_bytes: u64,
}

/// Supertrait of every capability: something that computes, and says on what.
pub trait Compute: Debug + Send + Sync {
    /// The device that the work runs on.
    fn device(&self) -> Device;

    /// What its results are rounded by, for people and for the folders of unfinished runs: results
    /// of backends with different words are not mixed.
    fn precision(&self) -> &'static str {
        "as on the processor"
    }

    /// Does `work`, in which these coordinates (`n` × 3 each) are likely to be worked on more than
    /// once: they are borrowed until it returns, so that they neither move nor change, and a
    /// backend that has to bring them somewhere may leave them there. Nothing but time depends on
    /// it.
    fn holding(&self, coordinates: &[&[[i32; 3]]], work: &mut dyn FnMut()) {
        let _ = coordinates;
        work();
    }
}

/// The processor: every capability, on the threads of the current `rayon` pool.
///
/// It owns no threads: call it inside `rayon::ThreadPool::install` to choose how many there are.
/// Its results do not depend on that number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu;

impl Compute for Cpu {
    fn device(&self) -> Device {
        Device {
            name: "cpu".into(),
            working_set_bytes: u64::MAX,
        }
    }
}
