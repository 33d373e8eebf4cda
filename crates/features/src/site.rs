//! One query: the numbers of its candidate neighbourhoods, and the row of its features.

use crate::{
    Feature, Features, QuadricAxis, Verticality,
    feature::Needs,
    neighbourhood::Scale,
    quadric::Curvatures,
    shape::{self, LeastEntropy, Shape},
    table::Gaps,
};
use isopach_cloud::TICK;
use isopach_neighbours::{Covariance, Moments, squared_distance};

/// A candidate neighbourhood of a query.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) scale: Scale,
    pub(crate) covariance: Covariance,
    /// Only where a wanted feature needs the neighbours themselves.
    pub(crate) neighbours: Option<Neighbours>,
}

/// Numbers that a covariance does not have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    /// Offsets of the points from the query, metres.
    offsets: Vec<[f64; 3]>,
    /// Lowest and highest of their heights above the query, metres.
    lowest: f64,
    highest: f64,
    /// Distance of the farthest, metres.
    farthest: f64,
}

impl Candidate {
    /// The candidate of points at these offsets (ticks) from the query; `None` if an offset does
    /// not fit 32 bits.
    pub(crate) fn of_offsets(scale: Scale, offsets: &[[i64; 3]]) -> Option<Self> {
        let mut moments = Moments::default();
        let mut neighbours = Neighbours {
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
            ..Neighbours::default()
        };
        let mut farthest = 0_u128;
        for offset in offsets {
            let [x, y, z] = offset.map(|tick| i32::try_from(tick).ok());
            moments.add_offset([x?, y?, z?]);
            let metres = offset.map(|tick| tick as f64 * TICK);
            neighbours.lowest = neighbours.lowest.min(metres[2]);
            neighbours.highest = neighbours.highest.max(metres[2]);
            farthest = farthest.max(squared_distance(*offset, [0; 3]));
            neighbours.offsets.push(metres);
        }
        neighbours.farthest = (farthest as f64).sqrt() * TICK;
        Some(Self {
            scale,
            covariance: moments.covariance(),
            neighbours: Some(neighbours),
        })
    }

    /// Radius of the ball that density is counted in, metres.
    fn ball_radius(&self) -> f64 {
        match (self.scale, &self.neighbours) {
            (Scale::Radius(radius), _) => radius,
            (Scale::Nearest(_), Some(neighbours)) => neighbours.farthest,
            (Scale::Nearest(_), None) => f64::NAN,
        }
    }
}

/// A query with its candidates.
pub(crate) struct Site<'a> {
    pub(crate) features: &'a Features,
    pub(crate) candidates: &'a mut [Candidate],
    /// Whether the query is one of the points.
    pub(crate) is_member: bool,
    /// The query, absolute metres.
    pub(crate) place: [f64; 3],
}

impl Site<'_> {
    /// Writes the features, candidate by candidate, or those of the chosen one.
    pub(crate) fn write_row(self, row: &mut [f32]) -> Gaps {
        let Self {
            features,
            candidates,
            is_member,
            place,
        } = self;
        let wanted = features.wanted.features().len();
        let mut gaps = Gaps::default();
        let candidates = if features.neighbourhood.chooses_one() {
            let chosen = least_entropy(candidates);
            &mut candidates[chosen..=chosen]
        } else {
            candidates
        };
        for (candidate, values) in candidates.iter_mut().zip(row.chunks_mut(wanted.max(1))) {
            let gap = features.write_candidate(candidate, is_member, place, values);
            gaps = gaps.plus(gap);
        }
        gaps
    }
}

/// The candidate of the least eigenentropy; of equal ones the first. Those with fewer than three
/// points have none.
fn least_entropy(candidates: &[Candidate]) -> usize {
    let mut best = LeastEntropy::default();
    for (at, candidate) in candidates.iter().enumerate() {
        let covariance = &candidate.covariance;
        if covariance.count >= 3 {
            best.take_if_less(at, shape::eigen_of(covariance).values);
        }
    }
    best.place
}

impl Features {
    /// Whether a wanted feature needs the neighbours themselves.
    pub(crate) fn needs_neighbours(&self) -> bool {
        let is_nearest = self.neighbourhood.most_points().is_some();
        self.wanted.features().iter().any(|feature| match feature {
            Feature::Density | Feature::SurfaceDensity => is_nearest,
            _ => feature.needs() == Needs::Neighbours,
        })
    }

