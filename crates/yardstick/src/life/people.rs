//! People: who has joined, under which name, with which account.

use serde_json::json;

use super::Life;
use super::calendar::DAY;
use super::chance::Chance;
use super::committee::digest;
use super::script::set;

/// The appointing authority; any two of them act.
pub const AUTHORITY: [&str; 3] = ["linlan", "osei", "mora"];
/// How many people join at most.
const MOST: usize = 4_000;
/// One person for so many lines.
const LINES_A_PERSON: usize = 190;

const FAMILY: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "novak", "garcia", "okafor", "tanaka",
    "silva", "cohen", "dubois", "haddad", "kovacs", "singh", "weber", "aalto",
];
const GIVEN: [&str; 16] =
    ["芳", "伟", "秀英", "敏", "静", "磊", "洋", "艳", "ana", "ben", "chidi", "dina", "eva", "hugo", "kei", "yusuf"];

/// A person who has joined.
#[derive(Clone, Debug)]
pub struct Person {
    /// The handle.
    pub handle: String,
    /// The forge on which the person has an account.
    pub forge: &'static str,
    /// The number of that account.
    pub account: usize,
    /// How often the person has taken another key.
    pub keys: u64,
    /// When the newest of them was bound.
    pub bound: u64,
    /// Whether an application of the person waits for a committee.
    pub waits: bool,
}

/// Everybody who has joined, by position.
#[derive(Debug, Default)]
pub struct People {
    all: Vec<Person>,
}

impl People {
    /// How many have joined.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// A person.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&Person> {
        self.all.get(position)
    }

    /// A person, to be changed.
    pub fn get_mut(&mut self, position: usize) -> Option<&mut Person> {
        self.all.get_mut(position)
    }

    /// A person's handle.
    #[must_use]
    pub fn handle(&self, position: usize) -> String {
        self.get(position).map_or_else(String::new, |person| person.handle.clone())
    }

    /// The handles of several.
    #[must_use]
    pub fn handles(&self, positions: &[usize]) -> Vec<String> {
        positions.iter().map(|position| self.handle(*position)).collect()
    }

    /// Tells whether an application of the person waits.
    #[must_use]
    pub fn waits(&self, position: usize) -> bool {
        self.get(position).is_some_and(|person| person.waits)
    }

    /// Notes that an application of the person waits, or that none does any more.
    pub fn set_waits(&mut self, position: usize, waits: bool) {
        if let Some(person) = self.get_mut(position) {
            person.waits = waits;
        }
    }

    /// Anybody.
    pub fn anybody(&self, chance: &mut Chance) -> usize {
        chance.position(self.all.len())
    }

    /// Somebody new. The number at the end keeps every handle apart from every other, also to the eye.
    fn newcomer(&mut self, chance: &mut Chance) -> usize {
        let position = self.all.len();
        let (family, given) = (chance.word(&FAMILY), chance.word(&GIVEN));
        let handle = format!("{family}-{given}-{}", position + 100);
        let forge = chance.word(&["gitee", "gitee", "github"]);
        self.all.push(Person { handle, forge, account: position + 1_000, keys: 0, bound: 0, waits: false });
        position
    }
}

impl Life {
    /// Tells whether the community has grown enough lines for another person.
    pub(super) fn has_room(&self) -> bool {
        let lines = usize::try_from(self.script.tally.lines).unwrap_or(usize::MAX);
        self.people.count() < MOST && self.people.count() * LINES_A_PERSON < lines
    }

    /// Somebody joins: enrols, claims an account, and has it confirmed.
    pub(super) fn join(&mut self) -> usize {
        let position = self.people.newcomer(&mut self.script.chance);
        let Some(person) = self.people.get(position).cloned() else { return position };
        let named = self.script.chance.percent(30);
        let name = if named { json!({"name": person.handle.replace('-', " ")}) } else { json!({}) };
        self.script.act(&person.handle, "enrol", name);
        let claim = json!({
            "forge": person.forge, "account": person.account, "login": format!("user{}", person.account), "id": "account",
        });
        self.script.act(&person.handle, "claim-account", claim);
        let checker = self.checker();
        self.script.act(&checker, "verify-account", json!({"event": "@account"}));
        position
    }

    /// Who confirms accounts: a person of the authority, or a member of the council.
    fn checker(&mut self) -> String {
        let member = self.council.anybody(&mut self.script.chance);
        let member = member.filter(|_| self.script.chance.percent(60)).map(|member| self.people.handle(member));
        member.unwrap_or_else(|| self.script.chance.word(&AUTHORITY).to_owned())
    }

    /// Two of the authority act: one proposes, another endorses.
    pub(super) fn by_authority(&mut self, act: &str, mut fields: serde_json::Value) {
        let first = self.script.chance.position(AUTHORITY.len());
        let second = (first + 1) % AUTHORITY.len();
        set(&mut fields, "id", "proposal");
        let name = |position: usize| AUTHORITY.get(position).copied().unwrap_or_default();
        self.script.act(name(first), act, fields);
        self.script.act(name(second), "endorse", json!({"event": "@proposal"}));
    }

    /// Somebody names an attachment that describes them.
    pub(super) fn describe(&mut self) {
        let person = self.people.anybody(&mut self.script.chance);
        let fields = json!({"digest": digest(self.people.count() * 10_000 + person)});
        self.script.act(&self.people.handle(person), "profile", fields);
    }

    /// Somebody takes another key: offered by itself, bound by the one in use, which it may replace.
    pub(super) fn take_key(&mut self) {
        let position = self.people.anybody(&mut self.script.chance);
        let clock = self.script.clock;
        let Some(person) = self.people.get_mut(position).filter(|person| person.bound + 8 * DAY <= clock) else {
            return;
        };
        person.keys += 1;
        person.bound = clock;
        let (handle, key) = (person.handle.clone(), format!("{}.key{}", person.handle, person.keys));
        let signer = self.script.signer(&handle);
        let mut offer = json!({"label": "laptop", "signed_by": key, "id": "offer"});
        if self.script.chance.percent(50) {
            set(&mut offer, "retires", json!([format!("test:{signer}")]));
        }
        self.script.act(&handle, "offer-key", offer);
        self.script.act(&handle, "bind-key", json!({"event": "@offer"}));
        self.script.sign_with(&handle, key);
    }
}
