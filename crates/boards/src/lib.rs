//! Read models of the registers of a jurisdiction, for whoever queries them: boards, logs, leagues, threads, and search in
//! what is published. One SQLite file that can be deleted and made again at any time.
//!
//! *Nomenclature.* An **item** is what a row is made of: a request of a register of freedom of information, a comment or
//! an official answer of a consultation; it is named by its position. A **batch** is what one step changes.
//!
//! *Phases.* [`gather`] looks at the state of a ledger and at the events since the file was brought up to it last, and says
//! which rows are other ones now: it needs no database and reads no content. [`Boards::write`] takes the batch in one
//! transaction, together with the size and the last leaf hash of the ledger that the rows are of. A ledger that is not
//! there yet is built the same way, some thousand items at a time ([`Progress::next`]), so whoever is interrupted goes on
//! where the last transaction ended. What the clock moves without an event is looked at again when the register has cited
//! more of its calendar, and on every new day.
//!
//! *Queries.* Everything that grows with the ledger comes in pages, by the key of the last line ([`Cursor`]): a page costs
//! the same wherever it is. Counts, medians and coverage are kept as sums that every row adds to. The rules are those of
//! `sijill-registers`: every row is made by its readings, and a test compares each query with its pure view.
//!
//! *Forgetting.* What is withheld or erased is deleted and overwritten, and the write-ahead log is cut. A word may then still
//! stand where the index says with which word a page begins: so the words of the whole file are merged anew, at once after
//! an erasure, and on the next day after something was withheld.
//!
//! Spec: specs/operations.md §17, specs/consultation.md §12.

mod consultation;
mod database;
mod error;
mod foi;
mod fold;
mod follow;
mod page;
mod tallies;
mod words;

pub use consultation::{ClauseLine, ClauseLines, CommentLine, CoverageLine, RootLine, Threads};
pub use database::{Boards, Progress, RegisterLine, SpotLine};
pub use error::BoardError;
pub use foi::{AuthorityLine, BoardCounts, BoardFilter, Scope, StandingFilter};
pub use fold::fold;
pub use follow::{Batch, Source, gather};
pub use page::{Cursor, Page};
pub use words::{Hit, Kind};
