#!/usr/bin/env python3
"""Mutation run over rules that are data: changes one place of a charter at a time and asks whether a story notices.

python3 tests/mutants/charter.py [--stories DIR] [--binary PATH] [--charter FILE] [--out DIR] [--only REGEX]

A story is read as tests/tests/stories.rs reads it; one without a `charter:` line is played under the mutant, the others
are left out. A mutant is dead when `charter check` does not compile it, when an answer differs from what the story
tells (`accepted`, or `refused CODE CLAUSE`), or when an `ask` block is answered otherwise. One process at a time.
Stories that bring texts of their own (`brings`) are left out: their digests are the unchanged charter's.
Writes OUT/results.jsonl (one line a mutant) and prints totals; OUT defaults to `target/mutants`.
"""
import argparse, json, os, re, subprocess, sys, tempfile, time
from collections import Counter, defaultdict


def value(text):
    number = len(text) < 10 and text.isascii() and text.isdigit()
    return json.loads(text) if text.startswith(("[", "{")) or (number and text) else text

def act(line, at):
    line, answer = line.rsplit(" => ", 1)
    label = None
    if " #" in line:
        line, label = line.rsplit(" #", 1)
    words = line.split(" ", 2)
    by, verb, rest = words[0], words[1], words[2] if len(words) > 2 else ""
    obj = {"at": at, "by": by, "act": verb}
    if label is not None:
        obj["id"] = label
    fields = []
    for word in filter(None, rest.split(" ")):
        name, eq, first = word.partition("=")
        if eq and re.fullmatch(r"[a-z_]+", name):
            fields.append([name, first])
        else:
            fields[-1][1] += " " + word
    for name, text in fields:
        obj[name] = value(text)
    return obj, answer.strip()

class Story:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        text = open(path, encoding="utf-8").read()
        self.charter = next((l[len("charter: "):].strip() for l in text.splitlines() if l.startswith("charter: ")), None)
        self.acts, self.asks = [], []          # (line number, object, told), (line number, command, text, wanted)
        at, mode = "2026-03-02T01:00:00Z", None
        for number, line in enumerate(text.splitlines(), 1):
            if line in ("```acts", "```ask"):
                mode = line[3:]
            elif line == "```":
                mode = None
            elif mode is None or not line.strip():
                continue
            elif mode == "acts":
                if line.startswith("at "):
                    at = line[3:]
                    continue
                authors, rest = line.split(" ", 1)
                for by in authors.split(","):
                    self.acts.append((number, *act(f"{by} {rest}", at)))
            elif " =/> " in line:
                command, said = line.split(" =/> ", 1)
                self.asks.append((number, command, said, False))
            else:
                command, said = line.split(" => ", 1)
                self.asks.append((number, command, said, True))

    def jsonl(self, charter=None):
        lines = [dict(a) for _, a, _ in self.acts]
        if charter or self.charter:
            lines[0]["charter"] = charter or self.charter
        return "\n".join(json.dumps(l, ensure_ascii=False) for l in lines)

def told(answer):
    if answer["outcome"] == "refused":
        return f"refused {answer['code']} {answer['clause']}"
    return answer["outcome"]


class Node:
    """A value with its place. kind: str, num, bool, list, table. items: of a list Nodes, of a table (key, start, Node)."""
    def __init__(self, kind, start, end, val=None, items=()):
        self.kind, self.start, self.end, self.val, self.items = kind, start, end, val, list(items)
    def get(self, key):
        return next((n for k, _, n in self.items if k == key), None)

