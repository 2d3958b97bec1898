//! Contributions, attestations, records, consents and claims: evidence by those who may give it, and nothing decided.

use super::kin::words;
use super::paths;
use super::{Changes, Scene, concerns};
use crate::act::{Attest, Claim, Consent, Contribution as ContributionAct, Fulfil, Record as RecordAct};
use crate::charter::Clause;
use crate::charter::records::{About, BenefitKind, RecordRule, Seeding};
use crate::charter::roles::Seat;
use crate::digest::EventId;
use crate::name::{Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::motions::MotionChange;
use crate::state::records::{Contribution, Identity, Record, RecordChange};

/// Trap C16: a contribution is one forge, repository and number, and has one author.
pub(super) fn contribution(scene: &Scene<'_>, act: &ContributionAct) -> Changes {
    let ContributionAct { unit, person, forge, repository, number, merged, account, digest } = act.clone();
    let kind = scene.kind(&unit)?;
    if kind.attestations.is_empty() {
        let what = format!("`{unit}` counts no contributions");
        return Err(Reason::NoPath { what }.under(&kind.clause));
    }
    scene.require_known(&person)?;
    scene.require_authorship((&unit, &person), (&forge, account), merged)?;
    if scene.at() < merged {
        let (time, at) = (merged.to_string(), scene.at().to_string());
        return Err(Reason::TimeUnfit { what: "a contribution counts once it is merged".to_owned(), time, at }
            .under(&kind.clause));
    }
    if number == 0 {
        let (what, time, at) =
            ("a pull request has a number from 1 on".to_owned(), merged.to_string(), scene.at().to_string());
        return Err(Reason::TimeUnfit { what, time, at }.under(&kind.clause));
    }
    // Until somebody attests one, two persons may record the same contribution, so that nobody can squat on another's.
    let key = Contribution::identity(&forge, &repository, number);
    let taken = |event: &EventId, known: &Contribution| known.person == person || is_attested(scene, event);
    let mut known = same_contributions(scene, &key);
    if let Some((event, _)) = known.find(|(event, known)| taken(event, known)) {
        return Err(Reason::ContributionKnown { event: event.to_string() }.under(&kind.clause));
    }
    let contribution = Contribution {
        cause: scene.cause.clone(),
        unit,
        person: person.clone(),
        forge,
        repository,
        number,
        merged,
        account,
        digest,
        withdrawn: None,
    };
    Ok(vec![RecordChange::Contributed(contribution).into(), concerns(&person)])
}

/// Records of one contribution that stand.
fn same_contributions<'a>(
    scene: &Scene<'a>,
    identity: &Identity,
) -> impl Iterator<Item = (&'a EventId, &'a Contribution)> {
    scene.state.records().same(identity).filter(|(_, known)| known.withdrawn.is_none())
}

fn is_attested(scene: &Scene<'_>, event: &EventId) -> bool {
    scene.state.records().attestations(event).iter().any(|attested| attested.withdrawn.is_none())
}

/// Of two records of one contribution, one can be attested.
fn require_one_author(scene: &Scene<'_>, event: &EventId, clause: &Clause) -> Result<(), Refusal> {
    let Some(own) = scene.state.records().contribution(event) else { return Ok(()) };
    let key = Contribution::identity(&own.forge, &own.repository, own.number);
    let mut others = same_contributions(scene, &key).filter(|(other, _)| *other != event);
    let used = |other: &EventId| scene.state.proposals().is_rested_on(other);
    match others.find(|(other, _)| is_attested(scene, other) || used(other)) {
        Some((other, _)) => Err(Reason::ContributionKnown { event: other.to_string() }.under(clause)),
        None => Ok(()),
    }
}

