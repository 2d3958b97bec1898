//! Random lives of one project, its committee and its ladder, and a second evaluation of their rules that is as naive
//! as the clauses are: lists searched from front to back, every number counted again each time, nothing shared with
//! the engine.

use serde_json::{Value, json};

use crate::committee::{Draw, Expected};
/// Whether lives walk into what the clauses leave open and `docs/charter.md` reads otherwise than this file would, or turn
/// away before it: a nomination whose author left the role and came back (C11), a motion with another nomination behind
/// it than when it was put, a seeding appointment after two Maintainers have been in office together (DEV-SEED).
const CONTESTED: bool = false;

type Person = &'static str;
type Role = &'static str;
type Clauses = Vec<&'static str>;

const SECOND: i64 = 1_000;
const DAY: i64 = 86_400_000;
/// 2026-03-02T00:00:00Z.
const START: i64 = 1_772_409_600_000;
const PMC: &str = "pmc/greatsql";
const PROJECT: &str = "project/greatsql";
const TOC: [Person; 3] = ["alice", "bob", "carol"];
const POOL: [Person; 10] = ["zed", "yan", "xia", "wen", "vic", "uma", "tom", "kim", "lea", "max"];
const LADDER: [Role; 2] = ["reviewer", "maintainer"];

fn text(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().to_string()
}

fn to(label: &str) -> String {
    format!("@{label}")
}

fn unit(role: Role) -> &'static str {
    if matches!(role, "member" | "chair") { PMC } else { PROJECT }
}

/// DEV-R9 to DEV-R12, DEV-M8 to DEV-M10: what a nominator attests.
fn criteria(role: Role) -> &'static [(&'static str, &'static str)] {
    if role == "maintainer" {
        return &[("depth", "DEV-M8"), ("promptness", "DEV-M9"), ("leadership", "DEV-M10")];
    }
    &[("promptness", "DEV-R9"), ("bugs", "DEV-R10"), ("documents", "DEV-R11"), ("activity", "DEV-R12")]
}

fn those<T>(list: &[T], fits: impl Fn(&T) -> bool) -> Vec<usize> {
    (0..list.len()).filter(|index| fits(&list[*index])).collect()
}

