//! `draft`: write a payload without signing it, from the ledger or from what its operator publishes of it.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use rollcall_core::act::Act;
use rollcall_core::digest::{EventId, LedgerId, TreeHash};
use rollcall_core::event::{Header, Payload};
use rollcall_core::key::NAMESPACE;
use rollcall_core::ledger::Ledger;
use rollcall_core::limits::{NOT_AFTER_DEFAULT_MS, NOT_AFTER_MAX_MS};
use rollcall_core::name::Handle;
use rollcall_core::time::{DAY_MS, Timestamp};
use rollcall_core::tree::Head;
use rollcall_server::fetch::Address;
use rollcall_storage::published::Files as _;
use serde::Deserialize;
use serde_json::json;

use super::{act, advise, reading};
use crate::advice;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;
use crate::source::Source;

/// Bytes of a status file.
const STATUS_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(super) fn command() -> Command {
    Command::new("draft")
        .about("Write an act to a file, to be signed elsewhere")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .defer(|command| command.subcommands(act::specs().map(|spec| act::command(spec).defer(flagged))))
        .after_help(format!("Example:\n  rollcall --ledger L --by alice draft vote --vote 3f2a9c --choice for -o ballot\n  ssh-keygen -Y sign -n {NAMESPACE} -f ~/.ssh/id_ed25519 ballot\n  rollcall --ledger L append ballot ballot.sig"))
}

/// The flags of an act, and those of a draft.
fn flagged(command: Command) -> Command {
    let file = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(PathBuf));
    act::flagged(command)
        .arg(file("output").short('o').value_name("FILE").required(true).help("Write the unsigned payload to a new file"))
        .arg(Arg::new("accept-at").long("at").value_name("TIME").help("In a rehearsal: the claimed time (RFC 3339)"))
        .arg(Arg::new("not-after").long("not-after").value_name("TIME").help("The draft is void after this instant"))
        .arg(Arg::new("status").long("status").value_name("FILE|URL").help("Draft without the ledger, from what `rollcall status --json` printed, or from a service at an address (`rollcall serve`)"))
        .arg(Arg::new("bundle").long("bundle").value_name("FILE|DIR|URL").conflicts_with("status").help("Draft from a bundle, or from what is published, instead of a ledger of one's own; the signed head is kept as FILE.head"))
        .after_help(format!("The file is signed with:\n  ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE\nand appended with:\n  rollcall append FILE FILE.sig"))
}

pub(super) fn run(args: &ArgMatches) -> Result<Answer, Failure> {
    let Some((verb, args)) = args.subcommand() else { return Err(Failure::usage("draft which act?")) };
    let spec =
        act::specs().find(|spec| spec.name == verb).ok_or_else(|| Failure::bug(format!("no such act: {verb}")))?;
    let world = World::read(args)?;
    let at = world.at(super::parsed(args, "accept-at")?)?;
    let act = act::read(spec, args, &|text| world.event(text))?;
    let by = world.author(args)?;
    let mut header = world.header(&by, &act, at);
    header.missing = act::missing(args)?;
    if let Some(not_after) = super::parsed(args, "not-after")? {
        header.not_after = not_after;
    }
    let not_after = header.not_after;
    if not_after < at || at.plus_ms(NOT_AFTER_MAX_MS) < not_after {
        let days = NOT_AFTER_MAX_MS / DAY_MS;
        return Err(Failure::usage(format!("`not-after` lies between now and {days} days from now, got: {not_after}")));
    }
    let bytes = Payload { header, act }
        .encode()
        .map_err(|error| Failure::input("the act cannot be written").caused_by(&error))?;
    let path = args.get_one::<PathBuf>("output").ok_or_else(|| Failure::usage("where to? -o FILE"))?;
    output::create(path, &bytes, 0o644)?;
    // The head that the act says it has seen, as the log has signed it: should the log ever say otherwise, this shows it.
    let head = match &world {
        World::Bundle(_, Some(note)) => {
            Some(output::create_beside(&path.with_added_extension("head"), note.as_bytes())?)
        }
        World::Bundle(_, None) | World::Ledger(_) | World::Status(_) => None,
    };
    let event = EventId::of_payload(&bytes);
    let shown = path.display();
    let service = args.get_one::<String>("status").filter(|place| Address::is_one(place));
    let to = service.map_or_else(String::new, |service| format!(" --to {service}"));
    let file = advice::quoted(path);
    let [inspect, sign, append] = ["inspect", "sign", "append"].map(|verb| advise(args, &format!("{verb} {file}")));
    let mut text = format!(
        "wrote {shown}, {} bytes, event {event}, by {by}, valid until {not_after}\nread it:   {inspect}\nsign it:   {sign} --key KEY, or: ssh-keygen -Y sign -n {NAMESPACE} -f KEY {file}\nappend it: {append}.signed{to}, or: {append} {file}.sig{to}\n",
        bytes.len()
    );
    if let Some(head) = &head {
        text.push_str(&format!(
            "keep {}: the signed head that the act has seen; later: {}\n",
            head.display(),
            advise(args, &format!("audit --head {}", advice::quoted(head)))
        ));
    }
    Ok(Answer::new(
        json!({"outcome": "drafted", "file": path.to_string_lossy(), "event": event.to_string(), "by": by, "not_after": not_after.to_string(), "head": head.map(|head| head.to_string_lossy().into_owned())}),
        text,
    ))
}

