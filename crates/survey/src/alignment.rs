//! Estimation of the remaining misalignment, on thinned clouds by [`RobustIcp`].

mod blocks;
pub(crate) mod icp;
mod report;

use crate::{
    SurveyError,
    masks::Masks,
    options::{Align, ChangeOptions},
    sample,
};
use blocks::Cut;
use icp::Fitting;
use isopach::{
    Backend,
    change::RegistrationError,
    cloud::Rigid,
    compute::{Dispatcher, Error, Result},
    registration::{AlignError, RobustAlignment, RobustIcp, coarse},
    tiling::{PointSource, Thinned},
};

/// Smallest cell of the coarse alignment, metres.
const COARSE_CELL: f64 = 1.0;

/// The alignment that was found, and its report.
pub(crate) struct Aligned {
    pub(crate) found: RobustAlignment,
    /// The initial motion of the search.
    pub(crate) start: Rigid,
    /// Median standard error of the vertical pose over the reference, metres; NaN in free
    /// directions.
    pub(crate) typical_error: f64,
}

impl Aligned {
    /// The motion that is applied to the later epoch: none if it was not moved.
    pub(crate) fn applied(&self) -> Rigid {
        self.found.target_from_source
    }

    /// For levels of detection and volumes.
    pub(crate) fn registration_error(&self) -> RegistrationError {
        RegistrationError::Covariance(self.found.covariance.clone())
    }
}

/// Finds the motion that brings the later of two epochs onto the earlier one, on points of stable
/// ground if that is given: `sources` are the points of the classes that the user declares stable,
/// if any.
pub(crate) fn find_alignment(
    options: &ChangeOptions,
    sources: [&dyn PointSource; 2],
    thinned: [&Thinned; 2],
    masks: &Masks,
    memory: u64,
    on: &Dispatcher<dyn Backend>,
) -> Result<Option<Aligned>> {
    if options.align == Align::None {
        return Ok(None);
    }
    let stable = stable_ground(options, sources, masks, memory)?;
    let [target, source] = match &stable {
        Some([before, after]) => [before, after],
        None => thinned,
    };
    if target.points.is_empty() || source.points.is_empty() {
        return Err(SurveyError::NoStableGround.into());
    }
    let robust = options.icp.fitted_options(fit_parameters(target));
    let start = start_motion(options, target, source)?;
    let cut = Cut::new(target, source, &start, &robust)?;
    let found = on
        .run(|on| robust.align_blocks(on, &cut.blocks(), start))
        .map_err(name_remedy)?;
    let typical_error = report::typical_error(&found.covariance, &target.points);
    Ok(Some(Aligned {
        found,
        start,
        typical_error,
    }))
}

/// Names the options that help if the epochs are too far apart.
fn name_remedy(source: Error) -> Error {
    match source.find_cause::<AlignError>() {
        Some(AlignError::TooFarApart { .. }) => SurveyError::TooFarApart { source }.into(),
        _ => source,
    }
}

/// Least number of blocks of a small survey: with fewer, the error of a pose cannot be estimated.
const BLOCKS: f64 = 36.0;

/// Limit on the displacement of a survey's edge by the rotation of the start, metres.
const EDGE: f64 = 20.0;

/// Parameters that fit the survey's size.
fn fit_parameters(target: &Thinned) -> Fitting {
    let usual = RobustIcp::default();
    let start_rotation = usual
        .start_rotation
        .min(EDGE / blocks::radius(&target.points).max(1.0));
    Fitting {
        start_rotation,
        block: robust_block(target),
    }
}

/// Side of the blocks in which residuals may depend on each other, metres: smaller than usual on a
/// small survey, but not smaller than a few points.
fn robust_block(target: &Thinned) -> f64 {
    let usual = RobustIcp::default().block;
    let Some(density) = target.density() else {
        return usual;
    };
    let side = (target.passed as f64 / density / BLOCKS).sqrt();
    side.max(3.0 * target.side).min(usual)
}

/// Thinned points of the ground that the user declares stable.
fn stable_ground(
    options: &ChangeOptions,
    sources: [&dyn PointSource; 2],
    masks: &Masks,
    memory: u64,
) -> Result<Option<[Thinned; 2]>> {
    if options.stable_classes.is_empty() && masks.stable.is_none() {
        return Ok(None);
    }
    let thin = |source| sample::thin_epoch(source, Some(masks), memory);
    Ok(Some([thin(sources[0])?, thin(sources[1])?]))
}

/// The initial motion of the search.
fn start_motion(options: &ChangeOptions, target: &Thinned, source: &Thinned) -> Result<Rigid> {
    let middle = blocks::middle(&target.points);
    match options.align {
        Align::None | Align::Icp => Ok(Rigid::identity(middle)),
        Align::CoarseIcp => {
            let clouds = [
                blocks::around(&target.points, middle)?,
                blocks::around(&source.points, middle)?,
            ];
            let pair = blocks::pair(&clouds);
            Ok(
                coarse::correlate_heights(pair, target.side.max(source.side).max(COARSE_CELL))?
                    .target_from_source,
            )
        }
    }
}
