//! Rigs: cameras in one place, and how COLMAP is told of them.

use crate::{Camera, PanoramaError, Rotation, View};
use isopach_compute::Result;
use serde_json::{Value, json};

/// Most cameras of a rig.
pub(crate) const MOST_CAMERAS: usize = 1024;

/// Cameras in one place: all views of a panorama.
#[derive(Clone, Debug)]
pub struct Rig {
    cameras: Vec<Camera>,
}

impl Rig {
    /// The rig of some views.
    ///
    /// # Errors
    /// [`PanoramaError::NumberOfViews`] for none or too many, and those of [`Camera::new`].
    pub fn new(views: &[View]) -> Result<Self> {
        if !(1..=MOST_CAMERAS).contains(&views.len()) {
            return Err(PanoramaError::NumberOfViews {
                views: views.len(),
                most: MOST_CAMERAS,
            }
            .into());
        }
        let cameras = views
            .iter()
            .map(|view| Camera::new(*view))
            .collect::<Result<_>>()?;
        Ok(Self { cameras })
    }

    /// The cameras, in the order of the views.
    #[must_use]
    pub fn cameras(&self) -> &[Camera] {
        &self.cameras
    }

    /// The rotation of a camera from the reference camera.
    fn rotation_from(&self, reference: usize, number: usize) -> Rotation {
        let [from, to] = [reference, number].map(|i| *self.cameras[i].rotation());
        to.times(from.inverse())
    }
}

/// How COLMAP is told of a rig.
#[derive(Clone, Debug)]
pub struct ColmapRig {
    /// The camera that the poses of the others refer to; `pycolmap.panorama` takes the first.
    pub reference: usize,
    /// Folder of each camera's images, with the slash at its end, in the order of the cameras.
    pub prefixes: Vec<String>,
}

impl ColmapRig {
    /// The description that `pycolmap.panorama` gives its rigs: the first camera as the reference,
    /// folders `pano_camera0/`, `pano_camera1/`, …
    #[must_use]
    pub fn like_pycolmap(rig: &Rig) -> Self {
        let prefixes = (0..rig.cameras.len())
            .map(|number| format!("pano_camera{number}/"))
            .collect();
        Self {
            reference: 0,
            prefixes,
        }
    }

    /// The contents of `rig_config.json`, as COLMAP's `rig_configurator` and
    /// `pycolmap.read_rig_config` read it: prefixes of images, poses as quaternions (w, x, y, z),
    /// cameras as `SIMPLE_PINHOLE` (focal length and principal point in pixels).
    ///
    /// # Errors
    /// [`PanoramaError::NoSuchReference`], and
    /// [`Error::LengthMismatch`](isopach_compute::Error) unless there is a prefix a camera.
    pub fn to_json(&self, rig: &Rig) -> Result<Value> {
        let cameras = rig.cameras.len();
        isopach_compute::Error::check_length("prefixes", self.prefixes.len(), "cameras", cameras)?;
        if self.reference >= cameras {
            return Err(PanoramaError::NoSuchReference {
                reference: self.reference,
                cameras,
            }
            .into());
        }
        let described: Vec<Value> = (0..cameras).map(|i| self.describe_camera(rig, i)).collect();
        Ok(json!([{ "cameras": described }]))
    }

    fn describe_camera(&self, rig: &Rig, number: usize) -> Value {
        let camera = &rig.cameras[number];
        let lens = camera.view().lens;
        let mut described = json!({ "image_prefix": self.prefixes[number] });
        if number == self.reference {
            described["ref_sensor"] = json!(true);
        } else {
            let rotation = rig.rotation_from(self.reference, number);
            described["cam_from_rig_rotation"] = json!(rotation.quaternion());
            described["cam_from_rig_translation"] = json!([0.0, 0.0, 0.0]);
        }
        described["camera_model_name"] = json!("SIMPLE_PINHOLE");
        described["camera_params"] = json!([
            camera.focal_length(),
            lens.columns as f64 / 2.0,
            lens.rows as f64 / 2.0
        ]);
        described
    }
}