/// DEV-R7, DEV-C3, USR-C1: who may attest a criterion does, of somebody else's work or application.
pub(super) fn attest(scene: &Scene<'_>, act: &Attest) -> Changes {
    let Attest { event, criterion, note } = act.clone();
    let (unit, person) = attestable(scene, &event)?;
    let kind = scene.kind(&unit)?;
    let Some(rule) = kind.attestations.get(&criterion) else {
        let what = format!("nobody attests `{criterion}` in `{unit}`");
        return Err(Reason::NoPath { what }.under(&kind.clause));
    };
    let applicant = scene.state.proposals().nomination(&event).map(|application| &application.cause.by);
    let represented = scene.state.people().organisation(&person).is_some_and(|o| o.mandates.contains_key(scene.by()));
    let own = applicant.is_some_and(|applicant| paths::same_human(scene.state, scene.by(), applicant, scene.at()))
        || represented
        || paths::same_human(scene.state, scene.by(), &person, scene.at());
    if own {
        return Err(Reason::OwnWork { person: scene.by().to_string() }.under(&rule.clause));
    }
    require_one_author(scene, &event, &rule.clause)?;
    let seeding = rule.seeding.iter().find(|seeding| is_seeding(scene, &unit, seeding));
    let seats: Vec<Seat> = rule.by.iter().chain(seeding.map(|seeding| &seeding.by)).cloned().collect();
    if !scene.sits_in(&unit, &seats) {
        let clause = if seeding.is_some() { seeding.map_or(&rule.clause, |s| &s.clause) } else { &rule.clause };
        return Err(Reason::NotSeated { person: scene.by().to_string(), seats: words(&seats) }.under(clause));
    }
    scene.require_account(&unit)?;
    let again = scene
        .state
        .records()
        .attestations(&event)
        .iter()
        .any(|known| known.criterion == criterion && known.cause.by == *scene.by() && known.withdrawn.is_none());
    if again {
        let (event, person) = (event.to_string(), scene.by().to_string());
        return Err(Reason::AlreadyEndorsed { event, person }.under(&rule.clause));
    }
    Ok(vec![RecordChange::Attested { event, criterion, note }.into(), concerns(&person)])
}

/// What can be attested: a contribution, or an application that stands.
fn attestable(scene: &Scene<'_>, event: &EventId) -> Result<(UnitId, crate::name::Handle), Refusal> {
    let contribution = scene.state.records().contribution(event).filter(|known| known.withdrawn.is_none());
    if let Some(contribution) = contribution {
        return Ok((contribution.unit.clone(), contribution.person.clone()));
    }
    let application = scene.state.proposals().nomination(event).filter(|n| n.applied && n.withdrawn.is_none());
    let none = || {
        let (event, why) =
            (event.to_string(), "it is neither a contribution nor an application that stands".to_owned());
        Reason::NotOpenTo { act: "attest".to_owned(), event, why }.by_format("attest")
    };
    application.map(|application| (application.unit.clone(), application.person.clone())).ok_or_else(none)
}

/// DEV-SEED: fewer hold the role than the charter asks for.
fn is_seeding(scene: &Scene<'_>, unit: &UnitId, seeding: &Seeding) -> bool {
    let held = scene.state.roster().holders(unit, &seeding.role, scene.at()).filter(|(_, t)| !t.is_asserted()).count();
    super::meeting::count(held) < seeding.below
}

/// Whoever the charter names puts a record of a kind that it names.
pub(super) fn record(scene: &Scene<'_>, act: &RecordAct) -> Changes {
    let RecordAct { unit, kind: name, event, person, statement, facts, links, digest } = act.clone();
    let kind = scene.kind(&unit)?;
    let Some(rule) = kind.records.get(&name) else {
        let known: Vec<_> = kind.records.keys().map(ToString::to_string).collect();
        return Err(Reason::UnknownRecord { kind: name.to_string(), known: known.join(", ") }.under(&kind.clause));
    };
    let clause = rule.clauses.first().unwrap_or(&kind.clause);
    if !scene.sits_in(&unit, &rule.by) {
        return Err(Reason::NotSeated { person: scene.by().to_string(), seats: words(&rule.by) }.under(clause));
    }
    require_complete(rule, act, clause)?;
    require_about(scene, rule, act, clause)?;
    let mut changes = Vec::new();
    if let Some(person) = &person {
        scene.require_known(person)?;
        changes.push(concerns(person));
    }
    let record = Record {
        cause: scene.cause.clone(),
        unit,
        kind: name,
        event,
        person,
        statement,
        facts: facts.unwrap_or_default(),
        links: links.unwrap_or_default(),
        digest,
        withdrawn: None,
    };
    changes.extend(mention(scene, &record));
    changes.push(RecordChange::Recorded(record).into());
    Ok(changes)
}

