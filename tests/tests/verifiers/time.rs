//! Ledgers that name witnesses, and what anchors and clocks may and may not say in them.

use rollcall_core::act::{Act, Anchor, Enrol, NameWitnesses};
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::digest::{EventId, LedgerId};
use rollcall_core::entry::Entry;
use rollcall_core::event::{Header, Payload, SignedEvent};
use rollcall_core::field::Text;
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::{Ledger, rehearsal_log_key};
use rollcall_core::time::Timestamp;
use rollcall_core::tree::Head;
use rollcall_tests::witness::{cosigned, two_of_three};

use crate::attacks::{NAME, ORIGIN, at, bundle, founded, framed, handle, head_of, note};

/// A day, in seconds.
const DAY: u64 = 86_400;

/// A ledger of three people; the rest is added entry by entry, whatever the rules say of it.
#[derive(Clone)]
struct Log {
    ledger: LedgerId,
    entries: Vec<Vec<u8>>,
}

impl Log {
    /// Named: the founder names w1, w2 and w3, of whom two are needed, in second 10.
    fn new(named: bool) -> Self {
        let (state, entries): (Ledger, _) = founded(&["ann", "ben"], NAME);
        let log = Self { ledger: state.state().founding().unwrap().ledger, entries };
        if named { log.and("root", 10, names(&two_of_three())) } else { log }
    }

    fn and(&self, by: &str, second: u64, act: Act) -> Self {
        self.and_missing(by, second, act, Vec::new())
    }

    fn and_missing(&self, by: &str, second: u64, act: Act, missing: Vec<EventId>) -> Self {
        self.at_ms(by, at(second), act, missing)
    }

    fn at_ms(&self, by: &str, at: Timestamp, act: Act, missing: Vec<EventId>) -> Self {
        let by = handle(by);
        let seen = head_of(&self.entries);
        let not_after = at.plus_ms(1_000);
        let header = Header { ledger: Some(self.ledger), by: by.clone(), at, not_after, seen, missing };
        let payload = Payload { header, act }.encode().unwrap();
        let event = SignedEvent::sign(payload, &SigningKey::rehearsal(&by)).unwrap();
        let mut entries = self.entries.clone();
        entries.push(Entry { accepted_at: at, event }.encode());
        Self { entries, ..self.clone() }
    }

    /// The head of the log as it is, cosigned by these witnesses at these seconds.
    fn seen(&self, by: &[(u8, u64)]) -> String {
        let by: Vec<(u8, u64)> = by.iter().map(|(number, second)| (*number, at(*second).ms() / 1_000)).collect();
        cosigned(&note(&self.entries), &by)
    }

    fn anchored(&self, second: u64, by: &[(u8, u64)]) -> Self {
        self.and("ben", second, anchor(&self.seen(by)))
    }

    fn id(&self, entry: usize) -> EventId {
        Entry::decode(&self.entries[entry]).unwrap().event.id()
    }
}

fn names(policy: &str) -> Act {
    Act::NameWitnesses(NameWitnesses { policy: Text::new(policy).unwrap() })
}

fn anchor(checkpoint: &str) -> Act {
    Act::Anchor(Anchor { checkpoint: Text::new(checkpoint).unwrap() })
}

fn enrol() -> Act {
    Act::Enrol(Enrol { name: None })
}

