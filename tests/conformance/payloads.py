"""Reads a bundle with Python's cbor2, which knows nothing of Rollcall: payloads.py BUNDLE

Every entry must be [1, time, [payload, key, signature]], every payload a map with its header, and both must come out
of an ordinary deterministic encoder as the bytes that went in. The entries must make the root of the checkpoint, so
that a changed bundle is told from a faulty one; who signed is not looked at here.
"""
import hashlib
import json
import struct
import sys
from base64 import b64decode
from collections import Counter
from io import BytesIO

import cbor2

TIME_MAX = 4102444800000  # 2100-01-01 in Unix milliseconds


def refuse(what):
    sys.exit(f"payloads: {what}")


def decode(data, what):
    stream = BytesIO(data)
    try:
        value = cbor2.CBORDecoder(stream).decode()
    except Exception as fault:
        refuse(f"{what}: {fault}")
    if stream.read():
        refuse(f"{what}: bytes after the item")
    if cbor2.dumps(value, canonical=True) != data:
        refuse(f"{what}: not deterministic CBOR")
    return value


def plain(value, what):
    """The data model of docs/format.md: no floats, tags, nulls, negative integers, and text keys only."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                refuse(f"{what}: a key is no text")
            plain(inner, what)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            plain(inner, what)
    elif not isinstance(value, (bool, bytes, str)) and not (isinstance(value, int) and 0 <= value < 2**64):
        refuse(f"{what}: {value!r} is outside the data model")


def time(value):
    return type(value) is int and 0 <= value <= TIME_MAX


def tree(leaves):
    """RFC 6962 section 2.1, of leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def main(file):
    with open(file, "rb") as opened:
        bundle = opened.read()
    title, _, rest = bundle.partition(b"\n")
    if title != b"rollcall bundle v1":
        refuse("this is no bundle")
    # The note: its text, an empty line, its signature lines, an empty line.
    text, gap, rest = rest.partition(b"\n\n")
    if not gap:
        refuse("the bundle has no checkpoint")
    if rest.startswith(b"\n"):
        signatures, frames = b"", rest[1:]
    else:
        signatures, _, frames = rest.partition(b"\n\n")
    try:
        origin, size, root = text.decode().split("\n")
    except ValueError:
        refuse("the checkpoint is not of three lines")

    acts, at, entries, leaves = Counter(), 0, 0, []
    while frames:
        what = f"entry {entries}"
        if len(frames) < 2:
            refuse(f"{what}: cut off")
        (length,) = struct.unpack(">H", frames[:2])
        data, frames = frames[2 : 2 + length], frames[2 + length :]
        if len(data) != length:
            refuse(f"{what}: cut off")
        leaves.append(hashlib.sha256(b"\x00" + data).digest())
        entry = decode(data, what)
        plain(entry, what)
        try:
            version, accepted_at, (payload, key, signature) = entry
        except (TypeError, ValueError):
            refuse(f"{what}: not [version, time, [payload, key, signature]]")
        if version != 1 or not time(accepted_at) or not all(type(part) is bytes for part in (payload, key, signature)):
            refuse(f"{what}: a part of another type")
        if (len(key), len(signature)) != (32, 64) and not (key[32:].startswith(b"ssh:") and len(signature) == 69):
            refuse(f"{what}: a key of {len(key)} and a signature of {len(signature)} bytes")
        if accepted_at < at:
            refuse(f"{what}: time goes back")
        at = accepted_at

        what = f"payload of entry {entries}"
        act = decode(payload, what)
        if not isinstance(act, dict):
            refuse(f"{what}: not a map")
        plain(act, what)
        for name, fits in {
            "act": lambda it: type(it) is str,
            "at": time,
            "by": lambda it: type(it) is str,
            "ledger": lambda it: type(it) is bytes and len(it) == (0 if entries == 0 else 32),
            "not_after": time,
            "seen": lambda it: type(it) is list and len(it) == 2 and type(it[0]) is int and type(it[1]) is bytes and len(it[1]) == 32,
        }.items():
            if name not in act or not fits(act[name]):
                refuse(f"{what}: header {name}")
        if (entries == 0) != (act["act"] == "found"):
            refuse(f"{what}: the act {act['act']} does not stand here")
        acts[act["act"]] += 1
        entries += 1
    if str(entries) != size:
        refuse(f"{entries} entries, but the checkpoint says {size}")
    if tree(leaves) != b64decode(root, validate=True):
        refuse("the entries make another root than the checkpoint's")
    signed = len(signatures.splitlines())
    print(json.dumps({"origin": origin, "entries": entries, "signatures": signed, "acts": dict(sorted(acts.items()))}))


if len(sys.argv) != 2:
    refuse("usage: payloads.py BUNDLE")
try:
    main(sys.argv[1])
except (OSError, ValueError) as fault:
    refuse(fault)
