//! What a motion would do if it passed: the effects, with one table of their wire tags.
//!
//! An effect is data. Which body may decide it, by which rule, and when it takes effect is the charter's business.

use crate::cbor::Value;
use crate::digest::EventId;
use crate::field::{ActError, Field, FieldFault, Kind, Text, records};
use crate::name::{Handle, Name, UnitId};

records! {
    /// What a motion would do.
    enum Effect unknown UnknownEffect;

    /// Records a decision in words; changes no role.
    Resolve = "resolve" {
        /// The text decided.
        text: Text,
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
}

impl Field for Effect {
    const KIND: Kind = Kind::Effect;

    fn to_value(&self) -> Option<Value> {
        let mut map = self.to_map();
        map.insert("kind".into(), Value::Text(self.tag().to_owned()));
        Some(Value::Map(map))
    }

    fn from_value(value: Option<Value>) -> Result<Self, FieldFault> {
        let wrong = |why: &ActError| FieldFault::WrongKind(format!("effect ({why})"));
        let missing = ActError::Field { field: "kind".to_owned(), fault: FieldFault::Missing };
        match value.ok_or(FieldFault::Missing)? {
            Value::Map(mut map) => match map.remove(&"kind".into()) {
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

impl Effect {
    /// The unit in which the effect would change something, if it names one.
    #[must_use]
    pub const fn unit(&self) -> Option<&UnitId> {
        match self {
            Self::GrantRole(GrantRole { unit, .. })
            | Self::EndRole(EndRole { unit, .. })
            | Self::Found(Found { unit, .. })
            | Self::Dissolve(Dissolve { unit })
            | Self::Constitute(Constitute { unit })
            | Self::Merge(Merge { unit, .. }) => Some(unit),
            Self::Resolve(_) | Self::Address(_) | Self::Reconstitute(_) => None,
        }
    }
}