/// A record that mentions a member in an open vote, where the vote's rule counts mentions.
fn mention(scene: &Scene<'_>, record: &Record) -> Option<crate::state::change::Change> {
    let (event, person) = (record.event?, record.person.clone()?);
    let vote = scene.state.motions().vote(&event).filter(|vote| !vote.is_decided(scene.at()))?;
    let decision = super::basis::decision_of(scene.state, scene.state.motions().get(&vote.motion)?)?;
    let counts = decision.lapse.as_ref().is_some_and(|lapse| lapse.record == record.kind);
    (counts && vote.electors.contains(&person)).then(|| MotionChange::Mentioned { vote: event, person }.into())
}

fn require_complete(rule: &RecordRule, act: &RecordAct, clause: &Clause) -> Result<(), Refusal> {
    let stated = |name: &Name| act.facts.iter().flatten().any(|note| note.name == *name);
    let mut missing: Vec<String> =
        rule.facts.iter().filter(|name| !stated(name)).map(|n| format!("fact `{n}`")).collect();
    if rule.digest && act.digest.is_none() {
        missing.push("`digest`".to_owned());
    }
    let event = matches!(rule.about, Some(About::Meeting | About::Sitting | About::Notice | About::Event));
    if event && act.event.is_none() {
        missing.push("`event`".to_owned());
    }
    if rule.about == Some(About::Person) && act.person.is_none() {
        missing.push("`person`".to_owned());
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Reason::RecordIncomplete { kind: act.kind.to_string(), missing: missing.join(", ") }.under(clause))
}

/// A record about a meeting is by somebody who was there; one about a holder names one.
fn require_about(scene: &Scene<'_>, rule: &RecordRule, act: &RecordAct, clause: &Clause) -> Result<(), Refusal> {
    if let (Some(role), Some(person)) = (&rule.holder, &act.person)
        && scene.holds(&act.unit, role, person).is_none_or(|tenure| tenure.suspended.is_some())
    {
        let (unit, role, person) = (act.unit.to_string(), role.to_string(), person.to_string());
        return Err(Reason::NotInOffice { unit, role, person }.under(clause));
    }
    let (Some(about @ (About::Meeting | About::Sitting | About::Notice)), Some(event)) = (rule.about, &act.event)
    else {
        return Ok(());
    };
    let meeting = scene.state.meetings().get(event).filter(|meeting| meeting.terms.unit == act.unit);
    let Some(meeting) = meeting else {
        return Err(Reason::NotAMeeting { event: event.to_string() }.under(clause));
    };
    let (entitled, who) = match about {
        About::Sitting => (meeting.presider.as_ref() == Some(scene.by()), "whoever presided"),
        About::Notice => (meeting.notice.by == *scene.by(), "whoever gave the notice"),
        About::Meeting => (meeting.attended(scene.by()), "whoever attended"),
        About::Event | About::Person => (true, ""),
    };
    if entitled {
        return Ok(());
    }
    Err(Reason::NotSeated { person: scene.by().to_string(), seats: who.to_owned() }.under(clause))
}

