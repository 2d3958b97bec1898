//! The book of meetings: notice, agenda, presence and how each sitting went. Petitions for a meeting live here too.
//!
//! A meeting that nobody adjourns ends at 24:00 local; [`Meeting::ended`] computes that from the instant it is asked about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::lists::Lists;
use super::rows::Rows;
use super::{Cause, add};
use crate::act::MeetingKind;
use crate::digest::EventId;
use crate::field::{References, Text};
use crate::name::{Handle, UnitId};
use crate::time::Timestamp;

/// What a notice or petition states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The body.
    pub unit: UnitId,
    /// The kind of meeting.
    pub kind: MeetingKind,
    /// When it starts.
    pub starts: Timestamp,
    /// Where.
    pub place: Option<Text>,
    /// In person, remote or both.
    pub mode: Option<Text>,
    /// What is on the agenda.
    pub agenda: Option<Vec<Text>>,
    /// What can be read beforehand.
    pub references: Option<References>,
}

impl Terms {
    /// The fields that a notice must state and this one does not.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let blank = |text: &Option<Text>| text.as_ref().is_none_or(|text| text.as_str().trim().is_empty());
        let lacks = [
            ("place", blank(&self.place)),
            ("mode", blank(&self.mode)),
            ("agenda", self.agenda.as_ref().is_none_or(Vec::is_empty)),
            ("references", self.references.as_ref().is_none_or(|r| matches!(r, References::List(l) if l.is_empty()))),
        ];
        lacks.into_iter().filter(|(_, lacks)| *lacks).map(|(name, _)| name).collect()
    }
}

/// A petition for a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Petition {
    /// The event.
    pub cause: Cause,
    /// What it demands.
    pub terms: Terms,
    /// Members who signed, with their events.
    pub signers: BTreeMap<Handle, EventId>,
    /// The event by which it was withdrawn.
    pub withdrawn: Option<Cause>,
    /// Whether enough members have signed, so that its meeting exists.
    pub complete: bool,
}

/// Proof that a notice reached the mailing list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The event.
    pub cause: Cause,
    /// Where the archive shows it.
    pub archive: Text,
    /// When the archive received it.
    pub time: Timestamp,
}

/// One stay of a person at a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// The check-in.
    pub arrived: Cause,
    /// The check-out.
    pub left: Option<Cause>,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// The notice, or the petition that stands in for one; its event is the meeting's id.
    pub notice: Cause,
    /// When the notice took effect: its acceptance, or the day an unanswered petition became the notice.
    pub noticed_at: Timestamp,
    /// What the notice states.
    pub terms: Terms,
    /// Items that members put on the agenda before the notice.
    pub annexed: Vec<(EventId, Text)>,
    /// Civil days from notice to meeting.
    pub days: i64,
    /// Civil days that the charter in force at the notice asks for.
    pub days_needed: u64,
    /// Whether that charter lists what a notice states.
    pub fields_needed: bool,
    /// The first instant after the meeting's local day.
    pub ends_by: Timestamp,
    /// Members in office when the notice took effect.
    pub recipients: Vec<Handle>,
    /// For a petition's meeting: the chair's notice that answered it.
    pub answered_by: Option<EventId>,
    /// Where and when the notice reached the mailing list; without it, delivery is unproven.
    pub delivered: Option<Delivery>,
    /// Members who waived the notice's defects.
    pub waivers: BTreeMap<Handle, EventId>,
    /// The event that cancelled it.
    pub cancelled: Option<Cause>,
    /// The event that opened it.
    pub opened: Option<Cause>,
    /// Who presides.
    pub presider: Option<Handle>,
    /// Stays by person.
    pub presence: BTreeMap<Handle, Vec<Stay>>,
    /// Excuses by person.
    pub excuses: BTreeMap<Handle, EventId>,
    /// Presences that the presider doubted.
    pub disputes: Vec<(Handle, EventId)>,
    /// Whether a quorum has held at some time after its opening.
    pub quorate: bool,
    /// The event that adjourned it.
    pub adjourned: Option<Cause>,
}

