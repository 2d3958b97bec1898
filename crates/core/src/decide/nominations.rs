//! Nominations, applications, acceptances and withdrawals (PMC-15, PMC-17; traps C10, C12, C14).

use super::paths::{self, Way};
use super::{Changes, Scene, concerns, kin, roles};
use crate::act::{Accept, Apply, Nominate, Withdraw};
use crate::charter::roles::{Nominator, Path};
use crate::charter::{Clause, Role};
use crate::digest::EventId;
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::authority::{Nomination, ProposalChange, Proposed};
use crate::state::change::Change;
use crate::state::meetings::MeetingChange;
use crate::state::motions::MotionChange;
use crate::state::records::RecordChange;
use crate::state::roster::Tenure;

/// Somebody nominates somebody else: a holder of the role that the charter names, for a body to decide or as one of the
/// nominations that a path counts.
pub(super) fn nominate(scene: &Scene<'_>, act: &Nominate) -> Changes {
    let Nominate { unit, role, person, statement, evidence: _, attests } = act;
    let rules = scene.role(unit, role)?;
    let attests = attests.clone().unwrap_or_default();
    let clause = match rules.paths.iter().find(|path| !path.is_applied_for()) {
        Some(path) => nominating_along(scene, unit, path)?,
        None => nominating_for_decision(scene, unit, role)?,
    };
    if paths::same_human(scene.state, scene.by(), person, scene.at()) {
        return Err(Reason::SelfNomination { person: person.to_string() }.under(&clause));
    }
    scene.require_enrolled(person)?;
    scene.require_account(unit)?;
    if let Some(path) = rules.paths.iter().find(|path| !path.is_applied_for()) {
        if scene.holds(unit, role, person).is_some() {
            let (unit, role, person) = (unit.to_string(), role.to_string(), person.to_string());
            return Err(Reason::AlreadyHeld { unit, role, person }.under(&path.clause));
        }
        paths::require_criteria(path, &attests)?;
    } else {
        require_nominee(scene, unit, role, person)?;
    }
    require_no_duplicate(scene, unit, role, person)?;
    let nomination = Nomination {
        cause: scene.cause.clone(),
        unit: unit.clone(),
        role: role.clone(),
        person: person.clone(),
        statement: statement.clone(),
        clause,
        applied: false,
        attests,
        accepted: None,
        spent: None,
        withdrawn: None,
    };
    Ok(vec![ProposalChange::Nominated(nomination).into(), concerns(person)])
}

/// DEV-R8, DEV-M11: the author holds a role whose nominations the path counts.
fn nominating_along(scene: &Scene<'_>, unit: &UnitId, path: &Path) -> Result<Clause, Refusal> {
    let held = path.nominations.iter().find(|limb| scene.holds(unit, &limb.from, scene.by()).is_some());
    if let Some(limb) = held {
        return Ok(limb.clause.clone());
    }
    let clause = path.nominations.first().map_or(&path.clause, |limb| &limb.clause);
    let roles: Vec<_> = path.nominations.iter().map(|limb| limb.from.to_string()).collect();
    let (person, unit, role) = (scene.by().to_string(), unit.to_string(), roles.join(" or "));
    Err(Reason::NotNominator { person, unit, role }.under(clause))
}

/// PMC-15, PMC-17, PMC-18: the author holds the role that the charter names for this time in the unit's life.
fn nominating_for_decision(scene: &Scene<'_>, unit: &UnitId, role: &Name) -> Result<Clause, Refusal> {
    let rules = scene.role(unit, role)?;
    let Some(nominator) = nominator_now(scene, unit, rules)? else {
        let what = format!("nobody is nominated for `{role}` in `{unit}`");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    };
    let home = nominator.unit.as_ref().unwrap_or(unit);
    if scene.holds(home, &nominator.role, scene.by()).is_none() {
        let (person, unit, role) = (scene.by().to_string(), home.to_string(), nominator.role.to_string());
        return Err(Reason::NotNominator { person, unit, role }.under(&nominator.clause));
    }
    Ok(nominator.clause.clone())
}

fn nominator_now<'a>(scene: &Scene<'a>, unit: &UnitId, rules: &'a Role) -> Result<Option<&'a Nominator>, Refusal> {
    let constituted = scene.unit(unit)?.constituted.is_some();
    let now = || rules.nominated_by.iter().filter(|nominator| nominator.phase.holds(constituted));
    let holds = |nominator: &&Nominator| {
        scene.holds(nominator.unit.as_ref().unwrap_or(unit), &nominator.role, scene.by()).is_some()
    };
    // Of several who may nominate, the rule under which the author does is the one that counts.
    Ok(now().find(holds).or_else(|| now().next()))
}