class Scan:
    def __init__(self, text):
        self.t, self.i = text, 0
        self.sections = []      # (header name, is array, start, body start, end, [(key, start, Node)])
        self.run()
    def blank(self, newlines=True):
        while self.i < len(self.t):
            c = self.t[self.i]
            if c == "#":
                while self.i < len(self.t) and self.t[self.i] != "\n": self.i += 1
            elif c in " \t" or (newlines and c == "\n"):
                self.i += 1
            else:
                break
    def key(self):
        start = self.i
        while self.t[self.i] not in " =": self.i += 1
        return self.t[start:self.i], start
    def val(self):
        t, s = self.t, self.i
        c = t[s]
        if c == '"':
            i = s + 1
            while t[i] != '"': i += 2 if t[i] == "\\" else 1
            self.i = i + 1
            return Node("str", s, self.i, t[s + 1:i])
        if c == "'":
            self.i = t.index("'", s + 1) + 1
            return Node("str", s, self.i, t[s + 1:self.i - 1])
        if c == "[":
            self.i += 1
            items = []
            while True:
                self.blank()
                if self.t[self.i] == "]": break
                items.append(self.val())
                self.blank()
                if self.t[self.i] == ",": self.i += 1
            self.i += 1
            return Node("list", s, self.i, items=items)
        if c == "{":
            self.i += 1
            items = []
            while True:
                self.blank()
                if self.t[self.i] == "}": break
                k, ks = self.key()
                self.blank(); assert self.t[self.i] == "="; self.i += 1; self.blank()
                items.append((k, ks, self.val()))
                self.blank()
                if self.t[self.i] == ",": self.i += 1
            self.i += 1
            return Node("table", s, self.i, items=items)
        m = re.compile(r"true|false|-?\d+").match(t, s)
        self.i = m.end()
        return Node("num" if m[0][-1].isdigit() else "bool", s, self.i, m[0])
    def run(self):
        cur = ["", False, 0, 0, 0, []]
        self.sections.append(cur)
        while True:
            self.blank()
            if self.i >= len(self.t): break
            if self.t[self.i] == "[":
                start = self.i
                line = self.t[start:self.t.index("\n", start)]
                array = line.startswith("[[")
                cur[4] = start
                self.i = start + len(line)
                cur = [line.strip().strip("[]"), array, start, self.i, 0, []]
                self.sections.append(cur)
            else:
                k, ks = self.key()
                self.blank(); assert self.t[self.i] == "="; self.i += 1; self.blank()
                cur[5].append((k, ks, self.val()))
        cur[4] = len(self.t)


FRACTION = {"2/3": "1/2", "1/2": "2/3", "3/4": "1/2", "1/3": "1/2", "3/5": "1/2"}
SWITCH = {  # a word of a fixed vocabulary: what it may be instead
    "phase": {"founding": ["established"], "established": ["founding"]},
    "venue.meeting": {"regular": ["any", "extraordinary"], "outside": ["any"], "any": ["regular"], "extraordinary": ["any"]},
    "held_by": {"organisations": ["either", "people"], "either": ["people", "organisations"]},
    "of": {"present": ["in_office"], "in_office": ["present"], "cast": ["in_office"], "for_or_against": ["cast"]},
    "about": {"meeting": ["event", "sitting"], "sitting": ["meeting"], "event": ["meeting"], "person": ["event"], "notice": ["sitting"]},
    "count": {"one": ["many"]},
    "benefit.kind": {"listing": ["entitlement"], "certificate": ["entitlement"], "claim": ["entitlement"], "invitation": ["entitlement"],
                     "entitlement": ["claim"], "merge": ["review"], "review": ["merge"]},
    "recusal": {"left_out": ["no_vote"], "no_vote": ["left_out"]},
    "early": {"never": ["all_balloted"], "after_minimum": ["all_balloted"]},
}
ROLE_KEYS = {"role", "implies", "includes", "emeritus", "electors", "from", "seat", "by", "roles", "fulfilled_by", "holder", "nominated_by"}
CITES = {"clause", "clauses"}

