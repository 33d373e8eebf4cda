//! An emission measure run: from images of the Sun to cubes, maps, a report and a page.
//!
//! [`run`] opens the images of one time (FITS files of AIA or of any instrument with a response
//! file, `.npy` arrays, or a synthetic active region), inverts them some rows at a time within a
//! budget of memory, and writes `emission.fits` (or an `.npy` file each): emission measure a bin in
//! cm⁻⁵, errors, bands, χ², status. Of images it also writes a PNG a band, maps of temperature, χ²
//! and status, and `index.html`; of all, `summary.json`. A series of times becomes a film.
//!
//! # Example
//!
//! Options are those of the command line; a value of [`EmissionOptions`] has been checked.
//!
//! ```
//! use isopach_sun::{EmissionOptions, Silent, run};
//!
//! # let folder = std::env::temp_dir().join(format!("isopach-sun-doc-{}", std::process::id()));
//! # let out = folder.to_str().unwrap();
//! // Without files the run makes an active region and observes it with noise.
//! let options = EmissionOptions::from_words(["--size", "16", "--backend", "cpu", "--out", out])?;
//! let outcome = run(&options, &Silent)?;
//! println!("{}", outcome.statement); // 256 pixels in 0.1 s: …
//! assert!(outcome.page.is_some_and(|page| page.exists()));
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Images of your own: `["aia_171.fits", "aia_193.fits", …, "--out", "result"]`. To hear progress
//! and warnings, hand a [`Terminal`] or a [`Listener`] of your own to [`run`].
//!
//! Modules in the order of a run: `options` and `parameters` define the command line; `images`,
//! `arrays` and `scene` open inputs; `inversion` and `inverting` solve rows; `blocks` shares rows
//! among processes; `sink`, `pictures`, `curves` and `page` write; `series` repeats it for several
//! times; `guard` protects existing files.

mod arrays;
mod blocks;
mod checksum;
mod collected;
mod curves;
mod degradation;
mod error;
mod frame;
mod guard;
mod history;
mod images;
mod instruments;
mod inversion;
mod inverting;
mod named;
mod one;
mod options;
mod overview;
mod page;
mod palette;
mod parameters;
mod pictures;
mod program;
mod run;
mod scene;
mod series;
mod sink;
mod source;

pub use error::SunError;
pub use isopach_program::{
    listener::{Listener, Silent, StageProgress, Terminal},
    profile::Stop,
};
pub use options::EmissionOptions;
pub use program::main;
pub use run::{EmissionOutcome, EmissionRunError, run};

/// Bands of log10 T that are shown.
pub(crate) const BANDS: [[f64; 2]; 6] = [
    [5.7, 5.95],
    [5.95, 6.15],
    [6.15, 6.35],
    [6.35, 6.55],
    [6.55, 6.8],
    [6.8, 7.1],
];

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeRuns;
