//! Options of a client.

use std::time::Duration;

/// Options of a client of object stores: credentials, retries, limits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RemoteOptions {
    /// Settings by name, in upper or lower case, as `object_store` knows them: `aws_access_key_id`,
    /// `aws_endpoint`, `google_service_account`, `azure_storage_account_name`, … Names that a store
    /// does not know are ignored, so a program may give all of its environment that begins with
    /// `AWS_`, `AZURE_` or `GOOGLE_`.
    pub settings: Vec<(String, String)>,
    /// Retries of a request after an answer of 500 to 599 or 429, a broken connection or a timeout.
    pub retries: usize,
    /// Time after which no request is retried.
    pub retry_timeout: Duration,
    /// Time limit for a connection.
    pub connect_timeout: Duration,
    /// Time limit for one request with its answer, of [`Self::request_bytes`] at most.
    pub request_timeout: Duration,
    /// Bytes between two ranges that are fetched with them rather than asked around. Bytes of the
    /// gap are fetched in vain: the default is a quarter of a chunk of 50,000 points, which usually
    /// has some 250 kB.
    pub gap: u64,
    /// Most bytes of one request. More than that is no faster in one piece; less makes more
    /// requests, each of which is paid for.
    pub request_bytes: u64,
    /// Most requests at once.
    pub requests_at_once: usize,
    /// Most bytes that are prefetched, over all objects together. Ranges that do not fit are
    /// fetched one by one when they are read.
    pub memory: u64,
    /// Threads for requests.
    pub threads: usize,
}

impl Default for RemoteOptions {
    /// No settings; 3 retries within a minute; 5 s to connect, 30 s a request; gaps of 64 KiB,
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