class Mutator:
    def __init__(self, text):
        self.text, self.scan = text, Scan(text)
        self.out, self.skipped = [], Counter()
        self.roles = defaultdict(list)                       # kind -> roles
        for name, *_ in self.scan.sections:
            m = re.fullmatch(r"unit\.([^.]+)\.role\.([^.]+)", name)
            if m and m[2] not in self.roles[m[1]]: self.roles[m[1]].append(m[2])
        self.kinds = [m[1] for name, *_ in self.scan.sections if (m := re.fullmatch(r"unit\.([^.]+)", name))]

    def add(self, op, where, start, end, put, what):
        assert self.text[start:end] != put
        line = self.text.count("\n", 0, start) + 1
        self.out.append({"op": op, "line": line, "where": where, "what": what, "edit": [start, end, put]})

    def drop_entry(self, start, end):
        """The span of an entry of a list or table together with one comma."""
        t, i = self.text, end
        while t[i] in " \n": i += 1
        if t[i] == ",":
            i += 1
            while t[i] == " ": i += 1
            return start, i
        j = start
        while t[j - 1] in " \n": j -= 1
        return (j - 1, end) if t[j - 1] == "," else (start, end)

    def other_role(self, kind, role):
        if "/" in role:
            kind2, bare = role.split("/", 1)
            other = self.other_role(kind2, bare)
            return other and f"{kind2}/{other}"
        roles = [r for r in self.roles.get(kind, []) if r != "*"]
        if role == "*": return roles[0] if roles else None
        if role not in roles: return None
        others = [r for r in roles[roles.index(role) + 1:] + roles[:roles.index(role)]]
        return others[0] if others else None

    def run(self):
        last_rule = True
        for name, array, start, body, end, keys in self.scan.sections:
            if name == "zone":
                self.skipped["zone name and offsets"] += 1 + len(re.findall(r"\[\d", self.text[body:end]))
                continue
            if name == "interpretation":
                self.skipped["readings (question, reading, others, instead, absent)"] += len(keys)
                continue
            if name == "clause":
                self.skipped["clause texts (class, about, en, zh)"] += sum(max(1, len(n.items)) for _, _, n in keys)
                continue
            if name == "":
                self.skipped["name, language"] += len(keys)
                continue
            kind = name.split(".")[1] if name.startswith("unit.") else None
            if name.startswith("unit.") and name.count(".") >= 2:
                self.add("section removed", name, start, end, "", f"[{name}] removed")
            for k, ks, node in keys:
                self.entry(name, kind, k, ks, node, top=True)
        return self.out

    def entry(self, where, kind, k, ks, node, top, table=None):
        """A key with its value: remove it, then change what is in it."""
        path = f"{where}.{k}"
        if k in CITES:
            self.skipped["clause citations"] += 1 if node.kind == "str" else len(node.items)
            return
        short = self.text[ks:node.end]
        brief = short if len(short) < 90 else short[:87] + "..."
        if top:
            e = node.end
            while self.text[e] != "\n": e += 1
            self.add("key removed", path, ks, e + 1, "", f"`{brief}` removed")
        else:
            self.add("key removed", path, *self.drop_entry(ks, node.end), "", f"`{brief}` removed")
        self.value(path, kind, k, ks, node, table)

    def value(self, path, kind, k, ks, node, table):
        t = self.text
        if node.kind == "str":
            v = node.val
            if re.fullmatch(r"\d+/\d+", v):
                if k in ("at_least", "more_than"):
                    other = "more_than" if k == "at_least" else "at_least"
                    self.add("comparator", path, ks, ks + len(k), other, f"{k} -> {other} \"{v}\"")
                if v in FRACTION:
                    self.add("fraction", path, node.start, node.end, f'"{FRACTION[v]}"', f"{k} {v} -> {FRACTION[v]}")
                return
            vocabulary = SWITCH.get(k)
            if k == "meeting": vocabulary = SWITCH["venue.meeting"]
            if k == "kind": vocabulary = SWITCH["benefit.kind"] if ".benefit." in path else None
            if vocabulary:
                for other in vocabulary.get(v, []):
                    op = "base" if k == "of" else "switch"
                    self.add(op, path, node.start, node.end, f'"{other}"', f"{k} {v} -> {other}")
                if k != "kind": return
            if k in ROLE_KEYS:
                home = kind
                if table is not None and ".decision." in path and (n := table.get("kind")): home = n.val
                if table is not None and (n := table.get("unit")): home = n.val
                other = self.other_role(home, v)
                if other: self.add("role name", path, node.start, node.end, f'"{other}"', f"{k} {v} -> {other}")
                else: self.skipped["role names without another to put"] += 1
                return
            if k in ("kind", "supersedes") and not vocabulary or k == "unit":
                role = table and table.get("role")
                fits = [q for q in self.kinds if q != v and (role is None or role.val == "*" or role.val in self.roles[q])]
                other = (fits or [q for q in self.kinds if q != v])[0]
                self.add("kind name", path, node.start, node.end, f'"{other}"', f"{k} {v} -> {other}")
                return
            if not vocabulary: self.skipped[f"other words (effect, topic, name, cited clause)"] += 1
        elif node.kind == "num":
            n = int(node.val)
            for m in (n + 1, n - 1):
                if m >= 0: self.add("integer", path, node.start, node.end, str(m), f"{k} {n} -> {m}")
        elif node.kind == "bool":
            other = "false" if node.val == "true" else "true"
            self.add("switch", path, node.start, node.end, other, f"{k} {node.val} -> {other}")
        elif node.kind == "list":
            for i, item in enumerate(node.items):
                text = t[item.start:item.end]
                self.add("entry removed", f"{path}[{i}]", *self.drop_entry(item.start, item.end), "", f"{k}: {text} removed")
                self.value(f"{path}[{i}]", kind, k, item.start, item, None)
                if item.kind == "str" and k == "nominee_in":
                    other = next(q for q in self.kinds if q != item.val)
                    self.add("kind name", f"{path}[{i}]", item.start, item.end, f'"{other}"', f"{k} {item.val} -> {other}")
        elif node.kind == "table":
            for key, s, sub in node.items:
                self.entry(path, kind, key, s, sub, top=False, table=node)


