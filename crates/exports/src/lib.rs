//! Verified results in the forms that others use.
//!
//! | form | for | function |
//! |---|---|---|
//! | NIST SP 1500-100 version 2, JSON | newsrooms, election-results tools | [`nist::report`] |
//! | CSV | spreadsheets | [`csv::table`] |
//! | HTML to print, in English and Arabic, with places for signatures | the commission's files | [`protocol::page`] |
//! | SVG | web pages | [`chart::votes`], [`chart::turnout`] |
//!
//! These are pure functions of [`EventResults`], which is made from a manifest and the report of the independent verifier:
//! what the verifier did not establish is in no such export.
//!
//! Of registers, from what the service publishes of them:
//!
//! | form | for | function |
//! |---|---|---|
//! | CSV and JSON of a consultation | open data | [`consultation::OpenData`] |
//! | Atom | feed readers | [`atom::Feed::to_xml`] |

pub mod atom;
pub mod chart;
pub mod consultation;
pub mod csv;
mod language;
mod model;
pub mod nist;
pub mod protocol;

pub use language::Language;
pub use model::{
    Counted, DistrictResults, EventResults, NotEstablished, Poll, QuestionResults, Status, Votes,
};
