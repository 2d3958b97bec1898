//! The book of forge accounts: whose they are, by their immutable number. A login is a label and may be anybody's tomorrow.
//!
//! An account is claimed by a person and bound once somebody else has seen the forge show the person's signed statement
//! (trap C17). One account belongs to one person at a time.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::index::Index;
use super::rows::Rows;
use super::{Cause, add};
use crate::digest::{Digest, EventId};
use crate::field::Text;
use crate::name::{Handle, Name};
use crate::time::Timestamp;

/// An account on a forge, by the number that the forge never changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId {
    /// The forge, in lower case.
    pub forge: String,
    /// The number.
    pub number: u64,
}

impl AccountId {
    /// The account of a number on a forge, however the forge's name is written.
    #[must_use]
    pub fn new(forge: &Name, number: u64) -> Self {
        Self { forge: forge_name(forge), number }
    }
}

/// A forge's name as one word: without case, and without what makes the best known ones an address.
#[must_use]
pub fn forge_name(forge: &Name) -> String {
    let lower = forge.as_str().to_lowercase();
    let host = lower.trim_start_matches("www.");
    let known = ["gitee", "github", "gitcode", "gitlab", "atomgit", "codeberg"];
    let short = known
        .into_iter()
        .find(|name| host.strip_prefix(name).is_some_and(|rest| [".com", ".org", ".net"].contains(&rest)));
    short.map_or_else(|| host.to_owned(), str::to_owned)
}

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.forge, self.number)
    }
}

/// Somebody says that an account is theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountClaim {
    /// The event; its author is the person.
    pub cause: Cause,
    /// The account.
    pub account: AccountId,
    /// The login that the forge shows now.
    pub login: Text,
    /// The event by which somebody else confirmed it.
    pub verified: Option<Cause>,
}

/// The time for which an account is a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountBinding {
    /// The person.
    pub person: Handle,
    /// The login last confirmed; none once somebody else's account bears it.
    pub login: Option<Text>,
    /// The event that confirmed it first.
    pub bound: Cause,
    /// Digest of what the forge showed.
    pub digest: Option<Digest>,
    /// The event that released it.
    pub released: Option<Cause>,
}

/// Claims by event, and bindings by account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Accounts {
    pub(super) claims: Rows<EventId, AccountClaim>,
    pub(super) bindings: Rows<AccountId, Vec<AccountBinding>>,
    /// Claims by account.
    #[serde(skip)]
    pub(super) claimed: Index<AccountId>,
    /// Accounts that a person has ever had.
    #[serde(skip)]
    pub(super) had: Rows<Handle, BTreeSet<AccountId>>,
    /// Accounts by forge and by a login that a binding of theirs bears, or has borne until it was given another, in lower case.
    #[serde(skip)]
    pub(super) labelled: Index<(String, String), AccountId>,
}

/// A change of the book.
#[derive(Clone, Debug)]
pub enum AccountChange {
    /// The author claims an account.
    Claimed {
        /// The account.
        account: AccountId,
        /// Its login.
        login: Text,
    },
    /// A claim is confirmed.
    Verified {
        /// The claim.
        claim: EventId,
        /// Digest of what the forge showed.
        digest: Option<Digest>,
    },
    /// The author gives an account up.
    Released {
        /// The account.
        account: AccountId,
    },
}

/// What a login is found by: its forge, and itself in lower case.
fn label(account: &AccountId, login: &Text) -> (String, String) {
    (account.forge.clone(), login.as_str().to_lowercase())
}

impl Accounts {
    /// A claim.
    #[must_use]
    pub fn claim(&self, event: &EventId) -> Option<&AccountClaim> {
        self.claims.get(event)
    }

    /// Every claim, by event.
    pub fn claims(&self) -> impl Iterator<Item = (&EventId, &AccountClaim)> {
        self.claims.iter()
    }

    /// Every claim of an account, by event.
    pub fn claims_of(&self, account: &AccountId) -> impl Iterator<Item = (&EventId, &AccountClaim)> {
        self.claimed.of(account).filter_map(|event| self.claims.get_key_value(event))
    }

    /// The binding of an account that is in force.
    #[must_use]
    pub fn binding(&self, account: &AccountId) -> Option<&AccountBinding> {
        self.bindings.get(account)?.last().filter(|binding| binding.released.is_none())
    }

    /// To whom an account belongs.
    #[must_use]
    pub fn owner(&self, account: &AccountId) -> Option<&Handle> {
        self.binding(account).map(|binding| &binding.person)
    }

    /// To whom an account belonged at an instant, as the ledger knew it then.
    #[must_use]
    pub fn owner_at(&self, account: &AccountId, at: Timestamp) -> Option<&Handle> {
        let held = |binding: &&AccountBinding| {
            binding.bound.at <= at && binding.released.as_ref().is_none_or(|released| at < released.at)
        };
        self.bindings.get(account)?.iter().find(held).map(|binding| &binding.person)
    }

    /// Whose work an account's is that was merged at an instant: whoever had it then, or before anybody had bound it,
    /// whoever was the first to.
    #[must_use]
    pub fn author(&self, account: &AccountId, merged: Timestamp) -> Option<&Handle> {
        let first = self.bindings.get(account)?.first()?;
        if merged < first.bound.at { Some(&first.person) } else { self.owner_at(account, merged) }
    }

