//! Errors that begin with what they are about.

use std::{
    error::Error,
    fmt::{self, Display, Formatter},
};

/// What something failed of, after its name. The cause stays to be asked: whether the same may
/// succeed later hangs on it.
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

/// An error about what has this name.
pub(crate) fn name_error(name: impl Display, error: impl Into<Box<dyn Error>>) -> Box<dyn Error> {
    Named {
        name: name.to_string(),
        source: error.into(),
    }
    .into()
}
