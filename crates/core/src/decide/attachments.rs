//! Attachments: what stands beside the log and is named in it by a salted digest, so that it can be erased (trap D17).

use super::{Changes, Scene, authority, concerns};
use crate::act::Erase;
use crate::digest::Digest;
use crate::refusal::{Reason, Refusal};
use crate::state::attachments::AttachmentChange;
use crate::state::authority::Proposed;

/// Whoever named an attachment first, or the authority with its threshold, has it erased. The digest stays, and every proof with it.
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
    if attachment.owner == *scene.by() {
        return Ok(vec![AttachmentChange::Erased { digest: act.digest }.into()]);
    }
    authority::propose(scene, Proposed::Erase { digest: act.digest })
}

/// The authority's threshold has signed.
pub(super) fn erased(scene: &Scene<'_>, digest: Digest) -> Changes {
    if let Some(known) = scene.state.attachments().get(&digest).filter(|known| known.erased.is_none()) {
        return Ok(vec![AttachmentChange::Erased { digest }.into(), concerns(&known.owner)]);
    }
    let (event, why) = (digest.to_string(), "it is erased already".to_owned());
    Err(Reason::NotOpenTo { act: "erase".to_owned(), event, why }.by_format("attachments"))
}
