//! The same bytes for any tiles, threads, order of points and chunks; ownership and counts.

use crate::scene::{CORNER, Several, attributes, cut, cut_cloud, random, shuffled, survey};
use isopach_cloud::{Cloud, Columns};
use isopach_features::{
    Convention, Features, GroundFilter, GroundSource, GroundSurface, HeightAboveGround,
    Neighbourhood, NormalSide,
};
use isopach_patches::{PatchTiles, Patches, Sample, ZeroHeight};
use isopach_tiling::{Encode, InMemory, PointSource};

fn samples() -> [Sample; 5] {
    [
        Sample::All,
        Sample::Random(300),
        Sample::VoxelStratified { n: 300, voxel: 1.5 },
        Sample::OnePerVoxel(1.0),
        Sample::Farthest(120),
    ]
}

/// Patches with attributes, features at two radii, and heights.
fn operation(sample: Sample, overlap: f64, ground: GroundSource) -> PatchTiles {
    let patches = Patches {
        side: 15.0,
        overlap,
        sample,
        seed: 42,
        at_least: 40,
        zero_height: ZeroHeight::Ground(vec![2]),
        ..Patches::default()
    };
    let features = Features {
        neighbourhood: Neighbourhood::Radii(vec![0.75, 1.5]),
        wanted: "minimal,nx,ny,nz,roughness".parse().unwrap(),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    let heights = HeightAboveGround {
        surface: GroundSurface::Nearest,
        max_distance: 5.0,
    };
    let operation = PatchTiles::new(patches, attributes()).unwrap();
    let operation = operation.with_features(features).unwrap();
    operation.with_heights(heights, ground).unwrap()
}

fn bytes_of(operation: &PatchTiles, source: &dyn PointSource, tile_size: f64) -> Vec<u8> {
    let (patches, counts) = cut(operation, source, tile_size).unwrap();
    let counts = format!("{counts:?}").into_bytes();
    [patches.to_bytes(), counts].concat()
}

#[test]
fn tiles_threads_order_and_chunks_do_not_change_a_byte() {
    let cloud = survey(12_000);
    let other = shuffled(&cloud);
    let parts = Several(vec![
        other.select(&(0..5000).collect::<Vec<u32>>()),
        other.select(&(5000..5010).collect::<Vec<u32>>()),
        other.select(&(5010..12_000).collect::<Vec<u32>>()),
    ]);
    let [cloud, other] = [cloud, other].map(|cloud| InMemory::new("survey", cloud));
    for sample in samples() {
        for overlap in [0.0, 5.0] {
            let operation = operation(sample, overlap, GroundSource::Classes(vec![2]));
            let all = bytes_of(&operation, &cloud, f64::INFINITY);
            assert!(all.len() > 10_000, "{sample:?}");
            for tile_size in [10.0, 15.0, 33.0] {
                let tiles = bytes_of(&operation, &other, tile_size);
                assert!(all == tiles, "{sample:?} {overlap} {tile_size}");
            }
            let pool = rayon_of_one();
            let alone = pool.install(|| bytes_of(&operation, &parts, 31.0));
            assert!(all == alone, "{sample:?} {overlap}");
        }
    }
}

fn rayon_of_one() -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().unwrap()
}

#[test]
fn found_ground_does_not_depend_on_tiles() {
    let filter = GroundFilter {
        window: 3.0,
        ..GroundFilter::default()
    };
    let operation = operation(Sample::Random(200), 5.0, GroundSource::Filter(filter));
    let source = InMemory::new("survey", survey(6000));
    let all = bytes_of(&operation, &source, f64::INFINITY);
    assert!(all == bytes_of(&operation, &source, 12.0));
}

#[test]
fn a_patch_has_the_points_of_its_square_and_is_there_if_its_core_has_one() {
    let cloud = survey(4000);
    // An island off the rest, whose square of 10 m has three points.
    let mut points: Vec<[f64; 3]> = cloud.positions().iter().collect();
    points.extend([0.5, 1.0, 1.5].map(|x| [CORNER[0] + 101.0 + x, CORNER[1] + 5.0, 300.0]));
    let cloud = Cloud::from_points(&points).unwrap();
    let patches = Patches {
        side: 14.0,
        overlap: 4.0,
        sample: Sample::All,
        at_least: 4,
        ..Patches::default()
    };
    let operation = PatchTiles::new(patches, Columns::XYZ).unwrap();
    let (found, counts) = cut_cloud(&operation, &cloud);
    let mut expected = Vec::new();
    for row in 549_990..550_020_i64 {
        for column in 39_990..40_020_i64 {
            let inside = |margin: f64| {
                let low = [column, row].map(|i| i as f64 * 10.0 - margin);
                let high = low.map(|low| low + 10.0 + 2.0 * margin);
                let of_square = |p: &&[f64; 3]| (0..2).all(|a| (low[a]..high[a]).contains(&p[a]));
                points.iter().filter(of_square).count() as u64
            };
            if inside(0.0) > 0 && inside(2.0) >= 4 {
                expected.push(([column, row], inside(2.0)));
            }
        }
    }
    let found: Vec<_> = found
        .iter()
        .map(|patch| (patch.index, patch.points))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 35);
    assert_eq!(
        (counts.points, counts.left_out, counts.points_left_out),
        (4003, 1, 3)
    );
}

