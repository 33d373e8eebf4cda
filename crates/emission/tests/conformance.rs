//! The processor conforms, the definition conforms to itself, and the suite finds what is wrong.

#![allow(missing_docs)]

use isopach_compute::{Compute, Cpu, Device, Error, Result};
use isopach_emission::{
    EmissionMap, Inversion, InvertPixels, Observation, conformance::conformance, reference,
};

/// Only what is provided.
#[derive(Debug)]
struct Provided;

/// One number a little off, and no single precision.
#[derive(Debug)]
struct Wrong;

fn device(name: &str) -> Device {
    Device { name: name.into() }
}

impl Compute for Provided {
    fn device(&self) -> Device {
        device("provided")
    }
}
impl InvertPixels for Provided {}

impl Compute for Wrong {
    fn device(&self) -> Device {
        device("wrong")
    }
}
impl InvertPixels for Wrong {
    fn invert(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f64>,
    ) -> Result<EmissionMap<f64>> {
        let mut map = reference::invert(inversion, observation)?;
        map.emission[[57, 3]] += 3e-6 * map.emission.row_max(57);
        Ok(map)
    }

    fn invert_single(&self, _: &Inversion, _: Observation<'_, f32>) -> Result<EmissionMap<f32>> {
        Err(Error::Unsupported {
            operation: "invert in single precision",
        })
    }
}

trait RowMax {
    fn row_max(&self, row: usize) -> f64;
}

impl RowMax for ndarray::ArrayD<f64> {
    fn row_max(&self, row: usize) -> f64 {
        self.rows()
            .into_iter()
            .nth(row)
            .map_or(0.0, |row| row.iter().fold(0.0, |m: f64, x| m.max(x.abs())))
    }
}

#[test]
fn the_cpu_conforms() {
    let findings = conformance(&Cpu).unwrap();
    assert!(
        findings.is_empty(),
        "{}",
        findings
            .iter()
            .map(|f| format!("{f}\n"))
            .collect::<String>()
    );
}

#[test]
fn what_is_provided_conforms() {
    let findings = conformance(&Provided).unwrap();
    assert!(
        findings.is_empty(),
        "{}",
        findings
            .iter()
            .map(|f| format!("{f}\n"))
            .collect::<String>()
    );
}

#[test]
fn what_is_wrong_or_missing_is_found() {
    let findings = conformance(&Wrong).unwrap();
    assert_eq!(
        findings.len(),
        63,
        "thirty-three cases, two operations; which of many solutions is found is compared in all but three"
    );
    assert!(
        findings
            .iter()
            .all(|f| f.what.contains(if f.operation == "invert" {
                "emissions differ in 1"
            } else {
                "declined"
            }))
    );
}
