//! The CPU conforms to the bit, and the suite finds what is wrong.

use isopach_compute::{Compute, Cpu, Device, Error, Result};
use isopach_raster::gather::{
    Gather, Gathering, HeldImage, ImageView, PlaceMap,
    conformance::{conformance, conformance_to_the_bit},
};
use ndarray::Array2;

type Change = fn(&mut Array2<f64>, &[[f64; 2]], Gathering);

/// Changes the CPU's values.
#[derive(Debug)]
struct Changed {
    values: Change,
    picture: fn(&mut [u8]),
    holds: bool,
}

struct ChangedImage<'a> {
    held: Box<dyn HeldImage + 'a>,
    by: &'a Changed,
}

impl Compute for Changed {
    fn device(&self) -> Device {
        Device {
            name: "changed".into(),
        }
    }
}

impl Gather for Changed {
    fn hold_image<'a>(&'a self, image: ImageView<'a>) -> Result<Box<dyn HeldImage + 'a>> {
        if !self.holds {
            return Err(Error::Unsupported {
                operation: "hold an image",
            });
        }
        Ok(Box::new(ChangedImage {
            held: Cpu.hold_image(image)?,
            by: self,
        }))
    }
}

impl HeldImage for ChangedImage<'_> {
    fn gather(&self, places: &[[f64; 2]], how: Gathering) -> Result<Array2<f64>> {
        let mut values = self.held.gather(places, how)?;
        (self.by.values)(&mut values, places, how);
        Ok(values)
    }

    fn remap(&self, map: &PlaceMap, to: &mut [u8]) -> Result<()> {
        self.held.remap(map, to)?;
        (self.by.picture)(to);
        Ok(())
    }
}

const UNCHANGED: Changed = Changed {
    values: |_, _, _| (),
    picture: |_| (),
    holds: true,
};

#[test]
fn the_cpu_conforms_to_the_bit() {
    assert_eq!(conformance_to_the_bit(&Cpu), []);
}

#[test]
fn a_bit_is_seen_where_bits_are_asked_for_and_a_worse_value_everywhere() {
    let bit = Changed {
        values: |values, _, _| values.mapv_inplace(|value| value * (1.0 + f64::EPSILON)),
        ..UNCHANGED
    };
    assert!(conformance(&bit).is_empty());
    assert!(conformance_to_the_bit(&bit).len() > 1000);
    let worse = Changed {
        values: |values, _, _| values.mapv_inplace(|value| value * (1.0 + 1e-5)),
        ..UNCHANGED
    };
    assert!(conformance(&worse).len() > 1000);
}

#[test]
fn a_value_where_there_is_none_and_none_where_there_is_one_are_seen() {
    let filled = Changed {
        values: |values, _, _| {
            values.mapv_inplace(|value| if value.is_nan() { 0.0 } else { value })
        },
        ..UNCHANGED
    };
    let findings = conformance(&filled);
    assert!(
        findings
            .iter()
            .all(|finding| finding.what.ends_with("is 0.0, not NaN"))
    );
    assert!(findings.len() > 1000, "{}", findings.len());
    let cut = Changed {
        values: |values, places, _| {
            for (place, mut values) in places.iter().zip(values.rows_mut()) {
                if place[1] <= 0.0 {
                    values.fill(f64::NAN);
                }
            }
        },
        ..UNCHANGED
    };
    assert!(conformance(&cut).len() > 1000);
}

#[test]
fn a_level_is_seen_and_a_lack_is_said() {
    let level = Changed {
        picture: |to| to[0] ^= 1,
        ..UNCHANGED
    };
    let findings = conformance(&level);
    assert!(findings.iter().all(|finding| finding.operation == "remap"));
    assert_eq!(findings.len(), 12 * 2 * 12);
    let lacking = Changed {
        holds: false,
        ..UNCHANGED
    };
    let findings = conformance(&lacking);
    assert!(
        findings
            .iter()
            .all(|finding| finding.what.contains("hold an image")
                || finding.what.contains("declined"))
    );
    assert!(findings.len() > 400);
}
