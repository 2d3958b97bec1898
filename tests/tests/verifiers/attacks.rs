//! A small ledger, and what somebody who runs it could make of it.

use rollcall_core::act::{Act, Enrol, Resign};
use rollcall_core::bundle::preamble;
use rollcall_core::charter::Charter;
use rollcall_core::checkpoint::Checkpoint;
use rollcall_core::digest::{EventId, LedgerId};
use rollcall_core::entry::Entry;
use rollcall_core::event::{Header, Payload, SignedEvent};
use rollcall_core::key::SigningKey;
use rollcall_core::ledger::{Ledger, rehearsal_founding, rehearsal_log_key};
use rollcall_core::name::Handle;
use rollcall_core::tiles::frame;
use rollcall_core::time::Timestamp;
use rollcall_core::tree::{Head, Tree};

pub(crate) const ORIGIN: &str = "rehearsal.invalid/rollcall";
pub(crate) const NAME: &str = "Small";

/// Histories that are as lawful as the one that was, so that only whoever kept a head can tell.
pub(crate) const LAWFUL: [&str; 2] = ["entry 6 dropped, new checkpoint", "entry 6 signed by another, new checkpoint"];

/// A ledger under the smallest charter, in memory.
pub(crate) struct Small {
    pub(crate) ledger: LedgerId,
    pub(crate) entries: Vec<Vec<u8>>,
}

pub(crate) fn at(second: u64) -> Timestamp {
    Timestamp::from_ms(1_772_413_200_000 + second * 1_000).unwrap()
}

pub(crate) fn handle(name: &str) -> Handle {
    name.parse().unwrap()
}

/// A ledger of a founder and of people who enrol one after the other.
pub(crate) fn founded(people: &[&str], name: &str) -> (Ledger, Vec<Vec<u8>>) {
    let mut ledger = Ledger::default();
    let mut entries = Vec::new();
    let charter = Charter::preset("steward").unwrap();
    for event in rehearsal_founding(name, &[handle("root")], 1, charter, at(0)).unwrap() {
        entries.push(ledger.admit(event, at(0)).unwrap().bytes);
    }
    for (second, person) in (1..).zip(people) {
        let person = handle(person);
        let act = Act::Enrol(Enrol { name: None });
        let header = ledger.header(&person, &act, at(second));
        let payload = Payload { header, act }.encode().unwrap();
        let event = SignedEvent::sign(payload, &SigningKey::rehearsal(&person)).unwrap();
        entries.push(ledger.admit(event, at(second)).unwrap().bytes);
    }
    (ledger, entries)
}

pub(crate) fn head_of(entries: &[Vec<u8>]) -> Head {
    let mut tree = Tree::default();
    for entry in entries {
        tree.push(entry);
    }
    tree.head()
}

pub(crate) fn framed(note: &str, entries: &[Vec<u8>]) -> Vec<u8> {
    [preamble(note), entries.iter().flat_map(|entry| frame(entry)).collect()].concat()
}

fn signed(head: Head, origin: &str, key: &SigningKey) -> String {
    Checkpoint { origin: origin.to_owned(), head }.sign(key)
}

/// The checkpoint of entries, by the log's key.
pub(crate) fn note(entries: &[Vec<u8>]) -> String {
    signed(head_of(entries), ORIGIN, &rehearsal_log_key(NAME))
}

/// The bundle that an operator who has the log's key makes of entries.
pub(crate) fn bundle(entries: &[Vec<u8>]) -> Vec<u8> {
    framed(&note(entries), entries)
}

impl Small {
    pub(crate) fn new() -> Self {
        let (ledger, entries) = founded(&["ann", "ben", "cho", "dan"], NAME);
        Self { ledger: ledger.state().founding().unwrap().ledger, entries }
    }

