//! Rejectors: which pairs of points take part in an alignment.

use isopach_compute::{Error, Result};

/// Selection of pairs by distance, and by share of the closest (trimmed ICP).
///
/// ```
/// use isopach_registration::{Icp, Rejection};
/// // Pairs up to 2 m apart, of those the closest 80 %.
/// let trimmed = Icp {
///     rejection: Rejection { max_distance: 2.0, kept_share: 0.8 },
///     ..Icp::point_to_plane(2.0)
/// };
/// assert!(trimmed.rejection.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rejection {
    /// Largest distance of a pair, metres; may be infinite.
    pub max_distance: f64,
    /// Share of the pairs within that distance which takes part, the closest first: 1 for all
    /// (Chetverikov et al. 2005).
    pub kept_share: f64,
}

impl Rejection {
    /// Checks both parameters.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] if the distance is negative or NaN, or unless the share is above
    /// 0 and at most 1.
    pub fn check(&self) -> Result<()> {
        let Self {
            max_distance,
            kept_share,
        } = *self;
        Error::check(
            "maximum correspondence distance",
            max_distance,
            max_distance >= 0.0,
            "be zero or above",
        )?;
        let is_share = kept_share > 0.0 && kept_share <= 1.0;
        Error::check(
            "kept share",
            kept_share,
            is_share,
            "be above 0 and at most 1",
        )?;
        Ok(())
    }
}

/// Pair of points that a [`Rejector`] accepts or rejects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Source point at the current pose, metres from the pivot.
    pub source: [f64; 3],
    /// Target point, metres from the pivot.
    pub target: [f64; 3],
    /// Normal at the source point, rotated with the pose; zeros if there is none.
    pub source_normal: [f64; 3],
    /// Normal at the target point; zeros if there is none.
    pub target_normal: [f64; 3],
}

/// Decides which pairs take part in an alignment.
///
/// Any type may implement it; [`crate::Icp::with_rejector`] uses it. The host implementation
/// ([`crate::HostCorrespondences`]) calls every rejector. A backend that cannot call one answers
/// [`isopach_compute::Error::Unsupported`], and [`isopach_compute::Dispatcher`] falls back to the
/// next backend.
///
/// ```
/// use isopach_registration::{Candidate, Cloud, Cpu, Icp, Pair, Rejector, Rigid};
///
/// /// Pairs below a height: no tree tops.
/// struct Below { height: f64, max_distance: f64 }
///
/// impl Rejector for Below {
///     fn max_distance(&self) -> f64 { self.max_distance }
///     fn accepts(&self, pair: &Candidate) -> bool { pair.target[2] < self.height }
/// }
///
/// let hills = |up: f64| -> Vec<[f64; 3]> {
///     let at = |i: u32| [f64::from(i % 60) * 0.5, f64::from(i / 60) * 0.5];
///     (0..3600).map(at).map(|[x, y]| [x, y, up + (x / 3.0).sin() + (y / 4.0).cos()]).collect()
/// };
/// let [target, source] = [Cloud::from_points(&hills(0.0))?, Cloud::from_points(&hills(0.1))?];
/// let pair = Pair { source: source.positions(), target: target.positions() };
/// let icp = Icp::point_to_plane(1.0).with_rejector(Below { height: 0.5, max_distance: 1.0 });
/// let found = icp.align(&Cpu, pair, Rigid::identity([15.0, 15.0, 0.0]))?;
/// assert!(found.inlier_fraction < 0.95, "{}", found.inlier_fraction);
/// # Ok::<(), isopach_registration::Error>(())
/// ```
pub trait Rejector: Sync {
    /// Largest distance of a pair, metres: the search radius for nearest points.
    fn max_distance(&self) -> f64;

    /// Share of the pairs within that distance which is offered to [`Self::accepts`], the closest
    /// first: 1 for all.
    fn kept_share(&self) -> f64 {
        1.0
    }

    /// Whether a pair takes part.
    fn accepts(&self, pair: &Candidate) -> bool;

    /// Whether [`Self::accepts`] needs the source's normals.
    fn needs_source_normals(&self) -> bool {
        false
    }

    /// The equivalent [`Rejection`], if [`Self::accepts`] takes every pair: a backend may then
    /// select the pairs itself. `None` is always right.
    fn as_rejection(&self) -> Option<Rejection> {
        None
    }
}

impl Rejector for Rejection {
    fn max_distance(&self) -> f64 {
        self.max_distance
    }

    fn kept_share(&self) -> f64 {
        self.kept_share
    }

    fn accepts(&self, _pair: &Candidate) -> bool {
        true
    }

    fn as_rejection(&self) -> Option<Rejection> {
        Some(*self)
    }
}

/// Rejector of pairs whose normals make too large an angle, and of pairs without normals.
///
/// ```
/// use isopach_registration::{Icp, NormalAngle};
/// let icp = Icp::point_to_plane(1.0);
/// let facing = icp.with_rejector(NormalAngle { within: icp.rejection, max_angle: 0.5 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NormalAngle<R> {
    /// Rejector that the pair must pass as well.
    pub within: R,
    /// Largest angle between the normals, radians; their signs do not matter.
    pub max_angle: f64,
}

impl<R: Rejector> Rejector for NormalAngle<R> {
    fn max_distance(&self) -> f64 {
        self.within.max_distance()
    }

    fn kept_share(&self) -> f64 {
        self.within.kept_share()
    }

    fn accepts(&self, pair: &Candidate) -> bool {
        let cosine: f64 = (0..3)
            .map(|axis| pair.source_normal[axis] * pair.target_normal[axis])
            .sum();
        let present = pair.source_normal != [0.0; 3] && pair.target_normal != [0.0; 3];
        present && cosine.abs() >= self.max_angle.cos() && self.within.accepts(pair)
    }

    fn needs_source_normals(&self) -> bool {
        true
    }
}
