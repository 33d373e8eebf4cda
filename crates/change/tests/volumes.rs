//! Volumes and their errors against what is true.

use isopach_change as api;
#[path = "../../../examples/calibrate/random.rs"]
mod random;
#[path = "../../../examples/calibrate/volume_scenes.rs"]
mod volume_scenes;

use volume_scenes::CASES;

#[test]
#[ignore]
fn trial() {
    let scenes: u64 = std::env::var("SCENES").unwrap().parse().unwrap();
    let only = std::env::var("ONLY").unwrap_or_default();
    for case in CASES.iter().filter(|case| case.name.contains(&only)) {
        let start = std::time::Instant::now();
        let outcomes: Vec<_> = (0..scenes).map(|seed| case.run(seed).unwrap()).collect();
        let n = scenes as f64;
        let row = |i: usize| {
            let inside = outcomes.iter().filter(|o| o.deviation[i].abs() <= o.error[i]).count();
            let bias = outcomes.iter().map(|o| o.deviation[i]).sum::<f64>() / n;
            let rms = (outcomes.iter().map(|o| o.deviation[i].powi(2)).sum::<f64>() / n).sqrt();
            let stated = outcomes.iter().map(|o| o.error[i]).sum::<f64>() / n / 1.96;
            format!("{:5.1}% bias {bias:7.2} rms {rms:7.2} stated {stated:7.2}", 100.0 * inside as f64 / n)
        };
        println!("{:30} gain {} | loss {} | net {} {:?}", case.name, row(0), row(1), row(2), start.elapsed());
    }
}
