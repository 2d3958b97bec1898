//! Who may be shown where: current holders of roles, what the roles are good for, and who has consented to public lists.
//!
//! A list of names needs the holder's consent where the charter says so; a list of accounts that may merge or review never
//! depends on it (DEV-M15, DEV-M3, DEV-R14). Nothing here decides or changes anything.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::act::Listing;
use crate::charter::records::{Benefit, BenefitKind};
use crate::charter::{Charter, Clause};
use crate::name::{Handle, Name, UnitId};
use crate::state::State;
use crate::state::roster::Tenure;
use crate::time::Timestamp;

/// Somebody who holds a role at the instant asked about; asserted and suspended holders are left out.
#[derive(Clone, Debug)]
pub struct Holder<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// The role.
    pub role: &'a Name,
    /// The holder.
    pub person: &'a Handle,
    /// The tenure.
    pub tenure: &'a Tenure,
    /// Whether public lists may name the holder in this role.
    pub public: bool,
}

/// Everybody who holds a role of a unit that exists, by unit, role and handle.
#[must_use]
pub fn holders<'a>(state: &'a State, charter: &Charter, at: Timestamp) -> Vec<Holder<'a>> {
    let mut all = Vec::new();
    for (unit, role, person, tenures) in state.roster().tenures() {
        let alive = state.roster().unit(unit).is_some_and(crate::state::roster::Unit::is_alive);
        let held = tenures.iter().find(|tenure| tenure.holds(at)).filter(|t| !t.is_asserted() && t.suspended.is_none());
        if let Some(tenure) = held.filter(|_| alive) {
            let public = is_public(state, charter, unit, role, person);
            all.push(Holder { unit, role, person, tenure, public });
        }
    }
    all
}

/// DEV-M15: people are named with their consent, and where a role has no list to consent to, not at all. Bodies decide in
/// public, by name, and an organisation's role is what it has agreed to (TOC-24, PAR-1).
fn is_public(state: &State, charter: &Charter, unit: &UnitId, role: &Name, person: &Handle) -> bool {
    let Some(kind) = charter.kind_of(state, unit) else { return false };
    let organisation = state.people().organisation(person).is_some();
    let lists = kind.benefits_of(role).any(|(_, benefit)| benefit.kind == BenefitKind::Listing);
    if organisation || (kind.electors.is_some() && !lists) {
        return true;
    }
    state.records().consent(unit, role, person).is_some_and(|(listing, _)| *listing == Listing::Given)
}

/// People whose roles in a unit bring a benefit of one kind, in the order of their handles.
#[must_use]
pub fn with_benefit<'a>(
    state: &'a State,
    charter: &Charter,
    unit: &UnitId,
    kind: BenefitKind,
    at: Timestamp,
) -> Vec<&'a Handle> {
    let Some(rules) = charter.kind_of(state, unit) else { return Vec::new() };
    let brings = |role: &Name| rules.benefits_of(role).any(|(_, benefit)| benefit.kind == kind);
    let all = holders(state, charter, at);
    let mut people: Vec<_> = all
        .into_iter()
        .filter(|holder| holder.unit == unit && brings(holder.role))
        .map(|holder| holder.person)
        .collect();
    people.sort();
    people.dedup();
    people
}

/// A benefit that somebody has by a role, with where a claim of it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Entitled<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// The role that brings it.
    pub role: &'a Name,
    /// Who holds the role: the person, or an organisation that the person represents.
    pub holder: &'a Handle,
    /// The benefit.
    pub benefit: &'a Name,
    /// Its kind.
    pub kind: BenefitKind,
    /// The clause.
    pub clause: &'a Clause,
    /// `claimed` or `fulfilled`, where it is claimed once.
    pub claim: Option<&'static str>,
}

/// Everything a person is entitled to, in person or as a representative.
#[must_use]
pub fn benefits<'a>(state: &'a State, charter: &'a Charter, person: &Handle, at: Timestamp) -> Vec<Entitled<'a>> {
    let mut all = Vec::new();
    for Holder { unit, role, person: holder, .. } in holders(state, charter, at) {
        if !state.people().speaks_for(person, holder, at) {
            continue;
        }
        let Some(kind) = charter.kind_of(state, unit) else { continue };
        for (name, benefit) in kind.benefits_of(role) {
            let Benefit { kind, clause, .. } = benefit;
            let claim = state.records().claimed(unit, name, person).map(|(_, claim)| match claim.fulfilled {
                Some(_) => "fulfilled",
                None => "claimed",
            });
            all.push(Entitled { unit, role, holder, benefit: name, kind: *kind, clause, claim });
        }
    }
    all
}

/// The seats of a body by the employers that its members declare.
#[derive(Clone, Debug)]
pub struct Concentration<'a> {
    /// The body.
    pub unit: &'a UnitId,
    /// Members in office.
    pub seats: usize,
    /// Employers with those who declare them, the largest first; told apart without case and spacing.
    pub employers: Vec<(String, Vec<&'a Handle>)>,
    /// Members who declare none.
    pub undeclared: Vec<&'a Handle>,
}

/// The fact by which a record states its author's employer.
const EMPLOYER: &str = "employer";

/// How the seats of each body are shared by employers, as its members declare (G9). It decides nothing.
#[must_use]
pub fn concentration<'a>(state: &'a State, charter: &Charter, at: Timestamp) -> Vec<Concentration<'a>> {
    let bodies = state.roster().units().filter(|(_, unit)| unit.is_alive());
    let bodies = bodies.filter_map(|(id, unit)| Some((id, charter.kind(&unit.kind)?.electors.as_ref()?)));
    let shares = bodies.map(|(unit, electors)| {
        let holders = state.roster().holders(unit, electors, at).filter(|(_, tenure)| !tenure.is_asserted());
        let people: Vec<&Handle> = holders.map(|(person, _)| person).collect();
        let mut employers = BTreeMap::<String, (String, Vec<&Handle>)>::new();
        let mut undeclared = Vec::new();
        for person in &people {
            match employer(state, person, at) {
                Some(name) => {
                    let folded = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
                    employers.entry(folded).or_insert_with(|| (name.to_owned(), Vec::new())).1.push(person);
                }
                None => undeclared.push(*person),
            }
        }
        let mut employers: Vec<_> = employers.into_values().collect();
        employers.sort_by_key(|(_, people)| std::cmp::Reverse(people.len()));
        Concentration { unit, seats: people.len(), employers, undeclared }
    });
    shares.collect()
}

/// What a person last declared of themself by an instant.
fn employer<'a>(state: &'a State, person: &Handle, at: Timestamp) -> Option<&'a str> {
    let own = state
        .records()
        .records()
        .map(|(_, record)| record)
        .filter(|record| record.cause.by == *person && record.withdrawn.is_none() && record.cause.at <= at);
    let stated = own.filter_map(|record| {
        let fact = record.facts.iter().find(|note| note.name.as_str() == EMPLOYER)?;
        Some((record.cause.entry, fact.words.as_str()))
    });
    stated.max_by_key(|(entry, _)| *entry).map(|(_, words)| words)
}
