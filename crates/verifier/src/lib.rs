//! sijill-verify: an independent verifier of published ledgers.