/// Each case as a bundle, with what both verifiers say of it.
pub(crate) fn cases() -> Vec<(String, LedgerId, Vec<u8>, &'static str)> {
    let (plain, named) = (Log::new(false), Log::new(true));
    let both = [(1, 10), (2, 10)];
    let key = rehearsal_log_key(NAME);
    let good = named.seen(&both);
    let lines = good.split_inclusive('\n').skip(5).collect::<String>();
    let own = Checkpoint { origin: ORIGIN.to_owned(), head: head_of(&named.entries) };
    let signed =
        |origin: &str, head: Head, key: &SigningKey| Checkpoint { origin: origin.to_owned(), head }.sign(key) + &lines;
    let smaller = head_of(&named.entries[..3]);
    let wrong_root = Head { root: smaller.root, ..own.head };
    let beyond = Head { size: 99, ..own.head };
    let eve = SigningKey::rehearsal(&handle("eve"));
    let with = |text: &str| named.and("ben", 10, anchor(text));
    let unsound = two_of_three().replacen(
        "quorum two",
        "witness w9 w9.example+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nquorum two",
        1,
    );
    let next = |log: &Log, ms: u64| log.at_ms("eve", at(10).plus_ms(ms), enrol(), Vec::new());
    let day_ms = DAY * 1_000;
    let late = DAY + 11;
    let renamed = named.and("root", late, names(&two_of_three()));
    let named_late = named.and("root", late, names("quorum none"));
    let twice = |log: &Log| vec![log.id(4), log.id(3)];
    let mut ids = [named.id(0), named.id(3)];
    ids.sort_unstable();
    let unknown = EventId::of_payload(b"left out");
    let logs = vec![
        ("named", named.clone(), "valid"),
        ("an anchor", named.anchored(10, &both), "valid"),
        ("an anchor of a smaller head", with(&cosigned(&signed_alone(smaller, &key), &at_ten())), "valid"),
        ("an anchor by three of whom one is late", named.anchored(10, &[(1, 10), (2, 11), (3, 9_999)]), "valid"),
        ("an anchor where nobody is named", plain.and("ben", 10, anchor(&plain.seen(&both))), "no-witnesses"),
        (
            "an anchor where nobody is needed",
            named.and("root", 10, names("quorum none")).anchored(10, &both),
            "no-witnesses",
        ),
        ("an anchor that is no note", with("no note"), "anchor-unfit"),
        ("an anchor of another log", with(&signed("other.invalid/log", own.head, &key)), "anchor-unfit"),
        ("an anchor of another root", with(&signed(ORIGIN, wrong_root, &key)), "anchor-unfit"),
        ("an anchor beyond the log", with(&signed(ORIGIN, beyond, &key)), "anchor-unfit"),
        ("an anchor of nothing", with(&signed(ORIGIN, Head::empty(), &key)), "anchor-unfit"),
        ("an anchor signed by another", with(&signed(ORIGIN, own.head, &eve)), "anchor-unfit"),
        ("an anchor with a bad cosignature", with(&good.replacen(&lines[30..34], "AAAA", 1)), "anchor-unfit"),
        ("an anchor with a witness twice", with(&(good.clone() + &lines)), "anchor-unfit"),
        ("an anchor with an extension", with(&good.replacen("\n\n", "\nextension\n\n", 1)), "anchor-unfit"),
        ("an anchor by one of two", named.anchored(10, &[(3, 10)]), "anchor-unwitnessed"),
        ("an anchor that was seen before", late_by(&named, 301), "anchor-contradicts"),
        ("an anchor at the tolerance", late_by(&named, 300), "valid"),
        ("an anchor of the future", named.anchored(10, &[(1, 311), (2, 311)]), "anchor-ahead"),
        ("an anchor five minutes ahead", named.anchored(10, &[(1, 310), (2, 310)]), "valid"),
        ("a day", next(&named, day_ms), "valid"),
        ("a day and a millisecond", next(&named, day_ms + 1), "clock-jumped"),
        ("a day and a millisecond where nobody is named", next(&plain, day_ms + 1), "valid"),
        ("a stale anchor after a day", named.anchored(late, &[(1, 10), (2, 10)]), "clock-jumped"),
        ("a fresh anchor after a day", named.anchored(late, &[(1, 11), (2, 11)]), "valid"),
        ("no witnesses after a day", named_late.clone(), "valid"),
        ("no witnesses after a day, and a month", named_late.at_ms("eve", at(30 * DAY), enrol(), Vec::new()), "valid"),
        (
            "other witnesses after a day reset nothing",
            renamed.at_ms("eve", at(late + 10), enrol(), Vec::new()),
            "clock-jumped",
        ),
        (
            "other witnesses after a day, and an anchor",
            renamed.anchored(late + 10, &[(1, late), (2, late)]).at_ms("eve", at(late + 10), enrol(), Vec::new()),
            "valid",
        ),
        (
            "other witnesses after a day, and an anchor from before",
            renamed.anchored(late + 10, &[(1, 12), (2, 12)]),
            "anchor-contradicts",
        ),
        ("a policy that names nobody", plain.and("root", 10, names("quorum two")), "policy-invalid"),
        ("a policy with an unsound key", plain.and("root", 10, names(&unsound)), "policy-invalid"),
        ("a policy with a comment behind", plain.and("root", 10, names("quorum none # for now")), "policy-invalid"),
        ("something missing", named.and_missing("eve", 10, enrol(), vec![unknown]), "valid"),
        (
            "something said to be missing that is there",
            named.and_missing("eve", 10, enrol(), vec![named.id(3)]),
            "not-missing",
        ),
        ("two of them", named.and_missing("eve", 10, enrol(), ids.to_vec()), "not-missing"),
        ("seventeen", named.and_missing("eve", 10, enrol(), many(17)), "not-an-act"),
        ("sixteen", named.and_missing("eve", 10, enrol(), many(16)), "valid"),
        ("two in the wrong order", named.and_missing("eve", 10, enrol(), descending(twice(&named))), "not-an-act"),
        ("one twice", named.and_missing("eve", 10, enrol(), vec![unknown, unknown]), "not-an-act"),
    ];
    let mut all: Vec<_> =
        logs.into_iter().map(|(name, log, code)| (name.to_owned(), log.ledger, bundle(&log.entries), code)).collect();
    // The checkpoint under which a log is published, cosigned before its last entry says that it was accepted.
    let last = named.and("eve", 1_000, enrol());
    for (name, by, code) in [
        ("a checkpoint seen too early", vec![(1, 699), (2, 699)], "time-contradicted"),
        ("a checkpoint seen at the tolerance", vec![(1, 700), (3, 700)], "valid"),
        ("a checkpoint seen too early by one", vec![(1, 10), (3, 1_000)], "valid"),
        ("a checkpoint seen too early by a minority", vec![(1, 10)], "valid"),
    ] {
        all.push((name.to_owned(), last.ledger, framed(&last.seen(&by), &last.entries), code));
    }
    all
}

fn signed_alone(head: Head, key: &SigningKey) -> String {
    Checkpoint { origin: ORIGIN.to_owned(), head }.sign(key)
}

fn at_ten() -> [(u8, u64); 2] {
    [(1, at(10).ms() / 1_000), (2, at(10).ms() / 1_000)]
}

/// An entry, and an anchor of it that witnesses cosigned so many seconds before.
fn late_by(log: &Log, seconds: u64) -> Log {
    let log = log.and("eve", 1_000, enrol());
    log.anchored(1_000, &[(1, 1_000 - seconds), (2, 1_000 - seconds)])
}

fn many(count: u64) -> Vec<EventId> {
    let mut ids: Vec<EventId> = (0..count).map(|number| EventId::of_payload(&number.to_be_bytes())).collect();
    ids.sort_unstable();
    ids
}

fn descending(mut ids: Vec<EventId>) -> Vec<EventId> {
    ids.sort_unstable();
    ids.reverse();
    ids
}
