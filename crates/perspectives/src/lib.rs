//! A run from 360° frames to perspective views for structure from motion.
//!
//! [`run`] reads a folder of equirectangular JPEG or PNG frames, or a video through `ffmpeg`, and
//! writes views as JPEG or PNG with the place and time of their frame (EXIF), masks in which each
//! direction is used once, `rig_config.json` for COLMAP, a contact sheet, a page and
//! `summary.json`. Each frame is decoded once; a worker a thread takes one frame after the other,
//! within a budget of memory.
//!
//! # Example
//!
//! Options are those of the command line.
//!
//! ```
//! use isopach_perspectives::{PerspectiveOptions, Silent, run};
//!
//! # let folder = std::env::temp_dir().join(format!("isopach-perspectives-doc-{}", std::process::id()));
//! # let [frames, out] = ["frames", "out"].map(|name| folder.join(name));
//! # std::fs::create_dir_all(&frames)?;
//! # let grey: Vec<u8> = (0..128 * 64 * 3).map(|i| (i / 384) as u8).collect();
//! # let jpeg = libjpeg_turbo_rs::compress(&grey, 128, 64, libjpeg_turbo_rs::PixelFormat::Rgb, 90,
//! #     libjpeg_turbo_rs::Subsampling::S420)?;
//! # std::fs::write(frames.join("one.jpg"), jpeg)?;
//! # let [frames, out] = [&frames, &out].map(|path| path.to_str().unwrap());
//! let options = PerspectiveOptions::from_words([frames, out, "--views", "ring:4"])?;
//! let outcome = run(&options, &Silent)?;
//! assert_eq!(outcome.views, 4);
//! assert!(options.out().join("images/pano_camera3/one.jpg").exists());
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Modules in the order of a run: `options` and `views` define the command line; `input`, `frames`
//! and `video` list frames; `records` knows those that are finished; `plan` and `maps` have what all
//! frames share; `workers` make views with `source`, `decode`, `rendering`, `exif`, `encode`;
//! `sheet`, `page` and `summary` describe them.

mod average;
mod chroma;
mod clock;
mod decode;
mod decode_planes;
mod encode;
mod error;
mod exif;
mod frames;
mod input;
mod jpeg_header;
mod maps;
mod options;
mod page;
mod plan;
mod program;
mod records;
mod rendering;
mod run;
mod shares;
mod sheet;
mod source;
mod spare;
mod summary;
mod video;
mod views;
mod workers;

pub use error::{FrameError, PerspectiveError};
pub use isopach_program::listener::{Listener, Silent, StageProgress, Terminal};
pub use options::PerspectiveOptions;
pub use program::{command, main};
pub use run::{PerspectiveOutcome, RefusedFrame, run};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeRuns;
