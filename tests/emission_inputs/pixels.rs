//! Pixels that were cut, summed, saturated, moved or averaged.

use super::*;

/// The noise of a mean is that of the pixels of the detector under it, however they were cut.
#[test]
fn pixels_that_were_cut_have_one_noise() {
    let folder = Folder::new();
    let even = |channel: usize| {
        let mut p = picture(channel, [0.0; 2]);
        let mean = p.dn.mean().unwrap();
        p.dn.fill(mean);
        p
    };
    let mut files: Vec<String> = (0..6)
        .map(|channel| even(channel).write(folder.path(), "even"))
        .collect();
    let curve = |files: &[String]| {
        folder.run(
            files,
            &["--align", "--curve", "8:16,8:16", "--saturation", "keep"],
        );
        fs::read_to_string(folder.out().join("curve_8-16_8-16.csv")).unwrap()
    };
    let expected = curve(&files);
    // 171 with pixels of twice the side.
    let coarse = even(2)
        .with("CDELT1", KeywordValue::Number(1.2))
        .with("CDELT2", KeywordValue::Number(1.2));
    files[2] = coarse.write(folder.path(), "coarse");
    let numbers = |table: &str| -> Vec<f64> {
        table
            .lines()
            .skip(1)
            .flat_map(|line| {
                line.split(',')
                    .map(|x| x.parse().unwrap())
                    .collect::<Vec<f64>>()
            })
            .collect()
    };
    let (found, expected) = (numbers(&curve(&files)), numbers(&expected));
    let far = found
        .iter()
        .zip(&expected)
        .map(|(a, b)| ((a - b) / b).abs())
        .fold(0.0, f64::max);
    assert!(found.len() == 100 && far < 1e-9, "{far}");
}

#[test]
fn sums_of_pixels_are_said_to_be_sums() {
    let folder = Folder::new();
    let wide = |p: Picture| {
        p.with("CDELT1", KeywordValue::Number(1.2))
            .with("CDELT2", KeywordValue::Number(1.2))
    };
    let means = folder.run(&folder.write("means", wide), &["--saturation", "keep"]);
    let summed = |mut p: Picture| {
        p.dn *= 4.0;
        wide(p)
    };
    let sums = folder.run(
        &folder.write("sums", summed),
        &["--saturation", "keep", "--summed"],
    );
    assert!(difference(&means.bands, &sums.bands) < 1e-12);
    // Means of four pixels, four of which were added: CDELT cannot tell, but the mean that JSOC
    // wrote does.
    let wider = |p: Picture| {
        p.with("CDELT1", KeywordValue::Number(2.4))
            .with("CDELT2", KeywordValue::Number(2.4))
    };
    let stated = |p: Picture| {
        let mean = p.dn.mean().unwrap();
        wider(p.with("DATAMEAN", KeywordValue::Number(mean)))
    };
    let options = ["--saturation", "keep"];
    let expected = folder.run(&folder.write("wider", stated), &options);
    assert_eq!(expected.summary["warnings"], serde_json::json!([]));
    let added = folder.write("added", |p| {
        let mut p = stated(p);
        p.dn *= 4.0;
        p
    });
    let found = folder.run(&added, &["--saturation", "keep", "--summed=4"]);
    assert!(difference(&expected.bands, &found.bands) < 1e-12 && found.warnings() == "[]");
    for (more, words) in [
        (&[][..], "taken for means: --summed=4"),
        (&["--summed"], "taken for sums of 16: --summed=4"),
    ] {
        let found = folder.run(&added, &[&options[..], more].concat());
        assert!(found.warnings().contains(words), "{}", found.warnings());
    }
    let none = folder.run(
        &folder.write("wider", stated),
        &["--saturation", "keep", "--summed"],
    );
    assert!(
        none.warnings().contains("no sums of 16"),
        "{}",
        none.warnings()
    );
    folder.refused(&added, &["--summed=0"], &["--summed"]);
    // A part of the image has another mean, and not the same in all channels.
    let part = folder.write("part", |p| {
        let channel = p.channel as f64;
        let mean = p.dn.mean().unwrap();
        p.with(
            "DATAMEAN",
            KeywordValue::Number(mean / (2.0 + 0.1 * channel)),
        )
    });
    assert_eq!(
        folder.run(&part, &options).summary["warnings"],
        serde_json::json!([])
    );
}

