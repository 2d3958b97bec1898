//! What a motion would do if it passed: the effects, with one table of their wire tags.
//!
//! An effect is data. Which body may decide it, by which rule, and when it takes effect is the charter's business.

use crate::cbor::Value;
use crate::digest::{Digest, EventId};
use crate::field::{ActError, Field, FieldFault, Kind, Note, Text, records};
use crate::name::{Handle, Name, UnitId};

records! {
    /// What a motion would do.
    enum Effect unknown UnknownEffect;

    /// Records a decision in words; changes no role.
    Resolve = "resolve" {
        /// The text decided.
        text: Text,
        /// What it is about, where the charter names topics.
        topic: Option<Name>,
        /// The motion whose decision this one supersedes.
        supersedes: Option<EventId>,
        /// Digest of a document that it adopts.
        document: Option<Digest>,
    }
    /// Entitles a person to a role.
    GrantRole = "grant" {
        /// The unit of the role.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Who would hold it.
        person: Handle,
    }
    /// Ends a person's role.
    EndRole = "end" {
        /// The unit of the role.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Who holds it.
        person: Handle,
    }
    /// Founds a unit.
    Found = "found-unit" {
        /// The id of the new unit.
        unit: UnitId,
        /// Its kind; by default the part of the id before the first slash.
        unit_kind: Option<Name>,
        /// The unit it belongs to.
        parent: Option<UnitId>,
        /// Its first holders of roles, each as `role: handle`.
        first: Option<Vec<Note>>,
    }
    /// Dissolves a unit and ends its remaining tenures.
    Dissolve = "dissolve-unit" {
        /// The unit to dissolve.
        unit: UnitId,
    }
    /// Dissolves a unit in favour of another of the same kind.
    Merge = "merge-units" {
        /// The unit that ends.
        unit: UnitId,
        /// The unit that goes on.
        into: UnitId,
    }
    /// Declares a unit established: its initial members are complete.
    Constitute = "constitute" {
        /// The unit.
        unit: UnitId,
    }
    /// Asks the appointing authority to act.
    Address = "address-authority" {
        /// What the authority is asked to do.
        text: Text,
    }
    /// Replaces an appointing authority that left an address unanswered.
    Reconstitute = "reconstitute-authority" {
        /// The motion by which the authority was addressed.
        address: EventId,
        /// The new authority's persons.
        authority: Vec<Handle>,
        /// How many of them must sign.
        threshold: u64,
    }
    /// Recommends to the appointing authority that it admit somebody to a role.
    Recommend = "recommend" {
        /// The unit of the role.
        unit: UnitId,
        /// The role.
        role: Name,
        /// Who would hold it.
        person: Handle,
    }
    /// Rules that several enrolled persons are one human, whose nominations count once.
    OneHuman = "one-human" {
        /// The persons.
        persons: Vec<Handle>,
    }
    /// Amends the charter: the text of this digest replaces the one in force.
    Amend = "amend" {
        /// Digest of the new text, which `charter-part` entries carry.
        charter_digest: Digest,
        /// Digest of the charter that it amends.
        base: Digest,
    }
}

impl Field for Effect {
    const KIND: Kind = Kind::Effect;

    fn to_value(&self) -> Option<Value<'_>> {
        let mut map = self.to_map();
        map.insert("kind", Value::text(self.tag()));
        Some(Value::Map(map))
    }

    fn from_value(value: Option<Value<'_>>) -> Result<Self, FieldFault> {
        let wrong = |why: &ActError| FieldFault::WrongKind(format!("effect ({why})"));
        let missing = ActError::Field { field: "kind".to_owned(), fault: FieldFault::Missing };
        match value.ok_or(FieldFault::Missing)? {
            Value::Map(mut map) => match map.remove("kind") {
                Some(Value::Text(kind)) => Self::from_map(&kind, map).map_err(|why| wrong(&why)),
                Some(_) | None => Err(wrong(&missing)),
            },
            Value::Uint(_) | Value::Bytes(_) | Value::Text(_) | Value::Array(_) | Value::Bool(_) => {
                Err(FieldFault::WrongKind(Self::KIND.words()))
            }
        }
    }

    fn references(&self, out: &mut Vec<EventId>) {
        out.extend(Self::references(self));
    }
}

/// A role that an effect begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleChange<'a> {
    /// The verb that enters it: `grant` or `end`.
    pub verb: &'static str,
    /// The unit.
    pub unit: &'a UnitId,
    /// The role.
    pub role: &'a Name,
    /// The person.
    pub person: &'a Handle,
}

impl Effect {
    /// The role that the effect would begin or end.
    #[must_use]
    pub const fn role_change(&self) -> Option<RoleChange<'_>> {
        match self {
            Self::GrantRole(GrantRole { unit, role, person }) => Some(RoleChange { verb: "grant", unit, role, person }),
            Self::EndRole(EndRole { unit, role, person }) => Some(RoleChange { verb: "end", unit, role, person }),
            Self::Resolve(_)
            | Self::Found(_)
            | Self::Dissolve(_)
            | Self::Merge(_)
            | Self::Constitute(_)
            | Self::Address(_)
            | Self::Reconstitute(_)
            | Self::Recommend(_)
            | Self::OneHuman(_)
            | Self::Amend(_) => None,
        }
    }

    /// The unit in which the effect would change something, if it names one.
    #[must_use]
    pub const fn unit(&self) -> Option<&UnitId> {
        match self {
            Self::GrantRole(GrantRole { unit, .. })
            | Self::EndRole(EndRole { unit, .. })
            | Self::Found(Found { unit, .. })
            | Self::Dissolve(Dissolve { unit })
            | Self::Constitute(Constitute { unit })
            | Self::Recommend(Recommend { unit, .. })
            | Self::Merge(Merge { unit, .. }) => Some(unit),
            Self::Resolve(_) | Self::Address(_) | Self::Reconstitute(_) | Self::OneHuman(_) | Self::Amend(_) => None,
        }
    }

    /// The person whom the effect names.
    #[must_use]
    pub const fn person(&self) -> Option<&Handle> {
        match self {
            Self::GrantRole(GrantRole { person, .. })
            | Self::EndRole(EndRole { person, .. })
            | Self::Recommend(Recommend { person, .. }) => Some(person),
            Self::Resolve(_)
            | Self::Found(_)
            | Self::Dissolve(_)
            | Self::Merge(_)
            | Self::Constitute(_)
            | Self::Address(_)
            | Self::Reconstitute(_)
            | Self::OneHuman(_)
            | Self::Amend(_) => None,
        }
    }
}
