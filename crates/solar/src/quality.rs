//! The QUALITY word of AIA's level 1 images.

/// Why an image cannot be used: bits that JSOC sets (SDO User Guide, section 7.7.6, table 2).
const UNUSABLE: [(u32, &str); 10] = [
    (11, "more than a quarter of the pixels is missing"),
    (12, "the spacecraft was not in its science mode"),
    (13, "the Earth or the Moon eclipsed the Sun (ACS_ECLP)"),
    (14, "the spacecraft did not see the Sun"),
    (15, "the spacecraft was in safe mode"),
    (16, "it is a dark image"),
    (17, "the image stabilisation was off"),
    (18, "it is a calibration image"),
    (20, "the focus was out of range"),
    (31, "the image is not available"),
];

/// Bits that do not keep the image from being used.
const SAID: [(u32, &str); 9] = [
    (0, "no flat field was available"),
    (1, "no orbit was available"),
    (2, "no ancillary data were available"),
    (3, "no master pointing was available"),
    (8, "some pixels are missing"),
    (9, "more than 1 % of the pixels is missing"),
    (10, "more than 5 % of the pixels is missing"),
    (21, "the register flag is set"),
    (30, "it is a quick look (near real time)"),
];

/// The QUALITY word of an AIA image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quality(pub u32);

impl Quality {
    /// Reads the keyword's value, which JSOC writes as a signed number.
    #[must_use]
    pub fn from_keyword(value: f64) -> Self {
        Self(value as i64 as u32)
    }

    /// Reasons why the image cannot be used; empty if it can.
    #[must_use]
    pub fn unusable_reasons(self) -> Vec<&'static str> {
        self.texts_of_bits(&UNUSABLE)
    }

    /// Remarks from bits that do not keep the image from being used.
    #[must_use]
    pub fn remarks(self) -> Vec<&'static str> {
        self.texts_of_bits(&SAID)
    }

    fn texts_of_bits(self, of: &[(u32, &'static str)]) -> Vec<&'static str> {
        of.iter()
            .filter(|(bit, _)| self.0 >> bit & 1 == 1)
            .map(|(_, words)| *words)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_words() {
        assert!(Quality(0).unusable_reasons().is_empty() && Quality(0).remarks().is_empty());
        let calibration = Quality::from_keyword(f64::from(1 << 30 | 1 << 18));
        assert_eq!(
            (
                calibration.unusable_reasons().len(),
                calibration.remarks().len()
            ),
            (1, 1)
        );
        assert_eq!(
            Quality::from_keyword(-2_147_483_648.0).unusable_reasons(),
            ["the image is not available"]
        );
    }
}
