//! Attachments: what stands beside the log and is named in it by a salted digest, so that it can be erased (trap D17).

use super::{Changes, Scene};
use crate::act::Erase;
use crate::refusal::{Reason, Refusal};
use crate::state::attachments::AttachmentChange;

/// Whoever cited an attachment, or the authority, records that it was erased. The digest stays, and every proof with it.
pub(super) fn erase(scene: &Scene<'_>, act: &Erase) -> Changes {
    let not_open = |why: &str| -> Refusal {
        let (event, why) = (act.digest.to_string(), why.to_owned());
        Reason::NotOpenTo { act: "erase".to_owned(), event, why }.by_format("attachments")
    };
    let attachment = scene.state.attachments().get(&act.digest);
    let attachment = attachment.ok_or_else(|| not_open("no event names an attachment of this digest"))?;
    if attachment.erased.is_some() {
        return Err(not_open("it is erased already"));
    }
    if !attachment.cited.contains(scene.by()) {
        scene.require_authority()?;
    }
    Ok(vec![AttachmentChange::Erased { digest: act.digest }.into()])
}