impl Meeting {
    /// The meeting's id.
    #[must_use]
    pub const fn id(&self) -> EventId {
        self.notice.event
    }

    /// Fields that the notice had to state and does not.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        if self.fields_needed { self.terms.missing() } else { Vec::new() }
    }

    /// Tells whether the meeting is convened at an instant: not cancelled, and a petition's only once it stands in for
    /// the notice.
    #[must_use]
    pub fn is_convened(&self, now: Timestamp) -> bool {
        self.cancelled.is_none() && self.answered_by.is_none() && self.noticed_at <= now
    }

    /// When the meeting ended, if it had by `now`; an adjournment after that instant does not count.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> Option<Timestamp> {
        let adjourned = self.adjourned.as_ref().map(|cause| cause.at).filter(|at| *at <= now);
        adjourned.or_else(|| (self.ends_by <= now).then_some(self.ends_by))
    }

    /// Tells whether a person is checked in.
    #[must_use]
    pub fn is_present(&self, person: &Handle) -> bool {
        self.last_stay(person).is_some_and(|stay| stay.left.is_none())
    }

    /// The person's last stay.
    #[must_use]
    pub fn last_stay(&self, person: &Handle) -> Option<&Stay> {
        self.presence.get(person).and_then(|stays| stays.last())
    }

    /// Tells whether a person counts as present for a vote whose opening had seen `seen` entries: checked in at that
    /// head, or checked in since. A check-out after that head does not count.
    #[must_use]
    pub fn is_present_since(&self, person: &Handle, seen: u64) -> bool {
        let stays = self.presence.get(person).into_iter().flatten();
        stays.into_iter().any(|stay| seen <= stay.arrived.entry || stay.left.as_ref().is_none_or(|l| seen <= l.entry))
    }

    /// Tells whether a person was ever checked in.
    #[must_use]
    pub fn attended(&self, person: &Handle) -> bool {
        self.presence.contains_key(person)
    }

    /// Everything on the agenda: the notice's items, then those that members put there.
    pub fn agenda(&self) -> impl Iterator<Item = &Text> {
        self.terms.agenda.iter().flatten().chain(self.annexed.iter().map(|(_, title)| title))
    }
}

/// Meetings, petitions and agenda items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Meetings {
    pub(super) meetings: Rows<EventId, Meeting>,
    pub(super) petitions: Rows<EventId, Petition>,
    pub(super) by_unit: Lists<UnitId, EventId>,
    pub(super) items: Rows<UnitId, Vec<(EventId, Text)>>,
    #[serde(skip)]
    pub(super) by_start: Index<UnitId, Start>,
    /// Those of which notice was received only after they had started; each once, whatever made it late.
    #[serde(skip)]
    pub(super) late: Index<UnitId, Start>,
}

/// When a meeting starts, its place among the notices of its body, and the meeting.
pub(super) type Start = (Timestamp, u64, EventId);

