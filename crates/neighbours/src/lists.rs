//! Neighbours, and lists of them.

/// One neighbour of a query point.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Neighbour {
    /// Index of the neighbour in the indexed points.
    pub index: u32,
    /// Squared distance, m². The difference of the coordinates is exact; the square is rounded once
    /// to `f32`.
    pub squared_distance: f32,
}

/// Neighbours of many query points, as compressed rows.
///
/// The neighbours of query `i` are `indices[offsets[i]..offsets[i + 1]]`; their squared distances
/// are at the same places of `squared_distances`.
///
/// ```
/// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
/// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [5.0, 0.0, 0.0]])?;
/// let lists = Cpu.index(cloud.positions())?.within_radius(cloud.positions(), 2.0)?;
/// assert_eq!(lists.offsets, [0, 2, 4, 5]);
/// assert_eq!(lists.indices_of(0), [0, 1]);
/// assert_eq!(lists.squared_distances_of(0), [0.0, 1.0]);
/// # Ok::<(), isopach_neighbours::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NeighbourLists {
    /// Start of each query's list; the first entry is 0, and there is one entry more than queries.
    pub offsets: Vec<usize>,
    /// Indices of the neighbours in the indexed points.
    pub indices: Vec<u32>,
    /// Squared distances of the neighbours, m².
    pub squared_distances: Vec<f32>,
}

impl NeighbourLists {
    /// Indices of the neighbours of query `i`.
    #[must_use]
    pub fn indices_of(&self, i: usize) -> &[u32] {
        &self.indices[self.offsets[i]..self.offsets[i + 1]]
    }

    /// Squared distances of the neighbours of query `i`, m².
    #[must_use]
    pub fn squared_distances_of(&self, i: usize) -> &[f32] {
        &self.squared_distances[self.offsets[i]..self.offsets[i + 1]]
    }

    /// Neighbours of query `i`, in the order of its list.
    pub fn neighbours_of(&self, i: usize) -> impl ExactSizeIterator<Item = Neighbour> + '_ {
        let pairs = self.indices_of(i).iter().zip(self.squared_distances_of(i));
        pairs.map(|(&index, &squared_distance)| Neighbour {
            index,
            squared_distance,
        })
    }

    /// Number of queries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are no queries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