    /// Whether all wanted features follow from eigenvalues, normals and numbers of points.
    pub(crate) fn needs_shapes_alone(&self) -> bool {
        let needs_all_axes = self.convention.verticality == Verticality::OfAllAxes;
        let features = self.wanted.features().iter();
        let mut needs = features.map(|feature| match feature {
            Feature::Verticality | Feature::WallLikelihood if needs_all_axes => Needs::Covariance,
            _ => feature.needs(),
        });
        needs.all(|needs| needs == Needs::Shape)
    }

    /// Whether a component of the normal is wanted.
    pub(crate) fn wants_normals(&self) -> bool {
        let normals = [Feature::NormalX, Feature::NormalY, Feature::NormalZ];
        normals.iter().any(|&normal| self.wanted.contains(normal))
    }

    /// Writes the wanted features of one neighbourhood.
    fn write_candidate(
        &self,
        candidate: &mut Candidate,
        is_member: bool,
        place: [f64; 3],
        values: &mut [f32],
    ) -> Gaps {
        let count = candidate.covariance.count;
        let is_full = match candidate.scale {
            Scale::Nearest(k) if self.neighbourhood.must_be_full() => count as usize == k,
            _ => true,
        };
        if !is_full || count < self.convention.fewest_points {
            values.fill(f32::NAN);
            self.write_count(count, values);
            return Gaps {
                too_few: u64::from(is_full),
                out_of_reach: u64::from(!is_full),
                no_plane: 0,
            };
        }
        let shape = Shape::of_covariance(&candidate.covariance, &self.convention, |axis| {
            self.normals.turn(axis, || place)
        });
        let curvatures = self.curvatures(candidate, &shape);
        for (feature, value) in self.wanted.features().iter().zip(values) {
            let exact = match feature {
                Feature::MeanCurvature => curvatures.mean,
                Feature::GaussianCurvature => curvatures.gaussian,
                _ => value_of(*feature, candidate, &shape, is_member),
            };
            *value = exact as f32;
        }
        Gaps {
            no_plane: u64::from(shape.normal[0].is_nan()),
            ..Gaps::default()
        }
    }

    fn write_count(&self, count: u32, values: &mut [f32]) {
        for (feature, value) in self.wanted.features().iter().zip(values) {
            if *feature == Feature::NumberOfNeighbours {
                *value = count as f32;
            }
        }
    }

    fn curvatures(&self, candidate: &mut Candidate, shape: &Shape<'_>) -> Curvatures {
        let is_wanted = self.wanted.contains(Feature::MeanCurvature)
            || self.wanted.contains(Feature::GaussianCurvature);
        match &mut candidate.neighbours {
            Some(neighbours) if is_wanted && !shape.normal[0].is_nan() => {
                let signed = Curvatures::of_points(&mut neighbours.offsets, shape.frame());
                match self.convention.curvature {
                    QuadricAxis::Normal => signed,
                    QuadricAxis::Coordinate => signed.abs(),
                }
            }
            _ => Curvatures::UNKNOWN,
        }
    }
}

/// The value of a feature other than a curvature.
fn value_of(feature: Feature, candidate: &Candidate, shape: &Shape<'_>, is_member: bool) -> f64 {
    let covariance = &candidate.covariance;
    let count = f64::from(covariance.count);
    let neighbours = candidate.neighbours.as_ref();
    let height = |of: fn(&Neighbours) -> f64| neighbours.map_or(f64::NAN, of);
    let from_plane = || shape::distance_from_plane_of_others(covariance, is_member, shape.normal);
    match feature {
        Feature::NumberOfNeighbours => count,
        Feature::Density => shape::density(count, candidate.ball_radius()),
        Feature::SurfaceDensity => shape::surface_density(count, candidate.ball_radius()),
        Feature::Scale => candidate.scale.number(),
        Feature::HeightDeviation => covariance.upper[5].max(0.0).sqrt(),
        Feature::HeightRange => height(|n| n.highest - n.lowest),
        Feature::HeightAbove => height(|n| n.highest),
        Feature::HeightBelow => height(|n| -n.lowest),
        Feature::Roughness => from_plane().abs(),
        Feature::SignedRoughness => from_plane(),
        _ => shape.value_of(feature),
    }
}
