//! Options of the command line.

use crate::{
    chroma::{Chroma, Planes},
    decode::{JpegDecoding, JpegReading},
    encode::{Encoding, Format},
    video::FrameChoice,
    views::{LensOptions, ViewSet, parse_size},
};
use clap::{CommandFactory as _, Parser, ValueEnum};
use isopach_compute::{Error, Result};
use isopach_panorama::{MOST_PIXELS_A_SIDE, View};
use isopach_program::{ProgramError, memory::parse_bytes};
use isopach_raster::{
    Sampling,
    gather::{Edges, Gathering, Masked},
};
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Cuts 360° frames (equirectangular, 360° × 180°) into perspective views for structure from motion.
///
/// Writes OUT/images/pano_cameraK/NAME and OUT/masks/pano_cameraK/NAME.png as pycolmap.panorama does,
/// OUT/rig_config.json for COLMAP's rig_configurator, a contact sheet, index.html and summary.json.
/// The same command goes on after it was ended.
#[derive(Clone, Debug, Parser)]
#[command(name = "isopach perspectives", after_help = EXAMPLES)]
pub struct PerspectiveOptions {
    /// A folder of JPEG or PNG frames of 8 bits, with those in folders below; or a video, which
    /// ffmpeg decodes
    pub(crate) frames: PathBuf,
    /// Folder to write
    pub(crate) out: PathBuf,
    /// Views: ring:8, ring:8@-20 (at a pitch of −20°), cube, colmap (the twelve of
    /// pycolmap.panorama), or a file with a view a line: yaw pitch [roll [fov [columns [rows]]]]
    #[arg(long, default_value = "ring:8")]
    views: String,
    /// Angle between the left and the right edge of a view, degrees
    #[arg(long, default_value_t = 90.0, allow_negative_numbers = true)]
    fov: f64,
    /// Pixels of a view: 1920, or 1920x1080. If not given, square, in proportion to its angle: 1920
    /// at 90° of 7680
    #[arg(long)]
    size: Option<String>,
    /// Interpolation between the pixels of a frame
    #[arg(long, value_enum, default_value_t = Interpolation::Bilinear)]
    interpolation: Interpolation,
    /// Places a side of a pixel that are averaged, so that views coarser than the frame are no alias
    /// of it: auto (the rounded ratio of their pixels at the axis), or 1 to 32
    #[arg(long, default_value = "auto")]
    antialias: String,
    /// Format of the views
    #[arg(long, value_enum, default_value_t = Format::Jpeg)]
    format: Format,
    /// Quality of JPEG views, 1 to 100
    #[arg(long, default_value_t = 95)]
    quality: u8,
    /// Resolution of the colours of JPEG views
    #[arg(long, value_enum, default_value_t = Chroma::Half)]
    chroma: Chroma,
    /// Whether brightness and colours of JPEG frames are kept apart
    #[arg(long, value_enum, default_value_t = Planes::Auto)]
    planes: Planes,
    /// Decoder of JPEG frames; their pixels differ by up to 5 levels
    #[arg(long, value_enum, default_value_t = JpegDecoding::Zune)]
    decoder: JpegDecoding,
    /// Seconds between the frames that are taken of a video; all frames if not given
    #[arg(long, allow_negative_numbers = true)]
    every: Option<f64>,
    /// Most frames: the first of them
    #[arg(long)]
    pub(crate) most_frames: Option<usize>,
    /// Write no masks. With them, features in the overlap of views are found once
    #[arg(long)]
    no_masks: bool,
    /// Forget the results of former runs in OUT, and start again
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Memory for everything: 2GiB, 500MiB; a plain number is MiB
    #[arg(long, default_value = "4GiB", allow_hyphen_values = true)]
    memory: String,
    /// Threads; all of the CPU if not given. Results do not depend on it
    #[arg(long)]
    pub(crate) threads: Option<usize>,
}

/// Interpolation between pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Interpolation {
    /// The nearest pixel
    Nearest,
    /// Linear along both axes between the four about the place
    Bilinear,
    /// Cubic convolution of the sixteen about the place (Keys, a = −½)
    Bicubic,
}

const EXAMPLES: &str = "\
Examples:
  isopach perspectives walk/ views                               8 views of 90° around, with masks and a rig
  isopach perspectives walk/ views --views colmap --format png   the views of pycolmap.panorama
  isopach perspectives walk.mp4 views --every 0.5 --size 1600
  isopach perspectives walk/ views --views my_views.txt --interpolation bicubic

Then: colmap feature_extractor --database_path db.db --image_path views/images --ImageReader.mask_path views/masks
        --ImageReader.single_camera_per_folder 1 --ImageReader.camera_model SIMPLE_PINHOLE
      colmap rig_configurator --database_path db.db --rig_config_path views/rig_config.json

Ends with 0: done; 2: never try again (wrong arguments, a refused input); 3: done, but frames were refused, which the
last lines name; 75: try again (files cannot be read or written, ended by SIGTERM).";

/// Most places a side of a pixel.
const MOST_PARTS: usize = 32;

impl PerspectiveOptions {
    /// Options of the words of a command line, without the program's name.
    ///
    /// # Errors
    /// [`ProgramError`] and [`PerspectiveError`](crate::PerspectiveError) for values that cannot be
    /// used; an error of `clap` for words that are no options.
    pub fn from_words<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Result<Self> {
        let words = words.into_iter().map(Into::into);
        let all = std::iter::once(OsString::from("isopach perspectives")).chain(words);
        let options = Self::try_parse_from(all).map_err(Error::invalid_input)?;
        options.check()?;
        Ok(options)
    }

    /// The command of `clap`.
    pub(crate) fn clap_command() -> clap::Command {
        Self::command()
    }

