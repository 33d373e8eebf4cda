//! The fixed-point measure of coordinates.
//!
//! Why not `f32` metres about an origin: at 500 m from it an `f32` steps by 3·10⁻⁵ m, so a
//! nearest-neighbour distance cannot be right to 10⁻⁵ m, and a point's rounding depends on the tile
//! that it happens to fall in, so two tilings cannot give the same bits. A whole number of ticks is
//! the same number about every origin, and `a − b` is exact.

use isopach_compute::{Error, Result};

/// Ticks in one metre: 2¹⁸.
pub const TICKS_PER_METRE: f64 = 262_144.0;

/// One tick in metres: 2⁻¹⁸ m = 3.8 µm, the resolution of every coordinate.
pub const TICK: f64 = 1.0 / TICKS_PER_METRE;

/// Metres from its origin that a coordinate can reach in each direction: 2¹³ = 8,192 m.
pub const REACH: f64 = 8192.0;

/// The origin of local coordinates: whole metres, so that it is exact in every number format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Origin(pub [i32; 3]);

impl Origin {
    /// The whole-metre origin at or below `point` (metres).
    ///
    /// # Errors
    /// [`Error::InvalidPoint`] (index 0) if a coordinate is not finite or beyond ±2·10⁹ m.
    pub fn near(point: [f64; 3]) -> Result<Self> {
        let mut metres = [0; 3];
        for (metre, value) in metres.iter_mut().zip(point) {
            if value.is_nan() || value.abs() > 2e9 {
                return Err(Error::InvalidPoint {
                    index: 0,
                    value,
                    must: "be finite and within ±2e9 m",
                });
            }
            *metre = value.floor() as i32; // in range: checked above
        }
        Ok(Self(metres))
    }

    /// The origin in metres.
    #[must_use]
    pub fn metres(self) -> [f64; 3] {
        self.0.map(f64::from)
    }

    /// The origin in ticks from zero: exact.
    #[must_use]
    pub fn ticks(self) -> [i64; 3] {
        self.0.map(|metre| i64::from(metre) << 18)
    }
}

impl From<Origin> for [f64; 3] {
    fn from(origin: Origin) -> Self {
        origin.metres()
    }
}

/// Rounds an absolute coordinate in metres to ticks (ties to even). Exact for |value| < 3·10¹⁰ m.
#[inline]
#[must_use]
pub fn to_ticks(metres: f64) -> i64 {
    // Adding 1.5 · 2⁵² leaves no bits behind the point, rounded as the processor does;
    // `round_ties_even` would be a function call.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let ticks = metres * TICKS_PER_METRE;
    if ticks.abs() < WHOLE / 3.0 {
        ((ticks + WHOLE) - WHOLE) as i64
    } else {
        ticks.round_ties_even() as i64
    }
}

/// Converts ticks to metres: exact below 2⁵³ ticks (3·10¹⁰ m).
#[inline]
#[must_use]
pub fn from_ticks(ticks: i64) -> f64 {
    ticks as f64 * TICK
}

#[cfg(test)]
mod tests {
    #[test]
    fn ties_go_to_the_even_tick() {
        for (ticks, expected) in [
            (0.5, 0),
            (1.5, 2),
            (2.5, 2),
            (-0.5, 0),
            (-1.5, -2),
            (3.25, 3),
            (2.250e15, 2_250_000_000_000_000),
        ] {
            assert_eq!(super::to_ticks(ticks * super::TICK), expected, "{ticks}");
        }
        for metres in [
            6_653_000.123_456_7,
            -596_000.987,
            1e10,
            1e-9,
            2e9,
            8.589_934_592e9,
        ] {
            assert_eq!(
                super::to_ticks(metres),
                (metres * super::TICKS_PER_METRE).round_ties_even() as i64
            );
        }
        assert_eq!(
            (super::to_ticks(f64::NAN), super::to_ticks(f64::INFINITY)),
            (0, i64::MAX)
        );
    }

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ticks_round_trip_and_are_within_half_a_tick(metres in -1e7..1e7) {
            let ticks = to_ticks(metres);
            prop_assert_eq!(to_ticks(from_ticks(ticks)), ticks);
            prop_assert!((from_ticks(ticks) - metres).abs() <= TICK / 2.0);
        }
    }

    #[test]
    fn an_origin_of_nowhere_is_refused() {
        assert!(Origin::near([0.0, f64::NAN, 0.0]).is_err());
        assert!(Origin::near([1e300, 0.0, 0.0]).is_err());
        assert_eq!(
            Origin::near([-0.5, 6_653_000.9, 3.0]).unwrap(),
            Origin([-1, 6_653_000, 3])
        );
    }
}
