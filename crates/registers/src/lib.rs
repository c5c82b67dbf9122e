//! The registers: their events, decisions, states and read models.