    /// Output folder.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Refuses values that cannot be used, before anything is read.
    pub(crate) fn check(&self) -> Result<()> {
        self.lens_options()?;
        self.parts()?;
        self.memory_bytes()?;
        let invalid = |option: &str, value: &dyn ToString, must: &str| {
            ProgramError::invalid_option(option, value.to_string(), must)
        };
        if !(1..=100).contains(&self.quality) {
            return Err(invalid("--quality", &self.quality, "be from 1 to 100").into());
        }
        if self.threads == Some(0) {
            return Err(invalid("--threads", &0, "be at least 1").into());
        }
        if self.most_frames == Some(0) {
            return Err(invalid("--most-frames", &0, "be at least 1").into());
        }
        match self.every {
            Some(every) if !(every.is_finite() && every > 0.0) => Err(invalid(
                "--every",
                &every,
                "be a finite number of seconds above zero",
            )
            .into()),
            Some(_) if self.frames.is_dir() => Err(ProgramError::Misplaced {
                option: "--every".into(),
                purpose: "videos",
                remedy: "leave it out for a folder of frames",
            }
            .into()),
            _ => Ok(()),
        }
    }

    pub(crate) fn view_set(&self) -> Result<ViewSet> {
        ViewSet::parse(&self.views)
    }

    pub(crate) fn lens_options(&self) -> Result<LensOptions> {
        if !(self.fov > 0.0 && self.fov < 180.0) {
            let must = "be above 0 and below 180 degrees: a plane shows no half of all directions";
            return Err(ProgramError::invalid_option("--fov", self.fov, must).into());
        }
        let size = self.size.as_deref().map(|given| {
            parse_size(given)
                .filter(|sides| {
                    sides
                        .iter()
                        .all(|side| (1..=MOST_PIXELS_A_SIDE).contains(side))
                })
                .ok_or_else(|| {
                    let must = "be like 1920 or 1920x1080, of at most 65536";
                    ProgramError::invalid_option("--size", given, must)
                })
        });
        Ok(LensOptions {
            fov: self.fov.to_radians(),
            size: size.transpose()?,
        })
    }

    /// Places a side of a pixel; `None` for what suits each view.
    pub(crate) fn parts(&self) -> Result<Option<usize>> {
        if self.antialias == "auto" {
            return Ok(None);
        }
        let parts = self.antialias.parse().ok();
        match parts.filter(|parts| (1..=MOST_PARTS).contains(parts)) {
            Some(parts) => Ok(Some(parts)),
            None => {
                let must = "be auto, or from 1 to 32";
                Err(ProgramError::invalid_option("--antialias", &self.antialias, must).into())
            }
        }
    }

    pub(crate) fn memory_bytes(&self) -> Result<u64> {
        Ok(parse_bytes("--memory", &self.memory)?)
    }

    pub(crate) fn has_masks(&self) -> bool {
        !self.no_masks
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn encoding(&self) -> Encoding {
        Encoding {
            format: self.format,
            quality: self.quality,
            chroma: self.chroma,
        }
    }

    /// Resolution of the colours of frames whose planes are kept apart; `None` if no frame's are:
    /// views are then PNG, or the decoder has no planes, or the caller does not want it.
    pub(crate) fn plane_chroma(&self) -> Option<Chroma> {
        let is_possible = self.format == Format::Jpeg && self.decoder == JpegDecoding::Zune;
        (is_possible && self.planes.include(self.chroma)).then_some(self.chroma)
    }

    pub(crate) fn jpeg_reading(&self) -> JpegReading {
        JpegReading {
            decoder: self.decoder,
            planes: self.plane_chroma(),
        }
    }

    pub(crate) fn frame_choice(&self) -> FrameChoice {
        FrameChoice {
            every: self.every,
            most: self.most_frames,
        }
    }

    /// Interpolation of panoramas: columns wrap, rows end at the poles.
    pub(crate) fn gathering(&self) -> Gathering {
        let sampling = match self.interpolation {
            Interpolation::Nearest => Sampling::Nearest,
            Interpolation::Bilinear => Sampling::Bilinear,
            Interpolation::Bicubic => Sampling::Bicubic,
        };
        Gathering {
            sampling,
            edges: Edges::WrapColumns,
            masked: Masked::default(),
        }
    }

    /// All that the views of a frame depend on beside the frame. `video`: identity of the file that
    /// frames are of.
    pub(crate) fn result_parameters(
        &self,
        panorama: [usize; 2],
        views: &[View],
        parts: &[usize],
        video: Value,
    ) -> Value {
        let views: Vec<Value> = views.iter().zip(parts).map(describe_view).collect();
        let is_jpeg = self.format == Format::Jpeg;
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "panorama": panorama,
            "views": views,
            "interpolation": format!("{:?}", self.interpolation).to_lowercase(),
            "format": self.format.ending(),
            "quality": is_jpeg.then_some(self.quality),
            "chroma": is_jpeg.then(|| self.chroma.option_name()),
            "planes": self.plane_chroma().is_some(),
            "decoder": format!("{:?}", self.decoder).to_lowercase(),
            "masks": self.has_masks(),
            "video": video,
            "every": self.every,
        })
    }
}

fn describe_view((view, parts): (&View, &usize)) -> Value {
    let View {
        yaw,
        pitch,
        roll,
        lens,
    } = view;
    json!({
        "yaw_degrees": yaw.to_degrees(),
        "pitch_degrees": pitch.to_degrees(),
        "roll_degrees": roll.to_degrees(),
        "horizontal_fov_degrees": lens.horizontal_fov.to_degrees(),
        "vertical_fov_degrees": lens.vertical_fov().to_degrees(),
        "columns": lens.columns,
        "rows": lens.rows,
        "places_a_side": parts,
    })
}
