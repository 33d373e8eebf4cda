//! The same bits in every format.

use super::*;

#[test]
fn what_is_written_does_not_depend_on_memory_or_format() {
    let folder = Folder::new();
    let (files, [rates, sigma]) = images(&folder);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let options = [
        "--bins",
        "24",
        "--saturation",
        "keep",
        "--precision",
        "double",
    ];
    folder.run(&[&files[..], &options, &["--format", "npy", "--memory", "26"]].concat());
    let array = folder.array("emission");
    let expected = inversion(24)
        .run(
            &Cpu,
            Observation {
                counts: rates.view(),
                sigma: sigma.view(),
            },
        )
        .unwrap();
    let largest = expected.emission.iter().fold(0.0_f64, |m, x| m.max(*x));
    assert!(
        array
            .iter()
            .zip(&expected.emission)
            .all(|(a, b)| (a - b).abs() < 1e-9 * largest)
    );
    let summary = folder.run(&[&files[..], &options, &["--outputs", "chi2,emission"]].concat());
    assert_eq!(summary["precision"], "double");
    // χ² is the first cube; with one plane it has three axes, so it is read as bytes.
    let bytes = fs::read(folder.path("out/emission.fits")).unwrap();
    let at = bytes
        .windows(19)
        .position(|w| w == b"EXTNAME = 'EMISSION")
        .unwrap();
    let start = (at / 2880
        + bytes[at / 2880 * 2880..]
            .chunks(2880)
            .position(|b| b.windows(10).any(|w| w == b"END       "))
            .unwrap()
        + 1)
        * 2880;
    let first = f64::from_be_bytes(bytes[start..start + 8].try_into().unwrap());
    assert_eq!(first.to_bits(), array[[0, 0, 0]].to_bits());
    folder.refused(
        &[&files[..], &["--memory", "1"]].concat(),
        &["--memory is 1 MiB", "at least"],
    );
}

/// The numbers of all cubes, without their headers, which name the inputs.
fn data_of_cubes(file: &[u8]) -> Vec<u8> {
    let (mut data, mut rest) = (Vec::new(), file);
    while !rest.is_empty() {
        let cards = rest
            .chunks(80)
            .take_while(|card| !card.starts_with(b"END     "))
            .count();
        let number = |name: &str| {
            let card = rest
                .chunks(80)
                .take(cards)
                .find(|card| card.starts_with(format!("{name:8}=").as_bytes()))?;
            std::str::from_utf8(&card[10..30])
                .unwrap()
                .trim()
                .parse::<i64>()
                .ok()
        };
        let axes =
            (1..=number("NAXIS").unwrap()).map(|axis| number(&format!("NAXIS{axis}")).unwrap());
        let values: i64 = if number("NAXIS") == Some(0) {
            0
        } else {
            axes.product()
        };
        let bytes = (values * number("BITPIX").unwrap().abs() / 8) as usize;
        let start = ((cards + 1) * 80).next_multiple_of(2880);
        data.extend(&rest[start..start + bytes]);
        rest = &rest[(start + bytes.next_multiple_of(2880)).min(rest.len())..];
    }
    data
}

/// Data of `crates/fits/tests/data`: three channels, plain, packed by gzip, and compressed by RICE
/// as a single tile.
#[test]
fn plain_packed_and_compressed_files_give_the_same_bits() {
    let folder = Folder::new();
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crates/fits/tests/data");
    let channels = [171, 193, 211];
    let plain = channels.map(|channel| data.join(format!("sun_{channel}.fits")));
    let tiles = channels.map(|channel| data.join(format!("sun_{channel}_rice.fits")));
    let packed = channels.map(|channel| folder.path(&format!("sun_{channel}.fits.gz")));
    for (from, to) in plain.iter().zip(&packed) {
        let mut encoder = GzEncoder::new(fs::File::create(to).unwrap(), Compression::default());
        encoder.write_all(&fs::read(from).unwrap()).unwrap();
        encoder.finish().unwrap();
    }
    let run = |files: &[PathBuf; 3], memory: &str| {
        let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        let options = [
            "--bins",
            "12",
            "--precision",
            "double",
            "--backend",
            "cpu",
            "--memory",
            memory,
        ];
        let summary = folder.run(&[&files[..], &options].concat());
        assert_eq!(summary["pixels"], serde_json::json!([24, 37]));
        data_of_cubes(&fs::read(folder.path("out/emission.fits")).unwrap())
    };
    let expected = run(&plain, "512");
    assert!(expected.len() > 24 * 37 * 8 * 12);
    for files in [&packed, &tiles] {
        for memory in ["512", "26"] {
            assert!(
                run(files, memory) == expected,
                "{} with {memory} MiB",
                files[0].display()
            );
        }
    }
}
