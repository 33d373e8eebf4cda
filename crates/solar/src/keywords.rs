//! Keywords of a header, whoever read it.

use isopach_fits::FitsHeader;

/// Access to the keywords of a FITS header.
pub trait Keywords {
    /// A keyword that is a number.
    fn number(&self, keyword: &str) -> Option<f64>;
    /// A keyword that is text, without blanks at its ends.
    fn text(&self, keyword: &str) -> Option<&str>;
}

impl Keywords for FitsHeader {
    fn number(&self, keyword: &str) -> Option<f64> {
        Self::number(self, keyword)
    }

    fn text(&self, keyword: &str) -> Option<&str> {
        Self::text(self, keyword)
    }
}
