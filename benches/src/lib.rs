//! Figures of the whole are under `benches/`; run them with `cargo bench -p sijill-benches`.
