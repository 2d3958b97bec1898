//! The book of attachments: digests that events name, by whom, and which of them are erased. The contents are elsewhere.

use serde::{Deserialize, Serialize};

use super::Cause;
use super::rows::Rows;
use crate::digest::Digest;
use crate::name::Handle;

/// An attachment, as far as the log knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The author of the first event that names it: whose it is.
    pub owner: Handle,
    /// The event that records its erasure.
    pub erased: Option<Cause>,
}

/// Attachments by digest, and everybody's profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Attachments {
    pub(super) known: Rows<Digest, Attachment>,
    pub(super) profiles: Rows<Handle, Digest>,
}

/// A change of the book.
#[derive(Clone, Copy, Debug)]
pub enum AttachmentChange {
    /// The author names an attachment.
    Cited {
        /// Its digest.
        digest: Digest,
    },
    /// The author's profile is this attachment.
    Profile {
        /// Its digest.
        digest: Digest,
    },
    /// An attachment is erased.
    Erased {
        /// Its digest.
        digest: Digest,
    },
}

impl Attachments {
    /// An attachment.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<&Attachment> {
        self.known.get(digest)
    }

    /// Every attachment, by digest.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &Attachment)> {
        self.known.iter()
    }

    /// A person's profile.
    #[must_use]
    pub fn profile(&self, person: &Handle) -> Option<&Digest> {
        self.profiles.get(person)
    }

    pub(super) fn apply(&mut self, change: AttachmentChange, cause: &Cause) {
        match change {
            AttachmentChange::Cited { digest } => {
                self.known.row_or(digest, || Attachment { owner: cause.by.clone(), erased: None });
            }
            AttachmentChange::Profile { digest } => {
                self.profiles.insert(cause.by.clone(), digest);
            }
            AttachmentChange::Erased { digest } => {
                if let Some(attachment) = self.known.get_mut(&digest) {
                    attachment.erased = Some(cause.clone());
                }
                let whose = self.profiles.iter().filter(|(_, profile)| **profile == digest);
                let whose: Vec<Handle> = whose.map(|(person, _)| person.clone()).collect();
                for person in &whose {
                    self.profiles.remove(person);
                }
            }
        }
    }
}
