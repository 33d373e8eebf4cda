//! Options of the inversion do what the crate does.

use super::{Folder, counts, images, inversion, write};
use isopach::{
    compute::Cpu,
    emission::{AIA, Inversion, Method, MonteCarlo, Noise, Observation, Quantity, Weights},
};
use isopach_testkit::difference::difference;
use ndarray::{ArrayD, Axis, IxDyn};

const USUAL: [&str; 6] = ["--bins", "24", "--precision", "double", "--backend", "cpu"];

#[test]
fn weights_targets_and_what_is_solved_for_are_those_of_the_crate() {
    let folder = Folder::new();
    let [counts, sigma] = counts(4, 6);
    let arrays = [
        write(&folder, "c.npy", &counts),
        write(&folder, "e.npy", &sigma),
    ];
    let run = |options: &[&str]| {
        let files = [
            "--counts",
            &arrays[0],
            "--sigma",
            &arrays[1],
            "--outputs",
            "emission",
        ];
        folder.run(&[&files[..], &USUAL, options].concat());
        folder.array("emission")
    };
    let usual = run(&[]);
    type Change = fn(&mut Inversion);
    let cases: [(&[&str], Change); 6] = [
        (&["--loci", "2,3,4"], |i| {
            i.weights = Weights::EmissionMeasureLoci(vec![2, 3, 4])
        }),
        (&["--loci", "all"], |i| {
            i.weights = Weights::EmissionMeasureLoci((0..6).collect())
        }),
        (&["--solve-for", "integrated"], |i| {
            i.solve_for = Quantity::Integrated
        }),
        (&["--chi2-target", "0.2"], |i| i.chi_squared_target = 0.2),
        (&["--growth", "4", "--chi2-target", "0.001"], |i| {
            (i.target_growth, i.chi_squared_target) = (4.0, 0.001)
        }),
        (&["--method", "positive", "--chi2-target", "2"], |i| {
            (i.method, i.chi_squared_target) = (Method::Positive, 2.0)
        }),
    ];
    for (options, change) in cases {
        let mut inversion = inversion(24);
        change(&mut inversion);
        inversion.outputs.averaging_kernel = false;
        let expected = inversion
            .run(
                &Cpu,
                Observation {
                    counts: counts.view(),
                    sigma: sigma.view(),
                },
            )
            .unwrap();
        let found = run(options);
        assert!(
            difference(&expected.emission, &found) < 1e-12,
            "{options:?}"
        );
        assert!(
            difference(&usual, &found) > 1e-3,
            "{options:?} changes something"
        );
    }
    assert_eq!(run(&["--threads", "1"]), usual);
    let files = ["--counts", &arrays[0], "--sigma", &arrays[1]];
    let refused =
        |options: &[&str], words: &[&str]| folder.refused(&[&files[..], options].concat(), words);
    refused(&["--loci", "7"], &["--loci names 7", "0, 1, 2, 3, 4, 5"]);
    refused(
        &["--loci", "2", "--method", "positive"],
        &["--loci has no effect with --method"],
    );
    refused(
        &["--solve-for", "integrated", "--method", "non-negative"],
        &["--solve-for"],
    );
    refused(&["--chi2-target", "0"], &["--chi2-target is 0"]);
    refused(&["--growth", "nan"], &["--growth is NaN"]);
    refused(&["--threads", "0"], &["--threads is 0"]);
    refused(
        &["--systematic", "0.1"],
        &["--systematic is for files", "--sigma"],
    );
    refused(&["--compress", "rice"], &["--compress is for FITS"]);
    refused(
        &["--monte-carlo", "1"],
        &["--monte-carlo is 1, but must be from 2"],
    );
}

