//! What roles are good for outside: OWNERS, CODEOWNERS, MAINTAINERS.md, a contributors page, partners, a public roster.
//!
//! Lists of accounts follow the rights that roles bring and never depend on consent; lists of names name those who may be
//! named. Every export is the same text for the same state, so that a check can tell drift from noise.

use std::collections::BTreeMap;
use std::fmt::Write;

use rollcall_core::charter::Charter;
use rollcall_core::charter::records::BenefitKind;
use rollcall_core::listing::{Holder, holders, with_benefit};
use rollcall_core::name::{Handle, UnitId};
use rollcall_core::state::State;
use rollcall_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;

/// What an export looks at.
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) charter: &'a Charter,
    pub(crate) unit: Option<&'a UnitId>,
    pub(crate) at: Timestamp,
}

/// One line of an accounts file: a person's account on a forge. The number is the identity, the login a label.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountLine {
    person: Handle,
    forge: String,
    id: String,
    login: String,
}

/// Accounts on one forge, by person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts(BTreeMap<Handle, (String, String)>);

impl Accounts {
    /// Reads an accounts file: JSON Lines; a later line of the same person and number renames the login.
    pub(crate) fn parse(text: &str, forge: &str) -> Result<Self, Failure> {
        let mut accounts = Self::default();
        let mut owners: BTreeMap<String, Handle> = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let fault = |what: String| Failure::input(format!("accounts file, line {number}: {what}"));
            let line: AccountLine = serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
            let AccountLine { person, forge: own, id, login } = line;
            if own != forge {
                continue;
            }
            let plain = |text: &str| {
                let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
                first && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
            };
            if !plain(&login) || !plain(&id) {
                return Err(fault(format!("not a login with its number: `{login}`, `{id}`")));
            }
            if let Some(owner) = owners.get(&id).filter(|owner| **owner != person) {
                return Err(fault(format!("the account {id} belongs to `{owner}` already")));
            }
            if let Some((other, _)) = accounts.0.get(&person).filter(|(other, _)| *other != id) {
                return Err(fault(format!("`{person}` has the account {other} on this forge already, and now {id}")));
            }
            let lower = login.to_lowercase();
            let taken =
                accounts.0.iter().find(|(owner, (_, known))| **owner != person && known.to_lowercase() == lower);
            if let Some((owner, _)) = taken {
                return Err(fault(format!("the login `{login}` is that of `{owner}`")));
            }
            owners.insert(id.clone(), person.clone());
            accounts.0.insert(person, (id, login));
        }
        Ok(accounts)
    }

    /// The accounts that the ledger knows on a forge. One whose login has gone to another account is left out.
    pub(crate) fn bound(state: &State, forge: &str) -> Self {
        let on_forge = state.accounts().iter().filter(|(account, _)| account.forge == forge.to_lowercase());
        let named = on_forge.filter_map(|(account, binding)| {
            let login = binding.login.as_ref()?.as_str().to_owned();
            Some((binding.person.clone(), (account.number.to_string(), login)))
        });
        Self(named.collect())
    }

    /// The accounts of people, and who of them has none.
    fn of<'a>(&self, people: &[&'a Handle]) -> (Vec<&(String, String)>, Vec<&'a Handle>) {
        let known = people.iter().filter_map(|person| self.0.get(*person)).collect();
        let missing = people.iter().filter(|person| !self.0.contains_key(**person)).copied().collect();
        (known, missing)
    }
}

impl View<'_> {
    fn project(&self) -> Result<&UnitId, Failure> {
        self.unit.ok_or_else(|| Failure::usage("which project? name it with `--unit`").hint("rollcall roster"))
    }

    fn mark(&self, comment: &str) -> String {
        let ledger = self.state.founding().map(|founding| founding.ledger.to_string()).unwrap_or_default();
        format!("{comment} Made by `rollcall export` from the ledger {ledger}; edits will be lost.")
    }

    /// People of the project with a right, by account.
    fn rights(&self, kind: BenefitKind, accounts: &Accounts) -> Result<Rights, Failure> {
        let people = with_benefit(self.state, self.charter, self.project()?, kind, self.at);
        let (known, missing) = accounts.of(&people);
        let missing = missing.into_iter().cloned().collect();
        Ok(Rights { accounts: known.into_iter().cloned().collect(), missing })
    }

    fn named(&self) -> Vec<Holder<'_>> {
        let all = holders(self.state, self.charter, self.at);
        all.into_iter().filter(|holder| self.unit.is_none_or(|unit| holder.unit == unit)).collect()
    }
}

/// Accounts that bear a right, as number and login, and the people who bear it without a known account.
struct Rights {
    accounts: Vec<(String, String)>,
    missing: Vec<Handle>,
}

/// An export, and the people who should be in it but have no account on the forge.
pub(crate) struct Export {
    pub(crate) text: String,
    pub(crate) missing: Vec<Handle>,
}

