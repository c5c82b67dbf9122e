//! Blobs in an object store of the network, through the crate `object_store`. *Status: no command opens one yet.*
//!
//! A put that is answered is durable there, and a blob is replaced as a whole: that is what such stores promise. Removal
//! does not reach versions that a bucket keeps: versioning is off for openings, or erasure is not erasure. Calls of the
//! port block, so this has a thread of its own; it may be used from within a runtime.
//!
//! Spec: specs/operations.md §5.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt as _};
use tokio::runtime::{Builder, Runtime};

use super::Blobs;

/// A prefix of an object store.
#[derive(Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Dropped in the background, so that it may be dropped within another runtime.
    runtime: Option<Runtime>,
}

impl Objects {
    /// Blobs below a prefix, which nobody else writes to.
    ///
    /// # Errors
    /// [`io::Error`] if a thread cannot be started.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sijill-objects")
            .enable_all()
            .build()?;
        Ok(Self {
            store,
            prefix: Path::from(prefix),
            runtime: Some(runtime),
        })
    }

    fn path(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }

    /// Runs a call on the thread of its own, and waits for it.
    fn wait<T: Send + 'static>(
        &self,
        call: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> io::Result<Option<T>> {
        let runtime = self.runtime.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        runtime.spawn(async move {
            let _gone = answer.send(call.await);
        });
        match answered.recv().map_err(io::Error::other)? {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Blobs for Objects {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (store, path, bytes) = (Arc::clone(&self.store), self.path(name), bytes.to_vec());
        let put = self.wait(async move { store.put(&path, bytes.into()).await })?;
        put.map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// What was answered is durable: it only has to be there.
    fn settle(&self, name: &str) -> io::Result<()> {
        self.length(name)?
            .map(|_| ())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        let (store, path) = (Arc::clone(&self.store), self.path(name));
        Ok(self
            .wait(async move { store.head(&path).await })?
            .map(|head| head.size))
    }

    fn get(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(length) = self.length(name)? else {
            return Ok(None);
        };
        let wanted = length.min(most.saturating_add(1));
        if wanted == 0 {
            return Ok(Some(Vec::new()));
        }
        let (store, path) = (Arc::clone(&self.store), self.path(name));
        self.wait(async move {
            let options = GetOptions {
                range: Some((0..wanted).into()),
                ..GetOptions::default()
            };
            let bytes = store.get_opts(&path, options).await?.bytes().await?;
            Ok(bytes.to_vec())
        })
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        // Many stores answer the removal of what is not there as if it had been.
        let there = self.length(name)?.is_some();
        let (store, path) = (Arc::clone(&self.store), self.path(name));
        self.wait(async move { store.delete(&path).await })?;
        Ok(there)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let (store, prefix) = (Arc::clone(&self.store), self.prefix.clone());
        let found = self.wait(async move {
            let all: Vec<_> = store.list(Some(&prefix)).try_collect().await?;
            Ok(all)
        })?;
        let names = found.unwrap_or_default();
        Ok(names
            .iter()
            .filter_map(|object| object.location.filename().map(str::to_owned))
            .collect())
    }

    fn place(&self, name: &str) -> PathBuf {
        PathBuf::from(self.path(name).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::contract;

    #[test]
    fn an_object_store_does_what_the_port_says() {
        let store = Arc::new(object_store::memory::InMemory::new());
        contract::check(&Objects::new(store.clone(), "documents").unwrap());
        // Another prefix of the same store has none of it.
        assert!(
            Objects::new(store, "openings")
                .unwrap()
                .names()
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn it_can_be_used_and_dropped_within_a_runtime() {
        let blobs = Objects::new(Arc::new(object_store::memory::InMemory::new()), "x").unwrap();
        blobs.put("a", b"b").unwrap();
        assert_eq!(blobs.get("a", 1).unwrap().unwrap(), b"b");
    }
}
