//! How results came about, for the headers of the files.

use crate::{
    arguments::Arguments,
    guard::Content,
    instruments::{self, Instruments},
    source::{About, CubeKeyword},
};
use isopach_program::command_words::without;
use std::error::Error;

/// Options that no number depends on: where results lie, what may be written over, who inverts
/// which part. Those with a value, and those without.
const OF_NO_MATTER: [&[&str]; 2] = [
    &[
        "--out",
        "--shard",
        "--shard-index",
        "--claim",
        "--lease",
        "--worker",
        "--block-rows",
    ],
    &["--force", "--plan", "--merge"],
];

/// The words of the command but for those of no matter and files of other times.
fn words_that_matter(arguments: &Arguments) -> Vec<String> {
    // Of a series only the files of this time.
    let mut others = Arguments::of_program()
        .map(|all| all.files)
        .unwrap_or_default();
    others.retain(|file| !arguments.files.contains(file));
    let words = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned());
    let [with_value, without_value] = OF_NO_MATTER;
    let mut kept = without(words, with_value, without_value);
    kept.retain(|word| !others.iter().any(|file| file.as_os_str() == word.as_str()));
    kept
}

/// How the results came about, for the files: program, command, response, inputs with their
/// checksums.
pub(crate) fn history(
    arguments: &Arguments,
    about: &About,
    inputs: &[Content],
) -> Result<Vec<CubeKeyword>, Box<dyn Error>> {
    let mut lines = vec![format!("isopach {} emission", env!("CARGO_PKG_VERSION"))];
    lines.push(format!(
        "command: emission {}",
        words_that_matter(arguments).join(" ")
    ));
    for Content { path, crc32, .. } in inputs {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        lines.push(format!("input: {name}, CRC-32 {crc32:08x}"));
    }
    let given = arguments.response.iter().chain(&arguments.instrument);
    let mut responses: Vec<String> = given
        .filter(|path| !instruments::is_shipped(path))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    // Of AIA, where a channel is of it.
    let is_of_aia = about.is_of_aia() && Instruments::read(arguments)?.is_aia_shipped();
    if arguments.response.is_none() && (is_of_aia || responses.is_empty()) {
        responses.insert(0, "AIA, as shipped".into());
    }
    lines.push(format!(
        "response: {}; sensitivity: {}",
        responses.join(", "),
        about.sensitivity
    ));
    lines.extend(
        about
            .warnings
            .iter()
            .map(|words| format!("warning: {words}")),
    );
    let history = |line: String| {
        (
            "HISTORY".into(),
            isopach::fits::KeywordValue::Text(line),
            String::new(),
        )
    };
    Ok(lines.into_iter().map(history).collect())
}
