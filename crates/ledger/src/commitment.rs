//! Salted commitments to content that stands beside a ledger. Spec: specs/jurisdiction.md §3.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const TAG: &[u8] = b"sijill/commitment/v1\n";

/// A commitment to content that may be withheld or erased without breaking the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Committed {
    /// SHA-256 over tag, salt and content.
    pub commitment: [u8; 32],
    /// Length of the content in bytes.
    pub length: u64,
}

impl Committed {
    /// Commits to `content` under 32 fresh random bytes.
    #[must_use]
    pub fn new(salt: &[u8; 32], content: &[u8]) -> Self {
        let hash = Sha256::new()
            .chain_update(TAG)
            .chain_update(salt)
            .chain_update(content)
            .finalize();
        Self {
            commitment: hash.into(),
            length: content.len() as u64,
        }
    }

    /// The content of an opening (salt, then content), if it opens this commitment.
    #[must_use]
    pub fn open<'a>(&self, opening: &'a [u8]) -> Option<&'a [u8]> {
        let (salt, content) = opening.split_first_chunk::<32>()?;
        (Self::new(salt, content) == *self).then_some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash was computed by coreutils: `printf 'sijill/commitment/v1\n' | cat - <(head -c 32 /dev/zero) <(printf abc) | sha256sum`.
    #[test]
    fn a_commitment_is_the_hash_of_tag_salt_and_content() {
        let committed = Committed::new(&[0; 32], b"abc");
        assert_eq!(
            hex::encode(committed.commitment),
            "0bfc0e3d37f573b4ed47d4382e21f1d589170e7cdb21984426a5e4570582b9cd"
        );
        assert_eq!(committed.length, 3);
    }

    #[test]
    fn only_its_opening_opens_it() {
        let committed = Committed::new(&[7; 32], b"text");
        let mut opening = [7; 32].to_vec();
        opening.extend(b"text");
        assert_eq!(committed.open(&opening), Some(&b"text"[..]));
        for at in 0..opening.len() {
            let mut other = opening.clone();
            other[at] ^= 1;
            assert_eq!(committed.open(&other), None);
            assert_eq!(committed.open(&opening[..at]), None);
        }
    }
}
