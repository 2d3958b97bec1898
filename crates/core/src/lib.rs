//! Rollcall's core: the rules of a signed, append-only ledger of community governance.
//!
//! Data flows one way, and each stage is a type with one door:
//!
//! ```text
//! bytes -> SignedEvent -> Verified -> Event -> decide(State, Event) -> Accepted -> State -> answers
//! ```
//!
//! In scope: the byte formats, the rules, and the answers that follow from them. Out of scope, on purpose: files, sockets,
//! clocks, randomness, key files, terminals. Core is given bytes and instants and returns values.
//!
//! Modules stand in reading order; each uses only modules above it.

pub mod limits;
pub mod cbor;
pub mod digest;
pub mod name;
pub mod time;
pub mod threshold;
pub mod key;
pub mod tree;
pub mod tiles;
pub mod proof;
pub mod note;
pub mod checkpoint;
pub mod cosignature;
pub mod policy;
pub mod cose;
pub mod fork;
pub mod bundle;
pub mod witness;
pub mod field;
pub mod effect;
pub mod act;
pub mod event;
pub mod submission;
pub mod entry;
pub mod prepared;
pub mod receipt;
pub mod charter;
pub mod refusal;
pub mod state;
pub mod decide;
pub mod doubt;
pub mod witnessed;
pub mod ledger;
pub mod omission;
pub mod audit;
pub mod explain;
pub mod listing;
pub mod outlook;
pub mod pending;