    fn with(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<Vec<u8>> {
        let mut entries = self.entries.clone();
        change(&mut entries);
        entries
    }

    fn edited(&self, index: usize, edit: impl FnOnce(Entry) -> Entry) -> Vec<Vec<u8>> {
        self.with(|entries| entries[index] = edit(Entry::decode(&entries[index]).unwrap()).encode())
    }

    /// An act of `by` as the entry after the last, whatever the rules say of it.
    fn appended(&self, by: &str, act: Act, header: impl FnOnce(Header) -> Header, second: u64) -> Vec<Vec<u8>> {
        let by = handle(by);
        let plain = Header {
            ledger: Some(self.ledger),
            by: by.clone(),
            at: at(second),
            not_after: at(second + 1_000),
            seen: head_of(&self.entries),
            missing: Vec::new(),
        };
        let payload = Payload { header: header(plain), act }.encode().unwrap();
        let event = SignedEvent::sign(payload, &SigningKey::rehearsal(&by)).unwrap();
        self.with(|entries| entries.push(Entry { accepted_at: at(second), event }.encode()))
    }

    /// What is done to the entries, each with the old checkpoint and with a new one that the log's key signs.
    fn histories(&self) -> Vec<(String, Vec<Vec<u8>>)> {
        let last = self.entries.len() - 1;
        let enrol = || Act::Enrol(Enrol { name: None });
        let resign = || {
            Act::Resign(Resign {
                unit: "u".parse().unwrap(),
                role: "r".parse().unwrap(),
                effective: None,
                person: None,
            })
        };
        let mut all = Vec::new();
        for index in 0..=last {
            all.push((format!("entry {index} dropped"), self.with(|entries| drop(entries.remove(index)))));
            all.push((
                format!("entry {index} duplicated"),
                self.with(|entries| entries.insert(index, entries[index].clone())),
            ));
            all.push((format!("entry {index} sent again"), self.with(|entries| entries.push(entries[index].clone()))));
            all.push((format!("entry {index} emptied"), self.with(|entries| entries[index].clear())));
            all.push((format!("entry {index} padded"), self.with(|entries| entries[index].push(0))));
            all.push((
                format!("entry {index} without its first byte"),
                self.with(|entries| entries[index] = entries[index][1..].to_vec()),
            ));
            let back = self.edited(index, |entry| Entry { accepted_at: Timestamp::from_ms(0).unwrap(), ..entry });
            all.push((format!("entry {index} back-dated"), back));
            let late = self.edited(index, |entry| Entry { accepted_at: at(20 * 86_400), ..entry });
            all.push((format!("entry {index} put off"), late));
            let resigned = self.edited(index, |entry| {
                let event = SignedEvent::sign(entry.event.payload().to_vec(), &SigningKey::rehearsal(&handle("eve")));
                Entry { event: event.unwrap(), ..entry }
            });
            all.push((format!("entry {index} signed by another"), resigned));
            if index > 0 {
                all.push((
                    format!("entries {} and {index} swapped", index - 1),
                    self.with(|entries| entries.swap(index - 1, index)),
                ));
            }
        }
        let foreign = founded(&["ann"], "Other").1;
        all.push(("an entry of another ledger".to_owned(), self.with(|entries| entries.push(foreign[3].clone()))));
        all.push(("another ledger".to_owned(), foreign));
        all.push(("nothing".to_owned(), Vec::new()));
        let odd = |seen: Head| move |header: Header| Header { seen, ..header };
        let beyond = Head { size: 99, root: head_of(&self.entries).root };
        let other = Head { size: 3, root: head_of(&self.entries).root };
        all.push(("a head beyond the log was seen".to_owned(), self.appended("eve", enrol(), odd(beyond), 9)));
        all.push(("another head was seen".to_owned(), self.appended("eve", enrol(), odd(other), 9)));
        all.push(("nobody enrolled acts".to_owned(), self.appended("eve", resign(), |header| header, 9)));
        let ahead = |header: Header| Header { at: at(1_000), not_after: at(2_000), ..header };
        all.push(("claimed ahead".to_owned(), self.appended("eve", enrol(), ahead, 9)));
        let lapsed = |header: Header| Header { at: at(1), not_after: at(2), ..header };
        all.push(("lapsed".to_owned(), self.appended("eve", enrol(), lapsed, 9)));
        let ever = |header: Header| Header { not_after: at(367 * 86_400), ..header };
        all.push(("valid for ever".to_owned(), self.appended("eve", enrol(), ever, 9)));
        let stray = |header: Header| Header { ledger: None, ..header };
        all.push(("for no ledger".to_owned(), self.appended("eve", enrol(), stray, 9)));
        let elsewhere = |header: Header| Header { ledger: Some(EventId::of_payload(b"x").as_ledger()), ..header };
        all.push(("for another ledger".to_owned(), self.appended("eve", enrol(), elsewhere, 9)));
        all
    }

    /// Every attack as a bundle.
    pub(crate) fn attacks(&self) -> Vec<(String, Vec<u8>)> {
        let old = note(&self.entries);
        let mut all = Vec::new();
        for (name, entries) in self.histories() {
            all.push((format!("{name}, old checkpoint"), framed(&old, &entries)));
            all.push((format!("{name}, new checkpoint"), bundle(&entries)));
        }
        let head = head_of(&self.entries);
        let key = rehearsal_log_key(NAME);
        let eve = SigningKey::rehearsal(&handle("eve"));
        let smaller = head_of(&self.entries[..4]);
        let own_line = old.lines().last().unwrap().to_owned();
        let notes = [
            ("another origin", signed(head, "other.invalid/log", &key)),
            ("another key", signed(head, ORIGIN, &eve)),
            ("a smaller head", signed(smaller, ORIGIN, &key)),
            ("a larger size", signed(Head { size: head.size + 1, ..head }, ORIGIN, &key)),
            ("another root", signed(Head { root: smaller.root, ..head }, ORIGIN, &key)),
            ("its line twice", format!("{old}{own_line}\n")),
            ("an extension line", old.replacen("\n\n", "\nextension\n\n", 1)),
            ("a leading zero", old.replacen("\n7\n", "\n07\n", 1)),
            ("no signature, another origin", old.split_once("\n\n").unwrap().0.replacen(ORIGIN, "o", 1) + "\n\n"),
        ];
        for (name, note) in notes {
            all.push((format!("a checkpoint with {name}"), framed(&note, &self.entries)));
        }
        let whole = bundle(&self.entries);
        for cut in [1, 2, 3, 100, whole.len() / 2] {
            all.push((format!("{cut} bytes cut off"), whole[..whole.len() - cut].to_vec()));
        }
        for tail in [&b"\0"[..], b"\0\0", b"\0\x01", b"\0\x01x"] {
            all.push((format!("{tail:?} added"), [whole.as_slice(), tail].concat()));
        }
        all
    }
}
