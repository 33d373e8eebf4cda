//! How often stated errors of volumes contain the truth: `cargo run --release --example calibrate
//! -- volumes`.

use isopach_program::println;
use isopach_testkit::calibration::{volume_coverage::count_coverage, volume_scenes::CASES};

/// Prints the table of `docs/algorithms/volumes.md`, from so many scenes a case.
///
/// # Errors
/// In words, what the library declined.
pub(crate) fn run(scenes: u64) -> Result<(), String> {
    println!(
        "Volumes: {scenes} scenes a case. Truth inside the 95 % error, %; bias, rms and stated 1 σ, m³.\n"
    );
    println!(
        "| case | gain % | loss % | net % | gain: bias | rms | stated | net: rms | stated | significant cells: gain, loss too large by |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for case in &CASES {
        let found = count_coverage(case, scenes)?;
        let [gain, loss, net] = found.inside.map(|share| 100.0 * share);
        let [more_gain, more_loss] = found.thresholded_bias;
        println!(
            "| {} | {gain:.1} | {loss:.1} | {net:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {more_gain:.1}, {more_loss:.1} |",
            case.name, found.bias[0], found.rms[0], found.stated[0], found.rms[2], found.stated[2]
        );
    }
    Ok(())
}
