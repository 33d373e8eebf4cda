#!/bin/sh
# kiddo 6.3.0: MutableKdTree refuses distinct points as soon as many of them share one coordinate, although the others could divide them.
#
# A full leaf of 32 points is divided along the dimension whose turn it is by depth. If its points are equal along that one, as those of still water along z
# are (heights in whole centimetres) or those of a wall along y, `new_from_slice` ends with `UnsplittableBucket { split_dim }`, and `add` takes no more points
# of that leaf. The other two coordinates are not tried. README and documentation of MutableKdTree do not name the limit; that of the error speaks of buckets,
# not of points that share a coordinate. ImmutableKdTree takes the same points: its leaves may be larger.
#
# Upstream: sdd-org/kiddo issue 475 (a panic in 5.3.2), closed by pull request 482 ("allow mutable splits past constant axes"). In 6.3.0 it is an error.
#
# Seen: "2000 distinct points on water: ImmutableKdTree takes 2000; MutableKdTree::new_from_slice: UnsplittableBucket { split_dim: 2 }; add takes 128,
# then the first error is UnsplittableBucket { split_dim: 2 }". Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2024"

[dependencies]
kiddo = "=6.3.0"

[workspace]
TOML
cat > src/main.rs <<'RUST'
use kiddo::{ImmutableKdTree, MutableKdTree};
use std::collections::BTreeSet;

fn main() {
    let mut state = 7_u64;
    let mut chance = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let water: Vec<[f64; 3]> = (0..2000).map(|_| [chance() * 100.0, chance() * 100.0, 74.2]).collect();
    let distinct = water.iter().map(|point| point.map(f64::to_bits)).collect::<BTreeSet<_>>().len();
    let immutable = ImmutableKdTree::<f64, 3>::new_from_slice(&water).unwrap().size();
    let refused = MutableKdTree::<f64, 3>::new_from_slice(&water).err().unwrap();
    let mut grown = MutableKdTree::<f64, 3>::default();
    let errors: Vec<_> = water.iter().enumerate().filter_map(|(i, point)| grown.add(point, i as u32).err()).collect();
    println!(
        "{distinct} distinct points on water: ImmutableKdTree takes {immutable}; MutableKdTree::new_from_slice: {refused:?}; add takes {}, then the first error is {:?}",
        grown.size(),
        errors[0],
    );
}
RUST
cargo run -q 2>&1 | tee out.txt
grep -q '^2000 distinct points on water: ImmutableKdTree takes 2000; MutableKdTree::new_from_slice: UnsplittableBucket { split_dim: 2 }; add takes 128, then the first error is UnsplittableBucket { split_dim: 2 }$' out.txt
