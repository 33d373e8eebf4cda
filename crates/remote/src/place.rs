//! An object as it was when it was opened, and requests for parts of it.

use crate::{
    fault,
    shared::Shared,
    spans::{Span, join_ranges, split_range},
};
use bytes::Bytes;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, path::Path};
use std::{io, ops::Range, sync::Arc};
use tokio::task::JoinSet;

/// An object of a store, as it was when it was opened.
#[derive(Clone, Debug)]
pub(crate) struct OpenedObject {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) path: Path,
    pub(crate) opened: Arc<ObjectMeta>,
}

/// The first bytes of an object, and its metadata.
pub(crate) async fn fetch_head(
    shared: &Shared,
    store: &dyn ObjectStore,
    path: &Path,
    bytes: u64,
) -> io::Result<(ObjectMeta, Bytes)> {
    let options = GetOptions {
        range: Some(GetRange::Bounded(0..bytes)),
        ..GetOptions::default()
    };
    get_range(shared, store, path, options).await
}

/// One request; the number of bytes that come is the number that was asked for.
async fn get_range(
    shared: &Shared,
    store: &dyn ObjectStore,
    path: &Path,
    options: GetOptions,
) -> io::Result<(ObjectMeta, Bytes)> {
    let _permit = shared
        .requests
        .acquire()
        .await
        .map_err(|_| fault::transient_error("a request was given up"))?;
    let answer = store
        .get_opts(path, options)
        .await
        .map_err(fault::from_store)?;
    let about = answer.meta.clone();
    let expected = answer.range.end - answer.range.start;
    let bytes = answer.bytes().await.map_err(fault::from_store)?;
    shared.counters.count_answer(bytes.len() as u64);
    if bytes.len() as u64 != expected {
        return Err(fault::transient_error(format!(
            "the store sent {} of {expected} bytes",
            bytes.len()
        )));
    }
    Ok((about, bytes))
}

impl OpenedObject {
    /// The bytes of each range, near ones asked for together.
    pub(crate) async fn fetch_ranges(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        let options = &self.shared.options;
        let spans = join_ranges(ranges, options.gap, options.request_bytes);
        let mut going_on = JoinSet::new();
        for span in spans {
            let place = self.clone();
            going_on.spawn(async move { place.fetch_span(span).await });
        }
        let mut found = vec![Bytes::new(); ranges.len()];
        while let Some(done) = going_on.join_next().await {
            let (span, bytes) =
                done.map_err(|_| fault::transient_error("a request was given up"))??;
            for number in span.ranges {
                let [start, end] = [ranges[number].start, ranges[number].end]
                    .map(|at| (at - span.range.start) as usize);
                found[number] = bytes.slice(start..end);
            }
        }
        Ok(found)
    }

    async fn fetch_span(self, span: Span) -> io::Result<(Span, Bytes)> {
        let pieces = split_range(&span.range, self.shared.options.request_bytes);
        if let [one] = &pieces[..] {
            let bytes = self.fetch_piece(one.clone()).await?;
            return Ok((span, bytes));
        }
        // within the object
        let mut whole = Vec::with_capacity((span.range.end - span.range.start) as usize);
        for piece in pieces {
            whole.extend_from_slice(&self.fetch_piece(piece).await?);
        }
        Ok((span, whole.into()))
    }

    async fn fetch_piece(&self, range: Range<u64>) -> io::Result<Bytes> {
        let opened = &*self.opened;
        // A weak tag never matches by the rules of HTTP; it is compared below all the same.
        let if_match = opened.e_tag.clone().filter(|tag| !tag.starts_with("W/"));
        let wanted = range.end - range.start;
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match,
            ..GetOptions::default()
        };
        let (now, bytes) = get_range(&self.shared, &*self.store, &self.path, options).await?;
        let is_same = now.size == opened.size
            && match (&now.e_tag, &opened.e_tag) {
                (Some(now), Some(opened)) => now == opened,
                _ => now.last_modified == opened.last_modified,
            };
        if !is_same {
            return Err(fault::changed_object());
        }
        if bytes.len() as u64 != wanted {
            return Err(fault::transient_error(format!(
                "the store sent {} of {wanted} bytes",
                bytes.len()
            )));
        }
        Ok(bytes)
    }
}
