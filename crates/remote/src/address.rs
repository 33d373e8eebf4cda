//! Addresses of objects.

use crate::{RemoteError, RemoteOptions};
use isopach_compute::Result;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreScheme, RetryConfig,
    aws::AmazonS3Builder, azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder,
    http::HttpBuilder, path::Path,
};
use std::sync::Arc;
use url::{Position, Url};

/// Schemes of addresses that [`crate::Remote`] opens.
const SCHEMES: [&str; 9] = [
    "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "http", "https",
];

/// Whether a text is an address and no path: it begins with a scheme that is known and `://`.
fn is_address(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        SCHEMES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
    })
}

/// An address in its parts.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) url: Url,
    scheme: ObjectStoreScheme,
    pub(crate) path: Path,
}

impl Address {
    pub(crate) fn parse_address(text: &str) -> Result<Self> {
        let address = text.to_owned();
        if !is_address(text) {
            let schemes = SCHEMES.join("://, ") + "://";
            return Err(RemoteError::NoAddress { address, schemes }.into());
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(source) => return Err(RemoteError::MalformedUrl { address, source }.into()),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(RemoteError::SignedAddress { address }.into());
        }
        let (scheme, path) = match ObjectStoreScheme::parse(&url) {
            Ok(parsed) => parsed,
            Err(error) => {
                let source = error.into();
                return Err(RemoteError::Client { address, source }.into());
            }
        };
        Ok(Self { url, scheme, path })
    }

    /// The part of an address that objects of one store share.
    pub(crate) fn store_name(&self) -> &str {
        match self.scheme {
            // The container is in the path.
            ObjectStoreScheme::MicrosoftAzure | ObjectStoreScheme::AmazonS3
                if self.url.scheme() == "https" =>
            {
                self.url
                    .as_str()
                    .strip_suffix(self.path.as_ref())
                    .unwrap_or(self.url.as_str())
            }
            _ => &self.url[..Position::BeforePath],
        }
    }

    /// A client for the store of this address.
    pub(crate) fn connect_store(&self, options: &RemoteOptions) -> Result<Arc<dyn ObjectStore>> {
        let client = ClientOptions::new()
            .with_connect_timeout(options.connect_timeout)
            .with_timeout(options.request_timeout)
            .with_allow_http(self.url.scheme() == "http");
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: options.retries,
            retry_timeout: options.retry_timeout,
        };
        // Settings come last, so that they override the defaults of a connection.
        macro_rules! connected {
            ($builder:ty, $url:expr) => {{
                let begun = <$builder>::new()
                    .with_url($url.to_string())
                    .with_client_options(client)
                    .with_retry(retry);
                let with_settings =
                    options
                        .settings
                        .iter()
                        .fold(begun, |builder, (name, value)| {
                            match name.to_ascii_lowercase().parse() {
                                Ok(key) => builder.with_config(key, value),
                                Err(_) => builder,
                            }
                        });
                with_settings
                    .build()
                    .map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
            }};
        }
        let store = match self.scheme {
            ObjectStoreScheme::AmazonS3 => connected!(AmazonS3Builder, self.url),
            ObjectStoreScheme::GoogleCloudStorage => {
                connected!(GoogleCloudStorageBuilder, self.url)
            }
            ObjectStoreScheme::MicrosoftAzure => connected!(MicrosoftAzureBuilder, self.url),
            _ => connected!(HttpBuilder, &self.url[..Position::BeforePath]),
        };
        store.map_err(|source| {
            let address = self.url.to_string();
            RemoteError::Client { address, source }.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths_and_stores_from_each_other() {
        assert!(
            is_address("s3://bucket/before.copc.laz") && is_address("HTTPS://example.org/a.laz")
        );
        assert!(!is_address("tiles/a.laz") && !is_address("C://a.laz"));
        let store = |text: &str| {
            Address::parse_address(text)
                .unwrap()
                .store_name()
                .to_owned()
        };
        assert_eq!(store("s3://bucket/a/b.laz"), "s3://bucket");
        assert_eq!(
            store("http://127.0.0.1:9000/bucket/b.laz"),
            "http://127.0.0.1:9000"
        );
        assert_ne!(store("gs://one/a.laz"), store("gs://two/a.laz"));
    }
}
