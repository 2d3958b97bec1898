//! Forge accounts: claimed by a person, confirmed by somebody else who saw the forge show the person's statement, given up
//! by the person (trap C17). What needs an account says so in the charter: one human, one voice.

use super::{Changes, Scene, authority, concerns, kin, paths};
use crate::act::{ClaimAccount, ReleaseAccount, VerifyAccount};
use crate::charter::AccountRules;
use crate::name::{Handle, Name, UnitId};
use crate::refusal::{Reason, Refusal};
use crate::state::accounts::{AccountChange, AccountId};
use crate::state::authority::Proposed;
use crate::time::Timestamp;

const RULE: &str = "accounts";

/// A login as forges write one: no spaces, and nothing that would end a line or a list in a file of theirs.
fn is_login(login: &str) -> bool {
    let first = login.starts_with(|c: char| c.is_ascii_alphanumeric());
    first && login.len() <= 100 && login.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
}

/// The author claims an account, or says that the login of one has changed.
pub(super) fn claim(scene: &Scene<'_>, act: &ClaimAccount) -> Changes {
    let ClaimAccount { forge, account, login, page: _ } = act;
    if *account == 0 || !is_login(login.as_str()) || !is_login(forge.as_str()) {
        let what = format!("not a login with its number on a forge: `{}`, {account}, `{forge}`", login.as_str());
        return Err(Reason::NotAnAccount { what }.by_format(RULE));
    }
    let account = AccountId::new(forge, *account);
    require_free(scene, &account, scene.by())?;
    Ok(vec![AccountChange::Claimed { account, login: login.clone() }.into()])
}

/// One account, one person at a time; and one account of a person on a forge.
fn require_free(scene: &Scene<'_>, account: &AccountId, person: &Handle) -> Result<(), Refusal> {
    let accounts = scene.state.accounts();
    if let Some(owner) = accounts.owner(account).filter(|owner| *owner != person) {
        let (account, person) = (account.to_string(), owner.to_string());
        return Err(Reason::AccountTaken { account, person }.by_format(RULE));
    }
    let mut own = accounts.of(person).filter(|(known, _)| known.forge == account.forge && *known != account);
    match own.next() {
        Some((known, _)) => {
            let (person, account) = (person.to_string(), known.to_string());
            Err(Reason::AccountHeld { person, account }.by_format(RULE))
        }
        None => Ok(()),
    }
}

/// Somebody else, whom the charter trusts to look, confirms that the forge shows the person's signed statement.
pub(super) fn verify(scene: &Scene<'_>, act: &VerifyAccount) -> Changes {
    let VerifyAccount { event, digest } = act;
    let not_open = |why: &str| {
        let (event, why) = (event.to_string(), why.to_owned());
        Reason::NotOpenTo { act: "verify-account".to_owned(), event, why }.by_format(RULE)
    };
    let claim = scene.state.accounts().claim(event).ok_or_else(|| not_open("it claims no account"))?;
    let person = &claim.cause.by;
    if claim.verified.is_some() {
        return Err(not_open("it is confirmed already"));
    }
    let newer = |claimed: &&crate::state::accounts::AccountClaim| {
        claimed.cause.by == *person && claim.cause.entry < claimed.cause.entry
    };
    if scene.state.accounts().claims_of(&claim.account).any(|(_, claimed)| newer(&claimed)) {
        return Err(not_open("its author has claimed the account anew since"));
    }
    require_checker(scene, person)?;
    require_free(scene, &claim.account, person)?;
    Ok(vec![AccountChange::Verified { claim: *event, digest: *digest }.into(), concerns(person)])
}

fn require_checker(scene: &Scene<'_>, person: &Handle) -> Result<(), Refusal> {
    let rules = scene.charter.accounts();
    let clause = rules.map_or(&scene.charter.authority().clause, |rules| &rules.clause);
    if paths::same_human(scene.state, scene.by(), person, scene.at()) {
        return Err(Reason::OwnWork { person: person.to_string() }.under(clause));
    }
    let seats = rules.map_or(&[][..], |rules| rules.checked_by.as_slice());
    let sits = seats.iter().any(|seat| {
        let homes = scene.state.roster().units().filter(|(_, unit)| seat.kind.as_ref() == Some(&unit.kind));
        let bare = crate::charter::roles::Seat { kind: None, role: seat.role.clone() };
        homes.into_iter().any(|(home, _)| kin::is_seated(scene.state, home, &bare, scene.by(), scene.at()))
    });
    if sits || scene.state.authority().persons.contains(scene.by()) {
        return Ok(());
    }
    let words = if seats.is_empty() { String::new() } else { format!(" or {}", kin::words(seats)) };
    let seats = format!("a person of the authority{words}");
    Err(Reason::NotSeated { person: scene.by().to_string(), seats }.under(clause))
}

/// The author gives an account up, or the authority takes one that was bound to the wrong person.
pub(super) fn release(scene: &Scene<'_>, act: &ReleaseAccount) -> Changes {
    let account = AccountId::new(&act.forge, act.account);
    match scene.state.accounts().owner(&account) {
        Some(owner) if owner == scene.by() => Ok(vec![AccountChange::Released { account }.into()]),
        // What was confirmed wrongly is undone by the authority.
        Some(_) if scene.require_authority().is_ok() => authority::propose(scene, Proposed::ReleaseAccount { account }),
        Some(_) | None => {
            let (person, account) = (scene.by().to_string(), account.to_string());
            Err(Reason::AccountNotYours { person, account }.by_format(RULE))
        }
    }
}

/// The authority's threshold has signed.
pub(super) fn released(scene: &Scene<'_>, account: &AccountId) -> Changes {
    if let Some(owner) = scene.state.accounts().owner(account) {
        return Ok(vec![AccountChange::Released { account: account.clone() }.into(), concerns(owner)]);
    }
    let (person, account) = (scene.by().to_string(), account.to_string());
    Err(Reason::AccountNotYours { person, account }.by_format(RULE))
}

impl Scene<'_> {
    /// What the charter says of accounts, where people in this unit need one.
    fn accounts_in(&self, unit: &UnitId) -> Result<Option<&AccountRules>, Refusal> {
        let kind = &self.unit(unit)?.kind;
        Ok(self.charter.accounts().filter(|rules| rules.needed_in.contains(kind)))
    }

    /// The author has a bound account, where the charter asks for one: whoever nominates and attests is one human.
    pub(super) fn require_account(&self, unit: &UnitId) -> Result<(), Refusal> {
        let Some(rules) = self.accounts_in(unit)? else { return Ok(()) };
        if self.state.accounts().of(self.by()).next().is_some() {
            return Ok(());
        }
        Err(Reason::AccountMissing { person: self.by().to_string() }.under(&rules.clause))
    }

    /// A contribution names its author's account, which was nobody else's when it was merged (trap C16).
    pub(super) fn require_authorship(
        &self,
        (unit, person): (&UnitId, &Handle),
        (forge, number): (&Name, Option<u64>),
        merged: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(rules) = self.accounts_in(unit)? else { return Ok(()) };
        let Some(number) = number else {
            return Err(Reason::AccountMissing { person: person.to_string() }.under(&rules.clause));
        };
        let account = AccountId::new(forge, number);
        let accounts = self.state.accounts();
        let owner = accounts.author(&account, merged);
        match owner.filter(|owner| *owner != person) {
            Some(owner) => {
                let (account, person) = (account.to_string(), owner.to_string());
                Err(Reason::AccountTaken { account, person }.under(&rules.clause))
            }
            None => Ok(()),
        }
    }
}
