//! What tests of files share.

pub(crate) mod tiff_file;
