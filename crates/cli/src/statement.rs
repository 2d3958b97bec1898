//! The statement by which a forge account names its person: a few lines of text with an SSHSIG signature below them.
//!
//! It is the second half of a two-way proof: the ledger names the account by its immutable number, and the account shows
//! this text where everybody can read it. Nothing here asks a forge; it reads what somebody has fetched.

use rollcall_core::digest::LedgerId;
use rollcall_core::key::{ACCOUNT_NAMESPACE, PublicKey};
use rollcall_core::name::{Handle, Name};
use rollcall_core::state::accounts::AccountId;

use crate::failure::Failure;
use crate::keys;
use crate::signer::Signer;

const TITLE: &str = "Rollcall account statement v1";
const SIGNATURE_END: &str = "-----END SSH SIGNATURE-----";

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) ledger: LedgerId,
    pub(crate) person: Handle,
    pub(crate) forge: Name,
    pub(crate) number: u64,
    pub(crate) login: String,
}

impl Statement {
    /// The text that is signed.
    pub(crate) fn text(&self) -> String {
        let Self { ledger, person, forge, number, login } = self;
        format!("{TITLE}\nledger: {ledger}\nperson: {person}\nforge: {forge}\naccount: {number}\nlogin: {login}\n")
    }

    /// The text with its signature, to be shown on the forge.
    pub(crate) fn signed(&self, signer: &Signer) -> Result<String, Failure> {
        let text = self.text();
        let signature = signer.sign(ACCOUNT_NAMESPACE, text.as_bytes())?;
        let armoured = keys::armour_sshsig(ACCOUNT_NAMESPACE, signer.public(), &signature);
        let armoured =
            armoured.map_err(|error| Failure::bug("a fresh signature cannot be armoured").caused_by(&error))?;
        Ok(format!("{text}{armoured}"))
    }

    /// The account that it is about.
    pub(crate) fn account(&self) -> AccountId {
        AccountId::new(&self.forge, self.number)
    }

    /// Reads the one statement in a text, which may stand within a page, indented or quoted, and verifies its signature.
    pub(crate) fn find(page: &str) -> Result<(Self, PublicKey), Failure> {
        let absent = |what: &str| Failure::input(what.to_owned()).hint("rollcall account statement --help");
        let plain: Vec<&str> =
            page.lines().map(|line| line.trim_start_matches([' ', '\t', '>', '|']).trim_end()).collect();
        let begin = plain.iter().position(|line| *line == TITLE);
        let begin = begin.ok_or_else(|| absent("the text holds no account statement"))?;
        // Of two, one could be somebody else's comment on the page.
        if plain.iter().filter(|line| **line == TITLE).count() > 1 {
            return Err(absent("the text holds several account statements; save the one that the account shows"));
        }
        let rest = plain.get(begin..).unwrap_or_default();
        let end = rest.iter().position(|line| *line == SIGNATURE_END);
        let end = end.ok_or_else(|| absent("the statement is not signed, or cut off"))?;
        let (said, armour) = rest.get(..=end).unwrap_or_default().split_at(6.min(end));
        let statement = Self::read(said)?;
        let (key, signature) = keys::read_sshsig(ACCOUNT_NAMESPACE, (armour.join("\n") + "\n").as_bytes())?;
        if key.verifies_in(ACCOUNT_NAMESPACE, statement.text().as_bytes(), &signature) {
            return Ok((statement, key));
        }
        Err(Failure::input("the signature of the statement does not verify"))
    }

    fn read(lines: &[&str]) -> Result<Self, Failure> {
        let value = |index: usize, name: &str| {
            let line = lines.get(index).and_then(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.ok_or_else(|| {
                Failure::input(format!("line {} of the statement must be: {name}", index.saturating_add(1)))
            })
        };
        let wrong = |name: &str| Failure::input(format!("the statement's `{name}` cannot be read"));
        Ok(Self {
            ledger: value(1, "ledger")?.parse().map_err(|_| wrong("ledger"))?,
            person: value(2, "person")?.parse().map_err(|_| wrong("person"))?,
            forge: value(3, "forge")?.parse().map_err(|_| wrong("forge"))?,
            number: value(4, "account")?.parse().map_err(|_| wrong("account"))?,
            login: value(5, "login")?.to_owned(),
        })
    }
}
