//! Rigs as COLMAP is told of them.

use isopach_panorama::{ColmapRig, Lens, PanoramaError, Rig, colmap_views};

fn twelve() -> Rig {
    let lens = Lens {
        horizontal_fov: 90_f64.to_radians(),
        columns: 480,
        rows: 480,
    };
    Rig::new(&colmap_views(lens)).unwrap()
}

#[test]
fn one_camera_is_the_reference_and_the_others_are_relative_to_it() {
    let rig = twelve();
    let described = ColmapRig::like_pycolmap(&rig).to_json(&rig).unwrap();
    let cameras = described[0]["cameras"].as_array().unwrap();
    assert_eq!(cameras.len(), 12);
    assert_eq!(cameras[0]["image_prefix"], "pano_camera0/");
    assert_eq!(cameras[0]["ref_sensor"], true);
    assert!(cameras[0].get("cam_from_rig_rotation").is_none());
    let params: Vec<f64> = serde_json::from_value(cameras[3]["camera_params"].clone()).unwrap();
    assert!((params[0] - 240.0).abs() < 1e-10 && params[1..] == [240.0, 240.0]);
    // Camera 1 looks 90° right of camera 0, both 35° down: about an axis between +Y and +Z.
    let turn: Vec<f64> =
        serde_json::from_value(cameras[1]["cam_from_rig_rotation"].clone()).unwrap();
    let half = 45_f64.to_radians();
    let down = 35_f64.to_radians();
    let expected = [
        half.cos(),
        0.0,
        -half.sin() * down.cos(),
        -half.sin() * down.sin(),
    ];
    for (found, expected) in turn.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-15, "{turn:?}");
    }
}

#[test]
fn a_wrong_description_is_refused() {
    let rig = twelve();
    let whole = ColmapRig::like_pycolmap(&rig);
    let other = ColmapRig {
        reference: 12,
        ..whole.clone()
    };
    let error = other.to_json(&rig).unwrap_err();
    assert!(matches!(
        error.find_cause(),
        Some(PanoramaError::NoSuchReference { .. })
    ));
    let short = ColmapRig {
        prefixes: vec!["a/".into()],
        ..whole
    };
    assert!(short.to_json(&rig).is_err());
}
