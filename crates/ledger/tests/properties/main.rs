//! Properties of the ledger, one module each.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod canonical;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod common;
#[cfg(test)]
mod genesis;
#[cfg(test)]
mod merkle;
#[cfg(test)]
mod other_implementations;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod tiles;
#[cfg(test)]
mod trust;
#[cfg(test)]
mod vectors;
