//! `diff`: who came and who went between two instants.

use std::collections::BTreeSet;
use std::fmt::Write;

use clap::{Arg, ArgMatches, Command};
use rollcall_core::name::{Handle, Name, UnitId};
use serde_json::json;

use super::{ledger_path, roster};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::session::{AsOf, Session};

type Seat = (UnitId, Name, Handle);

pub(super) fn command() -> Command {
    Command::new("diff")
        .about("Show who came and who went between two instants, or between two lengths of the log")
        .arg(Arg::new("from").value_name("FROM").required(true).help("A time, or a number of entries"))
        .arg(Arg::new("to").value_name("TO").required(true).help("A time, or a number of entries"))
        .after_help("Examples:\n  rollcall --ledger L diff 2024-01-01T00:00:00Z 2025-01-01T00:00:00Z\n  rollcall --ledger L diff 10 25")
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let side = |name: &str| -> Result<(String, BTreeSet<Seat>), Failure> {
        let text = args.get_one::<String>(name).map_or("", String::as_str);
        let path = ledger_path(args)?;
        let (state, at, shown) = match super::as_of(text)? {
            AsOf::Entries(count) => {
                let session = Session::read(path, AsOf::Entries(count))?;
                let at = session.state().last_at().max(session.state().roster().latest());
                (session.ledger, at, format!("{count} entries"))
            }
            AsOf::Time(at) => (Session::read(path, AsOf::Now)?.ledger, at, at.to_string()),
            AsOf::Now => return Err(Failure::bug("a side of a diff without an instant")),
        };
        let holders = roster::at_instant(state.state(), at);
        let seats = holders.into_iter().flat_map(|(unit, roles)| {
            let seats = roles.into_iter().flat_map(move |(role, people)| {
                let unit = unit.clone();
                people.into_iter().map(move |person| (unit.clone(), role.clone(), person))
            });
            seats.collect::<Vec<_>>()
        });
        Ok((shown, seats.collect()))
    };
    let (from, before) = side("from")?;
    let (to, after) = side("to")?;
    let row = |(unit, role, person): &Seat| json!({"unit": unit, "role": role, "person": person});
    let came: Vec<_> = after.difference(&before).collect();
    let went: Vec<_> = before.difference(&after).collect();
    let mut text = format!("from {from} to {to}: {} came, {} went\n", came.len(), went.len());
    for (sign, seats) in [('+', &came), ('-', &went)] {
        for (unit, role, person) in seats {
            let _ = writeln!(text, "{sign} {unit}  {role}  {person}");
        }
    }
    let json = json!({
        "from": from,
        "to": to,
        "came": came.into_iter().map(row).collect::<Vec<_>>(),
        "went": went.into_iter().map(row).collect::<Vec<_>>(),
    });
    Ok(Answer::new(json, text))
}
