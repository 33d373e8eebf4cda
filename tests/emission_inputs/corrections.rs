//! Sensitivity that was lost, and corrections that were made before.

use super::*;

#[test]
fn shares_belong_to_wavelengths_and_their_lack_is_said() {
    let folder = Folder::new();
    let mut files = folder.write("late", |p| p.with("T_OBS", text("2014-01-01T00:00:12.34Z")));
    let uncorrected = folder.run(&files, &[]);
    assert!(
        uncorrected.warnings().contains("2014-01-01")
            && uncorrected.warnings().contains("--degradation-table")
    );
    let listed = folder.run(&files, &["--degradation", "0.9,0.8,0.7,0.6,0.5,0.4"]);
    assert!(!listed.warnings().contains("--degradation-table"));
    files.reverse();
    let named = folder.run(
        &files,
        &[
            "--degradation",
            "335=0.4,131=0.8,171=0.7,193=0.6,94=0.9,211=0.5",
        ],
    );
    assert_eq!(difference(&listed.bands, &named.bands), 0.0);
    folder.refused(
        &files,
        &["--degradation", "335=0.4,131=0.8"],
        &["no share of 94"],
    );
    folder.refused(&files, &["--degradation", "304=0.4,131=0.8"], &["304"]);
    let shipped = folder.run(&files, &["--degradation-table", "builtin"]);
    let words = shipped.summary["sensitivity"].as_str().unwrap().to_owned();
    assert!(
        words.contains("0.914, 0.752, 0.876, 0.887, 0.825, 0.443"),
        "as aiapy has it: {words}"
    );
    assert!(!shipped.warnings().contains("2020-10-26"));
    let late = folder.write("later", |p| {
        p.with("T_OBS", text("2023-01-01T00:00:12.34Z"))
    });
    assert!(
        folder
            .run(&late, &["--degradation-table", "builtin"])
            .warnings()
            .contains("2020-10-26")
    );
}

#[test]
fn a_division_that_no_header_states_is_found_out() {
    let folder = Folder::new();
    let stated = |p: Picture| {
        let mean = p.dn.mean().unwrap();
        p.with("DATAMEAN", KeywordValue::Number(mean))
    };
    let divided = folder.write("divided", |p| {
        let mut p = stated(p);
        p.dn /= EXPOSURE;
        p
    });
    assert!(folder.run(&divided, &[]).warnings().contains("--unit DN/s"));
    assert_eq!(folder.run(&divided, &["--unit", "DN/s"]).warnings(), "[]");
    let whole = folder.write("whole", |p| Picture {
        unit: "DN/s",
        ..stated(p)
    });
    assert!(
        folder.run(&whole, &[]).warnings().contains("--unit DN\""),
        "taken for DN/s"
    );
    assert_eq!(folder.run(&whole, &["--unit", "DN"]).warnings(), "[]");
}

#[test]
fn what_all_rows_say_is_known_to_whoever_puts_blocks_together() {
    let folder = Folder::new();
    let divided = folder.write("divided", |p| {
        let mean = p.dn.mean().unwrap();
        let dn = &p.dn / EXPOSURE;
        Picture {
            dn,
            ..p.with("DATAMEAN", KeywordValue::Number(mean))
        }
    });
    let whole = folder.run(&divided, &[]).warnings();
    assert!(whole.contains("--unit DN/s"), "{whole}");
    fs::remove_dir_all(folder.out()).unwrap();
    for shard in ["1/2", "2/2"] {
        let output = folder.output(&divided, &["--shard", shard]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(folder.run(&divided, &["--merge"]).warnings(), whole);
}

#[test]
fn images_that_were_corrected_before_are_said() {
    let folder = Folder::new();
    let left = [0.914, 0.752, 0.876, 0.887, 0.825, 0.443];
    let of_2014 = |p: Picture| {
        let mean = p.dn.mean().unwrap();
        p.with("T_OBS", text("2014-01-01T00:00:12.34Z"))
            .with("DATAMEAN", KeywordValue::Number(mean))
    };
    let raw = folder.write("raw", of_2014);
    let corrected = folder.write("corrected", |p| {
        let mut p = of_2014(p);
        p.dn /= left[p.channel];
        p
    });
    let shares = ["--degradation-table", "builtin"];
    assert!(
        !folder
            .run(&raw, &shares)
            .warnings()
            .contains("correct_degradation")
    );
    assert!(
        folder
            .run(&corrected, &shares)
            .warnings()
            .contains("corrected here again")
    );
    assert!(
        folder
            .run(&corrected, &[])
            .warnings()
            .contains("--saturation-level")
    );
}
