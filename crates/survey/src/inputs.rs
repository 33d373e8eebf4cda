//! Inputs: files, and objects in stores if the program was built to read them.

#[cfg(not(feature = "remote"))]
use crate::SurveyError;
#[cfg(feature = "remote")]
use isopach::remote::{Remote, RemoteOptions, RequestCounts};
use isopach::{
    compute::Result,
    las::{self, Las},
    raster::GeoTiffBlocks,
};
use std::path::{Path, PathBuf};
#[cfg(feature = "remote")]
use std::sync::OnceLock;

/// Opens inputs. Clones share the threads that read them.
#[derive(Debug, Default)]
pub struct Inputs {
    #[cfg(feature = "remote")]
    remote: OnceLock<Remote>,
}

/// Whether an argument is an address of an object and no path.
pub fn is_address(path: &Path) -> bool {
    let scheme = path
        .to_str()
        .and_then(|text| Some(text.split_once("://")?.0));
    scheme.is_some_and(|scheme| {
        scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

impl Inputs {
    /// The files that an argument stands for: those of a folder or a pattern, else itself.
    ///
    /// # Errors
    /// If a folder or a pattern has no file.
    pub fn list_files(path: &Path) -> Result<Vec<PathBuf>> {
        if is_address(path) {
            Ok(vec![path.to_owned()])
        } else {
            Ok(las::Catalogue::list_files(path)?)
        }
    }

    /// Opens a file, or an object by its address.
    ///
    /// # Errors
    /// Errors of the file or the store; an address if this program was built without
    /// stores.
    pub fn open(&self, path: &Path) -> Result<Las> {
        if is_address(path) {
            self.open_address(&path.to_string_lossy())
        } else {
            Ok(Las::open(path)?)
        }
    }

    /// Opens an image by its path, or by its address.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_image(&self, path: &Path) -> Result<GeoTiffBlocks> {
        if is_address(path) {
            self.open_image_address(&path.to_string_lossy())
        } else {
            GeoTiffBlocks::open(path)
        }
    }

    #[cfg(not(feature = "remote"))]
    #[allow(clippy::unused_self)]
    fn open_address(&self, address: &str) -> Result<Las> {
        Err(no_object_stores(address))
    }

    #[cfg(feature = "remote")]
    fn open_address(&self, address: &str) -> Result<Las> {
        self.remote()?.open_las(address)
    }

    #[cfg(not(feature = "remote"))]
    #[allow(clippy::unused_self)]
    fn open_image_address(&self, address: &str) -> Result<GeoTiffBlocks> {
        Err(no_object_stores(address))
    }

    #[cfg(feature = "remote")]
    fn open_image_address(&self, address: &str) -> Result<GeoTiffBlocks> {
        GeoTiffBlocks::from_source(self.remote()?.open_object(address)?)
    }

    /// Stores with the settings of the environment.
    ///
    /// # Errors
    /// If the system cannot start threads.
    #[cfg(feature = "remote")]
    pub fn remote(&self) -> Result<&Remote> {
        if let Some(remote) = self.remote.get() {
            return Ok(remote);
        }
        // Other options have short names (`TOKEN`, `BUCKET`), which mean something else to a store.
        let is_of_store = |name: &str| {
            ["AWS_", "AZURE_", "GOOGLE_"]
                .iter()
                .any(|store| name.starts_with(store))
        };
        let setting = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((
                name.into_string().ok().filter(|name| is_of_store(name))?,
                value.into_string().ok()?,
            ))
        };
        let settings = std::env::vars_os().filter_map(setting).collect();
        let remote = Remote::new(RemoteOptions {
            settings,
            ..RemoteOptions::default()
        })?;
        Ok(self.remote.get_or_init(|| remote))
    }

    /// Requests to stores so far, and bytes fetched.
    pub fn request_counts(&self) -> [u64; 2] {
        #[cfg(feature = "remote")]
        let RequestCounts { requests, bytes } = self
            .remote
            .get()
            .map(Remote::request_counts)
            .unwrap_or_default();
        #[cfg(not(feature = "remote"))]
        let [requests, bytes] = [0; 2];
        [requests, bytes]
    }
}

#[cfg(not(feature = "remote"))]
fn no_object_stores(address: &str) -> isopach::compute::Error {
    let address = address.to_owned();
    SurveyError::NoObjectStores { address }.into()
}
