//! The user side: people who register, organisations that run the product, and partners.

use std::collections::BTreeSet;

use serde_json::json;

use super::Life;
use super::agenda::{Item, Then};
use super::committee::digest;
use super::poll::Mood;
use super::script::set;

/// One organisation for so many people.
const PEOPLE_AN_ORGANISATION: usize = 12;

/// An organisation.
#[derive(Debug)]
pub struct Organisation {
    /// Its handle.
    pub handle: String,
    /// Who represents it.
    pub representative: usize,
    /// Who represents it beside that person.
    deputy: Option<usize>,
    /// Everybody who represents it or has; none of them may vouch for it.
    speakers: Vec<usize>,
    /// Which roles it holds, as project and role.
    pub roles: BTreeSet<(usize, &'static str)>,
    /// What sort of partner it is.
    pub partner: Option<&'static str>,
    /// Whether its partnership is suspended.
    pub suspended: bool,
}

impl Life {
    /// Something happens on the user side.
    pub(super) fn use_product(&mut self) {
        match self.script.chance.below(100) {
            0..60 => self.register(),
            60..94 => self.run_product(),
            _ => self.change_partner(),
        }
    }

    /// Somebody registers as a User of a project, or does not want to be one any more.
    fn register(&mut self) {
        let Some(index) = self.some_project() else { return };
        let leaves = self.script.chance.percent(45);
        let Some(project) = self.projects.get_mut(index) else { return };
        let known = self.script.chance.pick_where(&project.circle, |person| {
            leaves && project.standings.get(&person).is_some_and(|standing| standing.user)
        });
        let person = known.unwrap_or_else(|| self.people.anybody(&mut self.script.chance));
        let standing = project.standing(person);
        standing.user = !standing.user;
        let registers = standing.user;
        let (unit, handle) = (project.unit(), self.people.handle(person));
        if registers {
            self.script.act(&handle, "apply", json!({"unit": unit, "role": "user", "id": "claim"}));
            self.enter(&unit, "user", &handle, "@claim");
        } else {
            self.script.act(&handle, "resign", json!({"unit": unit, "role": "user"}));
        }
    }

    /// An organisation becomes a Consumer or an Ambassador of a project, or ceases to be one.
    fn run_product(&mut self) {
        if self.organisations.len() * PEOPLE_AN_ORGANISATION < self.people.count() {
            self.found_organisation();
        }
        let Some(index) = self.some_project() else { return };
        let number = self.script.chance.position(self.organisations.len());
        let role = self.script.chance.word(&["consumer", "consumer", "ambassador"]);
        let Some(organisation) = self.organisations.get_mut(number) else { return };
        let (by, handle) = (organisation.representative, organisation.handle.clone());
        let speakers = organisation.speakers.clone();
        if organisation.roles.remove(&(index, role)) {
            let unit = self.unit_of(index);
            let fields = json!({"unit": unit, "role": role, "person": handle});
            self.script.act(&self.people.handle(by), "resign", fields);
        } else if self.vouch((index, role), &handle, &speakers)
            && let Some(organisation) = self.organisations.get_mut(number)
        {
            organisation.roles.insert((index, role));
        }
    }

    /// An organisation applies, a Maintainer has seen that it runs the product, and a member of the committee enters it;
    /// tells whether there was somebody to do so.
    fn vouch(&mut self, (index, role): (usize, &str), handle: &str, speakers: &[usize]) -> bool {
        let (Some(project), Some(committee)) = (self.projects.get(index), self.committees.get(index)) else {
            return false;
        };
        let voucher = self.script.chance.pick_where(&project.maintainers, |person| !speakers.contains(&person));
        let clerk = self.script.chance.pick(&committee.members);
        let (Some(voucher), Some(clerk), Some(representative)) = (voucher, clerk, speakers.first()) else {
            return false;
        };
        let unit = project.unit();
        let statement = "In production since last year; we will give two talks";
        let application = json!({"unit": unit, "role": role, "person": handle, "statement": statement, "id": "claim"});
        self.script.act(&self.people.handle(*representative), "apply", application);
        let attest = json!({"event": "@claim", "criterion": "production", "note": "visited their data centre"});
        self.script.act(&self.people.handle(voucher), "attest", attest);
        let grant = json!({"unit": unit, "role": role, "person": handle, "basis": "@claim"});
        self.script.act(&self.people.handle(clerk), "grant", grant);
        true
    }

