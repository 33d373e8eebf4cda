//! Pixels a second, one JSON line a setting after one with machine and commit: `cargo bench -p
//! isopach-emission -- [--pixels N] [--repeat N] [--only TEXT]`; with `--only`, of the settings
//! whose `precision bins outputs threads` holds TEXT.
//!
//! Pixels are made: Gaussians in log T of quiet sun to flare, AIA's response, its noise for 2.9 s.
//! `benches/demreg_peer.py` reads the same pixels (`--dump DIR`) and runs the Python programs on
//! them.

#![allow(missing_docs, clippy::print_stdout)]

use isopach_compute::Cpu;
use isopach_emission::{
    AIA, EmissionMap, Inversion, InvertPixels, Method, Noise, Observation, Outputs, Quantity, Real,
    TemperatureResponse, Weights,
};
use isopach_program::machine;
use ndarray::{Array2, ArrayD};
use std::{env, fs, path::Path, time::Instant};

fn main() {
    let value = |name: &str| env::args().skip_while(|a| a != name).nth(1);
    let number =
        |name: &str, default: usize| value(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let (pixels, repeat) = (number("--pixels", 40_000), number("--repeat", 3));
    println!(
        "{{\"machine\":\"{}\",\"commit\":\"{}\"}}",
        machine::describe_machine(),
        machine::built_commit()
    );
    for bins in [33, 42, 200, 400] {
        let pixels = if bins > 100 { pixels / 10 } else { pixels };
        let inversion = inversion(bins);
        let (counts, sigma) = observation(&inversion, pixels);
        if let Some(dir) = value("--dump") {
            dump(Path::new(&dir), bins, &inversion, &counts, &sigma);
        }
        let (counts32, sigma32) = (counts.mapv(|x| x as f32), sigma.mapv(|x| x as f32));
        if bins == 42 {
            profile(&inversion, repeat, &counts, &sigma);
            methods(&inversion, repeat, &counts, &sigma);
            methods_single(&inversion, repeat, &counts32, &sigma32);
        }
        {
            let inversion = Inversion {
                outputs: Outputs::NONE,
                ..inversion.clone()
            };
            let double = || {
                Cpu.invert(
                    &inversion,
                    Observation {
                        counts: counts.view(),
                        sigma: sigma.view(),
                    },
                )
            };
            let single = || {
                Cpu.invert_single(
                    &inversion,
                    Observation {
                        counts: counts32.view(),
                        sigma: sigma32.view(),
                    },
                )
            };
            report("f64", bins, "without errors", 1, repeat, &|| {
                alone(&double).unwrap()
            });
            report("f32", bins, "without errors", 1, repeat, &|| {
                alone(&single).unwrap()
            });
        }
        for (outputs, what) in [(true, "all"), (false, "without resolution")] {
            let mut inversion = inversion.clone();
            inversion.outputs = Outputs {
                log_t_resolution: outputs,
                ..Outputs::ERRORS
            };
            let double = || {
                Cpu.invert(
                    &inversion,
                    Observation {
                        counts: counts.view(),
                        sigma: sigma.view(),
                    },
                )
            };
            let single = || {
                Cpu.invert_single(
                    &inversion,
                    Observation {
                        counts: counts32.view(),
                        sigma: sigma32.view(),
                    },
                )
            };
            let threads = rayon::current_num_threads();
            report("f64", bins, what, 1, repeat, &|| alone(&double).unwrap());
            report("f32", bins, what, 1, repeat, &|| alone(&single).unwrap());
            if threads > 1 {
                report("f64", bins, what, threads, repeat, &|| double().unwrap());
                report("f32", bins, what, threads, repeat, &|| single().unwrap());
            }
        }
    }
}

/// The same with less and less to do, on one thread: the differences are the profile.
fn profile(inversion: &Inversion, repeat: usize, counts: &ArrayD<f64>, sigma: &ArrayD<f64>) {
    let bins = inversion.bins();
    let mut inversion = inversion.clone();
    let mut run = |what: &str, change: &dyn Fn(&mut Inversion)| {
        change(&mut inversion);
        let double = || {
            Cpu.invert(
                &inversion,
                Observation {
                    counts: counts.view(),
                    sigma: sigma.view(),
                },
            )
        };
        report("f64", bins, what, 1, repeat, &|| alone(&double).unwrap());
    };
    run("profile: all", &|_| {});
    run("profile: no horizontal errors", &|i| {
        i.outputs.log_t_resolution = false
    });
    run("profile: no vertical errors", &|i| {
        i.outputs.uncertainty = false
    });
    run("profile: one iteration", &|i| i.max_iterations = 1);
    run("profile: given weights", &|i| {
        i.weights = Weights::Given(Array2::ones((1, bins)))
    });
    run("profile: two points of the grid", &|i| i.mu_samples = 2);
}

const METHODS: [Method; 3] = [Method::Regularised, Method::Positive, Method::NonNegative];

/// Every method on one thread, without errors and with the vertical ones.
fn methods(inversion: &Inversion, repeat: usize, counts: &ArrayD<f64>, sigma: &ArrayD<f64>) {
    for method in METHODS {
        for (uncertainty, what) in [(false, "alone"), (true, "with vertical errors")] {
            let outputs = Outputs {
                uncertainty,
                ..Outputs::NONE
            };
            let inversion = Inversion {
                method,
                outputs,
                ..inversion.clone()
            };
            let double = || {
                Cpu.invert(
                    &inversion,
                    Observation {
                        counts: counts.view(),
                        sigma: sigma.view(),
                    },
                )
            };
            report(
                "f64",
                inversion.bins(),
                &format!("{method:?}, {what}"),
                1,
                repeat,
                &|| alone(&double).unwrap(),
            );
        }
    }
}

/// Every method on one thread in single precision, without errors.
fn methods_single(inversion: &Inversion, repeat: usize, counts: &ArrayD<f32>, sigma: &ArrayD<f32>) {
    for method in METHODS {
        let inversion = Inversion {
            method,
            outputs: Outputs::NONE,
            ..inversion.clone()
        };
        let single = || {
            Cpu.invert_single(
                &inversion,
                Observation {
                    counts: counts.view(),
                    sigma: sigma.view(),
                },
            )
        };
        report(
            "f32",
            inversion.bins(),
            &format!("{method:?}, alone"),
            1,
            repeat,
            &|| alone(&single).unwrap(),
        );
    }
}

fn alone<T: Send>(work: &(dyn Fn() -> T + Sync)) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one thread")
        .install(work)
}

