//! Where documents and openings lie: blobs by name, behind one port.
//!
//! [`Blobs`] is the port. [`Folder`] is the default, one file each, forced to the disk; [`Memory`] is for tests; with the
//! feature `object-store`, `object` puts them into an object store of the network. `contract` says what each of them
//! must do. Spec: specs/operations.md §5.

mod folder;
mod memory;
#[cfg(feature = "object-store")]
pub mod object;

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use self::folder::Folder;
pub use self::memory::Memory;

/// Blobs by name. Names are of `a-z 0-9 - .`, do not begin with a dot and do not end in `.new`; whoever uses the port makes
/// them. Calls block; they may come from several threads.
pub trait Blobs: fmt::Debug + Send + Sync {
    /// Puts a blob under a name, in the place of one that is there. Readers see the old one or the new one, never a part.
    ///
    /// # Durability
    /// On success the blob survives a loss of power.
    ///
    /// # Errors
    /// [`io::Error`]; then it is there or not. Putting it again settles that.
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Makes a blob that is there durable: whoever put it may have been told that it failed.
    ///
    /// # Errors
    /// [`io::Error`]
    fn settle(&self, name: &str) -> io::Result<()>;

    /// The length of a blob; `None` if there is none.
    ///
    /// # Errors
    /// [`io::Error`]
    fn length(&self, name: &str) -> io::Result<Option<u64>>;

    /// A blob of at most `most` bytes: of a longer one the first `most` and one more, so that it is seen to be longer.
    /// `None` if there is none.
    ///
    /// # Errors
    /// [`io::Error`]
    fn get(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>>;

    /// Removes a blob; whether there was one.
    ///
    /// # Durability
    /// On success it is gone after a loss of power too. What the medium keeps of it is not in its hands.
    ///
    /// # Errors
    /// [`io::Error`]
    fn remove(&self, name: &str) -> io::Result<bool>;

    /// The names of all blobs.
    ///
    /// # Errors
    /// [`io::Error`]
    fn names(&self) -> io::Result<Vec<String>>;

    /// Where a blob lies, for messages.
    fn place(&self, name: &str) -> PathBuf;
}

/// What every implementation of the port must do.
#[cfg(test)]
pub(crate) mod contract {
    use super::Blobs;

    pub(crate) fn check(blobs: &dyn Blobs) {
        assert_eq!(blobs.names().unwrap(), Vec::<String>::new());
        assert_eq!(blobs.get("absent", 10).unwrap(), None);
        assert_eq!(blobs.length("absent").unwrap(), None);
        assert!(!blobs.remove("absent").unwrap());
        assert!(blobs.settle("absent").is_err());
        // Empty, small, large; each comes back as it was.
        for (name, bytes) in [
            ("empty", vec![]),
            ("small", b"abc".to_vec()),
            ("large-1.sealed", vec![7; 1 << 20]),
        ] {
            blobs.put(name, &bytes).unwrap();
            blobs.put(name, &bytes).unwrap();
            blobs.settle(name).unwrap();
            assert_eq!(blobs.length(name).unwrap(), Some(bytes.len() as u64));
            assert_eq!(blobs.get(name, bytes.len() as u64).unwrap(), Some(bytes));
        }
        // A limit is kept, and one byte more shows that it was passed.
        assert_eq!(blobs.get("small", 2).unwrap().unwrap(), b"abc");
        assert_eq!(blobs.get("small", 0).unwrap().unwrap(), b"a");
        // Another content takes its place, shorter or longer.
        blobs.put("small", b"a").unwrap();
        assert_eq!(blobs.get("small", 100).unwrap().unwrap(), b"a");
        blobs.put("small", b"abcdef").unwrap();
        assert_eq!(blobs.get("small", 100).unwrap().unwrap(), b"abcdef");
        let mut names = blobs.names().unwrap();
        names.sort_unstable();
        assert_eq!(names, ["empty", "large-1.sealed", "small"]);
        assert!(blobs.remove("small").unwrap());
        assert!(!blobs.remove("small").unwrap());
        assert_eq!(blobs.get("small", 10).unwrap(), None);
        assert_eq!(blobs.names().unwrap().len(), 2);
        // From many threads at once, the same blobs.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..10_u8 {
                        blobs.put(&format!("many-{n}"), &[n; 1000]).unwrap();
                        assert_eq!(blobs.get(&format!("many-{n}"), 1000).unwrap().unwrap(), [n; 1000]);
                    }
                });
            }
        });
        assert_eq!(blobs.names().unwrap().len(), 12);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_the_memory_do_what_the_port_says() {
        contract::check(&Memory::default());
        let temp = tempfile::tempdir().unwrap();
        contract::check(&Folder::open(temp.path()).unwrap());
        contract::check(&Folder::made_with_the_first(&temp.path().join("later")).unwrap());
        let shared = temp.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        contract::check(&Folder::open_shared(&shared).unwrap());
    }
}
