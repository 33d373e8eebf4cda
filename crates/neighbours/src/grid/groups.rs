//! Answers to a few queries at once, with several entries a query.

use super::{
    Grid,
    queries::{CHUNK, LocalQuery, QueryOrder},
};
use crate::lanes::LANES;
use isopach_cloud::Positions;
use rayon::prelude::*;

/// `width` entries a query, in the order of the queries; `answer` fills those of [`LANES`] queries
/// at most, with memory that is used again from group to group.
pub(super) fn answer_groups<T: Send + Clone + Default, S: Default>(
    grid: &Grid<'_>,
    queries: Positions<'_>,
    width: usize,
    answer: impl Fn(&mut S, &[LocalQuery], &mut [T]) + Sync,
) -> Vec<T> {
    let walk = QueryOrder::new(grid, queries);
    let mut answers = vec![T::default(); walk.len() * width];
    if answers.is_empty() {
        return answers;
    }
    answers
        .par_chunks_mut(CHUNK * width)
        .enumerate()
        .for_each(|(chunk, answers)| {
            let mut scratch = S::default();
            for (group, answers) in answers.chunks_mut(LANES * width).enumerate() {
                let first = chunk * CHUNK + group * LANES;
                let count = answers.len() / width;
                let mut local = [LocalQuery::Far([0; 3]); LANES];
                for (i, local) in local[..count].iter_mut().enumerate() {
                    *local = walk.localise(walk.query_at_step(first + i));
                }
                answer(&mut scratch, &local[..count], answers);
            }
        });
    restore_query_order(&walk, width, answers)
}

fn restore_query_order<T: Clone + Default>(
    walk: &QueryOrder<'_>,
    width: usize,
    answers: Vec<T>,
) -> Vec<T> {
    if (0..walk.len()).all(|step| walk.query_at_step(step) == step) {
        return answers;
    }
    let mut results = vec![T::default(); answers.len()];
    for (step, answer) in answers.chunks(width).enumerate() {
        let query = walk.query_at_step(step);
        results[query * width..(query + 1) * width].clone_from_slice(answer);
    }
    results
}
