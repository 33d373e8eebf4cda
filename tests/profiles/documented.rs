//! The page on profiles has every key as it is.

use super::*;

#[test]
fn the_walk_of_the_documentation_runs() {
    let commands = documented_commands(&read_document("docs/profiles.md"), "## A walk");
    assert!(
        commands.matches("terrain_change ").count() >= 9,
        "{commands}"
    );
    let dir = tempfile::tempdir().unwrap();
    well(&run_commands(&commands, dir.path()));
    assert_eq!(
        summary(&dir.path().join("by_name"))["profile"]["shipped"],
        true
    );
}

/// Refuses a table of keys that has others than the program prints, or other defaults, options and
/// units. `not_shown`: defaults of keys without effect in the printed run.
fn is_documented(table: &str, printed: &[Line], not_shown: &[(&str, &str)]) {
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            line.trim_matches('|')
                .split(" | ")
                .map(|cell| cell.trim().trim_matches('`'))
                .collect()
        })
        .collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let known: Vec<&str> = printed.iter().map(|line| line.key.as_str()).collect();
    assert_eq!(names, known);
    for (row, Line { key, option, says }) in rows.iter().zip(printed) {
        assert_eq!(row[1], option, "{key}");
        let default = says
            .strip_prefix("= ")
            .or(says.strip_prefix("is "))
            .or(not_shown
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, default)| *default));
        assert_eq!(Some(row[3]), default, "{key}");
        let units = [("_m", "m"), ("_deg", "°"), ("_s", "s"), ("_mib", "MiB")];
        let unit = units
            .iter()
            .find(|(end, _)| key.ends_with(end))
            .map_or(row[2], |(_, unit)| *unit);
        assert_eq!(row[2], unit, "{key}");
        assert!(row[4].len() > 5, "{key} is not explained");
    }
}

#[test]
fn the_documentation_has_every_key_as_it_is() {
    let text = read_document("docs/profiles.md");
    let (of_change, of_emission) = text.split_once("\n## emission\n").unwrap();
    let of_change = of_change.split("## All keys").nth(1).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let printed = lines(&print(dir.path(), &["a.laz", "b.laz", "--claim", "4"]));
    // Points of a made scene have no effect beside files, and scanners without --lod scanner: what
    // holds without them stands in the help.
    let not_shown = [
        ("points.scene_points", "1000000"),
        ("level_of_detection.scanner_errors", "empty"),
        ("level_of_detection.earlier_scanner", "empty"),
        ("level_of_detection.later_scanner", "empty"),
    ];
    is_documented(of_change, &printed, &not_shown);
    let printed = lines(&well(&emission(
        dir.path(),
        &["--print-profile", "--claim", "4"],
    )));
    is_documented(of_emission, &printed, &[]);
}

/// Options that say which part of a run a process does.
const OF_SHARES: [&str; 6] = [
    "--plan",
    "--shard",
    "--shard-index",
    "--claim",
    "--worker",
    "--merge",
];

#[test]
fn every_option_is_a_key_or_no_parameter() {
    let dir = tempfile::tempdir().unwrap();
    let of_profiles = [
        "--profile",
        "--print-profile",
        "--unset",
        "--help",
        "--out",
        "--force",
    ];
    // Paths of inputs, and what a process does of a run.
    let of_change = [
        &["--stable", "--areas", "--fresh", "--only-tile", "--parts"][..],
        &OF_SHARES,
    ];
    let of_emission = [
        &[
            "--instrument",
            "--counts",
            "--sigma",
            "--response",
            "--response-log-t",
            "--log-t-edges",
        ][..],
        &[&["--degradation-table"], &OF_SHARES[..]].concat(),
    ];
    for (program, outside) in [("terrain_change", of_change), ("emission", of_emission)] {
        let say = |argument: &str| match program {
            "emission" => well(&emission(dir.path(), &[argument])),
            _ => well(&run(dir.path(), &[argument])),
        };
        let help = say("--help");
        let options: Vec<&str> = help
            .lines()
            .filter_map(|line| {
                line.strip_prefix("      --")
                    .or(line.strip_prefix("  -h, --"))
                    .map(|_| line.trim())
            })
            .map(|line| {
                line.trim_start_matches("-h, ")
                    .split([' ', '[', '='])
                    .next()
                    .unwrap()
            })
            .collect();
        assert!(options.len() > 40, "{options:?}");
        let mut known: Vec<String> = lines(&say("--print-profile"))
            .into_iter()
            .map(|line| line.option)
            .collect();
        known.extend(
            outside
                .concat()
                .iter()
                .chain(&of_profiles)
                .map(|option| (*option).to_owned()),
        );
        let mut options: Vec<String> = options.into_iter().map(str::to_owned).collect();
        known.sort();
        options.sort();
        assert_eq!(options, known, "{program}");
    }
}
