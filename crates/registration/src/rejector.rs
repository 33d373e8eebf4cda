//! Rejectors: which pairs take part. They see both points and both normals.

use crate::Rejection;

/// A pair as a rejector sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Moved source point, metres from the pivot.
    pub source: [f64; 3],
    /// Target point, metres from the pivot.
    pub target: [f64; 3],
    /// Normal at the source point, turned with the pose; zero where there is none.
    pub source_normal: [f64; 3],
    /// Normal at the target point; zero where there is none.
    pub target_normal: [f64; 3],
}

/// Decides which pairs take part. Anyone may write one: the definition
/// ([`crate::HostCorrespondences`]) runs it, and a backend that does not know it answers
/// [`isopach_compute::Error::Unsupported`], so that [`isopach_compute::Dispatcher`] goes on to the
/// next.
pub trait Rejector: Sync {
    /// Nearest points are looked for within this distance, metres.
    fn max_distance(&self) -> f64;

    /// Of the pairs within it, this share of the closest takes part: 1 for all.
    fn kept_share(&self) -> f64 {
        1.0
    }

    /// Whether a pair takes part.
    fn accepts(&self, pair: &Candidate) -> bool;

    /// Whether it looks at the source's normals.
    fn needs_source_normals(&self) -> bool {
        false
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
}

/// Pairs whose normals make an angle above `max_angle` (radians, whichever way they point) do not
/// take part, nor do those without normals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalAngle<R> {
    /// What else must hold.
    pub within: R,
    /// Radians.
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
