//! The canonical binary decoder.
//!
//! Accepts exactly one spelling of every value: integers in their shortest form, options and booleans `00` or `01`, valid UTF-8, lengths
//! within the input, nothing left over. So what decodes here also encodes back to the same bytes, and no second pass is needed to know it.
//! Borrows from the input and never allocates more than the input can hold.
//!
//! Spec: specs/ledger.md §2.

use thiserror::Error;

/// Why bytes were refused. The reason is for the report; every reason is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum DecodeError {
    #[error("the input ends inside a field")]
    Truncated,
    #[error("an integer is not in its shortest form or beyond its type")]
    Integer,
    #[error("an option or bool byte is above 1")]
    Flag,
    #[error("a string is not valid UTF-8")]
    Utf8,
    #[error("bytes are left over")]
    Trailing,
    #[error("{0}")]
    Rule(&'static str),
}

/// A position in canonical bytes.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// Decodes all of `bytes` with `decode`; nothing may be left.
    pub(crate) fn whole<T>(
        bytes: &'a [u8],
        decode: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = decode(&mut reader)?;
        if reader.rest.is_empty() {
            Ok(value)
        } else {
            Err(DecodeError::Trailing)
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        u16::try_from(self.leb128(3)?).map_err(|_| DecodeError::Integer)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.leb128(5)?).map_err(|_| DecodeError::Integer)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.leb128(10)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Flag),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        let (head, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::Utf8)
    }

    pub(crate) fn option<T>(
        &mut self,
        decode: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.bool()? {
            decode(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Every item of our catalogue takes at least one byte, so a count beyond the remaining bytes is refused at once.
    pub(crate) fn list<T>(
        &mut self,
        mut decode: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.length()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(decode(self)?);
        }
        Ok(items)
    }

    /// A length or count, refused when beyond the remaining input.
    fn length(&mut self) -> Result<usize, DecodeError> {
        let length = usize::try_from(self.u64()?).map_err(|_| DecodeError::Truncated)?;
        if length > self.rest.len() {
            Err(DecodeError::Truncated)
        } else {
            Ok(length)
        }
    }

    fn leb128(&mut self, most_bytes: u32) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for index in 0..most_bytes {
            let byte = self.u8()?;
            let group = u64::from(byte & 0x7f);
            let shifted = group.checked_shl(7 * index).ok_or(DecodeError::Integer)?;
            if shifted.checked_shr(7 * index) != Some(group) {
                return Err(DecodeError::Integer);
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                // A last group of zero means that a shorter form exists.
                return if group == 0 && index > 0 {
                    Err(DecodeError::Integer)
                } else {
                    Ok(value)
                };
            }
        }
        Err(DecodeError::Integer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(bytes: &[u8]) -> Result<u64, DecodeError> {
        Reader::whole(bytes, Reader::u64)
    }

    #[test]
    fn integers_have_one_spelling() {
        assert_eq!(int(&[0x00]), Ok(0));
        assert_eq!(int(&[0x7f]), Ok(127));
        assert_eq!(int(&[0x80, 0x01]), Ok(128));
        assert_eq!(int(&[0x80, 0x00]), Err(DecodeError::Integer));
        assert_eq!(int(&[0xff, 0x80, 0x00]), Err(DecodeError::Integer));
        assert_eq!(
            int(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
            Ok(u64::MAX)
        );
        assert_eq!(
            int(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]),
            Err(DecodeError::Integer)
        );
        assert_eq!(int(&[0x80; 11]), Err(DecodeError::Integer));
        assert_eq!(int(&[0x80]), Err(DecodeError::Truncated));
        assert_eq!(int(&[0x01, 0x00]), Err(DecodeError::Trailing));
        assert_eq!(Reader::whole(&[0xff, 0xff, 0x03], Reader::u16), Ok(u16::MAX));
        assert_eq!(
            Reader::whole(&[0x80, 0x80, 0x04], Reader::u16),
            Err(DecodeError::Integer)
        );
        assert_eq!(
            Reader::whole(&[0x80, 0x80, 0x80, 0x01], Reader::u16),
            Err(DecodeError::Integer)
        );
        assert_eq!(
            Reader::whole(&[0xff, 0xff, 0xff, 0xff, 0x0f], Reader::u32),
            Ok(u32::MAX)
        );
        assert_eq!(
            Reader::whole(&[0xff, 0xff, 0xff, 0xff, 0x1f], Reader::u32),
            Err(DecodeError::Integer)
        );
    }

    #[test]
    fn flags_lengths_and_text() {
        assert_eq!(Reader::whole(&[2], Reader::bool), Err(DecodeError::Flag));
        assert_eq!(
            Reader::whole(&[2, 0], |r| r.option(Reader::u8)),
            Err(DecodeError::Flag)
        );
        assert_eq!(
            Reader::whole(&[3, 1, 2], |r| r.bytes().map(<[u8]>::to_vec)),
            Err(DecodeError::Truncated)
        );
        assert_eq!(
            Reader::whole(&[1, 0xff], |r| r.string().map(str::to_owned)),
            Err(DecodeError::Utf8)
        );
        assert_eq!(Reader::whole(&[2, 1, 2], |r| r.list(Reader::u8)), Ok(vec![1, 2]));
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(
            Reader::whole(&huge, |r| r.list(Reader::u8)),
            Err(DecodeError::Truncated)
        );
    }
}
