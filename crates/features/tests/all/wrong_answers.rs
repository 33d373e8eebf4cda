//! Known wrong answers of other programs, on input that shows them: what they give, and what is
//! right.

use isopach_features::{
    Cloud, Convention, Cpu, Feature, Features, Neighbourhood, NormalSide, PointFeatures, Wanted,
};

fn run(points: &[[f64; 3]], radius: f64, convention: Convention) -> PointFeatures {
    let features = Features {
        neighbourhood: Neighbourhood::Radius(radius),
        wanted: Wanted::set("full").unwrap(),
        convention,
        normals: NormalSide::Up,
    };
    let cloud = Cloud::from_points(points).unwrap();
    features.run(&Cpu, cloud.positions()).unwrap()
}

fn value(found: &PointFeatures, feature: Feature, at: usize) -> f64 {
    f64::from(found.values(feature).unwrap()[at])
}

fn random(i: u64) -> f64 {
    isopach_compute::conformance::random(i)
}

/// Distances of `f64` coordinates are rounded: of two points a metre apart, jakteristics finds one
/// within a metre at some places and not at others, pgeof and Open3D none at any.
#[test]
fn points_at_exactly_the_radius_are_counted_at_every_place() {
    let mut missed = 0;
    for step in (0..500).chain(62_900_000..62_900_500) {
        // As a file in centimetres has them, near the origin and far from it.
        let [west, east] = [step, step + 100].map(|cm| f64::from(cm) / 100.0);
        let points = [[west, 5_600_000.37, 80.0], [east, 5_600_000.37, 80.0]];
        let found = run(&points, 1.0, Convention::ISOPACH);
        for at in 0..2 {
            let count = value(&found, Feature::NumberOfNeighbours, at);
            assert_eq!(count, 2.0, "{west}");
        }
        missed += usize::from(east - west > 1.0);
    }
    assert!(missed > 0, "rounded distances show the fault");
}

/// jakteristics gives NaN: 0 ln 0.
#[test]
fn points_of_an_exact_plane_have_an_eigenentropy() {
    let points: Vec<[f64; 3]> = (0..25)
        .map(|i| [f64::from(i % 5), f64::from(i / 5), 0.0])
        .collect();
    let found = run(&points, 1.1, Convention::ISOPACH);
    assert_eq!(value(&found, Feature::Eigenvalue3, 12), 0.0);
    let entropy = value(&found, Feature::Eigenentropy, 12);
    assert!((entropy - 2.0_f64.ln()).abs() < 1e-6, "{entropy}");
}

/// CloudCompare 2.11.3 fits the quadric along x, y or z: a bowl of mean curvature 0.5 has 0.5000,
/// 0.4843 and 0.4970 after turns by 0°, 40° and 70°.
#[test]
fn a_turned_bowl_keeps_its_curvature() {
    let curvature = |degrees: f64, convention| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let step = |i: i32| f64::from(i) / 20.0 - 1.0;
        let points: Vec<[f64; 3]> = (0..41 * 41)
            .map(|i| {
                let [x, y] = [step(i % 41), step(i / 41)];
                let z = 0.25 * (x * x + y * y);
                [x * cos + z * sin, y, z * cos - x * sin]
            })
            .collect();
        let found = run(&points, 0.5, convention);
        value(&found, Feature::MeanCurvature, 840).abs()
    };
    for (degrees, of_cloudcompare) in [(0.0, 0.5), (40.0, 0.4843), (70.0, 0.4970)] {
        let ours = curvature(degrees, Convention::ISOPACH);
        assert!((ours - 0.5).abs() < 1e-3, "{degrees}: {ours}");
        let theirs = curvature(degrees, Convention::CLOUDCOMPARE);
        assert!(
            (theirs - of_cloudcompare).abs() < 1e-3,
            "{degrees}: {theirs}"
        );
    }
}

/// Coordinates in `f32` before an origin is taken off, as ign-lidar-hd and Myria3D have them: the
/// northing has steps of half a metre.
#[test]
fn coordinates_in_single_precision_ruin_ratios_and_ours_are_not() {
    let home: Vec<[f64; 3]> = (0..3000)
        .map(|i| {
            let [x, y] = [3 * i, 3 * i + 1].map(|n| 16.0 * random(n));
            [x, y, 0.1 * random(3 * i + 2)]
        })
        .collect();
    let shift = [629_000.0, 5_600_000.0, 900.0];
    let moved = |point: &[f64; 3]| std::array::from_fn(|axis| point[axis] + shift[axis]);
    let away: Vec<[f64; 3]> = home.iter().map(moved).collect();
    let single: Vec<[f64; 3]> = away
        .iter()
        .map(|p| p.map(|x| f64::from(x as f32)))
        .collect();
    let linearity = |points: &[[f64; 3]]| {
        let found = run(points, 1.0, Convention::ISOPACH);
        found.values(Feature::Linearity).unwrap().to_vec()
    };
    let [home, away, single] = [&home, &away, &single].map(|points| linearity(points));
    let largest_at_95 = |others: &[f32]| {
        let differences = home.iter().zip(others).map(|(a, b)| (a - b).abs());
        let mut known: Vec<f32> = differences.filter(|d| !d.is_nan()).collect();
        known.sort_by(f32::total_cmp);
        known[known.len() * 95 / 100]
    };
    assert!(largest_at_95(&single) > 0.1);
    assert!(largest_at_95(&away) < 1e-4);
}

/// Open3D's classic normals: E[yy] − E[y]² of coordinates about the origin of a national grid.
#[test]
fn variances_are_of_differences_from_the_mean() {
    let north = 5_600_000.0;
    let points: Vec<[f64; 3]> = (0..40)
        .map(|i| {
            let [x, y, z] = [3 * i, 3 * i + 1, 3 * i + 2].map(random);
            [629_000.0 + 0.06 * x, north + 0.06 * y, 80.0 + 0.06 * z]
        })
        .collect();
    let count = points.len() as f64;
    let mean_of =
        |number: &dyn Fn(&[f64; 3]) -> f64| points.iter().map(number).sum::<f64>() / count;
    let variance_about = |origin: [f64; 3]| -> f64 {
        let of_axis = |axis: usize| {
            let mean = mean_of(&|p| p[axis] - origin[axis]);
            mean_of(&|p| (p[axis] - origin[axis]).powi(2)) - mean * mean
        };
        (0..3).map(of_axis).sum()
    };
    let exact = variance_about(points[0]) * count / (count - 1.0);
    let theirs = variance_about([0.0; 3]) * count / (count - 1.0);
    assert!((theirs / exact - 1.0).abs() > 0.1, "{theirs} {exact}");
    let found = run(&points, 0.2, Convention::ISOPACH);
    let ours = value(&found, Feature::EigenvalueSum, 0);
    // Coordinates are rounded to ticks of 4 µm.
    assert!((ours / exact - 1.0).abs() < 1e-3, "{ours} {exact}");
}

/// jakteristics calls two points a line (linearity 1), pgeof nearly so (0.998).
#[test]
fn two_points_are_no_line() {
    let points = [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]];
    let found = run(&points, 1.0, Convention::ISOPACH);
    assert!(value(&found, Feature::Linearity, 0).is_nan());
    assert_eq!(found.gaps.too_few, 2);
    let theirs = run(&points, 1.0, Convention::JAKTERISTICS);
    assert_eq!(value(&theirs, Feature::Linearity, 0), 1.0);
}
