//! The search: the alignment first, then the sample of the aligned epochs.

use super::Found;
use crate::{
    alignment::{self, Aligned},
    epochs::{self, Epoch},
    geometry::Geometry,
    masks::Masks,
    options::ChangeOptions,
    report::Times,
    run::ChangeRun,
    sample::{self, Sampling},
    warnings::Warnings,
};
use isopach::{
    change::RegistrationError,
    cloud::Rigid,
    compute::Result,
    tiling::{PointSource, Transformed},
};
use isopach_program::measure::Measure;

/// Aligns the epochs, reads the sample, and derives from it the parameters that the user did not
/// give.
pub(crate) fn find_parameters(
    run: &ChangeRun<'_>,
    [before, after]: &[Epoch; 2],
    geometry: &Geometry,
    [reference, compared]: [&dyn PointSource; 2],
    masks: &Masks,
    times: &mut Times<'_>,
) -> Result<Found> {
    let options = run.options;
    let clock = Measure::start();
    let stage = run.listener.begin_stage("aligning");
    let mut warnings = Warnings::default();
    epochs::mention_ground(options, [before, after], &mut warnings)?;
    let room = run.execution.sample_room();
    let thinned = [
        sample::thin_epoch(reference, None, room)?,
        sample::thin_epoch(compared, None, room)?,
    ];
    let left_out = [before, after].map(|epoch| epoch.catalogue.left_out());
    let ground: [&dyn PointSource; 2] = match (&before.stable, &after.stable) {
        (Some(before), Some(after)) => [before, after],
        _ => [reference, compared],
    };
    let aligned = alignment::find_alignment(
        options,
        ground,
        [&thinned[0], &thinned[1]],
        masks,
        room,
        run.on,
    )?;
    if let Some(aligned) = &aligned {
        aligned.warn(&mut warnings);
    }
    drop(stage);
    times.align_s = clock.seconds()[0];

    let clock = Measure::start();
    let stage = run.listener.begin_stage("sampling");
    let moved = aligned
        .as_ref()
        .map(|aligned| Transformed::new(compared, aligned.applied()));
    let sampling = Sampling {
        options,
        geometry,
        thinned: [&thinned[0], &thinned[1]],
        sources: [reference, moved.as_ref().map_or(compared, |moved| moved)],
        resolution: [before.height_resolution(), after.height_resolution()],
        masks,
        memory: room,
    };
    let (from_data, sample) = sampling.run(
        registration_error(options, aligned.as_ref()),
        &applied_motion(aligned.as_ref()),
    )?;
    drop(stage);
    times.sample_s = clock.seconds()[0];
    Ok(Found {
        aligned,
        from_data,
        sample,
        left_out,
        warnings: warnings.sentences().to_vec(),
    })
}

/// The motion of the later epoch.
pub(crate) fn applied_motion(aligned: Option<&Aligned>) -> Rigid {
    aligned.map_or_else(|| Rigid::identity([0.0; 3]), Aligned::applied)
}

/// The user's registration error, else the alignment's estimate.
pub(crate) fn registration_error(
    options: &ChangeOptions,
    aligned: Option<&Aligned>,
) -> RegistrationError {
    match (options.registration_error, aligned) {
        (Some(given), _) => RegistrationError::Given(given),
        (None, Some(aligned)) => aligned.registration_error(),
        (None, None) => RegistrationError::Given(0.0),
    }
}
