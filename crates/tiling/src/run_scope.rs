//! The part of a run that one process does.

use crate::{Plan, TilingError};
use isopach_compute::Result;

/// The tiles that this process runs, and whether it delivers the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RunScope {
    /// All tiles that are not done yet. All results go to the sink.
    #[default]
    All,
    /// Shard `number` of `of`: neighbouring tiles with about the same expected work as in the other
    /// shards. Results are kept; the sink is not touched.
    Shard {
        /// 1 to `of`.
        number: usize,
        /// Number of shards.
        of: usize,
    },
    /// One tile, by its number in the plan, to reproduce a failure. The sink is not touched.
    Tile(usize),
    /// No tile: the kept results of all shards go to the sink.
    Merge,
}

impl RunScope {
    /// Whether a tile is run here.
    pub(crate) fn select_tiles(self, plan: &Plan) -> Result<Vec<bool>> {
        let order = match self {
            Self::Shard { .. } => plan.tiles_for_shards(),
            Self::All | Self::Tile(_) | Self::Merge => (0..plan.len()).collect(),
        };
        let work = |place: usize| u128::from(plan.estimate(order[place]).bytes) + 1;
        let chosen = self.select_pieces(plan.len(), &work)?;
        let mut mine = vec![false; plan.len()];
        for (tile, is_mine) in order.into_iter().zip(chosen) {
            mine[tile] = is_mine;
        }
        Ok(mine)
    }

    /// Selects the blocks of this scope among `count` blocks of equal work: `true` for those to
    /// run.
    ///
    /// # Errors
    /// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) for a shard or a block that does not exist.
    pub fn select_blocks(self, count: usize) -> Result<Vec<bool>> {
        self.select_pieces(count, &|_| 1)
    }

    /// Whether each of `count` pieces of so much work is done here.
    fn select_pieces(self, count: usize, work: &dyn Fn(usize) -> u128) -> Result<Vec<bool>> {
        match self {
            Self::All => Ok(vec![true; count]),
            Self::Merge => Ok(vec![false; count]),
            Self::Tile(tile) if tile < count => Ok((0..count).map(|i| i == tile).collect()),
            Self::Tile(tile) => Err(TilingError::NoSuchTile {
                tile,
                last: count.saturating_sub(1),
            }
            .into()),
            Self::Shard { number, of } if (1..=of).contains(&number) => {
                Ok(select_shard(count, work, number, of))
            }
            Self::Shard { number, of } => Err(TilingError::NoSuchShard { number, of }.into()),
        }
    }

    /// Whether results go to the sink.
    pub(crate) fn delivers_results(self) -> bool {
        matches!(self, Self::All | Self::Merge)
    }
}

/// Pieces whose middle lies in the shard's part of all the work, in their order.
fn select_shard(count: usize, work: &dyn Fn(usize) -> u128, number: usize, of: usize) -> Vec<bool> {
    let total: u128 = (0..count).map(work).sum();
    let mut before = 0;
    (0..count)
        .map(|i| {
            let middle = 2 * before + work(i);
            before += work(i);
            let place = (middle * of as u128 / (2 * total)) as usize; // below `of`
            place.min(of - 1) == number - 1
        })
        .collect()
}

/// The reaction to a tile that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OnFailure {
    /// The run ends with the error of the first tile (in the order of the plan) that fails.
    #[default]
    Stop,
    /// The other tiles are run. The report lists the failed ones; the output has no data there.
    FinishTheRest,
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_cloud::Rect;

    #[test]
    fn each_tile_is_in_one_shard() {
        let plan = Plan::new(
            &Rect {
                min: [0.0; 2],
                max: [700.0, 300.0],
            },
            33.0,
            2.0,
            &[],
        )
        .unwrap();
        for of in [1, 2, 3, 7, 500] {
            let shards: Vec<Vec<bool>> = (1..=of)
                .map(|number| RunScope::Shard { number, of }.select_tiles(&plan).unwrap())
                .collect();
            assert!(
                (0..plan.len()).all(|i| shards.iter().filter(|shard| shard[i]).count() == 1),
                "{of} shards"
            );
        }
        let halves: Vec<usize> = (1..=2)
            .map(|number| {
                RunScope::Shard { number, of: 2 }
                    .select_tiles(&plan)
                    .unwrap()
                    .into_iter()
                    .filter(|mine| *mine)
                    .count()
            })
            .collect();
        assert!(halves[0].abs_diff(halves[1]) <= 1);
        assert!(
            RunScope::Shard { number: 0, of: 2 }
                .select_tiles(&plan)
                .is_err()
                && RunScope::Shard { number: 3, of: 2 }
                    .select_tiles(&plan)
                    .is_err()
        );
        assert!(RunScope::Tile(plan.len()).select_tiles(&plan).is_err());
    }

    #[test]
    fn each_block_is_in_one_shard_also_where_there_are_fewer_than_shards() {
        for (count, of) in [(0, 3), (1, 3), (7, 3), (64, 5)] {
            let shards: Vec<Vec<bool>> = (1..=of)
                .map(|number| RunScope::Shard { number, of }.select_blocks(count).unwrap())
                .collect();
            assert!(
                (0..count).all(|i| shards.iter().filter(|shard| shard[i]).count() == 1),
                "{count} in {of}"
            );
        }
        assert!(RunScope::Tile(0).select_blocks(0).is_err());
    }
}
