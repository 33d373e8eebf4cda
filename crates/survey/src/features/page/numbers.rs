//! Values of any size in few characters.

use crate::page::text::plain_number;

/// A value with four significant digits, in scientific notation where it is very large or small.
pub(super) fn significant(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !value.is_finite() {
        return plain_number(value, 0);
    }
    let digits = size.log10().floor() as i32;
    if (-4..6).contains(&digits) {
        plain_number(value, (3 - digits).clamp(0, 6) as usize)
    } else {
        scientific(value)
    }
}

/// A value among others that are `step` apart.
pub(super) fn format_value(value: f64, step: f64) -> String {
    let digits = step.log10().floor() as i32;
    if (-4..6).contains(&digits) {
        plain_number(value, (2 - digits).clamp(0, 6) as usize)
    } else {
        scientific(value)
    }
}

fn scientific(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    format!("{value:.2e}").replace('-', "−")
}

/// A unit for people: `m2` is m².
pub(super) fn unit_words(unit: &str) -> String {
    unit.replace("m2", "m²").replace("m3", "m³")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_digits() {
        let cases = [
            (0.0, "0"),
            (1.0, "1.000"),
            (0.012_345, "0.01235"),
            (-123.456, "−123.5"),
            (98_765.4, "98765"),
            (1.234e-7, "1.23e−7"),
            (4.5e8, "4.50e8"),
            (f64::NAN, "–"),
        ];
        for (value, expected) in cases {
            assert_eq!(significant(value), expected);
        }
        assert_eq!(format_value(0.25, 0.25), "0.250");
        assert_eq!(format_value(-1500.0, 500.0), "−1500");
        assert_eq!(format_value(0.0, 1e-9), "0");
        assert_eq!(unit_words("points/m3"), "points/m³");
    }
}
