//! Errors with a prefix that names their subject.

use std::{
    error::Error,
    fmt::{self, Display, Formatter},
};

/// An error with the name of its subject as a prefix. The cause stays available, since it decides
/// whether a retry may succeed.
#[derive(Debug)]
struct Named {
    name: String,
    source: Box<dyn Error>,
}

impl Display for Named {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.source)
    }
}

impl Error for Named {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// Prefixes an error with the name of its subject.
pub(crate) fn name_error(name: impl Display, error: impl Into<Box<dyn Error>>) -> Box<dyn Error> {
    Named {
        name: name.to_string(),
        source: error.into(),
    }
    .into()
}