/// A change of the book.
#[derive(Clone, Debug)]
pub enum MeetingChange {
    /// A meeting is convened, or will be when an unanswered petition becomes its notice.
    Convened(Meeting),
    /// A notice answered a petition.
    Answered {
        /// The petition.
        petition: EventId,
    },
    /// A petition is made, signed by its author.
    Petitioned(Terms),
    /// A member signed a petition.
    PetitionSigned {
        /// The petition.
        petition: EventId,
    },
    /// A petition has enough signatures.
    PetitionComplete {
        /// The petition.
        petition: EventId,
    },
    /// A petition was withdrawn.
    PetitionWithdrawn {
        /// The petition.
        petition: EventId,
    },
    /// An item waits for the next notice.
    ItemAdded {
        /// The body.
        unit: UnitId,
        /// The item.
        title: Text,
    },
    /// The waiting items stand on the agenda of a meeting that can decide them.
    ItemsSettled {
        /// The body.
        unit: UnitId,
    },
    /// A quorum has held.
    Valid {
        /// The meeting.
        meeting: EventId,
    },
    /// The notice reached the mailing list.
    Delivered {
        /// The meeting.
        meeting: EventId,
        /// The proof.
        delivery: Delivery,
        /// When the notice took effect.
        noticed_at: Timestamp,
        /// Civil days from then to the meeting.
        days: i64,
    },
    /// The author waived the notice's defects.
    Waived {
        /// The meeting.
        meeting: EventId,
    },
    /// The meeting is off.
    Cancelled {
        /// The meeting.
        meeting: EventId,
    },
    /// The meeting is open.
    Opened {
        /// The meeting.
        meeting: EventId,
        /// Who presides, when the convener opened it.
        presider: Option<Handle>,
        /// Whether a quorum holds.
        quorate: bool,
    },
    /// Somebody presides.
    Presided {
        /// The meeting.
        meeting: EventId,
        /// Who.
        person: Handle,
    },
    /// The author arrived.
    Arrived {
        /// The meeting.
        meeting: EventId,
        /// Whether a quorum holds.
        quorate: bool,
    },
    /// The author left.
    Left {
        /// The meeting.
        meeting: EventId,
    },
    /// The author gave an excuse.
    Excused {
        /// The meeting.
        meeting: EventId,
    },
    /// The presider doubted a presence.
    Disputed {
        /// The meeting.
        meeting: EventId,
        /// Whose.
        person: Handle,
    },
    /// The meeting is over.
    Adjourned {
        /// The meeting.
        meeting: EventId,
    },
}

/// Before every event.
const FIRST: EventId = EventId::from_bytes([0; 32]);

impl Meetings {
    /// A meeting by id.
    #[must_use]
    pub fn get(&self, id: &EventId) -> Option<&Meeting> {
        self.meetings.get(id)
    }

    /// The meetings of a body, in the order in which their notices were accepted.
    #[must_use]
    pub fn of_unit(&self, unit: &UnitId) -> impl DoubleEndedIterator<Item = &Meeting> {
        self.by_unit.of(unit).iter().filter_map(|id| self.meetings.get(id))
    }

    /// The meetings of a body in the order in which they start.
    #[must_use]
    pub fn by_start(&self, unit: &UnitId) -> impl DoubleEndedIterator<Item = &Meeting> {
        self.by_start.of(unit).filter_map(|(_, _, id)| self.meetings.get(id))
    }

    /// The meetings of a body of which notice may have been received at or after an instant: those that start then or later, and
    /// those of which it came late.
    pub fn noticed_since(&self, unit: &UnitId, since: Timestamp) -> impl Iterator<Item = &Meeting> {
        let later = self.by_start.since(unit, (since, 0, FIRST));
        let late = self.late.of(unit).filter(move |(starts, ..)| *starts < since);
        late.chain(later).filter_map(|(_, _, id)| self.meetings.get(id))
    }

    /// Every meeting.
    pub fn iter(&self) -> impl Iterator<Item = &Meeting> {
        self.meetings.values()
    }

    /// A petition by event.
    #[must_use]
    pub fn petition(&self, id: &EventId) -> Option<&Petition> {
        self.petitions.get(id)
    }

    /// Every petition.
    pub fn petitions(&self) -> impl Iterator<Item = (&EventId, &Petition)> {
        self.petitions.iter()
    }

    /// Items that wait for a body's next notice.
    #[must_use]
    pub fn waiting_items(&self, unit: &UnitId) -> &[(EventId, Text)] {
        self.items.get(unit).map_or(&[], Vec::as_slice)
    }

