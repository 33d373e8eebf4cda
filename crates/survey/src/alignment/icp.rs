//! Options of the robust ICP.

use clap::Args;
use isopach::{
    compute::{Error, Result},
    registration::RobustIcp,
};
use serde_json::{Value, json};

/// Neighbours and steps beyond which no alignment ends in reasonable time; both are more than any
/// survey needs.
const MOST_NEIGHBOURS: usize = 1000;
const MOST_STEPS: usize = 10_000;
/// Limit on the points of an epoch in an alignment.
const MOST_POINTS: usize = 1_000_000;
/// Farthest start, metres.
const FARTHEST: f64 = 1000.0;

/// Parameters of [`RobustIcp`]. The defaults of two of them depend on the survey's size.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Robust ICP (docs/algorithms/alignment.md)")]
pub(crate) struct IcpArgs {
    /// Largest error of the start at the middle of the survey, metres
    #[arg(long, value_name = "METRES", default_value_t = RobustIcp::default().start_translation, allow_negative_numbers = true)]
    icp_start_translation: f64,
    /// Largest rotation of the start, degrees; 2, or less on a wide survey, if not given
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true)]
    icp_start_rotation: Option<f64>,
    /// Nearest points that make a plane
    #[arg(long, value_name = "POINTS", default_value_t = RobustIcp::default().normal_neighbours)]
    icp_normal_neighbours: usize,
    /// Points of each epoch that starts are tried with
    #[arg(long, value_name = "POINTS", default_value_t = RobustIcp::default().sample)]
    icp_sample_points: usize,
    /// Share of the planes that is used, the smoothest: ground and roofs rather than leaves
    #[arg(long, value_name = "SHARE", default_value_t = RobustIcp::default().smoothest_share, allow_negative_numbers = true)]
    icp_smoothest_share: f64,
    /// Side of the blocks in which residuals may depend on each other, metres; 10, or less on a
    /// small survey, if not given
    #[arg(long, value_name = "METRES", allow_negative_numbers = true)]
    icp_block: Option<f64>,
    /// A direction is determined if its information is this many times the information that noise
    /// gives it
    #[arg(long, value_name = "RATIO", default_value_t = RobustIcp::default().determined_ratio, allow_negative_numbers = true)]
    icp_determined_ratio: f64,
    /// Two groups of ground contradict each other if the smaller has at least this share of the
    /// larger
    #[arg(long, value_name = "SHARE", default_value_t = RobustIcp::default().ambiguous_share, allow_negative_numbers = true)]
    icp_ambiguous_share: f64,
    /// Limit on the steps on all points
    #[arg(long, value_name = "STEPS", default_value_t = RobustIcp::default().max_iterations)]
    icp_max_iterations: usize,
}

/// Defaults that depend on the survey's size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fitting {
    /// Radians.
    pub(super) start_rotation: f64,
    /// Metres.
    pub(super) block: f64,
}

impl IcpArgs {
    /// The options, with defaults for the survey's size.
    pub(super) fn fitted_options(&self, fitting: Fitting) -> RobustIcp {
        RobustIcp {
            start_translation: self.icp_start_translation,
            start_rotation: self
                .icp_start_rotation
                .map_or(fitting.start_rotation, f64::to_radians),
            normal_neighbours: self.icp_normal_neighbours,
            sample: self.icp_sample_points,
            smoothest_share: self.icp_smoothest_share,
            block: self.icp_block.unwrap_or(fitting.block),
            determined_ratio: self.icp_determined_ratio,
            ambiguous_share: self.icp_ambiguous_share,
            max_iterations: self.icp_max_iterations,
        }
    }

    /// The options for a survey of usual size.
    fn default_options(&self) -> RobustIcp {
        let RobustIcp {
            start_rotation,
            block,
            ..
        } = RobustIcp::default();
        self.fitted_options(Fitting {
            start_rotation,
            block,
        })
    }

    /// Refuses invalid parameters, and those that no alignment ends with.
    pub(crate) fn check_options(&self) -> Result<()> {
        let usual = self.default_options();
        let counts = [
            (
                "neighbours for a plane",
                usual.normal_neighbours,
                MOST_NEIGHBOURS,
                "be at most 1000",
            ),
            (
                "points of a sample",
                usual.sample,
                MOST_POINTS,
                "be at most 1000000",
            ),
            (
                "steps",
                usual.max_iterations,
                MOST_STEPS,
                "be at most 10000",
            ),
        ];
        for (name, count, most, must) in counts {
            Error::check(name, count as f64, count <= most, must)?;
        }
        let far = usual.start_translation;
        Error::check(
            "translation of the start",
            far,
            far.is_nan() || far <= FARTHEST,
            "be at most 1000",
        )?;
        usual.check_parameters()
    }

    /// The parameters that differ from the defaults, for summary.json; `None` if none do.
    pub(crate) fn given_options(&self) -> Option<Value> {
        let usual = self.default_options();
        if usual == RobustIcp::default()
            && self.icp_start_rotation.is_none()
            && self.icp_block.is_none()
        {
            return None;
        }
        Some(json!({
            "start_translation_m": usual.start_translation, "start_rotation_deg": self.icp_start_rotation,
            "normal_neighbours": usual.normal_neighbours, "sample_points": usual.sample,
            "smoothest_share": usual.smoothest_share, "block_m": self.icp_block,
            "determined_ratio": usual.determined_ratio, "ambiguous_share": usual.ambiguous_share,
            "max_iterations": usual.max_iterations,
        }))
    }
}
