//! Parameters that are refused, with a typed error.

use isopach_cloud::Columns;
use isopach_compute::Error;
use isopach_features::{Convention, Features, Neighbourhood, NormalSide};
use isopach_patches::{Augmentation, PatchError, PatchTiles, Patches, Sample, ZeroHeight};

fn refused(patches: Patches) -> &'static str {
    match PatchTiles::new(patches, Columns::XYZ).unwrap_err() {
        Error::InvalidParameter { name, .. } => name,
        other => panic!("{other}"),
    }
}

#[test]
fn numbers_out_of_range_are_named() {
    let base = Patches::default;
    let augmented = |augmentation| Patches {
        augmentation: Some(augmentation),
        ..base()
    };
    let one = Augmentation::default;
    for (patches, name) in [
        (
            Patches {
                side: 0.0,
                ..base()
            },
            "side of a patch",
        ),
        (
            Patches {
                overlap: 150.0,
                ..base()
            },
            "overlap of patches",
        ),
        (
            Patches {
                sample: Sample::Random(0),
                ..base()
            },
            "number of points of a sample",
        ),
        (
            Patches {
                sample: Sample::Farthest(usize::MAX),
                ..base()
            },
            "number of points of a sample",
        ),
        (
            Patches {
                sample: Sample::OnePerVoxel(0.0),
                ..base()
            },
            "cell size",
        ),
        (
            Patches {
                sample: Sample::OnePerVoxel(f64::NAN),
                ..base()
            },
            "cell size",
        ),
        (
            Patches {
                at_least: 0,
                ..base()
            },
            "fewest points of a patch",
        ),
        (
            Patches {
                zero_height: ZeroHeight::Fixed(f64::NAN),
                ..base()
            },
            "zero height",
        ),
        (
            Patches {
                zero_height: ZeroHeight::Ground(vec![]),
                ..base()
            },
            "number of ground classes",
        ),
        (
            augmented(Augmentation { copies: 0, ..one() }),
            "number of copies",
        ),
        (
            augmented(Augmentation {
                scale: [0.0, 1.0],
                ..one()
            }),
            "scale of a copy",
        ),
        (
            augmented(Augmentation {
                scale: [1.1, 1.0],
                ..one()
            }),
            "largest scale of a copy",
        ),
        (
            augmented(Augmentation {
                jitter: -0.1,
                ..one()
            }),
            "jitter",
        ),
        (
            augmented(Augmentation {
                dropout: 1.0,
                ..one()
            }),
            "dropout",
        ),
    ] {
        assert_eq!(refused(patches), name);
    }
}

fn with_features(wanted: &str, convention: Convention, augmentation: Augmentation) -> PatchError {
    let patches = Patches {
        augmentation: Some(augmentation),
        ..Patches::default()
    };
    let features = Features {
        neighbourhood: Neighbourhood::Radius(1.0),
        wanted: wanted.parse().unwrap(),
        convention,
        normals: NormalSide::Up,
    };
    let operation = PatchTiles::new(patches, Columns::XYZ).unwrap();
    let error = operation.with_features(features).unwrap_err();
    error.find_cause::<PatchError>().unwrap().clone()
}

#[test]
fn columns_that_cannot_follow_a_change_are_refused() {
    let turn = Augmentation::default();
    let scale = Augmentation {
        rotation: false,
        flip: false,
        scale: [0.9, 1.1],
        ..turn
    };
    let column = |name: &str| name.to_owned();
    assert_eq!(
        with_features("nx", Convention::ISOPACH, turn),
        PatchError::CannotTurn {
            column: column("nx")
        }
    );
    assert_eq!(
        with_features("mean_curvature", Convention::CLOUDCOMPARE, turn),
        PatchError::CannotTurn {
            column: column("mean_curvature")
        }
    );
    assert_eq!(
        with_features("eigenentropy", Convention::JAKTERISTICS, scale),
        PatchError::CannotScale {
            column: column("eigenentropy")
        }
    );
}

#[test]
fn columns_of_one_name_are_refused() {
    let features = Features {
        neighbourhood: Neighbourhood::Radii(vec![1.0, 1.0]),
        wanted: "linearity".parse().unwrap(),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    let operation = PatchTiles::new(Patches::default(), Columns::XYZ).unwrap();
    let error = operation.with_features(features).unwrap_err();
    let name = "linearity_r1".to_owned();
    assert_eq!(error.find_cause(), Some(&PatchError::SameName { name }));
}

#[test]
fn a_range_of_heights_that_distances_cannot_hold_is_refused() {
    let points = [[0.0, 0.0, 0.0], [1.0, 0.0, 8192.5]];
    let cloud = isopach_cloud::Cloud::from_points(&points).unwrap();
    let patches = Patches {
        sample: Sample::Farthest(2),
        at_least: 1,
        ..Patches::default()
    };
    let operation = PatchTiles::new(patches, Columns::XYZ).unwrap();
    let source = isopach_tiling::InMemory::new("two", cloud);
    let error = crate::scene::cut(&operation, &source, 500.0).unwrap_err();
    assert!(matches!(
        error,
        Error::InvalidParameter {
            name: "range of heights in a patch",
            ..
        }
    ));
}