#[test]
fn rows_are_points_of_the_survey_with_their_attributes() {
    let cloud = survey(3000);
    let patches = Patches {
        side: 16.0,
        sample: Sample::All,
        at_least: 1,
        ..Patches::default()
    };
    let operation = PatchTiles::new(patches, attributes()).unwrap();
    let names: Vec<String> = operation.columns().into_iter().map(|c| c.name).collect();
    assert_eq!(
        names,
        [
            "color",
            "strength",
            "return_number",
            "number_of_returns",
            "segment"
        ]
    );
    let (found, counts) = cut_cloud(&operation, &cloud);
    assert_eq!((counts.patches, counts.points), (12, 3000));
    // All points, as text of coordinates and attributes, in one order.
    let of_survey = (0..3000).map(|i| {
        let [x, y, z] = cloud.positions().absolute(i);
        let attributes = &cloud.attributes;
        let colour = attributes.rgb.as_ref().unwrap()[i].map(f32::from);
        let returns = attributes.returns.as_ref().unwrap()[i];
        let more = [
            f32::from(attributes.intensity.as_ref().unwrap()[i]),
            f32::from(returns[0]),
            f32::from(returns[1]),
            f32::from(attributes.classification.as_ref().unwrap()[i]),
        ];
        format!("{x} {y} {z} {colour:?} {more:?}")
    });
    let of_patches = found.iter().flat_map(|patch| {
        (0..patch.len()).map(move |row| {
            let place = patch.coord[row].map(f64::from);
            let [x, y] = [0, 1].map(|axis| patch.centre[axis] + place[axis]);
            let z = patch.zero_height + place[2];
            let columns = &patch.columns;
            let colour = [0, 1, 2].map(|k| columns[0][3 * row + k]);
            let more = [1, 2, 3, 4].map(|column| columns[column][row]);
            format!("{x} {y} {z} {colour:?} {more:?}")
        })
    });
    let mut expected: Vec<String> = of_survey.collect();
    let mut rows: Vec<String> = of_patches.collect();
    expected.sort();
    rows.sort();
    assert!(rows == expected);
}

#[test]
fn heights_count_from_the_lowest_point_the_ground_or_a_fixed_height() {
    let points: Vec<[f64; 3]> = (0..200_u64)
        .map(|i| {
            let place = |k| random(5 * i + k, 640) as f64 / 64.0;
            [place(0), place(1), 100.0 + i as f64]
        })
        .collect();
    let mut cloud = Cloud::from_points(&points).unwrap();
    // Ground of heights 103, 104 and 110; the other square has none.
    let class = |i: u64| if [3, 4, 10].contains(&i) { 2 } else { 1 };
    cloud.attributes.classification = Some((0..200).map(class).collect());
    let zero_of = |zero_height| {
        let patches = Patches {
            side: 10.0,
            zero_height,
            at_least: 1,
            sample: Sample::Random(10),
            ..Patches::default()
        };
        let operation = PatchTiles::new(patches, Columns::XYZ).unwrap();
        let (found, counts) = cut_cloud(&operation, &cloud);
        (found[0].zero_height, counts.without_ground)
    };
    assert_eq!(zero_of(ZeroHeight::Lowest), (100.0, 0));
    assert_eq!(zero_of(ZeroHeight::Ground(vec![2])), (104.0, 0));
    assert_eq!(zero_of(ZeroHeight::Ground(vec![9])), (100.0, 1));
    assert_eq!(zero_of(ZeroHeight::Fixed(50.5)), (50.5, 0));
}

#[test]
fn a_result_comes_back_from_its_bytes_and_half_of_it_does_not() {
    let operation = operation(Sample::Random(50), 0.0, GroundSource::Classes(vec![2]));
    let (patches, counts) = cut_cloud(&operation, &survey(2000));
    let tile = isopach_patches::PatchTile { patches, counts };
    let bytes = tile.to_bytes();
    let back = isopach_patches::PatchTile::from_bytes(&bytes).unwrap();
    assert!(back.to_bytes() == bytes && back.counts == tile.counts);
    for part in [0, 1, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(isopach_patches::PatchTile::from_bytes(&bytes[..part]).is_none());
    }
}
