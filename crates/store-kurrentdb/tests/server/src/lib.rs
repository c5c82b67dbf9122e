//! A server for tests that speaks the gRPC protocol of KurrentDB: streams, gossip, server features.
//!
//! It keeps the semantics that a client of ledgers meets: expected revisions, event ids that make a repeated write
//! idempotent, redirects to the leader, size limits, deadlines, soft and hard deletion, truncation by metadata. What a
//! network and an operator can do to it is done on demand: see [`WriteFault`], [`ReadFault`] and the methods of
//! [`Database`]. All nodes of a [`Cluster`] share one [`Database`], as if replication took no time.
//!
//! Not implemented: `$all`, filters, persistent subscriptions, projections, users.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::result_large_err,
    reason = "a server for tests fails by panicking"
)]

mod database;
mod node;
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    reason = "generated"
)]
pub(crate) mod wire {
    pub mod event_store {
        pub mod client {
            tonic::include_proto!("event_store.client");
            pub mod streams {
                tonic::include_proto!("event_store.client.streams");
            }
            pub mod gossip {
                tonic::include_proto!("event_store.client.gossip");
            }
            pub mod server_features {
                tonic::include_proto!("event_store.client.server_features");
            }
        }
    }
    pub mod google {
        pub mod rpc {
            tonic::include_proto!("google.rpc");
        }
    }
}

pub use database::Database;
pub use node::{Cluster, Options, Tls};

use std::time::Duration;

/// What shall happen to a write. Each is used up by one write of a stream whose name begins with `sijill-` and has a
/// ledger in it, in the order in which they were injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFault {
    /// Nothing is written, and every connection of the node is cut.
    CutBefore,
    /// The write is made, and every connection of the node is cut before the answer.
    CutAfter,
    /// Nothing is written; the answer is an internal error.
    FailBefore,
    /// The write is made; the answer is an internal error.
    FailAfter,
    /// The write is made after a while, whether the client still waits or not; then it is answered.
    Late(Duration),
    /// The write is made at once and answered after a while.
    Slow(Duration),
    /// The write arrives twice; the second one is answered.
    Twice,
    /// Nothing is written; the server says that it is too busy.
    Busy,
    /// Nothing is written; another node leads from now on, and the old leader says so.
    LeaderMoves,
    /// The write is made, and another node leads from now on; the old leader's connections are cut before the answer.
    LeaderMovesAfter,
}

/// What shall happen to a read or subscription of a stream. Each is used up by one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFault {
    /// Refused as unavailable.
    Unavailable,
    /// Every connection of the node is cut after so many events.
    CutAfter(usize),
    /// Answered after a while.
    Slow(Duration),
}
