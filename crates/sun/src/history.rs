//! The origin of results, for the headers of the files.

use crate::{
    guard::Content,
    instruments::{self, Instruments},
    options::EmissionOptions,
    source::{About, CubeKeyword},
};
use isopach_program::command_words::OptionNames;
use std::error::Error;

/// Options that no number depends on: output folder, permission to overwrite, share of the work.
const OF_NO_MATTER: OptionNames = OptionNames {
    with_value: &[
        "--out",
        "--shard",
        "--shard-index",
        "--claim",
        "--lease",
        "--worker",
        "--block-rows",
    ],
    without_value: &["--force", "--plan", "--merge"],
};

/// The words of the command without options that no number depends on and without files of other
/// times.
fn words_that_matter(options: &EmissionOptions) -> Vec<String> {
    // Of a series only the files of this time.
    let mut others = options.given_files.clone();
    others.retain(|file| !options.files.contains(file));
    let words = options.profile_args.command.arguments().map(str::to_owned);
    let mut kept = OF_NO_MATTER.removed_from(words);
    kept.retain(|word| !others.iter().any(|file| file.as_os_str() == word.as_str()));
    kept
}

/// Keywords with the origin of the results: program, command, response, inputs with their
/// checksums.
pub(crate) fn history_keywords(
    options: &EmissionOptions,
    about: &About,
    inputs: &[Content],
) -> Result<Vec<CubeKeyword>, Box<dyn Error>> {
    let mut lines = vec![format!("isopach {} emission", env!("CARGO_PKG_VERSION"))];
    lines.push(format!(
        "command: emission {}",
        words_that_matter(options).join(" ")
    ));
    for Content { path, crc32, .. } in inputs {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        lines.push(format!("input: {name}, CRC-32 {crc32:08x}"));
    }
    let given = options.response.iter().chain(&options.instrument);
    let mut responses: Vec<String> = given
        .filter(|path| !instruments::is_shipped(path))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    // Whether the source is AIA's, if a channel is.
    let is_of_aia = about.is_of_aia() && Instruments::read(options)?.is_aia_shipped();
    if options.response.is_none() && (is_of_aia || responses.is_empty()) {
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