/// PMC-18: the nominee holds some role in what belongs together with the unit, where the charter asks for that.
fn require_nominee(scene: &Scene<'_>, unit: &UnitId, role: &Name, person: &Handle) -> Result<(), Refusal> {
    let Some(nominator) = nominator_now(scene, unit, scene.role(unit, role)?)? else { return Ok(()) };
    if nominator.nominee_in.is_empty() {
        return Ok(());
    }
    let recorded = nominator.nominee_in.iter().filter_map(|kind| kin::kin(scene.state, unit, kind)).any(|home| {
        let roles = scene.state.roster().tenures_in(home);
        let mut held = roles.filter(|(_, _, tenures)| tenures.iter().any(|t| t.holds(scene.at())));
        held.any(|(_, holder, _)| scene.state.people().speaks_for(person, holder, scene.at()))
    });
    if recorded {
        return Ok(());
    }
    let kinds: Vec<_> = nominator.nominee_in.iter().map(|kind| format!("a role in its `{kind}`")).collect();
    let (person, unit, role) = (person.to_string(), unit.to_string(), role.to_string());
    let ways = format!("that needs {}", kinds.join(" or "));
    Err(Reason::NotACandidate { person, unit, role, ways }.under(&nominator.clause))
}

/// A set keyed by nominee, role, unit and nominator (trap C12).
fn require_no_duplicate(scene: &Scene<'_>, unit: &UnitId, role: &Name, person: &Handle) -> Result<(), Refusal> {
    // One made under a tenure that has ended counts for nothing and stands in nobody's way.
    let limbs = || scene.role(unit, role).into_iter().flat_map(|rules| &rules.paths).flat_map(|path| &path.nominations);
    let counts = |nomination: &Nomination| {
        let seated = |from: &Name| scene.holds(unit, from, scene.by()).map(Tenure::seated);
        let under = |from: &Name| seated(from).is_some_and(|seated| seated.entry < nomination.cause.entry);
        limbs().next().is_none() || limbs().any(|limb| under(&limb.from))
    };
    let mut standing = scene.state.proposals().standing(unit, role, person);
    match standing.find(|(_, nomination)| nomination.cause.by == *scene.by() && counts(nomination)) {
        Some((event, _)) => {
            Err(Reason::DuplicateNomination { event: event.to_string() }.under(&scene.role(unit, role)?.clause))
        }
        None => Ok(()),
    }
}

