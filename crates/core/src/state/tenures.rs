//! Tenures by unit, role and person; a row holds those of one person in one role of one unit.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::roster::Tenure;
use super::row_key::Key;
use super::rows::{Presence, Shelf, read_value, write_value};
use crate::name::{Handle, Name, UnitId};

/// Holders of a role, each with their tenures in order.
pub(super) type Holders = BTreeMap<Handle, Vec<Tenure>>;
/// Holders by role.
pub(super) type Roles = BTreeMap<Name, Holders>;

/// Tenures by unit, role and person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tenures {
    units: BTreeMap<UnitId, Roles>,
    presence: Presence,
}

impl Serialize for Tenures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.presence.ask(Vec::new);
        self.units.serialize(serializer)
    }
}

type Place = (UnitId, Name, Handle);

impl Tenures {
    pub(super) fn all(&self) -> &BTreeMap<UnitId, Roles> {
        self.presence.ask(Vec::new);
        &self.units
    }

    pub(super) fn in_unit(&self, unit: &UnitId) -> Option<&Roles> {
        self.presence.ask(|| unit.to_bytes());
        self.units.get(unit)
    }

    pub(super) fn in_role(&self, unit: &UnitId, role: &Name) -> Option<&Holders> {
        self.presence.ask(|| [unit.to_bytes(), role.to_bytes()].concat());
        self.units.get(unit)?.get(role)
    }

    pub(super) fn of(&self, unit: &UnitId, role: &Name, person: &Handle) -> &[Tenure] {
        self.presence.ask(|| [unit.to_bytes(), role.to_bytes(), person.to_bytes()].concat());
        let holders = self.units.get(unit).and_then(|roles| roles.get(role));
        holders.and_then(|holders| holders.get(person)).map_or(&[], Vec::as_slice)
    }

    /// The tenures of one person in one role of one unit, to be changed.
    pub(super) fn row(&mut self, unit: UnitId, role: Name, person: Handle) -> &mut Vec<Tenure> {
        self.presence.ask(|| [unit.to_bytes(), role.to_bytes(), person.to_bytes()].concat());
        self.presence.change(|| [unit.to_bytes(), role.to_bytes(), person.to_bytes()].concat());
        self.place(unit, role, person)
    }

    fn place(&mut self, unit: UnitId, role: Name, person: Handle) -> &mut Vec<Tenure> {
        self.units.entry(unit).or_default().entry(role).or_default().entry(person).or_default()
    }
}

impl Shelf for Tenures {
    fn presence(&self) -> &Presence {
        &self.presence
    }

    fn presence_mut(&mut self) -> &mut Presence {
        &mut self.presence
    }

    fn bring(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (unit, role, person) = Place::from_bytes(key)?;
        *self.place(unit, role, person) = read_value(value)?;
        Some(())
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (unit, role, person) = Place::from_bytes(key)?;
        Some(write_value(self.units.get(&unit)?.get(&role)?.get(&person)?))
    }

    fn each(&self, row: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {
        for (unit, roles) in &self.units {
            for (role, holders) in roles {
                let beginning = [unit.to_bytes(), role.to_bytes()].concat();
                for (person, tenures) in holders {
                    row([beginning.as_slice(), &person.to_bytes()].concat(), write_value(tenures));
                }
            }
        }
    }
}
