//! How a store is asked.

use std::time::Duration;

/// How stores are asked, and how much is held for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteOptions {
    /// Settings by name, in upper or lower case, as `object_store` knows them: `aws_access_key_id`,
    /// `aws_endpoint`, `google_service_account`, `azure_storage_account_name`, … Names that a store
    /// does not know are passed over, so a program may give all of its environment that begins with
    /// `AWS_`, `AZURE_` or `GOOGLE_`.
    pub settings: Vec<(String, String)>,
    /// Times that a request is tried again after an answer of 500 to 599 or 429, a broken
    /// connection or one that is too slow.
    pub retries: usize,
    /// After that long no request is tried again.
    pub retry_timeout: Duration,
    /// Time for a connection to be made.
    pub connect_timeout: Duration,
    /// Time for one request with its answer, of [`Self::request_bytes`] at most.
    pub request_timeout: Duration,
    /// Bytes between two ranges that are fetched with them rather than asked around. What is not
    /// wanted is paid for, too: a fourth of a chunk of 50,000 points, which usually has some 250
    /// kB.
    pub gap: u64,
    /// Bytes of one request at most. More than that is no faster in one piece; less makes more
    /// requests, each of which is paid for.
    pub request_bytes: u64,
    /// Requests at once.
    pub requests_at_once: usize,
    /// Bytes at most that are fetched before they are wanted, over all objects together. What does
    /// not fit is fetched when it is wanted, by itself.
    pub memory: u64,
    /// Threads that talk to stores.
    pub threads: usize,
}

impl Default for RemoteOptions {
    /// No settings; 3 tries more within a minute; 5 s to connect, 30 s a request; gaps of 64 KiB,
    /// requests of 8 MiB, 8 at once, 64 MiB ahead, 2 threads.
    fn default() -> Self {
        Self {
            settings: Vec::new(),
            retries: 3,
            retry_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            gap: 64 << 10,
            request_bytes: 8 << 20,
            requests_at_once: 8,
            memory: 64 << 20,
            threads: 2,
        }
    }
}
