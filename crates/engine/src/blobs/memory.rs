//! Blobs in memory: for tests.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Blobs;

/// Nothing that survives the process.
#[derive(Debug, Default)]
pub struct Memory {
    blobs: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Memory {
    fn blobs(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Blobs for Memory {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.blobs().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn settle(&self, name: &str) -> io::Result<()> {
        let there = self.blobs().contains_key(name);
        if there {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        Ok(self.blobs().get(name).map(|bytes| bytes.len() as u64))
    }

    fn get(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1);
        let found = self
            .blobs()
            .get(name)
            .map(|bytes| bytes[..bytes.len().min(most)].to_vec());
        Ok(found)
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        Ok(self.blobs().remove(name).is_some())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.blobs().keys().cloned().collect())
    }

    fn place(&self, name: &str) -> PathBuf {
        PathBuf::from("memory").join(name)
    }
}
