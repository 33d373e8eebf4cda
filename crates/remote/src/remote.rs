//! The client of object stores.

use crate::{
    RemoteOptions, RequestCounts, ResultStore,
    address::Address,
    ahead::Prefetch,
    object::{ConnectObject, HEAD, Object},
    place::{self, OpenedObject},
    shared::Shared,
};
use isopach_compute::{Error, Result};
use isopach_las::{ByteSource, Las};
use object_store::ObjectStore;
use std::{
    collections::HashMap,
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// A client of object stores with its own threads. A clone shares them.
#[derive(Clone)]
pub struct Remote {
    shared: Arc<Shared>,
    /// A client a store.
    stores: Arc<Mutex<HashMap<String, Arc<dyn ObjectStore>>>>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("traffic", &self.request_counts())
            .finish_non_exhaustive()
    }
}

impl Remote {
    /// Starts the threads; nothing is requested yet. If the process has no default provider for
    /// `rustls`, this installs `ring`'s.
    ///
    /// # Errors
    /// Where the system cannot start threads.
    pub fn new(options: RemoteOptions) -> Result<Self> {
        // Refused where the process has one already, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            shared: Arc::new(Shared::new(options)?),
            stores: Arc::default(),
        })
    }

    /// Opens a LAS, LAZ or COPC file by its address (`s3://bucket/a.copc.laz`): reads its header
    /// and its table of chunks. If an object of the same address plus `.chunks` exists, it is used
    /// as the index of a LAZ file.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a malformed address; [`Error::Source`] of the store and of the
    /// file. [`Error::is_transient`] tells whether a retry may succeed.
    pub fn open_las(&self, address: &str) -> Result<Las> {
        Ok(Las::from_source(self.open_object(address)?)?)
    }

    /// Opens an object by its address.
    ///
    /// # Errors
    /// As [`Self::open_las`].
    pub fn open_object(&self, address: &str) -> Result<Arc<dyn ByteSource>> {
        Address::parse_address(address)?;
        let object = self
            .connect_object(address)
            .map_err(|error| Error::of_file(address, error))?;
        Ok(Arc::new(object))
    }

    /// Opens a folder of results by its address. Nothing is requested yet.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a malformed address.
    pub fn open_results(&self, address: &str) -> Result<ResultStore> {
        let parsed = Address::parse_address(address)?;
        let store = self.store_of(&parsed)?;
        Ok(ResultStore::new(
            Arc::clone(&self.shared),
            store,
            parsed.path,
            address.trim_end_matches('/').to_owned(),
        ))
    }

    /// Requests and bytes of all stores so far.
    #[must_use]
    pub fn request_counts(&self) -> RequestCounts {
        self.shared.counters.so_far()
    }

    fn store_of(&self, address: &Address) -> Result<Arc<dyn ObjectStore>> {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(address.store_name()) {
            return Ok(Arc::clone(store));
        }
        let store = address.connect_store(&self.shared.options)?;
        stores.insert(address.store_name().to_owned(), Arc::clone(&store));
        Ok(store)
    }
}

impl ConnectObject for Remote {
    fn connect_object(&self, address: &str) -> io::Result<Object> {
        let parsed = Address::parse_address(address).map_err(io::Error::other)?;
        let store = self.store_of(&parsed).map_err(io::Error::other)?;
        let shared = Arc::clone(&self.shared);
        let path = parsed.path.clone();
        let (opened, head) = {
            let shared = Arc::clone(&shared);
            let store = Arc::clone(&store);
            let path = path.clone();
            let begun = async move { place::fetch_head(&shared, &*store, &path, HEAD).await };
            self.shared.wait_for(begun)?
        };
        let place = OpenedObject {
            shared,
            store,
            path,
            opened: Arc::new(opened),
        };
        let ahead = Arc::new(Prefetch::default());
        Ok(Object {
            connector: Arc::new(self.clone()),
            name: PathBuf::from(address),
            address: address.to_owned(),
            place,
            head,
            ahead,
        })
    }
}
