//! What takes the place of KurrentDB in a program that was built without it.

use std::sync::Arc;

use sijill_engine::checkpoint_record::{CheckpointRecord, FileRecord};
use sijill_store::EventStore;

use super::Node;
use crate::error::{Failure, Outcome};

/// The leases that this process holds: none.
#[derive(Debug, Default)]
pub(crate) struct Held;

impl Held {
    #[allow(clippy::unused_async, reason = "the other one waits")]
    pub(crate) async fn release(&self) {}
}

fn missing() -> Failure {
    Failure::refused(
        "this program was built without KurrentDB",
        "build it with `cargo build --release --features kurrentdb` (a C compiler is needed)",
    )
    .code("store.feature")
}

#[allow(clippy::unused_async, reason = "the other one waits")]
pub(super) async fn connect(_url: &str) -> Outcome<Arc<dyn EventStore>> {
    Err(missing())
}

#[allow(clippy::unused_async, reason = "the other one waits")]
pub(super) async fn open_node(
    _url: &str,
    _own: FileRecord,
    _node: &Node,
    _held: &Held,
) -> Outcome<(Arc<dyn EventStore>, Arc<dyn CheckpointRecord>)> {
    Err(missing())
}

pub(super) fn shared_record(_url: &str, _own: FileRecord) -> Outcome<Arc<dyn CheckpointRecord>> {
    Err(missing())
}

pub(super) fn record(_url: &str) -> Outcome<Arc<dyn CheckpointRecord>> {
    Err(missing())
}
