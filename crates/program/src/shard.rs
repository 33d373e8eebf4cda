//! Which shard of a run is meant on the command line.

use crate::ProgramError;
use isopach_compute::Result;
use isopach_tiling::RunScope;

/// The shard that `--shard` names, counted from 1, or `--shard-index`, counted from 0.
///
/// # Errors
/// [`ProgramError`] if the text is not a shard; the error states the first valid
/// one.
pub fn parse_shard(from_one: Option<&str>, from_zero: Option<&str>) -> Result<Option<RunScope>> {
    let (option, text, first) = match (from_one, from_zero) {
        (Some(text), _) => ("--shard", text, 1),
        (None, Some(text)) => ("--shard-index", text, 0),
        (None, None) => return Ok(None),
    };
    let numbers = text
        .split_once('/')
        .and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    match numbers.filter(|(number, of): &(usize, usize)| *number >= first && number - first < *of) {
        Some((number, of)) => Ok(Some(RunScope::Shard {
            number: number - first + 1,
            of,
        })),
        None => Err(ProgramError::invalid_option(
            option,
            text,
            format!("be like 2/5, the first is {first}/5"),
        )
        .into()),
    }
}