/// The clauses that forbid an act, one after the other.
trait Forbid {
    fn when(&mut self, broken: bool, clauses: &[&'static str]);
}

impl Forbid for Clauses {
    fn when(&mut self, broken: bool, clauses: &[&'static str]) {
        self.extend(clauses.iter().filter(|_| broken));
    }
}

/// A role, held after the act `from` and until the act `to`.
#[derive(Debug)]
struct Tenure {
    role: Role,
    person: Person,
    from: usize,
    to: usize,
}

/// A nomination, or an application, which is by the person themself.
#[derive(Clone, Debug)]
struct Nomination {
    label: String,
    by: Person,
    person: Person,
    role: Role,
    at: usize,
    accepted: Option<usize>,
    gone: Option<usize>,
}

/// An acceptance on the ladder; on its lowest step, an application.
#[derive(Clone, Debug)]
struct Claim {
    label: String,
    person: Person,
    role: Role,
    behind: Vec<usize>,
    over: bool,
}

#[derive(Clone, Debug)]
struct Work {
    label: String,
    person: Person,
    number: u64,
}

#[derive(Clone, Debug)]
struct Attested {
    label: String,
    work: String,
    by: Person,
    what: &'static str,
    gone: bool,
}

/// What a motion is about.
#[derive(Clone, Debug, PartialEq)]
enum About {
    Words,
    Sig(String),
    Seat(Person),
    Seed(Person),
}

/// A ballot, or the retraction of one, which has no choice.
#[derive(Clone, Debug)]
struct Ballot {
    by: Person,
    choice: Option<&'static str>,
    label: String,
}

#[derive(Clone, Debug)]
struct Vote {
    label: String,
    by: Person,
    electors: Vec<Person>,
    rests: Vec<usize>,
    closes: i64,
    ballots: Vec<Ballot>,
    closed: Option<usize>,
}

#[derive(Clone, Debug)]
struct Motion {
    label: String,
    by: Person,
    about: About,
    rests: Vec<usize>,
    gone: bool,
    vote: Option<Vote>,
    entered: bool,
}

/// A life as it goes: what is played, what the naive reading expects, and what it has come to so far.
#[derive(Debug)]
pub struct Life {
    draw: Draw,
    now: i64,
    times: Vec<i64>,
    tenures: Vec<Tenure>,
    nominations: Vec<Nomination>,
    claims: Vec<Claim>,
    works: Vec<Work>,
    attested: Vec<Attested>,
    motions: Vec<Motion>,
    /// Acts with what the naive reading expects: accepted, or refused by one of these clauses.
    pub acts: Vec<(Value, Expected)>,
}

/// One life: a project with its seeds, a committee of three to six, and what they do over some months.
#[must_use]
pub fn life(seed: u64) -> Life {
    let (tenures, nominations, claims, works) = (vec![], vec![], vec![], vec![]);
    let (times, attested, motions, acts) = (vec![], vec![], vec![], vec![]);
    let draw = Draw(seed);
    let mut life = Life { draw, now: START, times, tenures, nominations, claims, works, attested, motions, acts };
    life.beginning();
    for _ in 0..90 + life.draw.below(110) {
        life.tick();
        life.step();
    }
    life
}

/// The number of a person's forge account.
fn account(person: Person) -> usize {
    7_000 + [&TOC[..], &POOL[..]].concat().iter().position(|known| *known == person).unwrap()
}

impl Life {
    /// Adds an act, which is accepted unless a clause forbids it, and then gives its label.
    fn put(&mut self, by: Person, act: &str, mut fields: Value, no: Clauses) -> Option<String> {
        let label = format!("e{}", self.acts.len());
        fields["at"] = json!(text(self.now));
        fields["by"] = json!(by);
        fields["act"] = json!(act);
        fields["id"] = json!(label);
        let fine = no.is_empty();
        self.times.push(self.now);
        self.acts.push((fields, if fine { Expected::Accepted } else { Expected::Refused(no) }));
        fine.then_some(label)
    }

    /// An act that nothing forbids.
    fn sure(&mut self, by: Person, act: &str, fields: Value) -> String {
        to(&self.put(by, act, fields, vec![]).unwrap())
    }

    fn people(&mut self, handles: &[Person]) {
        for person in handles {
            self.sure(person, "enrol", json!({}));
            let account = json!({"forge": "gitee", "account": account(person), "login": person});
            let account = self.sure(person, "claim-account", account);
            self.sure("root", "verify-account", json!({"event": account}));
        }
    }

    /// The TOC founds project and committee, and establishes the committee.
    fn beginning(&mut self) {
        self.sure("root", "found", json!({"authority": ["root"], "threshold": 1}));
        self.people(&[&TOC[..], &POOL[..]].concat());
        let chair = |person: Person, chair: Person| if person == chair { "chair" } else { "member" };
        for person in TOC {
            let role = chair(person, "alice");
            self.sure("root", "appoint", json!({"unit": "toc", "role": role, "person": person}));
        }
        self.sure("root", "constitute", json!({"unit": "toc", "members": TOC}));
        let members = &POOL[..3 + usize::try_from(self.draw.below(4)).unwrap()];
        let mut seeds: Vec<(Role, Person)> = vec![];
        for role in ["maintainer", "maintainer", "reviewer", "reviewer", "reviewer"] {
            let person = *self.draw.pick(&POOL[2..]);
            if self.draw.chance(50) && !seeds.contains(&(role, person)) {
                seeds.push((role, person));
            }
        }
        let mut project = json!({"kind": "found-unit", "unit": PROJECT});
        if !seeds.is_empty() {
            project["first"] = seeds.iter().map(|(role, person)| format!("{role}: {person}")).collect();
        }
        let mut plan = vec![project, json!({"kind": "found-unit", "unit": PMC})];
        for person in members {
            plan.push(json!({"kind": "grant", "unit": PMC, "role": chair(person, "zed"), "person": person}));
        }
        let bases = self.meeting(&plan);
        self.sure("tom", "found-unit", json!({"unit": PROJECT, "kind": "project", "basis": bases[0]}));
        for (role, person) in seeds {
            self.seat(role, person);
        }
        self.sure("tom", "found-unit", json!({"unit": PMC, "kind": "pmc", "basis": bases[1]}));
        for (person, basis) in members.iter().zip(&bases[2..]) {
            let role = chair(person, "zed");
            self.sure("tom", "grant", json!({"unit": PMC, "role": role, "person": person, "basis": basis}));
            self.seat("member", person);
        }
        self.seat("chair", "zed");
        let bases = self.meeting(&[json!({"kind": "constitute", "unit": PMC})]);
        self.sure("tom", "constitute", json!({"unit": PMC, "members": members, "basis": bases[0]}));
    }

    /// A regular meeting of the TOC that passes all this.
    fn meeting(&mut self, plan: &[Value]) -> Vec<String> {
        let starts = self.now + 7 * DAY;
        let agenda: Vec<String> = (0..plan.len()).map(|number| format!("Item {number}")).collect();
        let mut notice = json!({"unit": "toc", "kind": "regular", "starts": text(starts), "agenda": agenda});
        notice["place"] = json!("online");
        notice["mode"] = json!("remote");
        notice["references"] = json!("none");
        let meeting = self.sure("alice", "notice", notice);
        self.now = starts;
        for person in TOC {
            self.sure(person, "check-in", json!({"meeting": meeting}));
        }
        self.sure("alice", "open", json!({"meeting": meeting}));
        let mut bases = vec![];
        for (title, effect) in agenda.iter().zip(plan) {
            let motion = json!({"meeting": meeting, "unit": "toc", "title": title, "effect": effect});
            let motion = self.sure("bob", "move", motion);
            let vote = self.sure("alice", "open-vote", json!({"motion": motion}));
            for person in TOC {
                self.sure(person, "vote", json!({"vote": vote, "choice": "for"}));
            }
            self.sure("carol", "close-vote", json!({"vote": vote, "outcome": "passed"}));
            bases.push(motion);
        }
        self.sure("alice", "adjourn", json!({"meeting": meeting}));
        self.now += DAY / 2;
        bases
    }

    /// Time goes on: not at all, by minutes, by hours, or to the very end of a vote and a second past it.
    fn tick(&mut self) {
        let ends = self.motions.iter().filter_map(|m| m.vote.as_ref()).map(|vote| vote.closes);
        let next = ends.filter(|end| end + SECOND > self.now).min().unwrap_or(self.now);
        let more = i64::try_from(1 + self.draw.below(20)).unwrap();
        self.now = match self.draw.below(20) {
            0..=3 => self.now,
            4..=15 => self.now + more * 60 * SECOND,
            16..=17 => self.now + more * 3_600 * SECOND,
            _ if next > self.now => next,
            _ => next + SECOND,
        };
    }

    fn step(&mut self) {
        match self.draw.below(100) {
            0..=5 => (0..=self.draw.below(4)).for_each(|_| self.work()),
            6..=15 => self.attest(None),
            16..=19 => self.apply(),
            20..=28 => self.nominate(),
            29..=36 => self.accept(),
            37..=39 => self.withdraw(),
            40..=46 => self.enter_claim(),
            47..=49 => self.resign(),
            50..=53 => self.candidate(),
            54..=61 => self.put_motion(),
            62..=69 => self.open_vote(),
            70..=85 => self.ballots(),
            86..=91 => self.close_vote(),
            _ => self.enter_motion(),
        }
    }

    fn seat(&mut self, role: Role, person: Person) {
        self.tenures.push(Tenure { role, person, from: self.acts.len(), to: usize::MAX });
    }

    fn held(&self, person: Person, role: Role, at: usize) -> bool {
        self.tenures.iter().any(|t| t.person == person && t.role == role && t.from <= at && at < t.to)
    }

    fn holds(&self, person: Person, role: Role) -> bool {
        self.held(person, role, self.acts.len())
    }

    fn holders(&self, role: Role) -> Vec<Person> {
        POOL.into_iter().filter(|person| self.holds(person, role)).collect()
    }

    /// DEV-SEED: while fewer than two hold office.
    fn seeding(&self) -> bool {
        self.holders("maintainer").len() < 2
    }

    /// One of these, so many times in a hundred; else anybody.
    fn mostly(&mut self, percent: u64, people: &[Person]) -> Person {
        let few = if !people.is_empty() && self.draw.chance(percent) { people } else { &POOL };
        self.draw.pick::<Person>(few)
    }

    /// Mostly one of these places in a list so long, else one of its last eight.
    fn place(&mut self, percent: u64, places: &[usize], length: usize) -> Option<usize> {
        if !places.is_empty() && self.draw.chance(percent) {
            return Some(*self.draw.pick(places));
        }
        length.checked_sub(1 + usize::try_from(self.draw.below(8)).unwrap().min(length.saturating_sub(1)))
    }

    /// C16: a merged pull request is on record once, and once attested it is one person's.
    fn work(&mut self) {
        let person = self.mostly(80, &["tom", "tom", "kim"]);
        let fresh = self.works.len() as u64 + 1;
        let number = if self.draw.chance(85) { fresh } else { 1 + self.draw.below(fresh) };
        let merged = self.now + if self.draw.chance(5) { SECOND } else { -SECOND };
        let by = self.mostly(80, &[person]);
        let vouched = |w: &Work| self.attested.iter().any(|a| a.work == w.label && !a.gone);
        let known = self.works.iter().any(|w| w.number == number && (w.person == person || vouched(w)));
        let mut no = vec![];
        no.when(merged > self.now || known, &["ORG-2"]);
        let mut fields = json!({"unit": PROJECT, "person": person, "number": number, "merged": text(merged)});
        fields["forge"] = json!("gitee");
        fields["account"] = json!(account(person));
        fields["repository"] = json!("GreatSQL/GreatSQL");
        if let Some(label) = self.put(by, "contribution", fields, no) {
            self.works.push(Work { label, person, number });
            self.attest(Some(self.works.len() - 1));
        }
    }

    /// DEV-R7, DEV-C3, DEV-SEED: by a Reviewer or Maintainer, or a committee member while there are fewer than two
    /// Maintainers, and not by the author.
    fn attest(&mut self, index: Option<usize>) {
        let Some(index) = index.or_else(|| self.place(0, &[], self.works.len())) else { return };
        let work = self.works[index].clone();
        let mut entitled = [self.holders("reviewer"), self.holders("maintainer")].concat();
        if self.seeding() {
            entitled.extend(self.holders("member"));
        }
        let by = self.mostly(90, &entitled);
        let what = *self.draw.pick(&["important", "important", "important", "important", "led-fix", "documents"]);
        let same = |a: &Attested| self.works.iter().any(|w| w.label == a.work && w.number == work.number);
        let others = |a: &&Attested| a.work != work.label && same(a);
        if self.attested.iter().filter(others).any(|a| a.gone) {
            // It may have served the other while it stood.
            return;
        }
        let again = |a: &Attested| a.work == work.label && a.by == by && a.what == what && !a.gone;
        let mut no = vec![];
        no.when(!entitled.contains(&by), &["DEV-R7", "DEV-SEED"]);
        no.when(by == work.person || self.attested.iter().any(again), &["DEV-R7"]);
        no.when(self.attested.iter().any(|a| others(&a)), &["DEV-R7"]);
        let fields = json!({"event": to(&work.label), "criterion": what, "note": "x"});
        if let Some(label) = self.put(by, "attest", fields, no) {
            self.attested.push(Attested { label, work: work.label, by, what, gone: false });
        }
    }

    /// How many contributions of a person somebody attests so.
    fn count(&self, person: Person, what: &str) -> usize {
        let shown = |w: &Work| self.attested.iter().any(|a| a.work == w.label && a.what == what && !a.gone);
        self.works.iter().filter(|w| w.person == person && shown(w)).count()
    }

    fn pending(&self, person: Person, role: Role) -> bool {
        self.claims.iter().any(|claim| claim.person == person && claim.role == role && !claim.over)
    }

    /// DEV-C3: one important contribution, and no nomination.
    fn apply(&mut self) {
        let role = "contributor";
        let new = |person: &Person| !self.holds(person, role);
        let authors: Vec<Person> = self.works.iter().map(|work| work.person).filter(new).collect();
        let person = self.mostly(90, &authors);
        let mut no = vec![];
        no.when(self.count(person, "important") < 1, &["DEV-C3"]);
        no.when(self.holds(person, role) || self.pending(person, role), &["DEV-C3"]);
        if let Some(label) = self.put(person, "apply", json!({"unit": PROJECT, "role": role}), no) {
            self.claims.push(Claim { label, person, role, behind: vec![], over: false });
        }
    }

    /// C18: what led into a role does not lead there again.
    fn spent(&self, n: &Nomination) -> bool {
        self.tenures.iter().any(|t| t.person == n.person && t.role == n.role && t.from > n.at)
    }

    fn stands(&self, n: &Nomination) -> bool {
        n.gone.is_none() && !self.spent(n)
    }

    /// C12: whether this nomination stands already.
    fn again(&self, by: Person, person: Person, role: Role) -> bool {
        self.nominations.iter().any(|n| n.by == by && n.person == person && n.role == role && self.stands(n))
    }

    /// C11: those that count, by who holds the role now and held it when they nominated.
    fn behind(&self, person: Person, role: Role, from: Role) -> Vec<usize> {
        let both = |n: &Nomination| self.held(n.by, from, n.at) && self.holds(n.by, from);
        those(&self.nominations, |n| n.person == person && n.role == role && self.stands(n) && both(n))
    }

    /// Whether the author of one of those has left the role in between, and come back.
    fn interrupted(&self, person: Person, role: Role) -> bool {
        LADDER.iter().any(|from| {
            let back =
                |n: &Nomination| self.tenures.iter().any(|t| t.person == n.by && t.role == *from && t.from > n.at);
            self.behind(person, role, from).iter().any(|index| back(&self.nominations[*index]))
        })
    }

    /// DEV-R8, DEV-M11, C10, C12: by who holds the role, not for oneself, once, with every criterion attested.
    fn nominate(&mut self) {
        let role = LADDER[usize::from(self.draw.chance(35))];
        let (lower, own, here) = match role {
            "reviewer" => ("contributor", "DEV-R1", "DEV-R8"),
            _ => ("reviewer", "DEV-M1", "DEV-M11"),
        };
        let mut able = self.holders("maintainer");
        if role == "reviewer" {
            able.extend(self.holders("reviewer"));
        }
        let next: Vec<Person> = self.holders(lower).into_iter().filter(|p| !self.holds(p, role)).collect();
        if next.is_empty() && self.draw.chance(60) {
            return self.work();
        }
        let (by, person) = (self.mostly(85, &able), self.mostly(80, &next));
        if self.interrupted(person, role) && !CONTESTED {
            return;
        }
        let mut no = vec![];
        no.when(!able.contains(&by) || by == person, &[here]);
        no.when(self.holds(person, role) || self.again(by, person, role), &[own, "DEV-R7", "DEV-M11"]);
        let mut attests = vec![];
        for (name, clause) in criteria(role) {
            if self.draw.chance(97) {
                attests.push(format!("{name}: x"));
            } else {
                no.push(clause);
            }
        }
        let fields = json!({"unit": PROJECT, "role": role, "person": person, "attests": attests});
        self.nominated(by, person, role, fields, no);
    }

    fn nominated(&mut self, by: Person, person: Person, role: Role, fields: Value, no: Clauses) {
        let at = self.acts.len();
        let (act, accepted) =
            if by == person && fields["person"].is_null() { ("apply", Some(at)) } else { ("nominate", None) };
        if let Some(label) = self.put(by, act, fields, no) {
            self.nominations.push(Nomination { label, by, person, role, at, accepted, gone: None });
        }
    }

    /// DEV-M1, DEV-M11, DEV-R1, DEV-R7, DEV-R8, PMC-18: what an acceptance still lacks.
    fn lacking(&self, n: &Nomination) -> Clauses {
        let backed = |from: Role, least: usize| self.behind(n.person, n.role, from).len() >= least;
        let led = self.count(n.person, "led-fix") >= 1 && self.count(n.person, "documents") >= 1;
        let mut no = vec![];
        match n.role {
            "reviewer" => {
                no.when(!self.holds(n.person, "contributor"), &["DEV-R1"]);
                no.when(self.count(n.person, "important") < 5 && !led, &["DEV-R7"]);
                no.when(!backed("reviewer", 2) && !backed("maintainer", 1), &["DEV-R8"]);
            }
            "maintainer" => {
                no.when(!self.holds(n.person, "reviewer"), &["DEV-M1"]);
                no.when(!backed("maintainer", 2), &["DEV-M11"]);
            }
            _ => no.when(!self.holds(n.by, "chair"), &["PMC-18"]),
        }
        no
    }

    /// The acceptance is the claim (DEV-M11); of a seat, it is the consent (C14).
    fn accept(&mut self) {
        let ready = those(&self.nominations, |n| self.stands(n) && self.lacking(n).is_empty());
        let Some(index) = self.place(70, &ready, self.nominations.len()) else { return };
        let n = self.nominations[index].clone();
        if ready.is_empty() && self.draw.chance(60) {
            return if self.draw.chance(50) { self.nominate() } else { self.apply() };
        }
        if n.by == n.person || (self.interrupted(n.person, n.role) && !CONTESTED) {
            return;
        }
        let by = self.mostly(93, &[n.person]);
        let mut no = self.lacking(&n);
        no.when(by != n.person, &["format/author"]);
        no.when(!self.stands(&n) || n.accepted.is_some(), &["format/accept"]);
        no.when(self.pending(n.person, n.role), &["format/accept", "DEV-R7", "DEV-M11"]);
        let Some(label) = self.put(by, "accept", json!({"event": to(&n.label)}), no) else { return };
        if n.role == "member" {
            self.nominations[index].accepted = Some(self.acts.len());
        } else {
            let mut behind: Vec<usize> = LADDER.iter().flat_map(|from| self.behind(n.person, n.role, from)).collect();
            behind.sort_unstable();
            behind.dedup();
            self.claims.push(Claim { label, person: n.person, role: n.role, behind, over: false });
        }
    }

    /// C13: by its author, until it has come to something.
    fn withdraw(&mut self) {
        let kind = self.draw.below(3);
        let length = [self.attested.len(), self.claims.len(), self.nominations.len()][usize::try_from(kind).unwrap()];
        let Some(index) = self.place(0, &[], length) else { return };
        if kind == 0 {
            let a = self.attested[index].clone();
            self.attested[index].gone |= self.take(a.by, &a.label, a.gone);
        } else if kind == 1 {
            let claim = self.claims[index].clone();
            self.claims[index].over |= self.take(claim.person, &claim.label, claim.over);
        } else {
            let n = self.nominations[index].clone();
            let claimed = self.claims.iter().find(|claim| !claim.over && claim.behind.contains(&index));
            if claimed.is_some_and(|claim| claim.behind.len() > LADDER.iter().position(|r| *r == n.role).unwrap() + 1) {
                // Whether the claim needs this one, or others would do, the clauses leave open.
                return;
            }
            let used = claimed.is_some();
            if self.take(n.by, &n.label, !self.stands(&n) || used) {
                self.nominations[index].gone = Some(self.acts.len());
            }
        }
    }

    fn take(&mut self, author: Person, label: &str, over: bool) -> bool {
        let by = self.mostly(85, &[author]);
        let mut no = vec![];
        no.when(by != author, &["format/author"]);
        no.when(over, &["format/withdraw"]);
        self.put(by, "withdraw", json!({"event": to(label)}), no).is_some()
    }

    /// A claim entitles, whoever enters it, once.
    fn enter_claim(&mut self) {
        let open = those(&self.claims, |claim| !claim.over);
        let length = if self.draw.chance(20) { self.claims.len() } else { 0 };
        let Some(index) = self.place(95, &open, length) else { return };
        let claim = self.claims[index].clone();
        let mut no = vec![];
        no.when(claim.over, &["format/basis"]);
        self.claims[index].over |= self.enter(claim.role, claim.person, &claim.label, no);
    }

    fn enter(&mut self, role: Role, person: Person, basis: &str, mut no: Clauses) -> bool {
        let named = self.mostly(95, &[person]);
        no.when(named != person, &["format/basis"]);
        let by = *self.draw.pick(&POOL);
        let fields = json!({"unit": unit(role), "role": role, "person": named, "basis": to(basis)});
        let entered = self.put(by, "grant", fields, no).is_some();
        if entered {
            self.seat(role, person);
        }
        entered
    }

    /// G6, G7, PMC-14: at any time and by oneself; the chair goes with the seat; a Contributor stays one (DEV-C3).
    fn resign(&mut self) {
        let role =
            *self.draw.pick(&["member", "member", "reviewer", "maintainer", "maintainer", "contributor", "chair"]);
        if (role == "chair" && self.draw.chance(60)) || (role == "member" && self.holders(role).len() < 3) {
            return;
        }
        let holders = self.holders(role);
        let person = self.mostly(85, &holders);
        self.now += SECOND;
        let mut no = vec![];
        no.when(role == "contributor", &["DEV-C3"]);
        no.when(!self.holds(person, role), &[if unit(role) == PMC { "G6" } else { "G7" }]);
        if self.put(person, "resign", json!({"unit": unit(role), "role": role}), no).is_some() {
            let now = self.acts.len();
            for t in self.tenures.iter_mut().filter(|t| t.person == person && t.to == usize::MAX) {
                if t.role == role || (role == "member" && t.role == "chair") {
                    t.to = now;
                }
            }
        }
    }

    /// PMC-18: the chair nominates project people. PMC-19: a Maintainer applies.
    fn candidate(&mut self) {
        let role = "member";
        let mut fields = json!({"unit": PMC, "role": role});
        let mut no = vec![];
        if self.draw.chance(50) {
            let maintainers = self.holders("maintainer");
            let person = self.mostly(85, &maintainers);
            no.when(!self.holds(person, "maintainer"), &["PMC-19"]);
            no.when(self.holds(person, role) || self.again(person, person, role), &["PMC-16", "PMC-19"]);
            return self.nominated(person, person, role, fields, no);
        }
        let chair = self.holders("chair");
        let able = [self.holders("reviewer"), self.holders("contributor")].concat();
        let (by, person) = (self.mostly(90, &chair), self.mostly(80, &able));
        let known = self.tenures.iter().any(|t| t.person == person && unit(t.role) == PROJECT);
        no.when(!chair.contains(&by) || by == person || !known, &["PMC-18"]);
        no.when(self.again(by, person, role), &["PMC-16", "PMC-18"]);
        fields["person"] = json!(person);
        self.nominated(by, person, role, fields, no);
    }

    /// What a motion to seat somebody can rest on: the chair's nomination (C11), or their own application.
    fn rests(&self, person: Person) -> Vec<usize> {
        let counts = |n: &Nomination| n.accepted.is_some() || self.holds(n.by, "chair");
        those(&self.nominations, |n| n.person == person && n.role == "member" && self.stands(n) && counts(n))
    }

    /// G2, PMC-1, PMC-8, PMC-18, PMC-19: a member moves what the committee may decide.
    fn put_motion(&mut self) {
        let members = self.holders("member");
        let by = self.mostly(92, &members);
        let named: Vec<Person> = self.nominations.iter().filter(|n| n.role == "member").map(|n| n.person).collect();
        let person = self.mostly(85, &named);
        let (about, mut effect) = match self.draw.below(20) {
            0..=3 => (About::Words, json!({"kind": "resolve", "text": "x"})),
            4..=6 => {
                let sig = format!("sig/s{}", self.acts.len());
                (About::Sig(sig.clone()), json!({"kind": "found-unit", "unit": sig}))
            }
            7..=14 => (About::Seat(person), json!({"kind": "grant", "unit": PMC, "role": "member", "person": person})),
            _ => {
                let person = *self.draw.pick(&POOL);
                let seed = json!({"kind": "grant", "unit": PROJECT, "role": "maintainer", "person": person});
                (About::Seed(person), seed)
            }
        };
        let rests = if matches!(about, About::Seat(_)) { self.rests(person) } else { vec![] };
        let mut no = vec![];
        no.when(!members.contains(&by), &["G2", "PMC-20"]);
        no.when(matches!(about, About::Seat(_)) && rests.is_empty(), &["PMC-18", "PMC-19"]);
        if self.draw.chance(8) {
            effect = self.out_of_reach(person);
            no.extend(["PMC-1", "TOC-7", "DEV-R1", "DEV-C3", "PMC-11", "PMC-15", "DEV-M1", "PMC-16", "G6", "G7"]);
        }
        if let Some(label) = self.put(by, "move", json!({"unit": PMC, "title": "x", "effect": effect}), no) {
            self.motions.push(Motion { label, by, about, rests, gone: false, vote: None, entered: false });
        }
    }

    /// What is others' to decide: founding projects, the ladder, the chair, removals.
    fn out_of_reach(&mut self, person: Person) -> Value {
        if self.draw.chance(30) {
            return json!({"kind": "found-unit", "unit": "project/second"});
        }
        let kind = *self.draw.pick(&["grant", "end"]);
        let others =
            if kind == "end" { ["maintainer", "reviewer", "member"] } else { ["reviewer", "contributor", "chair"] };
        let role = *self.draw.pick(&others);
        json!({"kind": kind, "unit": unit(role), "role": role, "person": person})
    }

    /// A vote closes by its recording or by its end.
    fn decided(&self, vote: &Vote) -> bool {
        vote.closed.is_some() || self.now > vote.closes
    }

    /// The act after which it was decided.
    fn decision(&self, vote: &Vote) -> usize {
        let ended = self.times.iter().filter(|time| **time <= vote.closes).count();
        vote.closed.map_or(ended, |closed| closed.min(ended))
    }

    /// Until a role change that is due has been entered, the committee opens and takes no votes.
    fn due(&self) -> bool {
        self.motions.iter().any(|m| matches!(m.about, About::Seat(_)) && self.hindrance(m).is_empty())
    }

    /// PMC-18, PMC-19, PMC-20, C11, C14, DEV-SEED: what forbids to enter a motion's effect.
    fn hindrance(&self, motion: &Motion) -> Clauses {
        let passed = |vote: &&Vote| self.decided(vote) && vote.passed() && !motion.entered;
        let mut no = vec![];
        let Some(vote) = motion.vote.as_ref().filter(passed) else { return vec!["format/basis"] };
        let decision = self.decision(vote);
        let since =
            |person: Person, role: Role, from: usize| (from..=self.acts.len()).any(|at| self.held(person, role, at));
        match motion.about {
            About::Seat(person) => {
                let entitles = |index: &usize| {
                    let n = &self.nominations[*index];
                    let from = n.accepted.unwrap_or(usize::MAX).max(decision);
                    let fine = if n.by == person {
                        n.gone.is_none() && self.held(person, "maintainer", decision)
                    } else {
                        n.gone.is_none_or(|gone| gone > decision) && n.accepted.is_some()
                    };
                    fine && !self.spent(n) && !since(person, "member", from)
                };
                no.when(!vote.rests.iter().any(entitles), &["PMC-18", "PMC-19", "format/basis"]);
            }
            About::Seed(person) => {
                no.when(!self.seeding() || since(person, "maintainer", decision), &["DEV-SEED", "format/basis"]);
            }
            About::Sig(_) | About::Words => {}
        }
        no
    }

    /// G2, PMC-20, DEV-SEED: any member opens, for seven to thirty days; who is in office then may vote.
    fn open_vote(&mut self) {
        let new = those(&self.motions, |m| m.vote.is_none() && !m.gone);
        let Some(index) = self.place(92, &new, self.motions.len()) else { return self.put_motion() };
        let motion = self.motions[index].clone();
        if new.is_empty() && self.draw.chance(80) {
            return self.put_motion();
        }
        let electors = self.holders("member");
        let by = self.mostly(93, &electors);
        let mut no = vec![];
        no.when(!electors.contains(&by), &["G2", "PMC-20"]);
        no.when(motion.gone || motion.vote.is_some(), &["format/vote"]);
        no.when(self.due(), &["format/effects"]);
        no.when(matches!(motion.about, About::Seed(_)) && !self.seeding(), &["DEV-SEED"]);
        let mut rests = vec![];
        if let About::Seat(person) = motion.about {
            rests = self.rests(person);
            let other = !rests.is_empty() && (rests.len() > 1 || rests != motion.rests);
            if other && !CONTESTED {
                return;
            }
            let serves = |n: &usize| self.nominations[*n].by != person || self.holds(person, "maintainer");
            no.when(!rests.iter().any(serves), &["PMC-18", "PMC-19"]);
        }
        let mut fields = json!({"motion": to(&motion.label)});
        let minutes = *self.draw.pick(&[0, 0, 0, 0, 0, 0, 10_080, 10_081, 43_200, 43_201, 10_079]);
        let closes = self.now + if minutes == 0 { 7 * DAY } else { minutes * 60 * SECOND };
        if minutes != 0 {
            fields["closes"] = json!(text(closes));
        }
        no.when(!(7 * DAY..=30 * DAY).contains(&(closes - self.now)), &["G2"]);
        if let Some(label) = self.put(by, "open-vote", fields, no) {
            let vote = Vote { label, by, electors, rests, closes, ballots: vec![], closed: None };
            self.motions[index].vote = Some(vote);
        }
        if self.draw.chance(10) {
            self.drop_motion(index);
        }
    }

    /// A motion is taken back until its vote opens, a vote until its first ballot.
    fn drop_motion(&mut self, index: usize) {
        let motion = self.motions[index].clone();
        let Some(vote) = motion.vote else {
            self.motions[index].gone |= self.take(motion.by, &motion.label, motion.gone);
            return;
        };
        let by = self.mostly(85, &[vote.by]);
        let mut no = vec![];
        no.when(by != vote.by, &["format/author"]);
        no.when(self.decided(&vote) || !vote.ballots.is_empty(), &["format/cancel"]);
        if self.put(by, "cancel", json!({"event": to(&vote.label), "reason": "x"}), no).is_some() {
            self.motions[index].vote = None;
        }
    }

    /// One of the votes, mostly one that is open.
    fn some_vote(&mut self) -> Option<usize> {
        let open = those(&self.motions, |m| m.vote.as_ref().is_some_and(|vote| !self.decided(vote)));
        let length = if self.draw.chance(4) { self.motions.len() } else { 0 };
        let index = self.place(96, &open, length)?;
        self.motions[index].vote.as_ref().map(|_| index)
    }

    fn ballots(&mut self) {
        let Some(index) = self.some_vote() else { return self.open_vote() };
        let liked = 40 + 15 * self.draw.below(4);
        for _ in 0..=self.draw.below(4) {
            if self.draw.chance(8) {
                self.retract(index);
                continue;
            }
            let vote = self.motions[index].vote.clone().unwrap();
            let silent: Vec<Person> = vote.electors.iter().copied().filter(|by| vote.tip(by).is_none()).collect();
            let few = if self.draw.chance(80) { &silent } else { &vote.electors };
            let by = self.mostly(92, few);
            let choice = if self.draw.chance(liked) { "for" } else { *self.draw.pick(&["against", "abstain"]) };
            self.ballot(index, by, choice);
        }
    }

    /// G2, PMC-20, B3: a pinned elector who is in office, until the close.
    fn voting(&self, vote: &Vote, by: Person) -> Clauses {
        let mut no = vec![];
        no.when(!vote.electors.contains(&by) || !self.holds(by, "member"), &["G2", "PMC-20"]);
        no.when(self.decided(vote), &["G2", "PMC-20"]);
        no.when(self.due(), &["format/effects"]);
        no
    }

    /// C1: a second ballot names the one that stands.
    fn ballot(&mut self, index: usize, by: Person, choice: &'static str) {
        let vote = self.motions[index].vote.clone().unwrap();
        let tip = vote.tip(by);
        let named = match &tip {
            None if self.draw.chance(97) => None,
            Some(_) if self.draw.chance(35) => None,
            Some(tip) if self.draw.chance(80) => Some(&tip.label),
            _ if vote.ballots.is_empty() => None,
            _ => Some(&self.draw.pick(&vote.ballots).label),
        };
        let mut fields = json!({"vote": to(&vote.label), "choice": choice});
        let mut no = self.voting(&vote, by);
        if let Some(label) = named {
            fields["replaces"] = json!(to(label));
            no.when(tip.as_ref().is_none_or(|tip| tip.label != *label), &["G2", "PMC-20"]);
        } else {
            no.when(vote.choice(by).is_some(), &["G2", "PMC-20"]);
        }
        if let Some(label) = self.put(by, "vote", fields, no) {
            self.cast(index, Ballot { by, choice: Some(choice), label });
        }
    }

    fn cast(&mut self, index: usize, ballot: Ballot) {
        self.motions[index].vote.as_mut().unwrap().ballots.push(ballot);
    }

    /// C2: one's own ballot, while it stands and until the close.
    fn retract(&mut self, index: usize) {
        let vote = self.motions[index].vote.clone().unwrap();
        let fits = |ballot: &Ballot| ballot.choice.is_some() && self.holds(ballot.by, "member");
        let cast = those(&vote.ballots, fits);
        let Some(ballot) = self.place(100, &cast, 0).map(|place| &vote.ballots[place]) else { return };
        let by = self.mostly(90, &[ballot.by]);
        let mut no = self.voting(&vote, ballot.by);
        no.when(by != ballot.by, &["format/author"]);
        no.when(vote.tip(ballot.by).is_some_and(|tip| tip.label != ballot.label), &["G2", "PMC-20"]);
        if let Some(label) = self.put(by, "retract", json!({"event": to(&ballot.label)}), no) {
            self.cast(index, Ballot { by, choice: None, label });
        }
    }

    /// A vote closes by rule: at its end, or when every pinned elector has balloted; the outcome is computed.
    fn close_vote(&mut self) {
        let Some(index) = self.some_vote() else { return self.open_vote() };
        let vote = self.motions[index].vote.clone().unwrap();
        let early = self.now < vote.closes && vote.electors.iter().any(|by| vote.choice(by).is_none());
        if early && self.draw.chance(70) {
            return self.ballots();
        }
        let mut fields = json!({"vote": to(&vote.label)});
        let right = self.draw.chance(80);
        if !right || self.draw.chance(60) {
            fields["outcome"] = json!(if vote.passed() == right { "passed" } else { "failed" });
        }
        let mut no = vec![];
        no.when(vote.closed.is_some() || early || !right, &["G2", "PMC-20"]);
        let by = *self.draw.pick(&POOL);
        if self.put(by, "close-vote", fields, no).is_some() {
            self.motions[index].vote.as_mut().unwrap().closed = Some(self.acts.len());
        }
    }

    /// What passed takes effect, whoever enters it, once.
    fn enter_motion(&mut self) {
        let ready = those(&self.motions, |m| m.about != About::Words && self.hindrance(m).is_empty());
        let length = if self.draw.chance(15) { self.motions.len() } else { 0 };
        let Some(index) = self.place(85, &ready, length) else { return };
        let motion = self.motions[index].clone();
        let no = self.hindrance(&motion);
        self.motions[index].entered |= match motion.about {
            About::Seat(person) => self.enter("member", person, &motion.label, no),
            About::Seed(_) if self.in_turn(&motion) && !CONTESTED => false,
            About::Seed(person) => self.enter("maintainer", person, &motion.label, no),
            About::Sig(sig) => {
                let by = *self.draw.pick(&POOL);
                let fields = json!({"unit": sig, "kind": "sig", "basis": to(&motion.label)});
                self.put(by, "found-unit", fields, no).is_some()
            }
            About::Words => false,
        };
    }

    /// DEV-SEED: two have been Maintainers since a decision, though fewer than two are.
    fn in_turn(&self, motion: &Motion) -> bool {
        let since = motion.vote.as_ref().map_or(usize::MAX, |vote| self.decision(vote));
        self.seeding() && self.tenures.iter().filter(|t| t.role == "maintainer" && t.to > since).count() >= 2
    }
}

impl Vote {
    /// The last ballot or retraction of somebody.
    fn tip(&self, by: Person) -> Option<&Ballot> {
        self.ballots.iter().rev().find(|ballot| ballot.by == by)
    }

    fn choice(&self, by: Person) -> Option<&'static str> {
        self.tip(by).and_then(|ballot| ballot.choice)
    }

    /// PMC-20, G2: more than half of the members in office when it opened.
    fn passed(&self) -> bool {
        let yes = self.electors.iter().filter(|by| self.choice(by) == Some("for")).count();
        2 * yes > self.electors.len()
    }
}
