//! Pictures: PNG and JPEG. Spec: specs/operations.md §16.2.

use std::io::Cursor;

use image::{ImageDecoder as _, ImageReader, Limits};

use crate::FileError;

/// Most pixels on a side.
const MAX_SIDE: u32 = 30_000;
/// Most pixels in all.
const MAX_PIXELS: u64 = 100_000_000;
/// Most memory for decoding, in bytes.
const MAX_ALLOCATED: u64 = 800 << 20;

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATED);
    limits
}

fn problem(error: &image::ImageError) -> FileError {
    match error {
        image::ImageError::Limits(_) => FileError::Bomb("a picture with too many pixels".to_owned()),
        other => FileError::Damaged(other.to_string()),
    }
}

/// Looks at the head of a picture: its size. The pixels are not decoded.
pub(crate) fn inspect(bytes: &[u8]) -> Result<(), FileError> {
    decoder(bytes).map(|_| ())
}

/// A decoder within the limits.
pub(crate) fn decoder(bytes: &[u8]) -> Result<impl image::ImageDecoder + '_, FileError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| FileError::Damaged(e.to_string()))?;
    reader.limits(limits());
    let decoder = reader.into_decoder().map_err(|e| problem(&e))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(FileError::Bomb(format!(
            "a picture of {width} by {height} pixels"
        )));
    }
    Ok(decoder)
}
