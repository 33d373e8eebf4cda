//! Options and files that are refused by their name.

use super::*;

#[test]
fn what_makes_no_sense_is_named() {
    let folder = Folder::new();
    let (files, _) = images(&folder);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    folder.refused(&["missing.fits"], &["missing.fits"]);
    folder.refused(&[files[0], files[0]], &["both of 94"]);
    folder.refused(
        &[&files[..], &["--saturation-level", "1,2"]].concat(),
        &["one for each channel"],
    );
    folder.refused(
        &[&files[..], &["--bins", "3"]].concat(),
        &["the number of bins is 3"],
    );
    let cut = folder.path("cut.fits");
    let whole = fs::read(files[1]).unwrap();
    fs::write(&cut, &whole[..whole.len() - 2880]).unwrap();
    folder.refused(&[cut.to_str().unwrap()], &["cut.fits", "ends within"]);
    let [counts, sigma] = counts(2, 2);
    let (c, e) = (
        write(&folder, "c.npy", &counts),
        write(&folder, "e.npy", &sigma.index_axis(Axis(0), 0).to_owned()),
    );
    folder.refused(
        &["--counts", &c, "--sigma", &e],
        &["counts have the shape [2, 2, 6]"],
    );
    folder.refused(&["--counts", &c], &["--sigma"]);
    fs::write(folder.path("text.npy"), "1 2 3").unwrap();
    folder.refused(
        &["--counts", &folder.text("text.npy"), "--sigma", &c],
        &["text.npy"],
    );
    // The image itself is what it says it is.
    assert_eq!(
        Image::open(files[0]).unwrap().header().number("EXPTIME"),
        Some(2.0)
    );
}

#[test]
fn numbers_that_mean_nothing_are_refused_by_their_option() {
    let folder = Folder::new();
    for (option, value, words) in [
        (
            "--bins",
            "1000000000000",
            "--bins is 1000000000000, but must be from 1 to 1000",
        ),
        ("--bins", "1e12", "--bins"),
        ("--bins", "0", "--bins is 0"),
        (
            "--log-t",
            "7.5,5.5",
            "--log-t is 7.5,5.5, but must be two numbers, the lower first",
        ),
        ("--log-t", "5.5", "--log-t is 5.5"),
        ("--log-t", "5.5,6,7", "--log-t is 5.5,6,7"),
        ("--log-t", "5.5,nan", "--log-t is 5.5,NaN"),
        ("--log-t", "5.5,inf", "--log-t"),
        (
            "--systematic",
            "nan",
            "--systematic is NaN, but must be a finite share",
        ),
        ("--systematic", "inf", "--systematic"),
        ("--systematic=-0.1", "--halves", "--systematic is -0.1"),
        ("--size", "0", "--size is 0, but must be from 16 to 65536"),
        ("--size", "1000000000", "--size"),
        ("--memory", "0", "--memory"),
        ("--memory", "18446744073709551615", "--memory"),
        ("--gpu-memory", "18446744073709551615", "--gpu-memory"),
        ("--max-iterations", "0", "--max-iterations is 0"),
        (
            "--saturation-level",
            "nan",
            "--saturation-level is NaN, but must be above zero",
        ),
    ] {
        folder.refused(&[option, value], &[words]);
        assert!(!folder.path("refused/emission.fits").exists());
    }
    // Lists have commas, in the help too; two words are taken for a list as ever.
    let options = ["--size", "16", "--bins", "8", "--outputs", "chi2"];
    for log_t in [
        &["--log-t", "5.8,7.0"][..],
        &["--log-t", "5.8", "7.0"],
        &["--log-t=5.8,7.0"],
    ] {
        let summary = folder.run(&[&options[..], log_t].concat());
        assert_eq!(summary["log_t"], serde_json::json!([5.8, 7.0]), "{log_t:?}");
    }
    let help = Command::new(program("emission"))
        .arg("--help")
        .output()
        .unwrap()
        .stdout;
    let help = String::from_utf8(help).unwrap();
    assert!(
        help.contains("[default: 5.7,7.1]") && help.contains("[default: emission,uncertainty,"),
        "{help}"
    );
}

#[test]
fn errors_of_files_name_them() {
    let folder = Folder::new();
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crates/fits/tests/data");
    // Found only when its rows are asked for: where the tile is, behind two headers of one block
    // each.
    let mut bytes = fs::read(data.join("sun_171_rice.fits")).unwrap();
    bytes[2 * 2880 + 4..2 * 2880 + 8].fill(0x7F);
    fs::write(folder.path("late.fits"), &bytes).unwrap();
    folder.refused(
        &[&folder.text("late.fits"), "--bins", "8"],
        &["late.fits: ", "of a table points to"],
    );
    // More compressed tiles than the memory that was given: three megabytes behind the one that is
    // used.
    let mut bytes = fs::read(data.join("sun_171_rice.fits")).unwrap();
    let at = bytes
        .windows(9)
        .rposition(|card| card == b"PCOUNT  =")
        .unwrap();
    bytes[at + 10..at + 30].copy_from_slice(format!("{:20}", 3_000_000).as_bytes());
    bytes.resize(5760 + 3_002_400, 0);
    fs::write(folder.path("large.fits"), &bytes).unwrap();
    let large = ["--bins", "8", "--memory", "2", &folder.text("large.fits")];
    folder.refused(
        &large,
        &[
            "large.fits: compressed tiles needs 30000",
            "budget is 2097152",
            "(--memory)",
        ],
    );
    // Not FITS; not an array; arrays that were cut.
    fs::write(folder.path("hello.fits"), "hello\u{1b}[31m").unwrap();
    folder.refused(
        &[&folder.text("hello.fits")],
        &["hello.fits: not a FITS file", "\"hello\\u{1b}[31\""],
    );
    let [counts, sigma] = counts(2, 2);
    let (c, e) = (
        write(&folder, "c.npy", &counts),
        write(&folder, "e.npy", &sigma),
    );
    let whole = fs::read(&e).unwrap();
    fs::write(&e, &whole[..whole.len() - 9]).unwrap();
    folder.refused(
        &["--counts", &c, "--sigma", &e],
        &["e.npy: there are 22 numbers and 7 bytes for the shape [2, 2, 6]"],
    );
    fs::write(&e, whole).unwrap();
    let edges = write(&folder, "edges.npy", &ArrayD::zeros(IxDyn(&[2000])));
    folder.refused(
        &["--counts", &c, "--sigma", &e, "--log-t-edges", &edges],
        &["--log-t-edges", "1999 bins"],
    );
    // A place that cannot be written.
    fs::write(folder.path("file"), "x").unwrap();
    let output = emission(&["--size", "16", "--bins", "8"], &folder.path("file/out"));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("file/out"),
        "{output:?}"
    );
}
