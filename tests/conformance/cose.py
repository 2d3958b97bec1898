"""Verifies COSE Receipts (RFC 9942) that `rollcall prove --format cose` and `--format cose-eddsa` write.

    cose.py RECEIPT ENTRY KEYHEX SIZE ROOTHEX                              an entry is in the log
    cose.py --consistency RECEIPT OLDSIZE OLDROOTHEX KEYHEX SIZE ROOTHEX   a head extends an older one

KEYHEX is the log's Ed25519 point: the last 32 bytes of what follows the second `+` of its verifier key. The root is
recomputed from the receipt's proof, compared with ROOTHEX, and is then the payload that pycose (algorithm -8) or the
Sig_structure below (-19, Ed25519 of RFC 9864, which pycose does not know) is given.
"""
import hashlib
import json
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage

ALG, KID, CWT_CLAIMS, VDS, VDP = 1, 4, 15, 395, 396
RFC9162_SHA256, INCLUSION, CONSISTENCY = 1, -1, -2
EDDSA, ED25519 = -8, -19


def refuse(what):
    sys.exit(f"cose: {what}")


def require(condition, what):
    if not condition:
        refuse(what)


def sha256(data):
    return hashlib.sha256(data).digest()


def node(left, right):
    return sha256(b"\x01" + left + right)


def root_of(leaf, index, size, path):
    """RFC 9162 section 2.1.3.2."""
    require(index < size, "the index is beyond the tree")
    fn, sn, root = index, size - 1, leaf
    for sibling in path:
        require(sn > 0, "the path is too long")
        if fn & 1 or fn == sn:
            root = node(sibling, root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node(root, sibling)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0, "the path is too short")
    return root


def extended(old_size, old_root, size, path):
    """RFC 9162 section 2.1.4.2: the newer root, once the older one has been found in the path."""
    require(0 < old_size < size, "the sizes make no proof")
    if old_size & (old_size - 1) == 0:
        path = [old_root] + path
    require(path, "the path is too short")
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    older = newer = path[0]
    for sibling in path[1:]:
        require(sn > 0, "the path is too long")
        if fn & 1 or fn == sn:
            older, newer = node(sibling, older), node(sibling, newer)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            newer = node(newer, sibling)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0, "the path is too short")
    require(older == old_root, "the proof does not lead to the older root")
    return newer


def signed(receipt, protected, signature, algorithm, key, root):
    if algorithm == EDDSA:
        message = CoseMessage.decode(receipt)
        message.key = OKPKey(crv=Ed25519, x=key)
        return message.verify_signature(detached_payload=root)
    structure = cbor2.dumps(["Signature1", protected, b"", root])
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, structure)
    except InvalidSignature:
        return False
    return True


def main(arguments):
    consistency = arguments[:1] == ["--consistency"]
    if consistency:
        require(len(arguments) == 7, __doc__)
        file, old_size, old_root, key, size, root = arguments[1:]
        old_size, old_root = int(old_size), bytes.fromhex(old_root)
    else:
        require(len(arguments) == 5, __doc__)
        file, entry_file, key, size, root = arguments
    key, size, root = bytes.fromhex(key), int(size), bytes.fromhex(root)
    with open(file, "rb") as opened:
        receipt = opened.read()

    # COSE_Sign1, tagged; the payload, which is the root, is detached.
    message = cbor2.loads(receipt)
    require(cbor2.dumps(message, canonical=True) == receipt, "the receipt is not deterministic CBOR")
    require(isinstance(message, cbor2.CBORTag) and message.tag == 18, "the receipt is not tagged 18")
    protected, unprotected, payload, signature = message.value
    header = cbor2.loads(protected)
    require(cbor2.dumps(header, canonical=True) == protected, "the protected header is not deterministic CBOR")
    require(set(header) == {ALG, KID, CWT_CLAIMS, VDS}, f"protected headers {list(header)}")
    require(header[ALG] in (EDDSA, ED25519), f"algorithm {header[ALG]}")
    require(header[VDS] == RFC9162_SHA256, f"verifiable data structure {header[VDS]}")
    require(set(header[CWT_CLAIMS]) == {1, 2}, "issuer or subject is missing")
    require(all(isinstance(claim, str) and claim for claim in header[CWT_CLAIMS].values()), "a claim is no text")
    # RFC 9679: the thumbprint of a key is the hash of its required parameters.
    require(header[KID] == sha256(cbor2.dumps({1: 1, -1: 6, -2: key}, canonical=True)), "the receipt names another key")
    require(payload is None, "the payload is not detached")
    require(set(unprotected) == {VDP}, f"unprotected headers {list(unprotected)}")
    kind = CONSISTENCY if consistency else INCLUSION
    require(set(unprotected[VDP]) == {kind} and len(unprotected[VDP][kind]) == 1, "the receipt has not one proof of this kind")
    proof = unprotected[VDP][kind][0]
    first, second, path = cbor2.loads(proof)
    require(cbor2.dumps([first, second, path], canonical=True) == proof, "the proof is not deterministic CBOR")
    require(path and all(isinstance(hash, bytes) and len(hash) == 32 for hash in path), "RFC 9942 wants hashes in a path")

    if consistency:
        require([first, second] == [old_size, size], f"the receipt is about {first} and {second} entries")
        computed = extended(old_size, old_root, size, path)
        report = {"old_size": old_size}
    else:
        require(first == size, f"the receipt is about {first} entries")
        with open(entry_file, "rb") as opened:
            computed = root_of(sha256(b"\x00" + opened.read()), second, size, path)
        report = {"index": second}
    require(computed == root, "the proof leads to another root")
    require(signed(receipt, protected, signature, header[ALG], key, root), "the log has not signed this root")
    # That the signature is over the root at all: with another one it must fail.
    wrong = bytes([root[0] ^ 1]) + root[1:]
    require(not signed(receipt, protected, signature, header[ALG], key, wrong), "a wrong root is accepted")
    report.update(size=size, root=root.hex(), alg=header[ALG], iss=header[CWT_CLAIMS][1], sub=header[CWT_CLAIMS][2])
    print(json.dumps(report, ensure_ascii=False))


try:
    main(sys.argv[1:])
except (OSError, TypeError, ValueError, AttributeError, cbor2.CBORError) as fault:  # what unpacking finds amiss
    refuse(f"{type(fault).__name__}: {fault}")
