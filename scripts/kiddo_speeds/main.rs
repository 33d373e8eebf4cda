//! The searches of `scripts/index_speeds` by kiddo: built by `scripts/index_speeds.py`.
//!
//! `kiddo_speeds FOLDER THREADS SECONDS JOB…`, where a job is `memory`, `knn:QUERIES:K` or
//! `nearest:QUERIES`. The tree is `ImmutableKdTree` of `f64`, which kiddo recommends for points that
//! are known up front; queries are one batch. Jobs that kiddo lacks are left out.

#[path = "../index_speeds/measure.rs"]
mod measure;

use kiddo::{ImmutableKdTree, SquaredEuclidean};
use measure::{Arguments, Job, Outcome, print_memory, repeat, resident_bytes};
use std::num::NonZero;

type Tree = ImmutableKdTree<f64, 3>;
type Distance = SquaredEuclidean<f64>;

fn main() -> Outcome<()> {
    let arguments = Arguments::from_environment()?;
    rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads)
        .build_global()?;
    let points = arguments.points("points")?;
    if arguments.jobs.iter().any(|job| job.operation() == "memory") {
        let before = resident_bytes()?;
        let tree = build_tree(&points)?;
        let after = resident_bytes()?;
        drop(tree);
        print_memory(points.len(), before, after);
        return Ok(());
    }
    let (tree, build) = repeat(arguments.seconds, || build_tree(&points))?;
    build.print("build", points.len(), 0.0);
    for job in &arguments.jobs {
        measure_job(&arguments, job, &tree)?;
    }
    Ok(())
}

fn build_tree(points: &[[f64; 3]]) -> Outcome<Tree> {
    Tree::new_from_slice(points).map_err(|error| format!("{error:?}").into())
}

/// The check is the sum of distances, as in the other programs.
fn measure_job(arguments: &Arguments, job: &Job, tree: &Tree) -> Outcome<()> {
    let queries = arguments.points(job.parameter(0)?)?;
    match job.operation() {
        "knn" => {
            let k = NonZero::new(job.parameter(1)?.parse()?).ok_or("k is 0")?;
            let (found, least) = repeat(arguments.seconds, || {
                Ok(tree
                    .query_batch(&queries)
                    .nearest_n::<Distance>(k)
                    .execute())
            })?;
            let last = found.iter().filter_map(|list| list.last());
            job.print(
                least,
                queries.len(),
                last.map(|last| last.distance.sqrt()).sum(),
            );
        }
        "nearest" => {
            let (found, least) = repeat(arguments.seconds, || {
                Ok(tree
                    .query_batch(&queries)
                    .nearest_one::<Distance>()
                    .execute())
            })?;
            job.print(
                least,
                queries.len(),
                found.iter().map(|near| near.distance.sqrt()).sum(),
            );
        }
        _ => {} // kiddo has no such search
    }
    Ok(())
}
