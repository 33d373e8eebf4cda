//! Checks that files can be inverted together: differences are refused, reported, or removed by
//! resampling.

use super::channels::Opened;
use crate::options::EmissionOptions;
use isopach::solar::{Disagreement, DisagreementKind, SolarHeader, Wcs, find_disagreements};

/// Pixels that are this near to each other are not resampled.
const SAME: f64 = 1e-3;

/// The place of the first file's pixels, if the others are resampled to it.
///
/// # Errors
/// A text: how a file differs from the first one, and the remedy.
pub(super) fn check_together(
    options: &EmissionOptions,
    files: &[Opened],
    shape: [usize; 2],
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    let seen: Vec<SolarHeader> = files.iter().map(|file| file.seen.clone()).collect();
    for Disagreement {
        kind,
        image,
        is_grave,
        words,
    } in find_disagreements(&seen, [shape[1], shape[0]])
    {
        let (consent, remedy) = match kind {
            DisagreementKind::Place => (
                options.align || options.unaligned,
                "--align resamples it to the pixels of the first, --unaligned takes the pixels as they are",
            ),
            DisagreementKind::Observer => (options.unaligned, "--unaligned uses it nevertheless"),
            DisagreementKind::Time => (options.any_time, "--any-time uses it nevertheless"),
            DisagreementKind::Quality => (
                options.ignore_quality,
                "--ignore-quality uses it nevertheless",
            ),
        };
        let name = &files[image].name;
        if is_grave && !consent {
            return Err(format!("{name}: {words} ({}); {remedy}", files[0].name));
        }
        if !(kind == DisagreementKind::Place && options.align && is_grave) {
            warnings.push(format!("{name}: {words}"));
        }
    }
    Ok(())
}

/// The places of the first file's pixels in another; `None` if they need no resampling.
///
/// # Errors
/// A text, if the file or the first has no place on the Sun.
pub(super) fn pixel_places(
    first: &Opened,
    other: &Opened,
    shape: [usize; 2],
) -> Result<Option<[Wcs; 2]>, String> {
    let wcs = |file: &Opened| {
        file.seen
            .wcs
            .clone()
            .map_err(|reason| format!("--align: {}: {reason}", file.name))
    };
    let to = wcs(first)?;
    let from = wcs(other)?;
    let is_same =
        other.file.shape() == shape && to.largest_offset(&from, [shape[1], shape[0]]) < SAME;
    Ok((!is_same).then_some([to, from]))
}
