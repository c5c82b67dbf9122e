//! SHA-256 and the text forms of hashes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

/// SHA-256 of the parts joined.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-256 of everything that a reader gives; `None` if reading fails.
pub(crate) fn sha256_of_stream(mut stream: Box<dyn std::io::Read + '_>) -> Option<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 65_536];
    loop {
        match stream.read(&mut buffer).ok()? {
            0 => return Some(hasher.finalize().into()),
            length => hasher.update(buffer.get(..length)?),
        }
    }
}

/// First 16 bytes of a hash: the nonces that are fixed by rule.
pub(crate) fn first_16(hash: &[u8; 32]) -> [u8; 16] {
    hash.first_chunk().copied().unwrap_or_default()
}

/// A hash as unpadded Base64: the form of tracking codes. Spec: specs/ballot-suite.md §1.3.
pub(crate) fn b64raw(hash: &[u8; 32]) -> String {
    STANDARD_NO_PAD.encode(hash)
}

/// Padded Base64 of any bytes.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes padded Base64 and refuses every spelling but one.
pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).ok()?;
    (STANDARD.encode(&bytes) == text).then_some(bytes)
}

/// Decodes exactly 64 lower-case hexadecimal digits.
pub(crate) fn hex32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut out = [0u8; 32];
    hex::decode_to_slice(text, &mut out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        assert_eq!(base64_decode("AQ=="), Some(vec![1]));
        assert_eq!(base64_decode("AR=="), None, "unused bits");
        assert_eq!(base64_decode("AQ"), None, "padding");
        assert_eq!(base64_decode("AQ==\n"), None);
        assert_eq!(hex32(&"0a".repeat(32)), Some([10; 32]));
        assert_eq!(hex32(&"0A".repeat(32)), None);
        assert_eq!(hex32(&"0a".repeat(31)), None);
        assert_eq!(
            b64raw(&sha256(&[b""])),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
        );
    }
}
