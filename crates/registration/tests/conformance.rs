//! The processor conforms, and the suite finds what is wrong.

#![allow(missing_docs)]

use isopach_cloud::{Positions, Rigid};
use isopach_compute::{Compute, Cpu, Device, Error, Result};
use isopach_neighbours::{Neighbour, NeighbourIndex, NeighbourLists, NeighbourSearch};
use isopach_registration::{
    Align, AlignTarget, Correspondences, Factor, NormalEquations, Rejection,
    conformance::{Finding, conformance},
};
use std::collections::BTreeSet;

/// The processor's pairs, and one's own way to add them up.
type Linearize =
    fn(&dyn Correspondences, &dyn Factor, Rejection, &Rigid) -> Result<NormalEquations>;

/// Drops some of the source's points, and adds the others up in a way of its own.
#[derive(Debug)]
struct Own {
    dropped: usize,
    linearize: Linearize,
}

struct OwnPairing<'a> {
    pairs: Box<dyn Correspondences + 'a>,
    linearize: Linearize,
}

impl Compute for Own {
    fn device(&self) -> Device {
        Device { name: "own".into() }
    }
}

impl NeighbourSearch for Own {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        Cpu.index(points)
    }
}

impl Align for Own {
    fn prepare_points<'a>(
        &self,
        source: Positions<'a>,
        target: AlignTarget<'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        let kept = &source.ticks()[..source.len().saturating_sub(self.dropped)];
        let pairs = Cpu.prepare_points(Positions::new(source.origin(), kept), target)?;
        Ok(Box::new(OwnPairing {
            pairs,
            linearize: self.linearize,
        }))
    }
}

impl Correspondences for OwnPairing<'_> {
    fn linearize_pairs(
        &self,
        factor: &dyn Factor,
        rejection: Rejection,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        (self.linearize)(&*self.pairs, factor, rejection, at)
    }
}

/// Searches as the processor does, but the later of two points that are as near wins.
#[derive(Debug)]
struct Later;

struct LaterIndex<'a>(Box<dyn NeighbourIndex + 'a>);

impl Compute for Later {
    fn device(&self) -> Device {
        Device {
            name: "later".into(),
        }
    }
}

impl NeighbourSearch for Later {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        Ok(Box::new(LaterIndex(Cpu.index(points)?)))
    }
}

impl Align for Later {}

impl NeighbourIndex for LaterIndex<'_> {
    fn positions(&self) -> Positions<'_> {
        self.0.positions()
    }

    fn k_nearest(
        &self,
        queries: Positions<'_>,
        k: usize,
        max_distance: f64,
    ) -> Result<NeighbourLists> {
        self.0.k_nearest(queries, k, max_distance)
    }

    fn within_radius(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists> {
        self.0.within_radius(queries, radius)
    }

    fn nearest(&self, queries: Positions<'_>, max_distance: f64) -> Result<Vec<Option<Neighbour>>> {
        let two = self.k_nearest(queries, 2, max_distance)?;
        let list = |i: usize| {
            let entries = two.offsets[i]..two.offsets[i + 1];
            entries.map(|at| Neighbour {
                index: two.indices[at],
                squared_distance: two.squared_distances[at],
            })
        };
        let nearest = |a: Neighbour, b: Neighbour| {
            if b.squared_distance > a.squared_distance {
                a
            } else {
                b
            }
        };
        Ok((0..two.len()).map(|i| list(i).reduce(nearest)).collect())
    }
}

fn operations(findings: &[Finding]) -> BTreeSet<&str> {
    findings.iter().map(|finding| finding.operation).collect()
}

#[test]
fn the_cpu_conforms() {
    assert_eq!(conformance(&Cpu), []);
}

#[test]
fn a_point_that_is_lost_is_missed() {
    let findings = conformance(&Own {
        dropped: 1,
        linearize: |pairs, factor, r, at| pairs.linearize_pairs(factor, r, at),
    });
    let all = BTreeSet::from([
        "another factor",
        "linearize",
        "pairs",
        "point to plane",
        "point to point",
    ]);
    assert_eq!(operations(&findings), all);
    assert!(findings.iter().any(|f| f.what == "249 pairs, not 250"));
    assert!(!findings.iter().any(|f| f.case.starts_with("no source")));
}

#[test]
fn ties_that_go_to_the_wrong_point_are_found() {
    let findings = conformance(&Later);
    assert!(
        findings.iter().all(|f| f.case.starts_with("a lattice")),
        "{:?}",
        findings.first()
    );
    assert!(
        findings
            .iter()
            .any(|f| f.operation == "pairs" && f.what.contains("m from the pivot is chosen"))
    );
}

#[test]
fn sums_that_are_a_little_off_are_found() {
    let findings = conformance(&Own {
        dropped: 0,
        linearize: |pairs, factor, rejection, at| {
            let mut sums = pairs.linearize_pairs(factor, rejection, at)?;
            if factor.needs_normals() {
                sums.b[2] += 3e-5 * (sums.h[2][2] * sums.error).sqrt() + 1e-7;
            }
            Ok(sums)
        },
    });
    assert_eq!(
        operations(&findings),
        BTreeSet::from(["another factor", "point to plane"])
    );
    assert!(findings.iter().all(|f| f.what.starts_with("b[2] is ")));
}

#[test]
fn rejections_that_are_overlooked_are_found() {
    let no_trimming = conformance(&Own {
        dropped: 0,
        linearize: |pairs, factor, rejection, at| {
            rejection.check()?;
            pairs.linearize_pairs(
                factor,
                Rejection {
                    kept_share: 1.0,
                    ..rejection
                },
                at,
            )
        },
    });
    assert!(
        !no_trimming.is_empty()
            && no_trimming
                .iter()
                .all(|f| !f.case.contains(", 1 of the pairs"))
    );
    assert_eq!(operations(&no_trimming).len(), 4);
    let anything_goes = conformance(&Own {
        dropped: 0,
        linearize: |pairs, factor, rejection, at| match rejection.check() {
            Ok(()) => pairs.linearize_pairs(factor, rejection, at),
            Err(_) => Ok(NormalEquations::default()),
        },
    });
    assert!(!anything_goes.is_empty() && anything_goes.iter().all(|f| f.what == "accepted"));
}

#[test]
fn what_is_missing_is_said() {
    let findings = conformance(&Own {
        dropped: 0,
        linearize: |pairs, factor, rejection, at| {
            rejection.check()?;
            match factor.kind() {
                Some(_) => pairs.linearize_pairs(factor, rejection, at),
                None => Err(Error::Unsupported {
                    operation: "ask a factor",
                }),
            }
        },
    });
    assert_eq!(
        operations(&findings),
        BTreeSet::from(["another factor", "linearize", "pairs"])
    );
    assert!(
        findings
            .iter()
            .all(|f| f.what == "this backend cannot ask a factor")
    );
}
