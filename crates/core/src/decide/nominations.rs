//! Nominations, applications, acceptances and withdrawals (PMC-15, PMC-17; traps C10, C12, C14).

use super::{Changes, Scene, concerns};
use crate::act::{Accept, Apply, Nominate, Withdraw};
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::authority::{Nomination, ProposalChange, Proposed};
use crate::state::change::Change;
use crate::state::meetings::MeetingChange;
use crate::state::motions::MotionChange;
use crate::state::roster::Tenure;

/// A holder of the role that the charter names nominates somebody else.
pub(super) fn nominate(scene: &Scene<'_>, act: &Nominate) -> Changes {
    let Nominate { unit, role, person, statement, evidence: _ } = act;
    let rules = scene.role(unit, role)?;
    let Some(nominator) = &rules.nominated_by else {
        let what = format!("nobody is nominated for `{role}` in `{unit}`");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    };
    let home = nominator.unit.as_ref().unwrap_or(unit);
    if scene.holds(home, &nominator.role, scene.by()).is_none() {
        let (person, unit, role) = (scene.by().to_string(), home.to_string(), nominator.role.to_string());
        return Err(Reason::NotNominator { person, unit, role }.under(&nominator.clause));
    }
    if person == scene.by() {
        return Err(Reason::SelfNomination { person: person.to_string() }.under(&nominator.clause));
    }
    scene.require_enrolled(person)?;
    require_no_duplicate(scene, unit, role, person)?;
    let nomination = Nomination {
        cause: scene.cause.clone(),
        unit: unit.clone(),
        role: role.clone(),
        person: person.clone(),
        statement: statement.clone(),
        accepted: None,
        withdrawn: None,
    };
    Ok(vec![ProposalChange::Nominated(nomination).into(), concerns(person)])
}

/// A set keyed by nominee, role, unit and nominator (trap C12).
fn require_no_duplicate(scene: &Scene<'_>, unit: &UnitId, role: &Name, person: &Handle) -> Result<(), Refusal> {
    let mut standing = scene.state.proposals().standing(unit, role, person);
    match standing.find(|(_, nomination)| nomination.cause.by == *scene.by()) {
        Some((event, _)) => {
            Err(Reason::DuplicateNomination { event: event.to_string() }.under(&scene.role(unit, role)?.clause))
        }
        None => Ok(()),
    }
}

/// No role of the charters at hand is gained by application yet.
pub(super) fn apply(scene: &Scene<'_>, act: &Apply) -> Changes {
    let rules = scene.role(&act.unit, &act.role)?;
    if let Some(person) = &act.person {
        scene.require_own(&scene.cause.event, person)?;
    }
    let what = format!("nobody applies for `{}` in `{}`", act.role, act.unit);
    Err(Reason::NoPath { what }.under(&rules.clause))
}

/// The nominee accepts; or an imported holder, whose key the authority has bound, claims the seat (G18).
pub(super) fn accept(scene: &Scene<'_>, act: &Accept) -> Changes {
    let not_open = |why: &str| {
        let why = why.to_owned();
        Reason::NotOpenTo { act: "accept".to_owned(), event: act.event.to_string(), why }.by_format("accept")
    };
    if let Some(nomination) = scene.state.proposals().nomination(&act.event) {
        scene.require_own(&act.event, &nomination.person)?;
        if nomination.withdrawn.is_some() {
            return Err(not_open("it was withdrawn"));
        }
        if nomination.accepted.is_some() {
            return Err(not_open("it has been accepted"));
        }
        require_nominator(scene, nomination)?;
        return Ok(vec![ProposalChange::Accepted { nomination: act.event }.into()]);
    }
    let waits = |tenure: &Tenure| tenure.begun.event == act.event && tenure.is_asserted() && tenure.holds(scene.at());
    let mut tenures = scene.state.roster().tenures();
    let claimed = tenures.find_map(|(unit, role, person, held)| {
        held.last().filter(|tenure| waits(tenure)).map(|tenure| (unit, role, person, tenure))
    });
    let Some((unit, role, person, tenure)) = claimed else {
        return Err(not_open("it is neither a nomination nor an imported tenure that waits for a claim"));
    };
    scene.require_own(&act.event, person)?;
    require_vouched(scene, person, tenure)?;
    super::roles::claiming(scene, unit, role, person)
}