#[test]
fn draws_are_those_of_the_crate_whatever_the_memory() {
    let folder = Folder::new();
    let [counts, sigma] = counts(40, 30);
    let arrays = [
        write(&folder, "c.npy", &counts),
        write(&folder, "e.npy", &sigma),
    ];
    let mut inversion = inversion(24);
    inversion.outputs.averaging_kernel = false;
    let draws = MonteCarlo { draws: 5, seed: 7 };
    let expected = draws
        .run(
            &inversion,
            &Cpu,
            &Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        )
        .unwrap();
    for first in (0..40).step_by(2) {
        let two = |array: &ArrayD<f64>| {
            array
                .slice_axis(Axis(0), (first..first + 2).into())
                .to_owned()
        };
        let (c, e) = (two(&counts), two(&sigma));
        let seen = Observation {
            counts: c.view(),
            sigma: e.view(),
        };
        let part = draws
            .run_part(&inversion, &Cpu, &seen, 30 * first as u64)
            .unwrap();
        assert_eq!(
            difference(&two(&expected.mean), &part.mean),
            0.0,
            "rows {first} and the next by themselves"
        );
    }
    // Where a bin has a tenth of its pixel's largest.
    let map = inversion
        .run(
            &Cpu,
            Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        )
        .unwrap();
    let mut ratios = Vec::new();
    for (row, emission) in map.emission.rows().into_iter().enumerate() {
        let [deviation, stated] = [&expected.deviation, map.uncertainty.as_ref().unwrap()]
            .map(|array| array.rows().into_iter().nth(row).unwrap().to_vec());
        let largest = emission.iter().copied().fold(0.0, f64::max);
        ratios.extend(
            (0..24)
                .filter(|&t| emission[t] > 0.1 * largest)
                .map(|t| deviation[t] / stated[t]),
        );
    }
    ratios.sort_by(f64::total_cmp);
    let edges = ArrayD::from_shape_vec(IxDyn(&[25]), inversion.log_t_edges.clone()).unwrap();
    let edges = write(&folder, "edges.npy", &edges);
    let inputs = [
        "--counts",
        &arrays[0],
        "--sigma",
        &arrays[1],
        "--log-t-edges",
        &edges,
    ];
    let options = [
        &inputs[..],
        &["--monte-carlo", "5", "--seed", "7", "--curve", "3,4"],
    ]
    .concat();
    for memory in ["512", "26"] {
        let summary = folder.run(&[&options[..], &USUAL, &["--memory", memory]].concat());
        let far = difference(&expected.mean, &folder.array("draws_mean"));
        assert_eq!(far, 0.0, "{memory}");
        assert_eq!(folder.array("draws_deviation"), expected.deviation);
        assert_eq!(folder.array("draws_used"), expected.used.mapv(f64::from));
        let median = summary["monte_carlo"]["scatter_over_stated"]["median"]
            .as_f64()
            .unwrap();
        assert!(
            (median / ratios[(ratios.len() - 1) / 2] - 1.0).abs() < 0.012,
            "{median}, in steps of 0.005 dex"
        );
        assert!(summary["rows_at_once"].as_u64().unwrap() < 40);
    }
    let table = std::fs::read_to_string(folder.path("out/curve_3_4.csv")).unwrap();
    let mut lines = table.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .ends_with("draws_mean_cm-5,draws_deviation_cm-5")
    );
    let last = |line: &str| {
        line.split(',')
            .map(|x| x.parse::<f64>().unwrap())
            .collect::<Vec<f64>>()[5..]
            .to_vec()
    };
    for (t, line) in lines.enumerate() {
        assert_eq!(
            last(line),
            [expected.mean[[4, 3, t]], expected.deviation[[4, 3, t]]]
        );
    }
    let page = std::fs::read_to_string(folder.path("out/index.html")).unwrap();
    assert!(page.contains("5 draws of the noise") && page.contains("class=draws"));
    let other = ["--seed", "8"];
    let options: Vec<&str> = options
        .iter()
        .copied()
        .filter(|word| !["--seed", "7"].contains(word))
        .collect();
    folder.run(&[&options[..], &USUAL, &other].concat());
    assert_ne!(folder.array("draws_mean"), expected.mean);
}

#[test]
fn systematic_errors_are_those_of_their_channels() {
    let folder = Folder::new();
    let (files, [rates, _]) = images(&folder);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let run = |options: &[&str]| {
        folder.run(
            &[
                &files[..],
                &USUAL,
                &["--format", "npy", "--saturation", "keep"],
                options,
            ]
            .concat(),
        );
        folder.array("emission")
    };
    for (text, shares) in [
        ("0.1,94=0.5,131=0.4", [0.5, 0.4, 0.1, 0.1, 0.1, 0.1]),
        ("AIA:335=0.3", [0.05, 0.05, 0.05, 0.05, 0.05, 0.3]),
    ] {
        let noises: Vec<Noise> = AIA
            .iter()
            .zip(shares)
            .map(|(channel, share)| Noise::aia(channel, 2.0, 1.0, share))
            .collect();
        let sigma = Noise::sigma_of_counts(&noises, rates.view()).unwrap();
        let expected = inversion(24)
            .run(
                &Cpu,
                Observation {
                    counts: rates.view(),
                    sigma: sigma.view(),
                },
            )
            .unwrap();
        assert!(
            difference(&expected.emission, &run(&["--systematic", text])) < 1e-9,
            "{text}"
        );
    }
    let refused = |text: &str, words: &[&str]| {
        folder.refused(&[&files[..], &["--systematic", text]].concat(), words)
    };
    refused("304=0.5", &["--systematic names 304", "94, 131, 171"]);
    refused("0.1,0.2", &["two shares for all"]);
    refused("94=-0.5", &["--systematic is -0.5"]);
    refused("94=x", &["--systematic"]);
}

