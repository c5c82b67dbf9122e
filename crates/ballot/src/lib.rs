//! The voting suite belenios-v1-ed25519: encryption, proofs, credentials, trustees and tally.
