//! Outlook: what would freeze a body, who could still bring it together, and what the ways out are.
//!
//! Computed from the charter and the state at one instant; it predicts nothing and decides nothing (traps B5, D12, DL).

use serde::Serialize;

use crate::charter::{Charter, Clause, Counts};
use crate::decide::meeting::{Body, count, has_quorum, is_frozen, members, streak};
use crate::name::{Handle, Name, UnitId};
use crate::state::State;
use crate::time::Timestamp;

/// How a body stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing is near.
    Sound,
    /// So many members stay away that a few more absences would stop it.
    Warned,
    /// Those who still come cannot make a quorum.
    Frozen,
}

/// The outlook of one body that meets.
#[derive(Clone, Debug, Serialize)]
pub struct Outlook<'a> {
    /// The body.
    pub unit: &'a UnitId,
    /// How it stands.
    pub standing: Standing,
    /// Members in office.
    pub in_office: u64,
    /// How many must be present.
    pub quorum: u64,
    /// How many may stay away.
    pub spare: u64,
    /// Members who missed the last counted meeting, with how many in a row.
    pub away: Vec<(&'a Handle, u64)>,
    /// Further members whose staying away would make every meeting invalid.
    pub until_frozen: u64,
    /// Who convenes; empty when the office is vacant.
    pub conveners: Vec<&'a Handle>,
    /// Members needed to demand a meeting.
    pub petition: Option<u64>,
    /// What can be done, each with its clause.
    pub exits: Vec<Exit>,
}

/// A way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exit {
    /// What can be done.
    pub what: String,
    /// By which clause.
    pub clause: Clause,
}

/// The outlook of every body that decides in meetings.
#[must_use]
pub fn outlook<'a>(state: &'a State, charter: &'a Charter, at: Timestamp) -> Vec<Outlook<'a>> {
    let alive = state.roster().units().filter(|(_, unit)| unit.is_alive()).map(|(id, _)| id);
    alive
        .filter_map(|unit| Body::of(state, charter, unit))
        .filter_map(|body| of_body(state, charter, &body, at))
        .collect()
}

fn of_body<'a>(state: &'a State, charter: &Charter, body: &Body<'a>, at: Timestamp) -> Option<Outlook<'a>> {
    body.rules.quorum.as_ref()?;
    let members = members(state, body, at);
    let in_office = count(members.len());
    let quorum = (1..=in_office).find(|present| has_quorum(body.rules, *present, in_office)).unwrap_or(1);
    let spare = in_office.saturating_sub(quorum);
    let away: Vec<_> = members
        .iter()
        .map(|(person, _)| (*person, streak(state, body, person, at)))
        .filter(|(_, missed)| 0 < *missed)
        .collect();
    let coming = in_office.saturating_sub(count(away.len()));
    let stuck = in_office == 0 || coming < quorum || is_frozen(state, body, at);
    let standing = match (stuck, away.is_empty()) {
        (true, _) => Standing::Frozen,
        (false, false) => Standing::Warned,
        (false, true) => Standing::Sound,
    };
    let holders = state.roster().holders(body.unit, &body.rules.called_by, at);
    let conveners: Vec<_> = holders.filter(|(_, tenure)| !tenure.is_asserted()).map(|(person, _)| person).collect();
    let counts = Counts { in_office, ..Counts::default() };
    let petition = body.rules.petition.as_ref().map(|rules| rules.signed_by.least(&counts)).filter(|_| 0 < in_office);
    let until_frozen = if stuck { 0 } else { coming.saturating_sub(quorum).saturating_add(1) };
    let exits = exits(state, charter, body, (standing, at), &away, petition, conveners.is_empty());
    Some(Outlook {
        unit: body.unit,
        standing,
        in_office,
        quorum,
        spare,
        away,
        until_frozen,
        conveners,
        petition,
        exits,
    })
}