    /// An organisation names a deputy of its representative, or recalls the one it has.
    pub(super) fn delegate(&mut self) {
        let number = self.script.chance.position(self.organisations.len());
        let person = self.people.anybody(&mut self.script.chance);
        let Some(organisation) = self.organisations.get_mut(number) else { return };
        let by = self.people.handle(organisation.representative);
        if let Some(deputy) = organisation.deputy.take() {
            let fields = json!({"organisation": organisation.handle, "person": self.people.handle(deputy)});
            self.script.act(&by, "recall", fields);
        } else if person != organisation.representative {
            organisation.deputy = Some(person);
            if !organisation.speakers.contains(&person) {
                organisation.speakers.push(person);
            }
            let fields = json!({"organisation": organisation.handle, "person": self.people.handle(person)});
            self.script.act(&by, "represent", fields);
        }
    }

    fn unit_of(&self, index: usize) -> String {
        self.projects.get(index).map_or_else(String::new, super::project::Project::unit)
    }

    fn found_organisation(&mut self) {
        let representative = self.people.anybody(&mut self.script.chance);
        let word = self.script.chance.word(&["bank", "cloud", "telecom", "银行", "retail", "systems"]);
        let handle = format!("org-{word}-{}", self.organisations.len() + 100);
        let name = format!("{word} Ltd");
        let fields = json!({"organisation": handle, "name": name});
        self.script.act(&self.people.handle(representative), "organisation", fields);
        self.organisations.push(Organisation {
            handle,
            representative,
            deputy: None,
            speakers: vec![representative],
            roles: BTreeSet::new(),
            partner: None,
            suspended: false,
        });
    }

    /// An organisation that the council could recommend.
    pub(super) fn recommendation(&mut self) -> Option<Item> {
        let index = self.script.chance.position(self.organisations.len());
        let organisation = self.organisations.get(index).filter(|known| known.partner.is_none())?;
        let role = self.script.chance.word(&["solution", "service", "ecosystem", "research", "cloud"]);
        let effect = json!({"kind": "recommend", "unit": "partners", "role": role, "person": organisation.handle});
        let title = format!("Recommend {}", organisation.handle);
        self.script.chance.percent(40).then(|| Item {
            title,
            effect,
            half: false,
            mood: Mood::WARM,
            then: Then::Partner(index, role),
        })
    }

    /// The authority admits a partner whom the council has recommended.
    pub(super) fn admit_partner(&mut self, index: usize, role: &'static str, basis: &str) {
        let Some(organisation) = self.organisations.get_mut(index) else { return };
        organisation.partner = Some(role);
        let fields = json!({
            "unit": "partners", "role": role, "person": organisation.handle, "basis": basis,
            "agreement": digest(index), "evidence": ["https://example.org/references"],
        });
        self.by_authority("appoint", fields);
    }

    /// A partnership is suspended, resumed, or ended.
    fn change_partner(&mut self) {
        let index = self.script.chance.position(self.organisations.len());
        let fate = self.script.chance.below(100);
        let Some(organisation) = self.organisations.get_mut(index) else { return };
        let Some(role) = organisation.partner else { return };
        let mut fields = json!({"unit": "partners", "role": role, "person": organisation.handle});
        if organisation.suspended {
            organisation.suspended = false;
            self.by_authority("resume", fields);
        } else if fate < 40 {
            organisation.suspended = true;
            set(&mut fields, "reason", "the certificate lapsed");
            self.by_authority("suspend", fields);
        } else {
            organisation.partner = None;
            let by = self.people.handle(organisation.representative);
            if fate < 70 {
                self.by_authority("end", fields);
            } else {
                self.script.act(&by, "resign", fields);
            }
        }
    }
}