fn report<T: Real>(
    precision: &str,
    bins: usize,
    what: &str,
    threads: usize,
    repeat: usize,
    run: &dyn Fn() -> EmissionMap<T>,
) {
    let setting = format!("{precision} {bins} {what} {threads}");
    if env::args()
        .skip_while(|a| a != "--only")
        .nth(1)
        .is_some_and(|text| !setting.contains(&text))
    {
        return;
    }
    let mut best = f64::INFINITY;
    let mut median = 0.0;
    let mut pixels = 0;
    for _ in 0..repeat {
        let start = Instant::now();
        let map = run();
        best = best.min(start.elapsed().as_secs_f64());
        pixels = map.len();
        let mut chi: Vec<f64> = map
            .chi_squared
            .iter()
            .map(|x| x.to_f64())
            .filter(|x| x.is_finite())
            .collect();
        chi.sort_by(f64::total_cmp);
        median = chi[chi.len() / 2];
    }
    println!(
        "{{\"precision\":\"{precision}\",\"bins\":{bins},\"outputs\":\"{what}\",\"threads\":{threads},\"pixels\":{pixels},\"seconds\":{best:.4},\
         \"pixels_per_second\":{:.0},\"median_chi_squared\":{median:.4}}}",
        pixels as f64 / best
    );
}

fn inversion(bins: usize) -> Inversion {
    let edges = (0..=bins)
        .map(|i| 5.7 + 1.4 * i as f64 / bins as f64)
        .collect();
    Inversion::new(TemperatureResponse::aia(), edges)
}

/// Deterministic pixels: two Gaussians each, 10²⁰ to 10²² cm⁻⁵ K⁻¹, with noise.
fn observation(inversion: &Inversion, pixels: usize) -> (ArrayD<f64>, ArrayD<f64>) {
    let mut state = 12_345_u64;
    let mut uniform = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let edges = &inversion.log_t_edges;
    let emission = Array2::from_shape_fn((pixels, inversion.bins()), |_| 0.0);
    let mut emission = emission;
    for mut row in emission.rows_mut() {
        for _ in 0..2 {
            let (height, centre, width) = (
                10f64.powf(20.0 + 2.0 * uniform()),
                5.9 + 0.9 * uniform(),
                0.08 + 0.2 * uniform(),
            );
            for (t, x) in row.iter_mut().enumerate() {
                *x += height
                    * (-0.5 * ((0.5 * (edges[t] + edges[t + 1]) - centre) / width).powi(2)).exp();
            }
        }
    }
    let mut counts = inversion
        .forward(emission.view().into_dyn())
        .expect("a shape that fits");
    let noises = AIA.map(|channel| Noise::aia(&channel, 2.9, 1.0, 0.0));
    let sigma = Noise::sigma_of_counts(&noises, counts.view()).expect("six channels");
    for (count, sigma) in counts.iter_mut().zip(&sigma) {
        let normal =
            (-2.0 * (1.0 - uniform()).ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
        *count += sigma * normal;
    }
    (counts, sigma)
}

/// Raw little-endian doubles with their shape in the name, for other programs.
fn dump(dir: &Path, bins: usize, inversion: &Inversion, counts: &ArrayD<f64>, sigma: &ArrayD<f64>) {
    fs::create_dir_all(dir).expect("the folder can be made");
    let write = |name: &str, values: &mut dyn Iterator<Item = f64>| {
        let bytes: Vec<u8> = values.flat_map(f64::to_le_bytes).collect();
        fs::write(dir.join(format!("{name}_{bins}.f64")), bytes).expect("the file can be written");
    };
    write("counts", &mut counts.iter().copied());
    write("sigma", &mut sigma.iter().copied());
    write(
        "edges",
        &mut inversion.log_t_edges.iter().map(|x| 10f64.powf(*x)),
    );
    write("log_t", &mut inversion.response.log_t.iter().copied());
    write(
        "response",
        &mut inversion.response.channels.iter().flatten().copied(),
    );
    // For scipy's nnls: counts for 10¹⁵ units in a bin, `[bin][channel]`, and χ² a channel of what
    // is found here.
    let integrated = Inversion {
        solve_for: Quantity::Integrated,
        ..inversion.clone()
    };
    let columns = integrated
        .discretised()
        .expect("a response that was inverted")
        .response;
    write("columns", &mut columns.into_iter());
    for (name, method) in [
        ("non_negative", Method::NonNegative),
        ("positive", Method::Positive),
    ] {
        let inversion = Inversion {
            method,
            outputs: Outputs::NONE,
            ..inversion.clone()
        };
        let observed = Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        };
        let found = Cpu
            .invert(&inversion, observed)
            .expect("pixels that can be inverted");
        write(name, &mut found.chi_squared.into_iter());
    }
}
