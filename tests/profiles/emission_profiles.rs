//! Profiles of emission measures.

use super::*;

#[test]
fn emission_has_profiles_in_the_same_sense() {
    let dir = tempfile::tempdir().unwrap();
    well(&run_commands(
        &documented_commands(&read_document("docs/profiles.md"), "\n## emission\n"),
        dir.path(),
    ));
    let by_file = summary(&dir.path().join("by_file"));
    assert_eq!(by_file["profile"]["name"], "sun.toml");
    assert_eq!(
        by_file["made_from"]["parameters"],
        summary(&dir.path().join("by_option"))["made_from"]["parameters"]
    );
    let profile = |text: &str| fs::write(dir.path().join("p.toml"), text).unwrap();
    // What is printed is a profile that prints itself.
    let all = [
        "--method",
        "positive",
        "--curve",
        "3,4",
        "--curve",
        "1:2,3:9",
        "--systematic",
        "0.1",
        "a.fits",
        "--align",
    ];
    let text = well(&emission(
        dir.path(),
        &[&all[..], &["--print-profile"]].concat(),
    ));
    assert!(
        text.contains("\ncurves = [\"3,4\", \"1:2,3:9\"]\n") && text.contains("\nalign = true\n"),
        "{text}"
    );
    assert!(
        text.contains("\n# growth has no effect with inversion.method\n"),
        "{text}"
    );
    profile(&text);
    assert_eq!(
        well(&emission(
            dir.path(),
            &["a.fits", "--profile", "p.toml", "--print-profile"]
        )),
        text
    );
    let off = well(&emission(
        dir.path(),
        &[
            "a.fits",
            "--profile",
            "p.toml",
            "--align=false",
            "--print-profile",
        ],
    ));
    assert!(off.contains("\nalign = false\n"), "{off}");
    for (text, words) in [
        (
            "[images]\nalign = true\n",
            &["p.toml:2: images.align: has no effect without <FILES>"][..],
        ),
        (
            "[images]\nseries = false\nunaligned = true\n",
            &["p.toml:3: images.unaligned: has no effect without"],
        ),
        (
            "[inversion]\nmethod = \"positive\"\ngrowth = 2\n",
            &["p.toml:3: inversion.growth: has no effect with inversion.method"],
        ),
        (
            "[inversion]\ncompat = true\nnegative_tolerance = 2\n",
            &["has no effect with inversion.negative_tolerance"],
        ),
        (
            "[output]\nformat = \"npy\"\ncompress = \"rice\"\n",
            &["p.toml:3: output.compress: --compress is for FITS"],
        ),
        (
            "[temperature]\nbins = 0\n",
            &["p.toml:2: temperature.bins: --bins is 0"],
        ),
        (
            "[temperature]\nlog_t = [7.1, 5.7]\n",
            &["temperature.log_t", "the lower first"],
        ),
        (
            "[counts]\nsystematic = [\"x=y\"]\n",
            &["counts.systematic", "is not a number"],
        ),
        (
            "[temperature]\nbin = 4\n",
            &["`bin` in [temperature]", "did you mean `bins`?"],
        ),
    ] {
        profile(text);
        refused(&emission(dir.path(), &["--profile", "p.toml"]), words);
    }
    refused(
        &emission(dir.path(), &["--profile", "airborne"]),
        &["no such file"],
    );
}
