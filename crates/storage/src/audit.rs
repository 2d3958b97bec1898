//! Drives core's audit over a store: entries in bounded reads, then tree nodes, event index, projections and head.

use rollcall_core::audit::{Auditor, Level, Report};
use rollcall_core::digest::LedgerId;
use rollcall_core::tree::Head;

use crate::{Store, StoreError};

/// Entries read at once.
const READ_ENTRIES: u64 = 1_024;

/// A head that somebody kept outside the log.
#[derive(Clone, Debug)]
pub struct KeptHead {
    /// The head.
    pub head: Head,
    /// Where it comes from, for the report.
    pub whose: String,
}

/// Audits a store; `progress` is told how many entries have been read.
///
/// # Errors
/// [`StoreError`] when the store cannot be read: then the audit could not be made, which is not a verdict.
pub fn audit(
    store: &impl Store,
    level: Level,
    expected: Option<LedgerId>,
    kept: &[KeptHead],
    mut progress: impl FnMut(u64),
) -> Result<Report, StoreError> {
    let head = store.head()?;
    let mut auditor = Auditor::new(level, expected);
    let mut next = 0;
    while next < head.size {
        let entries = store.entries(next..next.saturating_add(READ_ENTRIES).min(head.size))?;
        if entries.is_empty() {
            auditor.missing(next);
            break;
        }
        for bytes in entries {
            let (event, nodes) = auditor.entry(&bytes);
            for node in &nodes {
                auditor.stored_node(node, store.node(node.level, node.index)?);
            }
            if let Some(event) = event {
                auditor.stored_position(next, event, store.position(&event)?);
            }
            next = next.saturating_add(1);
        }
        progress(next);
    }
    if !store.entries(head.size..head.size.saturating_add(1))?.is_empty() {
        auditor.beyond(head.size);
    }
    if let Some(rebuilt) = auditor.rebuilt() {
        let digests: Vec<_> = rebuilt.state().digests();
        let stored = store.projections()?;
        for (name, digest) in digests {
            let kept = stored.iter().find(|(stored, _)| stored == name);
            let shown = kept.map_or_else(|| "nothing".to_owned(), |(_, bytes)| hex(bytes));
            auditor.stored_projection(name, &shown, &digest.to_string());
        }
    }
    for kept in kept {
        auditor.kept_head(&kept.head, &kept.whose);
    }
    Ok(auditor.finish(&head))
}

fn hex(bytes: &[u8; 32]) -> String {
    rollcall_core::digest::Digest::from_bytes(*bytes).to_string()
}
