//! Stores, and what is opened in them.

use crate::{
    RemoteOptions, RequestCounts, ResultStore,
    address::Address,
    ahead::Prefetch,
    object::{HEAD, Object},
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

/// Object stores, with threads of their own. A clone is the same.
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
    /// Starts the threads; no store is asked yet. Where the process has not chosen a cryptography
    /// for `rustls`, it is `ring`'s from now on.
    ///
    /// # Errors
    /// Where the system has no threads left.
    pub fn new(options: RemoteOptions) -> Result<Self> {
        // Refused where the process has one already, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            shared: Arc::new(Shared::new(options)?),
            stores: Arc::default(),
        })
    }

    /// Opens a LAS, LAZ or COPC file by its address (`s3://bucket/a.copc.laz`): its header is read,
    /// and where its chunks are. An index of a LAZ file that has the same address with `.chunks`
    /// behind it is used.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for an address that is none; [`Error::Source`] of the store and of
    /// the file. Whether it may pass says [`Error::is_transient`].
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

    /// Results that are kept under an address, which stands for a folder.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for an address that is none.
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

    /// What was asked of all stores so far.
    #[must_use]
    pub fn request_counts(&self) -> RequestCounts {
        self.shared.counters.so_far()
    }

    pub(crate) fn connect_object(&self, address: &str) -> io::Result<Object> {
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
            remote: self.clone(),
            name: PathBuf::from(address),
            address: address.to_owned(),
            place,
            head,
            ahead,
        })
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
