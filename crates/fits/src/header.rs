//! Keywords.

/// The keywords of an image.
#[derive(Clone, Debug)]
pub struct Header(pub(crate) fitskit::Header);

impl Header {
    /// A keyword that is a number.
    #[must_use]
    pub fn number(&self, keyword: &str) -> Option<f64> {
        self.0.get_float(keyword).or_else(|| self.0.get_int(keyword).map(|i| i as f64))
    }

    /// A keyword that is text.
    #[must_use]
    pub fn text(&self, keyword: &str) -> Option<&str> {
        self.0.get_string(keyword).map(str::trim)
    }

    /// A size.
    pub(crate) fn size(&self, keyword: &str) -> Option<usize> {
        self.0.get_int(keyword).and_then(|n| usize::try_from(n).ok())
    }
}