/// Somebody applies: for a body to decide (PMC-19), or along a path whose conditions are tested at once or, where others
/// must vouch, when the grant is entered (DEV-C3, USR-A1, USR-C1, USR-U1).
pub(super) fn apply(scene: &Scene<'_>, act: &Apply) -> Changes {
    let Apply { unit, role, person, statement, evidence: _ } = act;
    let rules = scene.role(unit, role)?;
    let person = person.as_ref().unwrap_or(scene.by());
    if !scene.state.people().speaks_for(scene.by(), person, scene.at()) {
        let (person, organisation) = (scene.by().to_string(), person.to_string());
        return Err(Reason::NotRepresentative { person, organisation }.by_format("author"));
    }
    let path = rules.paths.iter().find(|path| path.is_applied_for());
    if path.is_none() && rules.applicants.is_empty() {
        let what = format!("nobody applies for `{role}` in `{unit}`");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    }
    if let Some(misfit) = super::seats::misfit(scene.state, role, rules, person) {
        return Err(misfit);
    }
    if scene.state.roster().tenure_at(unit, role, person, scene.at()).is_some() {
        let (unit, role, person) = (unit.to_string(), role.to_string(), person.to_string());
        return Err(Reason::AlreadyHeld { unit, role, person }.under(&rules.clause));
    }
    if let Some((event, _)) = scene.state.proposals().standing(unit, role, person).find(|(_, n)| n.applied) {
        return Err(Reason::DuplicateNomination { event: event.to_string() }.under(&rules.clause));
    }
    let application = Nomination {
        cause: scene.cause.clone(),
        unit: unit.clone(),
        role: role.clone(),
        person: person.clone(),
        statement: statement.clone(),
        clause: rules.clause.clone(),
        applied: true,
        attests: Vec::new(),
        accepted: None,
        spent: None,
        withdrawn: None,
    };
    let mut changes: Vec<Change> = vec![ProposalChange::Nominated(application).into(), concerns(person)];
    match path {
        Some(path) => {
            let said = statement.as_ref().is_some_and(|text| !text.as_str().trim().is_empty());
            if let Some(clause) = path.statement.as_ref().filter(|_| !said) {
                return Err(Reason::StatementMissing { role: role.to_string() }.under(clause));
            }
            let way = Way { unit, role, person, path };
            if path.vouched.is_none() && path.recorded_by.is_none() {
                changes.extend(paths::entitle(scene, &way)?);
            }
        }
        None => super::motions::require_applicant(scene, unit, role, person, scene.at())?,
    }
    Ok(changes)
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
        if nomination.applied {
            return Err(not_open("it is an application, and whoever applies has accepted"));
        }
        if nomination.spent.is_some() {
            return Err(not_open("the person has come into the role since"));
        }
        if nomination.accepted.is_some() {
            return Err(not_open("it has been accepted"));
        }
        let (unit, role, person) = (&nomination.unit, &nomination.role, &nomination.person);
        if let Some(path) = scene.role(unit, role)?.paths.iter().find(|path| !path.is_applied_for()) {
            return claim(scene, &Way { unit, role, person, path });
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
    roles::claiming(scene, unit, role, person)
}

/// DEV-M11: the acceptance is the claim; every nomination that it rests on is accepted with it.
fn claim(scene: &Scene<'_>, way: &Way<'_>) -> Changes {
    let waiting = scene.state.proposals().entitlements_of(way.person).find(|(_, known)| {
        let open = known.applied.is_none() && known.withdrawn.is_none();
        open && (&known.unit, &known.role, &known.person) == (way.unit, way.role, way.person)
    });
    if let Some((event, _)) = waiting {
        return Err(Reason::DuplicateNomination { event: event.to_string() }.under(&way.path.clause));
    }
    let mut changes = paths::entitle(scene, way)?;
    let counted = paths::met(scene, way)?;
    let nominations = counted.into_iter().filter(|event| scene.state.proposals().nomination(event).is_some());
    changes.extend(nominations.map(|nomination| ProposalChange::Accepted { nomination }.into()));
    Ok(changes)
}

/// Trap C11: the nominator holds the role when the nominee accepts.
fn require_nominator(scene: &Scene<'_>, nomination: &Nomination) -> Result<(), Refusal> {
    let Nomination { cause, unit, role, clause, .. } = nomination;
    let rules = scene.role(unit, role)?;
    let nominator = rules.nominated_by.iter().find(|nominator| nominator.clause == *clause);
    let Some(nominator) = nominator else {
        let what = format!("nobody nominates for `{role}` in `{unit}` as was done then");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    };
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
            let used = nomination.accepted.as_ref().filter(|_| is_claimed(scene, nomination));
            let gone = nomination.withdrawn.is_some().then_some("it was withdrawn");
            let gone = gone.or(nomination.spent.map(|_| "the person has come into the role since"));
            let gone = gone.or(used.map(|_| "the nominee has accepted it, and the role is earned"));
            (&nomination.cause.by, gone, ProposalChange::Withdrawn { event: *event }.into())
        } else if let Some((author, gone)) = entitled(scene, event) {
            (author, gone, ProposalChange::Withdrawn { event: *event }.into())
        } else if let Some((author, gone)) = recorded(scene, event) {
            let gone = gone.then_some("it was withdrawn");
            (author, gone, RecordChange::Withdrawn { event: *event }.into())
        } else if let Some(proposal) = scene.state.proposals().proposal(event)
            && (!matches!(proposal.what, Proposed::RebindKey { .. }) || proposal.signers.contains_key(scene.by()))
        {
            let stood = proposal.stood.as_ref().map(|_| "it stands already");
            let gone = proposal.withdrawn.as_ref().map(|_| "it was withdrawn").or(stood);
            // Whoever signed another's proposal takes back that signature and no more.
            if proposal.cause.by != *scene.by() && proposal.signers.contains_key(scene.by()) {
                (scene.by(), gone, ProposalChange::Unsigned { proposal: *event }.into())
            } else {
                (&proposal.cause.by, gone, ProposalChange::Withdrawn { event: *event }.into())
            }
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

/// A nomination along a path is spent once it has been accepted; one that a body decides on can be taken back.
fn is_claimed(scene: &Scene<'_>, nomination: &Nomination) -> bool {
    let paths = scene.role(&nomination.unit, &nomination.role).map(|role| &role.paths);
    paths.is_ok_and(|paths| !paths.is_empty())
}

/// A claim that has not led to the role yet: who made it, and why it cannot be given up.
fn entitled<'a>(scene: &Scene<'a>, event: &EventId) -> Option<(&'a Handle, Option<&'static str>)> {
    let claim = scene.state.proposals().entitled_by(event)?;
    let gone = claim.applied.map(|_| "the role has been entered");
    Some((&claim.cause.by, gone.or(claim.withdrawn.as_ref().map(|_| "it was withdrawn"))))
}

/// A contribution, attestation or record: its author, and whether it has been withdrawn.
fn recorded<'a>(scene: &Scene<'a>, event: &EventId) -> Option<(&'a Handle, bool)> {
    let records = scene.state.records();
    let contribution = records.contribution(event).map(|known| (&known.cause.by, known.withdrawn.is_some()));
    let record = || records.record(event).map(|known| (&known.cause.by, known.withdrawn.is_some()));
    let attestation = || records.attestation(event).map(|known| (&known.cause.by, known.withdrawn.is_some()));
    contribution.or_else(record).or_else(attestation)
}