/// The approvers and reviewers of a project (DEV-M3, DEV-R14).
pub(crate) fn owners(view: &View<'_>, accounts: &Accounts) -> Result<Export, Failure> {
    let Rights { accounts: approvers, mut missing } = view.rights(BenefitKind::Merge, accounts)?;
    let Rights { accounts: reviewers, missing: without } = view.rights(BenefitKind::Review, accounts)?;
    missing.extend(without);
    require_some(&approvers, "approver")?;
    let mut text = format!("{}\napprovers:\n", view.mark("#"));
    for (id, login) in &approvers {
        let _ = writeln!(text, "  - {}  # account {id}", scalar(login));
    }
    let only: Vec<_> = reviewers.iter().filter(|account| !approvers.contains(account)).collect();
    if !only.is_empty() {
        text.push_str("reviewers:\n");
    }
    for (id, login) in only {
        let _ = writeln!(text, "  - {}  # account {id}", scalar(login));
    }
    Ok(Export { text, missing })
}

/// A login as YAML reads it back: one that looks like a number, a date or a word of YAML is quoted.
fn scalar(login: &str) -> String {
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let plain = login.starts_with(|c: char| c.is_ascii_alphabetic()) && !words.contains(&login.to_lowercase().as_str());
    if plain { login.to_owned() } else { format!("\"{login}\"") }
}

/// Who may merge into the whole repository (DEV-M3).
pub(crate) fn codeowners(view: &View<'_>, accounts: &Accounts) -> Result<Export, Failure> {
    let Rights { accounts: approvers, missing } = view.rights(BenefitKind::Merge, accounts)?;
    require_some(&approvers, "owner")?;
    let logins: Vec<_> = approvers.iter().map(|(_, login)| format!("@{login}")).collect();
    Ok(Export { text: format!("{}\n* {}\n", view.mark("#"), logins.join(" ")), missing })
}

/// D16: a list that would lock everybody out is never written.
fn require_some(people: &[(String, String)], what: &str) -> Result<(), Failure> {
    if people.is_empty() {
        let what = format!("not one {what} with a known account: the list would remove everybody");
        return Err(Failure::unchecked(what).hint("rollcall export --accounts FILE --help"));
    }
    Ok(())
}

/// The maintainers by name, as far as they may be named, and the committees that stand behind them.
pub(crate) fn maintainers(view: &View<'_>) -> Result<Export, Failure> {
    let project = view.project()?;
    let kind = view.charter.kind_of(view.state, project);
    let merges = |holder: &Holder<'_>| {
        kind.is_some_and(|kind| kind.benefits_of(holder.role).any(|(_, benefit)| benefit.kind == BenefitKind::Merge))
    };
    let rows: Vec<_> = view.named().into_iter().filter(merges).collect();
    let mut text = format!("<!-- {} -->\n\n# Maintainers of {project}\n\n", view.mark(""));
    table(view, &rows, &mut text);
    Ok(Export { text, missing: Vec::new() })
}

/// Everybody on the ladder who may be named, by role.
pub(crate) fn contributors(view: &View<'_>) -> Result<Export, Failure> {
    let project = view.project()?;
    let rows = view.named();
    let mut text = format!("<!-- {} -->\n\n# People of {project}\n\n", view.mark(""));
    table(view, &rows, &mut text);
    Ok(Export { text, missing: Vec::new() })
}

fn table(view: &View<'_>, rows: &[Holder<'_>], text: &mut String) {
    text.push_str("| who | role | since |\n| --- | --- | --- |\n");
    for holder in rows.iter().filter(|holder| holder.public) {
        let since = view.charter.zone().date(holder.tenure.from);
        let _ = writeln!(text, "| {} | {} | {since} |", name_of(view.state, holder.person), holder.role);
    }
    let people: std::collections::BTreeSet<_> = rows.iter().filter(|h| !h.public).map(|h| (h.role, h.person)).collect();
    if !people.is_empty() {
        let _ = writeln!(text, "\nAnd {} who have not consented to being named.", people.len());
    }
}

fn name_of(state: &State, person: &Handle) -> String {
    let organisation = state.people().organisation(person).map(|known| known.name.as_str().to_owned());
    let shown = organisation.or_else(|| state.people().get(person)?.name.as_ref().map(|name| name.as_str().to_owned()));
    let plain = shown.map(|name| name.replace(['|', '\n', '\t', '<', '>', '&'], " "));
    plain.map_or_else(|| person.to_string(), |name| format!("{name} ({person})"))
}

/// The public roster: a stable, versioned document. Who may not be named is counted.
pub(crate) fn roster(view: &View<'_>) -> Value {
    let mut units: BTreeMap<String, BTreeMap<String, (Vec<Value>, u64)>> = BTreeMap::new();
    for holder in view.named() {
        let role = units.entry(holder.unit.to_string()).or_default().entry(holder.role.to_string()).or_default();
        if holder.public {
            role.0.push(json!({"person": holder.person, "since": holder.tenure.from.to_string(), "event": holder.tenure.begun.event.to_string()}));
        } else {
            role.1 = role.1.saturating_add(1);
        }
    }
    let units: BTreeMap<_, BTreeMap<_, _>> = units
        .into_iter()
        .map(|(unit, roles)| {
            let roles =
                roles.into_iter().map(|(role, (named, unnamed))| (role, json!({"holders": named, "unnamed": unnamed})));
            (unit, roles.collect())
        })
        .collect();
    let ledger = view.state.founding().map(|founding| founding.ledger.to_string());
    json!({"format": "rollcall-roster/1", "ledger": ledger, "charter": view.charter.digest().to_string(), "units": units})
}