/// DEV-M15: whoever holds, or has held, a role says whether its public list may name them; the last word counts.
pub(super) fn consent(scene: &Scene<'_>, act: &Consent) -> Changes {
    let Consent { unit, role, listing } = act.clone();
    let kind = scene.kind(&unit)?;
    let rules = scene.role(&unit, &role)?;
    let lists = kind.benefits_of(&role).find(|(_, benefit)| benefit.kind == BenefitKind::Listing);
    let Some((_, benefit)) = lists else {
        let what = format!("no list names holders of `{role}` in `{unit}`");
        return Err(Reason::NoPath { what }.under(&rules.clause));
    };
    let mut holders = scene.state.roster().ever(&unit, &role);
    if !holders.any(|(holder, _)| scene.state.people().speaks_for(scene.by(), holder, scene.at())) {
        let (unit, role, person) = (unit.to_string(), role.to_string(), scene.by().to_string());
        return Err(Reason::NotHeld { unit, role, person }.under(&benefit.clause));
    }
    let last = scene.state.records().consent(&unit, &role, scene.by());
    if last.is_some_and(|(last, _)| *last == listing) {
        let what = format!("consent is {listing} already");
        return Err(Reason::NoPath { what }.under(&benefit.clause));
    }
    Ok(vec![RecordChange::Consented { unit, role, listing }.into()])
}

/// DEV-M19: a holder claims what the role brings, once per person.
pub(super) fn claim(scene: &Scene<'_>, act: &Claim) -> Changes {
    let Claim { unit, benefit: name } = act.clone();
    let kind = scene.kind(&unit)?;
    let Some(benefit) = kind.benefits.get(&name).filter(|benefit| benefit.kind == BenefitKind::Claim) else {
        let known: Vec<_> = kind.benefits.iter().filter(|(_, b)| b.kind == BenefitKind::Claim).collect();
        let known: Vec<_> = known.into_iter().map(|(name, _)| name.to_string()).collect();
        let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
        let what = format!("`{name}` is not claimed in `{unit}`; what is: {known}");
        return Err(Reason::NoPath { what }.under(&kind.clause));
    };
    let entitled = scene.state.roster().roles_of(&unit, scene.by(), scene.at()).into_iter().any(|role| {
        scene.holds(&unit, role, scene.by()).is_some() && kind.benefits_of(role).any(|(own, _)| *own == name)
    });
    if !entitled {
        let roles: Vec<_> = benefit.roles.iter().map(ToString::to_string).collect();
        let (unit, role, person) = (unit.to_string(), roles.join(" or "), scene.by().to_string());
        return Err(Reason::NotInOffice { unit, role, person }.under(&benefit.clause));
    }
    if let Some((event, _)) = scene.state.records().claimed(&unit, &name, scene.by()) {
        return Err(Reason::AlreadyClaimed { event: event.to_string() }.under(&benefit.clause));
    }
    Ok(vec![RecordChange::Claimed { unit, benefit: name }.into()])
}

/// Whoever the charter names records that a claim was fulfilled, once.
pub(super) fn fulfil(scene: &Scene<'_>, act: &Fulfil) -> Changes {
    let not_open = |why: &str| {
        let (event, why) = (act.event.to_string(), why.to_owned());
        Reason::NotOpenTo { act: "fulfil".to_owned(), event, why }.by_format("claim")
    };
    let claim = scene.state.records().claim(&act.event).ok_or_else(|| not_open("it is no claim of a benefit"))?;
    if claim.fulfilled.is_some() {
        return Err(not_open("it has been fulfilled"));
    }
    let benefit = scene.kind(&claim.unit)?.benefits.get(&claim.benefit);
    let benefit = benefit.ok_or_else(|| not_open("the charter no longer knows the benefit"))?;
    if !scene.sits_in(&claim.unit, &benefit.fulfilled_by) {
        let (person, seats) = (scene.by().to_string(), words(&benefit.fulfilled_by));
        return Err(Reason::NotSeated { person, seats }.under(&benefit.clause));
    }
    Ok(vec![RecordChange::Fulfilled { claim: act.event }.into(), concerns(&claim.cause.by)])
}
