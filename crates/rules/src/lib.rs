//! Rule packs: what a law fixes, as typed data.