    /// Every account in force, with its binding.
    pub fn iter(&self) -> impl Iterator<Item = (&AccountId, &AccountBinding)> {
        self.bindings
            .iter()
            .filter_map(|(account, all)| Some((account, all.last()?)))
            .filter(|(_, b)| b.released.is_none())
    }

    /// A person's accounts.
    pub fn of<'a>(&'a self, person: &'a Handle) -> impl Iterator<Item = (&'a AccountId, &'a AccountBinding)> {
        let had = self.had.get(person).into_iter().flatten();
        let held = had.filter_map(|account| Some((account, self.binding(account)?)));
        held.filter(move |(_, binding)| binding.person == *person)
    }

    pub(super) fn apply(&mut self, change: AccountChange, cause: &Cause) {
        match change {
            AccountChange::Claimed { account, login } => {
                let claim = AccountClaim { cause: cause.clone(), account, login, verified: None };
                self.claimed.note(claim.account.clone(), cause.event);
                self.claims.insert(cause.event, claim);
            }
            AccountChange::Verified { claim, digest } => self.verify(&claim, digest, cause),
            AccountChange::Released { account } => {
                if let Some(binding) = self.bindings.get_mut(&account).and_then(|all| all.last_mut()) {
                    binding.released.get_or_insert(cause.clone());
                }
            }
        }
    }

    fn verify(&mut self, event: &EventId, digest: Option<Digest>, cause: &Cause) {
        let Some(claim) = self.claims.get_mut(event) else { return };
        claim.verified = Some(cause.clone());
        let AccountClaim { cause: claimed, account, login, verified: _ } = claim.clone();
        // A login that another account bore is a stale label there: the forge has given it to this one.
        let label = label(&account, &login);
        let stale: Vec<AccountId> = self.labelled.of(&label).filter(|other| **other != account).cloned().collect();
        for other in stale {
            self.labelled.forget(&label, &other);
            for binding in self.bindings.row_or(other, Vec::new) {
                binding.login.take_if(|shown| shown.as_str().to_lowercase() == label.1);
            }
        }
        self.labelled.note(label, account.clone());
        self.had.row_or(claimed.by.clone(), BTreeSet::new).insert(account.clone());
        let bindings = self.bindings.row_or(account, Vec::new);
        if let Some(known) = bindings.last_mut().filter(|known| known.released.is_none()) {
            known.login = Some(login);
            known.digest = digest.or(known.digest);
        } else {
            let person = claimed.by;
            let bound = cause.clone();
            add(bindings, AccountBinding { person, login: Some(login), bound, digest, released: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountChange, AccountId, Accounts};
    use crate::digest::{EventId, derive};
    use crate::field::Text;
    use crate::name::Handle;
    use crate::state::Cause;
    use crate::time::Timestamp;

    /// Claims and confirms accounts of one forge, each entry an event of its own.
    struct Forge {
        book: Accounts,
        entry: u64,
    }

    impl Forge {
        fn cause(&mut self, by: &Handle) -> Cause {
            self.entry = self.entry.saturating_add(1);
            let event = EventId::from_bytes(derive("rollcall test", &self.entry.to_be_bytes()));
            Cause { entry: self.entry, event, at: Timestamp::default(), by: by.clone() }
        }

        fn bears(&mut self, number: u64, by: &Handle, login: &Text) {
            let (account, login) = (account(number), login.clone());
            let claimed = self.cause(by);
            self.book.apply(AccountChange::Claimed { account, login }, &claimed);
            let verified = self.cause(by);
            self.book.apply(AccountChange::Verified { claim: claimed.event, digest: None }, &verified);
        }

        fn releases(&mut self, number: u64, by: &Handle) {
            let cause = self.cause(by);
            self.book.apply(AccountChange::Released { account: account(number) }, &cause);
        }

        fn logins(&self, number: u64) -> Vec<Option<&str>> {
            let all = self.book.bindings.get(&account(number)).into_iter().flatten();
            all.map(|binding| binding.login.as_ref().map(Text::as_str)).collect()
        }
    }

    fn account(number: u64) -> AccountId {
        AccountId { forge: "github".to_owned(), number }
    }

    /// Once the index forgot a login when its account was given another one, and with it an earlier owner's binding that bore it still.
    #[test]
    fn a_login_that_another_account_bears_is_no_label_of_any_binding() -> Result<(), Box<dyn std::error::Error>> {
        let (ann, ben, eve): (Handle, Handle, Handle) = ("ann".parse()?, "ben".parse()?, "eve".parse()?);
        let (old, new) = (Text::new("Octo")?, Text::new("squid")?);
        let mut forge = Forge { book: Accounts::default(), entry: 0 };
        forge.bears(1, &ann, &old);
        forge.releases(1, &ann);
        forge.bears(1, &ben, &old);
        forge.bears(1, &ben, &new);
        assert_eq!(forge.logins(1), [Some("Octo"), Some("squid")]);
        forge.bears(2, &eve, &Text::new("octo")?);
        assert_eq!((forge.logins(1), forge.logins(2)), (vec![None, Some("squid")], vec![Some("octo")]));
        forge.bears(3, &eve, &new);
        assert_eq!((forge.logins(1), forge.logins(3)), (vec![None, None], vec![Some("squid")]));
        Ok(())
    }
}
