//! The write side at run time: sequencers, views, content, key files and the checkpoint record.
