//! The `sijill-verify` command.
fn main() {}