#[test]
fn a_region_is_inverted_as_the_mean_of_its_pixels() {
    let folder = Folder::new();
    let (files, [rates, _]) = images(&folder);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    // Pixel 5, 3 is saturated, and left out; pixel 0, 0 by itself.
    let curves = [
        "--curve",
        "2:12,1:9",
        "--curve",
        "0,0",
        "--systematic",
        "0.1",
    ];
    folder.run(&[&files[..], &USUAL, &curves].concat());
    let (mut mean, mut used) = (ArrayD::<f64>::zeros(IxDyn(&[6])), 0.0);
    for row in 1..9 {
        for column in 2..12 {
            if (row, column) != (3, 5) {
                mean += &rates.index_axis(Axis(0), row).index_axis(Axis(0), column);
                used += 1.0;
            }
        }
    }
    mean /= used;
    let noises = AIA.map(|channel| Noise::aia(&channel, 2.0, used, 0.1));
    let sigma = Noise::sigma_of_counts(&noises, mean.view()).unwrap();
    let expected = inversion(24)
        .run(
            &Cpu,
            Observation {
                counts: mean.view(),
                sigma: sigma.view(),
            },
        )
        .unwrap();
    let table = std::fs::read_to_string(folder.path("out/curve_2-12_1-9.csv")).unwrap();
    let rows: Vec<Vec<f64>> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().unwrap()).collect())
        .collect();
    assert_eq!(rows.len(), 24);
    let largest = expected.emission.iter().fold(0.0_f64, |m, x| m.max(*x));
    let uncertainty = expected.uncertainty.unwrap();
    for (t, row) in rows.iter().enumerate() {
        assert!(
            (row[2] - expected.emission[[t]]).abs() < 1e-9 * largest,
            "{row:?}"
        );
        assert!((row[3] / uncertainty[[t]] - 1.0).abs() < 1e-9, "{row:?}");
    }
    let page = std::fs::read_to_string(folder.path("out/index.html")).unwrap();
    let title = "Mean of 10 × 8 pixels from 2, 1, without 1 that are saturated or miss a channel";
    assert!(page.contains(title) && page.contains("Pixel 0, 0"));
    // Of arrays only the errors are known.
    let [counts, sigma] = counts(4, 6);
    let (c, e) = (
        write(&folder, "c.npy", &counts),
        write(&folder, "e.npy", &sigma),
    );
    folder.run(
        &[
            &["--counts", &c, "--sigma", &e, "--curve", "0:2,0:1"],
            &USUAL[..],
        ]
        .concat(),
    );
    let pair = |array: &ArrayD<f64>| {
        let of = |column| {
            array
                .index_axis(Axis(0), 0)
                .index_axis(Axis(0), column)
                .to_owned()
        };
        [of(0), of(1)]
    };
    let ([a, b], [s, t]) = (pair(&counts), pair(&sigma));
    let mean = (a + b) / 2.0;
    let errors = (&s * &s + &t * &t).mapv(|x| x.sqrt() / 2.0);
    let expected = inversion(24)
        .run(
            &Cpu,
            Observation {
                counts: mean.view(),
                sigma: errors.view(),
            },
        )
        .unwrap();
    let table = std::fs::read_to_string(folder.path("out/curve_0-2_0-1.csv")).unwrap();
    let first: f64 = table
        .lines()
        .nth(1)
        .unwrap()
        .split(',')
        .nth(2)
        .unwrap()
        .parse()
        .unwrap();
    assert!((first - expected.emission[[0]]).abs() < 1e-9 * largest);
    // A row of two pixels.
    folder.run(
        &[
            &["--counts", &c, "--sigma", &e, "--curve", "0:2,1"],
            &USUAL[..],
        ]
        .concat(),
    );
    assert!(folder.path("out/curve_0-2_1-2.csv").exists());
    for (region, words) in [
        ("3:3,0:2", "not a region"),
        ("0:7,0:2", "6 × 4"),
        ("a:b,1", "neither"),
    ] {
        folder.refused(
            &["--counts", &c, "--sigma", &e, "--curve", region],
            &[words],
        );
    }
}
