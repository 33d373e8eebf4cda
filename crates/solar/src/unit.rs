//! Units of counts, however they are spelled.

use crate::SolarError;

/// Unit of the pixel values of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CountUnit {
    /// Counts of the whole exposure (DN, ADU, ct).
    Total,
    /// Counts per second.
    PerSecond,
}

/// Exponents of counts, seconds and pixels.
#[derive(Default)]
struct Powers {
    counts: i32,
    seconds: i32,
    pixels: i32,
}

impl CountUnit {
    /// Parses a unit: DN, ADU, ct, count or digital number; a second if divided by s, sec or
    /// second; a pixel or not. As the FITS standard (version 4.0, section 4.3), astropy and IDL
    /// write it: `DN / s`, `DN s-1`, `DN s**(-1)`, `DN/sec/pixel`, `DN / (pix s)`.
    ///
    /// ```
    /// use isopach_solar::CountUnit;
    /// assert_eq!(CountUnit::parse("DN/s")?, CountUnit::PerSecond);
    /// assert_eq!(CountUnit::parse("ct")?, CountUnit::Total);
    /// assert!(CountUnit::parse("erg / (cm2 s sr)").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SolarError::NotCounts`] for any other unit: radiances and photons need another response.
    pub fn parse(text: &str) -> Result<Self, SolarError> {
        let foreign = || SolarError::NotCounts {
            unit: text.to_owned(),
        };
        let powers = parse_powers(text).ok_or_else(foreign)?;
        match powers {
            Powers {
                counts: 1,
                seconds: 0,
                pixels: 0 | -1,
            } => Ok(Self::Total),
            Powers {
                counts: 1,
                seconds: -1,
                pixels: 0 | -1,
            } => Ok(Self::PerSecond),
            _ => Err(foreign()),
        }
    }
}

/// Spellings of the same unit.
const SPELT: [(&str, &str); 8] = [
    ("digital number", "dn"),
    ("digital_number", "dn"),
    ("data number", "dn"),
    ("data_number", "dn"),
    ("⁻¹", "-1"),
    ("**", "^"),
    ("{", "("),
    ("}", ")"),
];

/// `None` if anything but counts, seconds and pixels takes part, or brackets do not match.
fn parse_powers(text: &str) -> Option<Powers> {
    let mut text = text.to_lowercase();
    for (spelt, meant) in SPELT {
        text = text.replace(spelt, meant);
    }
    let mut rest = text.as_str();
    let mut powers = Powers::default();
    // Signs of the brackets that are open; the sign of the next factor or bracket.
    let mut open = vec![1];
    let mut sign = 1;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '*', '.', '·']);
        let Some(first) = rest.chars().next() else {
            break;
        };
        match first {
            '/' => {
                sign = -1;
                rest = &rest[1..];
            }
            '(' => {
                open.push(open.last()? * sign);
                sign = 1;
                rest = &rest[1..];
            }
            ')' if open.len() > 1 => {
                open.pop();
                rest = &rest[1..];
            }
            'a'..='z' => {
                let end = rest
                    .find(|c: char| !c.is_ascii_lowercase())
                    .unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                if name == "per" {
                    (sign, rest) = (-1, after);
                    continue;
                }
                let (exponent, after) = parse_exponent(after)?;
                let power = match name {
                    "dn" | "dns" | "adu" | "ct" | "cts" | "cnt" | "cnts" | "count" | "counts" => {
                        &mut powers.counts
                    }
                    "s" | "sec" | "secs" | "second" | "seconds" => &mut powers.seconds,
                    "pix" | "px" | "pixel" | "pixels" => &mut powers.pixels,
                    _ => return None,
                };
                *power += exponent * open.last()? * sign;
                sign = 1;
                rest = after;
            }
            '1' if rest[1..].trim_start().starts_with('/') => rest = &rest[1..],
            _ => return None,
        }
    }
    (open.len() == 1 && sign == 1).then_some(powers)
}

/// The exponent at the start of a text, 1 if there is none, and the rest of the text.
fn parse_exponent(text: &str) -> Option<(i32, &str)> {
    let is_marked = text.starts_with('^');
    let inner = text.trim_start_matches('^');
    let is_bracketed = is_marked && inner.starts_with('(');
    let inner = if is_bracketed { &inner[1..] } else { inner };
    let end = inner
        .char_indices()
        .find(|(i, c)| !(c.is_ascii_digit() || (*i == 0 && matches!(c, '-' | '+'))));
    let end = end.map_or(inner.len(), |(i, _)| i);
    let (digits, after) = inner.split_at(end);
    if digits.is_empty() && !is_marked {
        return Some((1, text));
    }
    let exponent = digits
        .parse::<i32>()
        .ok()
        .filter(|exponent| exponent.abs() <= 9)?;
    // -1.0
    let after = after
        .strip_prefix('.')
        .filter(|rest| rest.starts_with('0'))
        .map_or(after, |rest| rest.trim_start_matches('0'));
    Some((
        exponent,
        if is_bracketed {
            after.strip_prefix(')')?
        } else {
            after
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_counts_are_known() {
        for text in [
            "DN",
            "dn",
            "ct",
            "counts",
            "ADU",
            "DN/pixel",
            "DN / pix",
            "Digital Numbers",
            "DN per pixel",
            "data number",
        ] {
            assert_eq!(
                CountUnit::parse(text).ok(),
                Some(CountUnit::Total),
                "{text}"
            );
        }
        for text in [
            "DN / s",
            "DN/s",
            "DN s-1",
            "DN s^-1",
            "DN s**-1",
            "DN s**(-1)",
            "DN s^(-1)",
            "DN*s**-1",
            "DN.s-1",
            "DN s⁻¹",
            "DN/sec",
            "DN/second",
            "DN/s/pixel",
            "DN / pix / s",
            "DN / (pix s)",
            "DN s-1 pixel-1",
            "ct s-1",
            "counts/sec",
            "1/s DN",
            "DN per second",
            "counts per second per pixel",
            "data number / s",
            "DN s^{-1}",
            "DN s-1.0",
            "DN s^(-1.0)",
            "CNT/S",
            "DN.s**-1.pix**-1",
        ] {
            assert_eq!(
                CountUnit::parse(text).ok(),
                Some(CountUnit::PerSecond),
                "{text}"
            );
        }
    }

    #[test]
    fn other_units_are_refused() {
        for text in [
            "W m-2 sr-1",
            "erg cm-2 s-1 sr-1",
            "photon",
            "ph/s",
            "",
            "s",
            "DN s",
            "DN/s2",
            "DN DN",
            "1000 DN",
            "DN/",
            "DN/(s",
            "DN)",
            "DN s^",
            "DN^2",
            "DN s-99999999999",
            "MJy/sr",
            "K",
            "electron",
            "DN/ms",
            "é",
            "DN per",
            "per",
            "DN s-1.5",
            "DN s-1.05",
            "DN}",
            "log(DN)",
            "DN/min",
        ] {
            assert!(CountUnit::parse(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_unit_or_an_error(text in "\\PC{0,20}") {
            let _ = CountUnit::parse(&text);
        }

        #[test]
        fn nearly_units_are_a_unit_or_an_error(text in "(DN|s|pix|/|\\(|\\)|\\*|\\^|-|1| ){0,9}") {
            let _ = CountUnit::parse(&text);
        }
    }
}
