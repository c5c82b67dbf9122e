//! Search in what is published: a projection that can be deleted and made again at any time.
//!
//! [`fold`] is the form in which texts and queries are compared; stored text is never changed. [`Index`] keeps folded
//! texts in SQLite (FTS5), and forgets a text for good when it is withheld or erased. [`consultation`] says what an
//! event changes.
//!
//! *Status: the engine does not run this projection yet.*
//!
//! Spec: specs/consultation.md §12.

pub mod consultation;
mod fold;
mod index;

pub use fold::fold;
pub use index::{Change, Hit, Index, Kind, SearchError};