    pub(super) fn apply(&mut self, change: MeetingChange, cause: &Cause) {
        match change {
            MeetingChange::Convened(meeting) => {
                let unit = &meeting.terms.unit;
                let place = u64::try_from(self.by_unit.of(unit).len()).unwrap_or(u64::MAX);
                self.by_unit.push(unit.clone(), meeting.id());
                self.by_start.note(unit.clone(), (meeting.terms.starts, place, meeting.id()));
                if meeting.terms.starts < meeting.noticed_at {
                    let late = (meeting.terms.starts, 0, meeting.id());
                    self.late.note(unit.clone(), late);
                }
                self.meetings.insert(meeting.id(), meeting);
            }
            MeetingChange::Petitioned(terms) => {
                let signers = BTreeMap::from([(cause.by.clone(), cause.event)]);
                let petition = Petition { cause: cause.clone(), terms, signers, withdrawn: None, complete: false };
                self.petitions.insert(cause.event, petition);
            }
            MeetingChange::PetitionSigned { petition } => {
                if let Some(petition) = self.petitions.get_mut(&petition) {
                    petition.signers.insert(cause.by.clone(), cause.event);
                }
            }
            MeetingChange::PetitionComplete { petition } => {
                if let Some(petition) = self.petitions.get_mut(&petition) {
                    petition.complete = true;
                }
            }
            MeetingChange::PetitionWithdrawn { petition } => {
                if let Some(petition) = self.petitions.get_mut(&petition) {
                    petition.withdrawn = Some(cause.clone());
                }
            }
            MeetingChange::ItemAdded { unit, title } => {
                self.items.row_or(unit, Vec::new).push((cause.event, title));
            }
            MeetingChange::Answered { petition } => self.with(&petition, |m| m.answered_by = Some(cause.event)),
            MeetingChange::Delivered { meeting, delivery, noticed_at, days } => {
                self.with(&meeting, |m| {
                    m.delivered = Some(delivery);
                    m.noticed_at = noticed_at;
                    m.days = days;
                });
                if let Some(m) = self.meetings.get(&meeting).filter(|m| m.terms.starts < m.noticed_at) {
                    let start = (m.terms.starts, 0, meeting);
                    self.late.note(m.terms.unit.clone(), start);
                }
            }
            MeetingChange::Waived { meeting } => {
                self.with(&meeting, |m| {
                    m.waivers.insert(cause.by.clone(), cause.event);
                });
            }
            MeetingChange::Cancelled { meeting } => {
                self.with(&meeting, |m| m.cancelled = Some(cause.clone()));
                if let Some(meeting) = self.meetings.get(&meeting) {
                    // What members had put down goes on the next agenda instead.
                    let waiting = self.items.row_or(meeting.terms.unit.clone(), Vec::new);
                    let back =
                        meeting.annexed.iter().filter(|item| !waiting.contains(item)).cloned().collect::<Vec<_>>();
                    waiting.extend(back);
                }
            }
            MeetingChange::ItemsSettled { unit } => {
                self.items.remove(&unit);
            }
            MeetingChange::Valid { meeting } => self.with(&meeting, |m| m.quorate = true),
            MeetingChange::Opened { meeting, presider, quorate } => self.with(&meeting, |m| {
                m.opened = Some(cause.clone());
                m.presider = presider;
                m.quorate |= quorate;
            }),
            MeetingChange::Presided { meeting, person } => self.with(&meeting, |m| m.presider = Some(person)),
            MeetingChange::Arrived { meeting, quorate } => self.with(&meeting, |m| {
                let stay = Stay { arrived: cause.clone(), left: None };
                add(m.presence.entry(cause.by.clone()).or_default(), stay);
                m.quorate |= quorate;
            }),
            MeetingChange::Left { meeting } => self.with(&meeting, |m| {
                if let Some(stay) = m.presence.get_mut(&cause.by).and_then(|stays| stays.last_mut()) {
                    stay.left = Some(cause.clone());
                }
            }),
            MeetingChange::Excused { meeting } => {
                self.with(&meeting, |m| {
                    m.excuses.insert(cause.by.clone(), cause.event);
                });
            }
            MeetingChange::Disputed { meeting, person } => {
                self.with(&meeting, |m| m.disputes.push((person, cause.event)));
            }
            MeetingChange::Adjourned { meeting } => self.with(&meeting, |m| m.adjourned = Some(cause.clone())),
        }
    }

    fn with(&mut self, id: &EventId, change: impl FnOnce(&mut Meeting)) {
        if let Some(meeting) = self.meetings.get_mut(id) {
            change(meeting);
        }
    }
}