class Runner:
    def __init__(self, binary, charter, stories, scratch):
        self.binary, self.stories, self.scratch = os.path.abspath(binary), stories, scratch
        self.original = open(charter, encoding="utf-8").read()
        self.env = {k: v for k, v in os.environ.items() if k not in ("ROLLCALL_LEDGER", "ROLLCALL_KEY")}
        self.rank = defaultdict(Counter)                     # section -> story -> kills
    def call(self, *args, cwd=None):
        return subprocess.run(["nice", "-n", "19", self.binary, *args], cwd=cwd or self.scratch, env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)
    def play(self, story, charter, asks=False):
        """The first thing that is not as told, or None."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            with open(f"{folder}/acts.jsonl", "w", encoding="utf-8") as f: f.write(story.jsonl(charter))
            ledger = ["--ledger", "play.ledger"] if asks else []
            run = self.call(*ledger, "rehearse", "acts.jsonl", "--json", cwd=folder)
            answers = [json.loads(l) for l in run.stdout.splitlines()]
            for (number, obj, expected), answer in zip(story.acts, answers):
                if told(answer) != expected:
                    return f"{story.name}:{number} {obj['by']} {obj['act']}: {told(answer)} (told {expected})"
            if len(answers) != len(story.acts):
                return f"{story.name}: {len(answers)} answers to {len(story.acts)} acts: {run.stderr.strip()[-200:]}"
            if not asks: return None
            for command in (["audit"], ["replay"]):
                run = self.call("--ledger", "play.ledger", *command, cwd=folder)
                if run.returncode: return f"{story.name}: {command[0]} exits {run.returncode}: {run.stdout[-200:]}{run.stderr[-200:]}"
            labels = {f"@{obj['id']}": a["event"] for (_, obj, _), a in zip(story.acts, answers) if "id" in obj and "event" in a}
            for number, command, said, wanted in story.asks:
                run = self.call("--ledger", "play.ledger", *[labels.get(w, w) for w in command.split(" ")], cwd=folder)
                if (said in run.stdout) != wanted:
                    return f"{story.name}:{number} {command} {'lacks' if wanted else 'says'} {said}"
            return None
    def baseline(self):
        path = f"{self.scratch}/original.toml"
        open(path, "w", encoding="utf-8").write(self.original)
        for story in self.stories:
            begin = time.time()
            if broken := self.play(story, path, asks=True): sys.exit(f"the unmutated charter does not play: {broken}")
            story.seconds = time.time() - begin
    def mutant(self, m):
        start, end, put = m["edit"]
        text = self.original[:start] + put + self.original[end:]
        path = f"{self.scratch}/mutant.toml"
        open(path, "w", encoding="utf-8").write(text)
        check = self.call("charter", "check", path)
        m["check"] = check.returncode
        if check.returncode == 2:
            return "refused by check", (check.stdout + check.stderr).strip().replace(self.scratch + "/", "").split("\n")[-1][:200]
        if check.returncode: m["findings"] = check.stdout.strip().replace(path, "").splitlines()[:-1] or [check.stdout.strip()[:200]]
        section = ".".join(m["where"].split(".")[:5])
        broad = ".".join(m["where"].split(".")[:2])
        order = sorted(self.stories, key=lambda s: (-self.rank[m["where"]][s.name], -self.rank[section][s.name], -self.rank[broad][s.name] / s.seconds, s.seconds))
        for story in order:
            if broken := self.play(story, path):
                for key in (m["where"], section, broad): self.rank[key][story.name] += 1
                return "killed by a story", broken
        for story in order:
            if story.asks and (broken := self.play(story, path, asks=True)): return "killed by a story", broken
        return "survived", ""

def main():
    p = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.join(here, "..", "..")
    p.add_argument("--stories", default=os.path.join(here, "..", "stories"))
    p.add_argument("--binary", default=os.path.join(root, "target", "debug", "rollcall"))
    p.add_argument("--charter", default=os.path.join(root, "crates", "core", "charters", "greatsql.toml"))
    p.add_argument("--out", default=os.path.join(root, "target", "mutants"))
    p.add_argument("--only", help="only mutants whose place or change matches")
    p.add_argument("--extra", nargs="*", default=[], help="more stories"); p.add_argument("--list", action="store_true")
    p.add_argument("--again", help="a results.jsonl: only its survivors")
    a = p.parse_args()
    files = sorted(os.path.join(a.stories, f) for f in os.listdir(a.stories) if f.endswith(".md")) + a.extra
    own_texts = lambda path: re.search(r"^\S+ brings \w+: ", open(path, encoding="utf-8").read(), re.M)
    stories = [s for s in map(Story, [f for f in files if not own_texts(f)]) if s.charter is None]
    os.makedirs(a.out, exist_ok=True)
    mutator = Mutator(open(a.charter, encoding="utf-8").read())
    mutants = mutator.run()
    if a.only: mutants = [m for m in mutants if re.search(a.only, f"{m['where']} {m['what']}")]
    if a.again:
        keep = {(r["where"], r["what"]) for r in map(json.loads, open(a.again)) if r["result"] == "survived"}
        mutants = [m for m in mutants if (m["where"], m["what"]) in keep]
    if a.list:
        for m in mutants: print(m["line"], m["op"], m["where"], "|", m["what"])
    print(f"{len(mutants)} mutants, {len(stories)} stories, skipped: {dict(mutator.skipped)}", flush=True)
    if a.list: return
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as scratch:
        runner = Runner(a.binary, a.charter, stories, scratch)
        runner.baseline()
        print(f"the charter as it is: {sum(len(s.acts) for s in stories)} acts as told, {sum(s.seconds for s in stories):.1f} s", flush=True)
        totals, begin = Counter(), time.time()
        with open(f"{a.out}/results.jsonl", "w", encoding="utf-8") as out:
            for i, m in enumerate(mutants, 1):
                m["result"], m["why"] = runner.mutant(m)
                totals[m["result"]] += 1
                out.write(json.dumps(m, ensure_ascii=False) + "\n"); out.flush()
                if m["result"] == "survived": print(f"survived: line {m['line']} {m['where']}: {m['what']}", flush=True)
                if i % 50 == 0: print(f"-- {i}/{len(mutants)} {dict(totals)} {time.time() - begin:.0f} s", flush=True)
        print(f"{len(mutants)} mutants: {dict(totals)}, {time.time() - begin:.0f} s")

if __name__ == "__main__":
    main()