/// Trap C11: the nominator holds the role when the nominee accepts.
fn require_nominator(scene: &Scene<'_>, nomination: &Nomination) -> Result<(), Refusal> {
    let Nomination { cause, unit, role, .. } = nomination;
    let Some(nominator) = &scene.role(unit, role)?.nominated_by else { return Ok(()) };
    let home = nominator.unit.as_ref().unwrap_or(unit);
    if scene.holds(home, &nominator.role, &cause.by).is_some() {
        return Ok(());
    }
    let (person, unit, role) = (cause.by.to_string(), home.to_string(), nominator.role.to_string());
    Err(Reason::NotNominator { person, unit, role }.under(&nominator.clause))
}

/// G18: as many of the authority's persons as its threshold says stand behind a claim. They do by binding the person's key
/// after the import; an authority of one does by the import itself.
fn require_vouched(scene: &Scene<'_>, person: &Handle, tenure: &Tenure) -> Result<(), Refusal> {
    let bound = scene.state.proposals().proposals().any(|(_, proposal)| {
        let this = matches!(&proposal.what, Proposed::BindKey { person: bound, key: _ } if bound == person);
        this && proposal.stood.as_ref().is_some_and(|stood| tenure.begun.entry < stood.entry)
    });
    if bound || scene.state.authority().threshold <= 1 {
        return Ok(());
    }
    let why = "one person of the authority imported it, and the others have not vouched for the claim".to_owned();
    let event = tenure.begun.event.to_string();
    Err(Reason::NotOpenTo { act: "accept".to_owned(), event, why }.under(&tenure.clause))
}

/// The author takes back what has not yet had its effect.
pub(super) fn withdraw(scene: &Scene<'_>, act: &Withdraw) -> Changes {
    let event = &act.event;
    let not_open = |why: &str| {
        let why = why.to_owned();
        Reason::NotOpenTo { act: "withdraw".to_owned(), event: event.to_string(), why }.by_format("withdraw")
    };
    let (author, gone, withdrawn): (&Handle, Option<&str>, Change) =
        if let Some(nomination) = scene.state.proposals().nomination(event) {
            let gone = nomination.withdrawn.is_some().then_some("it was withdrawn");
            (&nomination.cause.by, gone, ProposalChange::Withdrawn { event: *event }.into())
        } else if let Some(proposal) = scene.state.proposals().proposal(event) {
            let stood = proposal.stood.as_ref().map(|_| "it stands already");
            let gone = proposal.withdrawn.as_ref().map(|_| "it was withdrawn").or(stood);
            (&proposal.cause.by, gone, ProposalChange::Withdrawn { event: *event }.into())
        } else if let Some(petition) = scene.state.meetings().petition(event) {
            let complete = petition.complete.then_some("enough members have signed it");
            let gone = petition.withdrawn.as_ref().map(|_| "it was withdrawn").or(complete);
            (&petition.cause.by, gone, MeetingChange::PetitionWithdrawn { petition: *event }.into())
        } else if let Some(motion) = scene.state.motions().get(event) {
            let opened = motion.vote.map(|_| "its vote has been opened");
            let gone = motion.withdrawn.as_ref().map(|_| "it was withdrawn").or(opened);
            (&motion.cause.by, gone, MotionChange::Withdrawn { motion: *event }.into())
        } else {
            return Err(not_open("it is no nomination, petition, motion or act of the authority"));
        };
    scene.require_own(event, author)?;
    match gone {
        Some(why) => Err(not_open(why)),
        None => Ok(vec![withdrawn]),
    }
}