/// Where an act is drafted from: the ledger, or what its operator publishes of it.
enum World {
    Ledger(Box<Session>),
    /// With the head under which it is published, where the log has signed it.
    Bundle(Box<Ledger>, Option<String>),
    Status(Status),
}

/// What `rollcall status --json` says, as far as a draft needs it.
#[derive(Debug, Deserialize)]
struct Status {
    ledger: LedgerId,
    size: u64,
    root: TreeHash,
    rehearsal: bool,
    last_accepted_at: String,
    #[serde(default)]
    open_votes: Vec<OpenVote>,
}

/// A vote that is open.
#[derive(Debug, Deserialize)]
struct OpenVote {
    vote: EventId,
    closes: String,
}

impl World {
    fn read(args: &ArgMatches) -> Result<Self, Failure> {
        if let Some(text) = args.get_one::<String>("bundle") {
            let source = Source::open(text)?;
            let note = source.note().filter(|note| !note.ends_with("\n\n")).map(str::to_owned);
            return source.ledger().map(|ledger| Self::Bundle(Box::new(ledger), note));
        }
        let Some(place) = args.get_one::<String>("status") else { return Ok(Self::Ledger(Box::new(reading(args)?))) };
        let text = if Address::is_one(place) {
            let none = || Failure::unchecked(format!("no status is served at: {place}"));
            let said = Address::new(place).read("status", STATUS_BYTES_MAX);
            let said = said.map_err(|error| none().caused_by(&error))?;
            said.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(none)?
        } else {
            crate::input::read_text(Path::new(place), STATUS_BYTES_MAX)?
        };
        serde_json::from_str(&text).map(Self::Status).map_err(|error| {
            let what = format!("not what `rollcall status --json` prints: {place}");
            // What a service says wrongly is not the fault of who asks it.
            let failure = if Address::is_one(place) { Failure::unchecked(what) } else { Failure::input(what) };
            failure.caused_by(&error)
        })
    }

    fn at(&self, declared: Option<Timestamp>) -> Result<Timestamp, Failure> {
        let (rehearsal, last) = match self {
            Self::Ledger(session) => return session.accepting_at(declared),
            Self::Bundle(ledger, _) => (crate::session::is_rehearsal(ledger.state()), Ok(ledger.state().last_at())),
            Self::Status(status) => (status.rehearsal, status.last_accepted_at.parse()),
        };
        if !rehearsal {
            return match declared {
                None => crate::session::now(),
                Some(_) => Err(Failure::usage("`--at` is for rehearsals; this ledger takes its time from the clock")),
            };
        }
        declared.map_or_else(|| last.map_err(|_| Failure::input("the status names no time of its last entry")), Ok)
    }

    /// The full id of an event; a ledger at hand knows it by its beginning.
    fn event(&self, text: &str) -> Result<EventId, Failure> {
        match self {
            Self::Ledger(session) => super::event(session.state(), text),
            Self::Bundle(ledger, _) => super::event(ledger.state(), text),
            Self::Status(_) => text.parse().map_err(|_| {
                Failure::usage(format!("without the ledger an event is named by all 64 digits of its id, got: {text}"))
            }),
        }
    }

    fn header(&self, by: &Handle, act: &Act, at: Timestamp) -> Header {
        let status = match self {
            Self::Ledger(session) => return session.ledger.header(by, act, at),
            Self::Bundle(ledger, _) => return ledger.header(by, act, at),
            Self::Status(status) => status,
        };
        let default = at.plus_ms(NOT_AFTER_DEFAULT_MS);
        let voted = if let Act::Vote(act) = act { Some(act.vote) } else { None };
        let open = status.open_votes.iter().find(|open| Some(open.vote) == voted);
        let closes = open.and_then(|open| open.closes.parse::<Timestamp>().ok());
        Header {
            ledger: Some(status.ledger),
            by: by.clone(),
            at,
            not_after: closes.map_or(default, |closes| closes.min(default).max(at)),
            seen: Head { size: status.size, root: status.root },
            missing: Vec::new(),
        }
    }

    fn author(&self, args: &ArgMatches) -> Result<Handle, Failure> {
        if let Some(by) = super::handle(args, "by")? {
            return Ok(by);
        }
        match self {
            Self::Ledger(session) => Ok(act::signer(args, &session.reading())?.0),
            Self::Bundle(..) | Self::Status(_) => Err(Failure::usage("who acts? name the author with `--by HANDLE`")),
        }
    }
}
