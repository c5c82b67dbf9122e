//! Read models of a station.

pub mod turnout;
