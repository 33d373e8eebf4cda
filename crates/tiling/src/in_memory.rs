//! A source of points in memory.

use crate::{PointSource, TilingError};
use isopach_cloud::{Cloud, Columns, Points, Rect};
use isopach_compute::Result;

/// A cloud in memory as a source.
#[derive(Clone, Debug)]
pub struct InMemory {
    name: String,
    cloud: Cloud,
    chunk_points: usize,
    extent: Rect,
    heights: [f64; 2],
    identity: Option<Vec<String>>,
    names: Vec<String>,
}

impl InMemory {
    /// `cloud`, in chunks of 65,536 points.
    #[must_use]
    pub fn new(name: impl Into<String>, cloud: Cloud) -> Self {
        Self::with_chunk_size(name, cloud, 1 << 16)
    }

    /// `cloud`, in chunks of `chunk_points` (at least 1).
    #[must_use]
    pub fn with_chunk_size(name: impl Into<String>, cloud: Cloud, chunk_points: usize) -> Self {
        let positions = cloud.positions();
        let nowhere = Rect {
            min: [0.0; 2],
            max: [0.0; 2],
        };
        let extent = positions.extent().unwrap_or(nowhere);
        let base = positions.origin().ticks()[2];
        let heights = positions.bounds().map_or([0.0; 2], |ends| {
            ends.map(|point| isopach_cloud::from_ticks(base + i64::from(point[2])))
        });
        Self {
            name: name.into(),
            cloud,
            chunk_points: chunk_points.max(1),
            extent,
            heights,
            identity: None,
            names: Vec::new(),
        }
    }

    /// `cloud` with all points of `source`, under its name, extent and identity, so that a run
    /// cannot tell the two apart.
    ///
    /// # Errors
    /// An error of [`PointSource::input_identities`].
    pub fn from_source(source: &dyn PointSource, cloud: Cloud) -> Result<Self> {
        let extent = source.extent();
        let heights = source.height_range();
        let identity = Some(source.input_identities()?);
        Ok(Self {
            extent,
            heights,
            identity,
            names: source.input_names(),
            ..Self::new(source.name(), cloud)
        })
    }

    /// The cloud.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }
}

impl PointSource for InMemory {
    fn name(&self) -> String {
        self.name.clone()
    }
    fn extent(&self) -> Rect {
        self.extent
    }
    fn height_range(&self) -> [f64; 2] {
        self.heights
    }
    fn point_count(&self) -> u64 {
        self.cloud.len() as u64
    }
    fn chunk_count(&self) -> usize {
        self.cloud.len().div_ceil(self.chunk_points)
    }
    fn points_in_chunk(&self, chunk: usize) -> u64 {
        self.cloud
            .len()
            .saturating_sub(chunk * self.chunk_points)
            .min(self.chunk_points) as u64
    }
    fn input_identities(&self) -> Result<Vec<String>> {
        Ok(self.identity.clone().unwrap_or_else(|| {
            vec![format!(
                "{}: {} points in {}",
                self.name,
                self.cloud.len(),
                self.extent
            )]
        }))
    }
    fn input_names(&self) -> Vec<String> {
        self.names.clone()
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        if !self.cloud.attributes.columns().contains(columns) {
            return Err(TilingError::MissingColumn {
                name: self.name.clone(),
            }
            .into());
        }
        let start = chunk * self.chunk_points;
        let end = (start + self.chunk_points).min(self.cloud.len());
        let positions = self.cloud.positions();
        let rows: Vec<u32> = (start as u32..end as u32).collect();
        let mut attributes = self.cloud.attributes.select(&rows);
        attributes.retain(columns);
        Ok(Points {
            xyz: (start..end).map(|i| positions.absolute(i)).collect(),
            attributes,
        })
    }
}
