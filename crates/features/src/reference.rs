//! Features by their definition: the neighbours of each point listed, their moments summed, and one
//! formula after the other. The oracle of every faster way.

use crate::{Features, PointFeatures};
use isopach_cloud::Positions;
use isopach_compute::Result;
use isopach_neighbours::NeighbourSearch;

/// Computes the features of all points from lists of their neighbours.
///
/// Gives the bits of [`Features::run`] on the CPU, and takes some ten times as long.
///
/// ```
/// use isopach_features::{Cloud, Convention, Cpu, Features, Neighbourhood, NormalSide, Wanted, reference};
/// let points: Vec<[f64; 3]> =
///     (0..400).map(|i| [f64::from(i % 20), f64::from(i / 20), f64::from(i * i % 7)]).collect();
/// let cloud = Cloud::from_points(&points)?;
/// let features = Features {
///     neighbourhood: Neighbourhood::Radius(3.0),
///     wanted: Wanted::set("minimal").expect("a set of this name"),
///     convention: Convention::ISOPACH,
///     normals: NormalSide::Up,
/// };
/// let found = features.run(&Cpu, cloud.positions())?;
/// assert_eq!(found, reference::features_from_lists(&features, &Cpu, cloud.positions())?);
/// # Ok::<(), isopach_features::Error>(())
/// ```
///
/// # Errors
/// As [`Features::run`].
pub fn features_from_lists(
    features: &Features,
    on: &(impl NeighbourSearch + ?Sized),
    points: Positions<'_>,
) -> Result<PointFeatures> {
    features.answer_from_lists(on, points)
}
