//! The EventStore contract, its conformance suite, and the memory and SQLite backends.