fn exits(
    state: &State,
    charter: &Charter,
    body: &Body<'_>,
    (standing, at): (Standing, Timestamp),
    away: &[(&Handle, u64)],
    petition: Option<u64>,
    vacant: bool,
) -> Vec<Exit> {
    let mut exits = Vec::new();
    let threshold = state.authority().threshold;
    if let Some(clause) = body.kind.role(body.electors).and_then(|role| role.appointed.as_ref()) {
        let counts = if is_frozen(state, body, at) { "at once" } else { "from the next notice on" };
        let what = format!("the authority appoints members, who count {counts} ({threshold} of its persons sign)");
        exits.push(Exit { what, clause: clause.clone() });
    }
    let convener = body.kind.role(&body.rules.called_by).and_then(|role| role.appointed.as_ref());
    if let Some(clause) = convener.filter(|_| vacant) {
        let what = format!("the authority appoints a `{}`: the office is vacant", body.rules.called_by);
        exits.push(Exit { what, clause: clause.clone() });
    }
    if let (Some(needed), Some(rules)) = (petition, &body.rules.petition) {
        let what = format!("{needed} members demand a meeting, {} days ahead", rules.lead_days);
        exits.push(Exit { what, clause: rules.signed_by.clause.clone() });
    }
    let removal = body.kind.decisions.iter().flat_map(|decision| &decision.decides).find_map(|subject| {
        let here = subject.kind.as_ref() == Some(&body.kind.name);
        subject.absences.filter(|_| here && subject.effect == "end").map(|needed| (needed, subject.clause.clone()))
    });
    if let Some((needed, clause)) = removal.filter(|_| standing == Standing::Warned) {
        let who: Vec<_> = away.iter().map(|(person, missed)| format!("{person} missed {missed} of {needed}")).collect();
        let what = format!("a valid meeting may remove who missed {needed} in a row: {}", who.join(", "));
        exits.push(Exit { what, clause });
    }
    let resigns = body.kind.role(body.electors).and_then(|role| role.resigns.as_ref());
    if let Some(clause) = resigns.filter(|_| !away.is_empty()) {
        let what = "whoever no longer comes resigns".to_owned();
        exits.push(Exit { what, clause: clause.clone() });
    }
    if let Some(days) = charter.authority().unanswered_days.filter(|_| standing != Standing::Frozen) {
        let what =
            format!("the body addresses the authority, which has {days} days to answer before it can be replaced");
        exits.push(Exit { what, clause: charter.authority().clause.clone() });
    }
    exits
}

/// Something that nobody can do as things stand, though the charter provides for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stall<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// What nobody can do, and what it would need.
    pub what: String,
    /// By which clause.
    pub clause: Clause,
}

/// Roles that nobody can earn because too few may nominate for them, and bodies outside meetings that cannot decide.
#[must_use]
pub fn stalls<'a>(state: &'a State, charter: &'a Charter, at: Timestamp) -> Vec<Stall<'a>> {
    let mut all = Vec::new();
    for (unit, known) in state.roster().units().filter(|(_, unit)| unit.is_alive()) {
        let Some(kind) = charter.kind(&known.kind) else { continue };
        let held = |role: &Name| {
            let holders = state.roster().holders(unit, role, at);
            count(holders.filter(|(_, tenure)| !tenure.is_asserted() && tenure.suspended.is_none()).count())
        };
        for (name, path) in kind.roles.iter().flat_map(|(name, role)| role.paths.iter().map(move |path| (name, path))) {
            let short = |limb: &crate::charter::roles::Limb| held(&limb.from) < limb.at_least;
            if path.nominations.is_empty() || !path.nominations.iter().all(short) {
                continue;
            }
            let limbs: Vec<_> = path
                .nominations
                .iter()
                .map(|limb| format!("{} by a `{}`, of whom there are {}", limb.at_least, limb.from, held(&limb.from)))
                .collect();
            let what = format!("nobody can become `{name}`: that needs nominations, {}", limbs.join(", or "));
            all.push(Stall { unit, what, clause: path.clause.clone() });
        }
        let outside = kind.decisions.iter().find(|decision| decision.venue == crate::charter::Venue::Outside);
        let (Some(decision), Some(electors)) = (outside, &kind.electors) else { continue };
        if held(electors) == 0 {
            let what = format!("it cannot decide: nobody holds `{electors}`");
            all.push(Stall { unit, what, clause: decision.clause.clone() });
        } else if let Some(opener) = decision.opened_by.as_ref().filter(|opener| held(&opener.role) == 0) {
            let what = format!("no vote can be opened: nobody holds `{}`", opener.role);
            all.push(Stall { unit, what, clause: opener.clause.clone() });
        }
        if let Some(rules) = &kind.meeting
            && held(&rules.called_by) == 0
        {
            let what = format!("nobody can convene it: nobody holds `{}`", rules.called_by);
            all.push(Stall { unit, what, clause: rules.called_clause.clone() });
        }
    }
    all
}
