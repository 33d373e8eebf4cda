//! Results in an object store: each is written once, by the first writer.

use crate::{RemoteError, fault, shared::Shared};
use isopach_compute::{Error, Result};
use object_store::{GetOptions, ObjectStore, PutMode, PutOptions, PutPayload, path::Path};
use std::{fmt, io, sync::Arc};

const MAGIC: &[u8; 8] = b"ISOPOBJ1";
/// Bytes before a result: the magic, its length and checksum (CRC-32).
const HEAD: usize = 20;

/// The outcome of creating a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CreateOutcome {
    /// The result was written.
    Created,
    /// Another writer was first, with the same bytes.
    WasThere,
}

/// Results in one folder of an object store, by name. Stores have no rename and no locks: a result
/// is complete or absent, and the first one stays.
#[derive(Clone)]
pub struct ResultStore {
    shared: Arc<Shared>,
    store: Arc<dyn ObjectStore>,
    folder: Path,
    address: String,
}

impl fmt::Debug for ResultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultStore")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl ResultStore {
    pub(crate) fn new(
        shared: Arc<Shared>,
        store: Arc<dyn ObjectStore>,
        folder: Path,
        address: String,
    ) -> Self {
        Self {
            shared,
            store,
            folder,
            address,
        }
    }

    /// Writes a result under a new name.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where another result has this name, which stays; [`Error::Busy`] if
    /// one of this name is being written; of the store.
    pub fn create_result(&self, name: &str, bytes: &[u8]) -> Result<CreateOutcome> {
        let store = Arc::clone(&self.store);
        let path = self.path_of(name)?;
        let payload = PutPayload::from(frame_bytes(bytes));
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        let put = async move {
            match store.put_opts(&path, payload, options).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
                Err(error) => Err(fault::from_store(error)),
            }
        };
        if self
            .shared
            .wait_for(put)
            .map_err(|error| self.result_error(name, error))?
        {
            return Ok(CreateOutcome::Created);
        }
        match self.get_result(name)? {
            Some(there) if there == bytes => Ok(CreateOutcome::WasThere),
            Some(_) => Err(RemoteError::OtherResult {
                address: self.address.clone(),
                name: name.into(),
            }
            .into()),
            None => Err(Error::Busy(format!(
                "{}/{name}: another process is writing it",
                self.address
            ))),
        }
    }

    /// Reads a result; `None` if none has this name.
    ///
    /// # Errors
    /// Of the store, which may pass; [`Error::Source`] if it can be read and its checksum is wrong.
    pub fn get_result(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let shared = Arc::clone(&self.shared);
        let store = Arc::clone(&self.store);
        let path = self.path_of(name)?;
        let get = async move {
            let answer = match store.get_opts(&path, GetOptions::default()).await {
                Ok(answer) => answer,
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(fault::from_store(error)),
            };
            let bytes = answer.bytes().await.map_err(fault::from_store)?;
            shared.counters.count_answer(bytes.len() as u64);
            Ok(Some(bytes))
        };
        let Some(bytes) = self
            .shared
            .wait_for(get)
            .map_err(|error| self.result_error(name, error))?
        else {
            return Ok(None);
        };
        match unframe_bytes(&bytes) {
            Some(result) => Ok(Some(result.to_vec())),
            None => {
                let text = "damaged: its length or checksum is wrong: remove it, and have it computed again";
                Err(self.result_error(name, io::Error::other(text)))
            }
        }
    }

    /// Lists the names of all results, sorted.
    ///
    /// # Errors
    /// Of the store.
    pub fn list_names(&self) -> Result<Vec<String>> {
        let store = Arc::clone(&self.store);
        let folder = self.folder.clone();
        let list = async move {
            store
                .list_with_delimiter(Some(&folder))
                .await
                .map_err(fault::from_store)
        };
        let listed = self
            .shared
            .wait_for(list)
            .map_err(|error| self.result_error("", error))?;
        let mut names: Vec<String> = listed
            .objects
            .iter()
            .filter_map(|about| about.location.filename().map(str::to_owned))
            .collect();
        names.sort();
        Ok(names)
    }

    fn path_of(&self, name: &str) -> Result<Path> {
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(RemoteError::InvalidName { name: name.into() }.into());
        }
        Ok(self.folder.clone().join(name))
    }

    fn result_error(&self, name: &str, error: io::Error) -> Error {
        Error::of_file(format!("{}/{name}", self.address), error)
    }
}

fn head_of(bytes: &[u8]) -> [u8; HEAD] {
    let length = (bytes.len() as u64).to_le_bytes();
    let sum = crc32fast::hash(bytes).to_le_bytes();
    let mut head = [0; HEAD];
    head.iter_mut()
        .zip(MAGIC.iter().chain(&length).chain(&sum))
        .for_each(|(to, from)| *to = *from);
    head
}

fn frame_bytes(bytes: &[u8]) -> Vec<u8> {
    [&head_of(bytes), bytes].concat()
}

fn unframe_bytes(framed: &[u8]) -> Option<&[u8]> {
    let (head, bytes) = framed.split_first_chunk::<HEAD>()?;
    (*head == head_of(bytes)).then_some(bytes)
}
