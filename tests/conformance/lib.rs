//! Programs and libraries of others check what Rollcall publishes and proves; see `agreement.rs`.