#[test]
fn channels_that_lie_elsewhere_are_refused_or_resampled() {
    let folder = Folder::new();
    let mut files = folder.write("near", |p| p);
    let expected = folder.run(&files, &["--align"]);
    // 171 was cut out 4.3 pixels further right and 2.6 further up, and its header says so.
    files[2] = picture(2, [2.6, 4.3]).write(folder.path(), "shifted");
    folder.refused(
        &files,
        &[],
        &["shifted_171", "5.0 pixels", "--align", "--unaligned"],
    );
    let found = folder.run(&files, &["--align"]);
    let middle = s![8..SIDE - 8, 8..SIDE - 8, ..];
    let part = |found: &Found| found.bands.slice(middle).to_owned();
    assert!(
        difference(&part(&expected), &part(&found)) < 0.01,
        "{}",
        difference(&part(&expected), &part(&found))
    );
    let taken = folder.run(&files, &["--unaligned"]);
    assert!(
        difference(&part(&expected), &part(&taken)) > 0.05
            && taken.warnings().contains("5.0 pixels")
    );
    // A header that is wrong is found out by what the images show.
    files[2] = picture(2, [0.0, 3.0])
        .with("CRPIX1", KeywordValue::Number(20.5))
        .write(folder.path(), "wrong");
    let found = folder.run(&files, &["--align"]);
    assert!(
        found.warnings().contains("by correlation"),
        "{}",
        found.warnings()
    );
    files[2] = picture(2, [0.0, 9.0])
        .with("CRPIX1", KeywordValue::Number(20.5))
        .write(folder.path(), "far");
    assert!(
        folder
            .run(&files, &["--align"])
            .warnings()
            .contains("by correlation")
    );
    files[2] = picture(2, [0.0, 500.0]).write(folder.path(), "away");
    folder.refused(&files, &["--align"], &["away_171", "no pixel in common"]);
    let turned = picture(2, [0.0; 2])
        .with("CROTA2", KeywordValue::Number(10.0))
        .write(folder.path(), "turned");
    folder.refused(
        &[&files[..2], &[turned]].concat(),
        &[],
        &["turned by 10.00°"],
    );
    let smaller = Picture {
        dn: Array2::ones([20, 30]),
        ..picture(2, [0.0; 2])
    }
    .write(folder.path(), "small");
    folder.refused(
        &[&files[..2], &[smaller]].concat(),
        &[],
        &["30 × 20", "40 × 40", "--align"],
    );
}

#[test]
fn what_a_saturated_pixel_was_mixed_into_is_saturated() {
    let folder = Folder::new();
    let mut files = folder.write("near", |p| p);
    let mut bright = picture(2, [0.5, 0.5]);
    bright.dn[[20, 20]] = 16_383.0;
    files[2] = bright.write(folder.path(), "bright");
    let found = folder.run(&files, &["--align", "--outputs", "emission,bands,status"]);
    // Cubic convolution takes four by four pixels.
    assert_eq!(
        found.summary["saturated_by_channel"],
        serde_json::json!([0, 0, 16, 0, 0, 0])
    );
}

#[test]
fn pixels_of_a_coarser_image_are_means() {
    let folder = Folder::new();
    let wide = |p: Picture| {
        let at = |i: usize, j: usize| p.dn.slice(s![i..;2, j..;2]).to_owned();
        let dn = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0;
        let wide = Picture { dn, ..p }
            .with("CDELT1", KeywordValue::Number(1.2))
            .with("CDELT2", KeywordValue::Number(1.2));
        wide.with("CRPIX1", KeywordValue::Number(10.5))
            .with("CRPIX2", KeywordValue::Number(10.5))
    };
    let coarse = folder.write("coarse", wide);
    let mut mixed = coarse.clone();
    mixed[3] = picture(3, [0.0; 2]).write(folder.path(), "fine");
    let bands = |files: &[String]| {
        let output = folder.output(
            files,
            &[
                "--align",
                "--outputs",
                "synthetic,bands",
                "--saturation",
                "keep",
            ],
        );
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let bytes = fs::read(folder.out().join("bands.npy")).unwrap();
        let values = bytes[bytes.len() - 8 * 400 * 6..]
            .as_chunks::<8>()
            .0
            .iter()
            .map(|x| f64::from_le_bytes(*x));
        Array3::from_shape_vec([20, 20, 6], values.collect())
            .unwrap()
            .slice(s![2..18, 2..18, ..])
            .to_owned()
    };
    let far = difference(&bands(&coarse), &bands(&mixed));
    assert!(far < 0.02, "{far}");
}
