//! The checkpoint record in KurrentDB itself.

/// Placeholder.
#[derive(Debug)]
pub struct KurrentDbRecord;
