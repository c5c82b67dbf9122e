#!/usr/bin/env python3
"""Makes fixtures/vectors/ledger.json from specs/ledger.md alone.

An independent model: Python 3 standard library only, with its own encoder, Ed25519 (RFC 8032 §5.1), Merkle tree
(the recursive definitions of RFC 9162 §2.1) and texts. It shares no code with the Rust crates, which must reproduce
every value.

    python3 specs/vectors/ledger_vectors.py            compares with the committed file, exit 1 if it differs
    python3 specs/vectors/ledger_vectors.py --write    writes the file
"""

import base64
import hashlib
import json
import pathlib
import sys

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures/vectors/ledger.json"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- Ed25519, RFC 8032 §5.1, written for clarity and not for secret keys -------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    """Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = p, q
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def mul(k, p):
    q = NEUTRAL
    while k > 0:
        if k & 1:
            q = add(q, p)
        p = add(p, p)
        k >>= 1
    return q


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P != 0:
        return None
    if x == 0 and sign:
        return None
    return P - x if x & 1 != sign else x


def point(x, y):
    return (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = point(recover_x(BASE_Y, 0), BASE_Y)


def compress(p):
    z = pow(p[2], P - 2, P)
    return (p[1] * z % P | (p[0] * z % P & 1) << 255).to_bytes(32, "little")


def decompress(b):
    """The canonical encodings only."""
    n = int.from_bytes(b, "little")
    y, sign = n & (2**255 - 1), n >> 255
    if y >= P:
        return None
    x = recover_x(y, sign)
    return None if x is None else point(x, y)


def hash_int(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def expand(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (2**254 - 8) | 2**254
    return a, h[32:]


def public(seed):
    return compress(mul(expand(seed)[0], BASE))


def sign(seed, message):
    a, prefix = expand(seed)
    key = compress(mul(a, BASE))
    r = hash_int(prefix, message) % L
    big_r = compress(mul(r, BASE))
    k = hash_int(big_r, key, message) % L
    return big_r + ((r + k * a) % L).to_bytes(32, "little")


def verify_strict(key, message, signature):
    """specs/ledger.md §1.2."""
    a, r = decompress(key), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    if equal(mul(8, a), NEUTRAL) or equal(mul(8, r), NEUTRAL):
        return False
    k = hash_int(signature[:32], key, message) % L
    return equal(mul(s, BASE), add(r, mul(k, a)))


def verify_cofactored(key, message, signature):
    """The rule of batch verifiers: what the strict rule must not be weakened to."""
    a, r = decompress(key), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = hash_int(signature[:32], key, message) % L
    return equal(mul(8 * s, BASE), add(mul(8, r), mul(8 * k, a)))


def torsion_point():
    """A point of order 8."""
    y = 2
    while True:
        x = recover_x(y, 0)
        if x is not None:
            t = mul(L, point(x, y))
            if not equal(mul(4, t), NEUTRAL):
                return t
        y += 1


# --- §2 encoding ---------------------------------------------------------------------------------------------------


def uint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def blob(b):
    return uint(len(b)) + b


def text(s):
    return blob(s.encode())


def option(encoded):
    return b"\x00" if encoded is None else b"\x01" + encoded


def many(items):
    return uint(len(items)) + b"".join(items)


# --- §3 to §5 ------------------------------------------------------------------------------------------------------


def grant(key, role, scope):
    return key + bytes([role]) + option(None if scope is None else text(scope))


def genesis(kind, origin, parent, ledger_key, service_key, grants, max_lag_ms, window_ms, random, predecessor):
    return (
        b"\x01"
        + uint(kind)
        + text(origin)
        + option(parent)
        + ledger_key
        + service_key
        + many(sorted(grants))
        + uint(max_lag_ms)
        + uint(window_ms)
        + random
        + option(None if predecessor is None else predecessor[0] + uint(predecessor[1]) + predecessor[2])
    )


def body(ledger, event_type, author, time_ms, nonce, seen, refs, payload):
    return (
        ledger
        + uint(event_type)
        + b"\x01"
        + author
        + uint(time_ms)
        + nonce
        + option(None if seen is None else uint(seen[0]) + seen[1])
        + many([r[0] + uint(r[1]) + r[2] for r in sorted(refs)])
        + blob(payload)
    )


BODY_TAG = b"sijill/body/v1\n"


def entry(seq, prev, received_ms, sequenced_ms, body_bytes, signature):
    return b"\x01" + uint(seq) + prev + uint(received_ms) + uint(sequenced_ms) + blob(body_bytes) + signature


def consequence_nonce(cause, event_type):
    return sha256(b"sijill/consequence/v1\n", cause, event_type.to_bytes(2, "big"))[:16]


def service_nonce(event_type, payload):
    return sha256(b"sijill/service/v1\n", event_type.to_bytes(2, "big"), payload)[:16]


# --- §6, by the recursive definitions of RFC 9162 §2.1 --------------------------------------------------------------


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves):
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01", mth(leaves[:k]), mth(leaves[k:]))


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def subproof(m, leaves, complete):
    if m == len(leaves):
        return [] if complete else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], complete) + [mth(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [mth(leaves[:k])]


# --- §7, §8, §12 ---------------------------------------------------------------------------------------------------


def b64(b):
    return base64.b64encode(b).decode()


def checkpoint(origin, ledger, size, root, seed):
    name = f"{origin}/{ledger.hex()}"
    lines = f"{name}\n{size}\n{b64(root)}\n"
    key_id = sha256(name.encode(), b"\n\x01", public(seed))[:4]
    return f"{lines}\n— {name} {b64(key_id + sign(seed, lines.encode()))}\n"


def tile_index(n):
    groups = [f"{n % 1000:03}"]
    n //= 1000
    while n:
        groups.insert(0, f"x{n % 1000:03}")
        n //= 1000
    return "/".join(groups)


def tile_paths(size):
    paths = []
    for prefix, level in [(f"tile/{l}/", l) for l in range(8)] + [("tile/entries/", 0)]:
        count = size // 256**level
        paths += [prefix + tile_index(i) for i in range(count // 256)]
        if count % 256:
            paths.append(f"{prefix}{tile_index(count // 256)}.p/{count % 256}")
    return paths


def receipt(entry_bytes, seq, proof, note):
    hashes = "".join(b64(h) + "\n" for h in proof)
    return f"c2sp.org/tlog-proof@v1\nextra {b64(entry_bytes)}\nindex {seq}\n{hashes}\n{note}"


# --- the vectors ---------------------------------------------------------------------------------------------------


def seed(name):
    return sha256(b"sijill test key ", name.encode())


def make_ledger():
    commission, registrar, service, ledger_seed = map(seed, ["commission", "registrar", "service", "ledger"])
    origin = "vote.example/2026"
    parent = sha256(b"parent")
    fields = {
        "kind": 4,
        "origin": origin,
        "parent": parent.hex(),
        "ledger_key": public(ledger_seed).hex(),
        "service_key": public(service).hex(),
        "grants": [
            {"key": public(commission).hex(), "role": 1, "scope": None},
            {"key": public(registrar).hex(), "role": 2, "scope": "north-1"},
            {"key": public(commission).hex(), "role": 4, "scope": "2"},
        ],
        "max_lag_ms": 5000,
        "official_window_ms": 600000,
        "random": sha256(b"random").hex(),
        "predecessor": {"ledger": sha256(b"before").hex(), "size": 300, "root": sha256(b"before root").hex()},
    }
    genesis_bytes = genesis(
        4,
        origin,
        parent,
        public(ledger_seed),
        public(service),
        [grant(bytes.fromhex(g["key"]), g["role"], g["scope"]) for g in fields["grants"]],
        5000,
        600000,
        bytes.fromhex(fields["random"]),
        (sha256(b"before"), 300, sha256(b"before root")),
    )
    ledger = sha256(genesis_bytes)
    now = 1_800_000_000_000
    leaves, entries, bodies = [], [], []

    def record(signer, event_type, payload, nonce, received_ms, sequenced_ms, time_ms=0, seen=None, refs=()):
        view = None if seen is None else (seen, mth(leaves[:seen]))
        b = body(ledger, event_type, public(signer), time_ms, nonce, view, list(refs), payload)
        signature = sign(signer, BODY_TAG + b)
        assert verify_strict(public(signer), BODY_TAG + b, signature)
        prev = leaves[-1] if leaves else bytes(32)
        e = entry(len(entries), prev, received_ms, sequenced_ms, b, signature)
        leaves.append(sha256(b"\x00", e))
        entries.append(e)
        bodies.append(
            {
                "seq": len(entries) - 1,
                "event_type": event_type,
                "author_seed": signer.hex(),
                "author_time_ms": time_ms,
                "nonce": nonce.hex(),
                "seen": None if view is None else {"size": view[0], "root": view[1].hex()},
                "refs": [{"ledger": r[0].hex(), "size": r[1], "root": r[2].hex()} for r in sorted(refs)],
                "payload": payload.hex(),
                "received_ms": received_ms,
                "sequenced_ms": sequenced_ms,
                "body": b.hex(),
                "body_hash": sha256(BODY_TAG, b).hex(),
                "signature": signature.hex(),
                "entry": e.hex(),
                "leaf_hash": leaves[-1].hex(),
                "root": mth(leaves).hex(),
            }
        )
        return sha256(BODY_TAG, b)

    nonce = lambda n: sha256(b"nonce", bytes([n]))[:16]
    record(service, 0x0001, genesis_bytes, ledger[:16], now, now)
    granted = grant(public(registrar), 2, None)
    record(commission, 0x0002, granted, nonce(1), now + 10, now + 12, now + 120_010, seen=1)
    refs = [(sha256(b"other b"), 129, sha256(b"root b")), (sha256(b"other a"), 1, sha256(b"root a"))]
    record(registrar, 0x0406, b"payload", nonce(2), now + 600_010, now + 600_020, now + 10, seen=1, refs=refs)
    cause = record(commission, 0x0407, b"", nonce(3), now + 600_100, now + 605_100, now + 600_000, seen=3)
    consequence = cause + uint(0)
    record(service, 0x0408, consequence, consequence_nonce(cause, 0x0408), now + 600_100, now + 605_100)
    revoked = grant(public(registrar), 2, "north-1")
    record(commission, 0x0003, revoked, nonce(5), now + 605_100, now + 605_100, now + 605_000, seen=5)
    for n, length in enumerate([0, 1, 127, 128, 300, 16384]):
        payload = hashlib.shake_256(bytes([n])).digest(length)
        record(service, 0x7F00, payload, service_nonce(0x7F00, payload), now + 606_000 + n, now + 606_000 + n)

    size = len(leaves)
    note = checkpoint(origin, ledger, size, mth(leaves), ledger_seed)
    return {
        "genesis": {"fields": fields, "bytes": genesis_bytes.hex(), "id": ledger.hex(), "ledger_seed": ledger_seed.hex()},
        "entries": bodies,
        "inclusion": [
            {"seq": m, "size": n, "hashes": [h.hex() for h in path(m, leaves[:n])]}
            for n in range(1, size + 1)
            for m in range(n)
        ],
        "consistency": [
            {"old": m, "new": n, "hashes": [h.hex() for h in subproof(m, leaves[:n], True)]}
            for n in range(1, size + 1)
            for m in range(1, n + 1)
        ],
        "checkpoint": note,
        "receipt": receipt(entries[2], 2, path(2, leaves), note),
        "files": {
            f"tile/0/000.p/{size}": b"".join(leaves).hex(),
            f"tile/entries/000.p/{size}": b"".join(len(e).to_bytes(2, "big") + e for e in entries).hex(),
        },
    }


def make_tree():
    """Leaf n of this tree is the hash of n as 8 bytes, big-endian."""
    leaves = [sha256(b"\x00", n.to_bytes(8, "big")) for n in range(700)]
    roots = [mth(leaves[:n]) for n in range(701)]
    proofs = [
        [h for m in range(0, n, 7) for h in path(m, leaves[:n])] for n in [1, 2, 3, 63, 64, 65, 255, 256, 257, 700]
    ]
    tiles = {}
    for level in range(2):
        count = 700 // 256**level
        nodes = [mth(leaves[i * 256**level : (i + 1) * 256**level]) for i in range(count)]
        for i in range(0, count, 256):
            width = min(256, count - i)
            name = f"tile/{level}/{tile_index(i // 256)}" + (f".p/{width}" if width < 256 else "")
            tiles[name] = sha256(*nodes[i : i + 256]).hex()
    return {
        "empty_root": roots[0].hex(),
        "root_of_700": roots[700].hex(),
        "roots_1_to_700_sha256": sha256(*roots[1:]).hex(),
        "inclusion_sha256": {
            str(n): sha256(*p).hex() for n, p in zip([1, 2, 3, 63, 64, 65, 255, 256, 257, 700], proofs)
        },
        "consistency_sha256": {
            str(n): sha256(*[h for m in range(1, n + 1, 5) for h in subproof(m, leaves[:n], True)]).hex()
            for n in [1, 2, 3, 63, 64, 65, 255, 256, 257, 700]
        },
        "tiles_of_700_sha256": tiles,
    }


def make_paths():
    sizes = [1, 255, 256, 257, 511, 512, 65535, 65536, 65537, 70000, 256**2 * 3 + 256 * 2 + 1, 300_000]
    return [
        {"size": n, "count": len(tile_paths(n)), "sha256": sha256("\n".join(tile_paths(n)).encode()).hex()}
        for n in sizes
    ]


def make_signatures():
    """§1.2: what stands and what does not, each with the answer of the rule that batch verifiers follow."""
    key_seed, message = seed("signer"), b"sijill/body/v1\nmessage"
    a, _ = expand(key_seed)
    key, good = public(key_seed), sign(key_seed, message)
    r = hash_int(b"fixed nonce") % L
    t = torsion_point()
    cases = []

    def case(name, k, m, s):
        cases.append(
            {
                "name": name,
                "key": k.hex(),
                "message": m.hex(),
                "signature": s.hex(),
                "strict": verify_strict(k, m, s),
                "cofactored": verify_cofactored(k, m, s),
            }
        )

    def le(n):
        return n.to_bytes(32, "little")

    case("valid", key, message, good)
    case("other message", key, message + b"!", good)
    case("S plus the group order", key, message, good[:32] + le(int.from_bytes(good[32:], "little") + L))
    big_r = compress(add(mul(r, BASE), t))
    k = hash_int(big_r, key, message) % L
    case("R with a torsion component", key, message, big_r + le((r + k * a) % L))
    small_r = compress(NEUTRAL)
    k = hash_int(small_r, key, message) % L
    case("R neutral", key, message, small_r + le(k * a % L))
    case("R neutral, spelled with y + p", key, message, le(P + 1) + le(hash_int(le(P + 1), key, message) % L * a % L))
    case("A neutral", compress(NEUTRAL), message, compress(mul(r, BASE)) + le(r))
    case("A neutral, spelled with y + p", le(P + 1), message, compress(mul(r, BASE)) + le(r))
    case("A neutral, spelled with the sign bit", le(1 | 1 << 255), message, compress(mul(r, BASE)) + le(r))
    weak = compress(t)
    for n in range(256):
        m = message + bytes([n])
        big_r = compress(mul(r, BASE))
        if hash_int(big_r, weak, m) % L % 8 == 0:
            case("A of order 8, challenge divisible by 8", weak, m, big_r + le(r))
            break
    mixed = compress(add(mul(a, BASE), t))
    wanted = {True, False}
    for n in range(256):
        m = message + bytes([n])
        big_r = compress(mul(r, BASE))
        k = hash_int(big_r, mixed, m) % L
        if (k % 8 == 0) in wanted:
            wanted.remove(k % 8 == 0)
            name = "divisible by 8" if k % 8 == 0 else "not divisible by 8"
            case(f"A with a torsion component, challenge {name}", mixed, m, big_r + le((r + k * a) % L))
    case("all zero", bytes(32), message, bytes(64))
    return cases


def make_refused_keys():
    """Encodings that are no public key: y ≥ p (also where y − p is on the curve), x = 0 with the sign bit, off the curve, small order."""
    keys = {}
    for y in range(19):
        for sign_bit in (0, 1):
            keys[f"y = p + {y}, sign {sign_bit}"] = (P + y | sign_bit << 255).to_bytes(32, "little")
    t = torsion_point()
    for n in range(8):
        keys[f"{n} times a point of order 8"] = compress(mul(n, t))
    keys["neutral with the sign bit"] = (1 | 1 << 255).to_bytes(32, "little")
    keys["order 2 with the sign bit"] = (P - 1 | 1 << 255).to_bytes(32, "little")
    y = 2
    while recover_x(y, 0) is not None:
        y += 1
    keys["not on the curve"] = y.to_bytes(32, "little")
    return [{"name": n, "key": k.hex()} for n, k in keys.items()]


def main():
    rfc8032_seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert public(rfc8032_seed).hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert sign(rfc8032_seed, b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    vectors = {
        "provenance": {
            "made_by": "specs/vectors/ledger_vectors.py",
            "from": "specs/ledger.md",
            "means": "independent model in Python 3, standard library only; no code shared with the crates",
            "checked_against": "RFC 8032 section 7.1 test 1 for its Ed25519",
            "keys": "test keys: seed = SHA-256 of 'sijill test key ' and a name",
        },
        "ledger": make_ledger(),
        "tree": make_tree(),
        "paths": make_paths(),
        "signatures": make_signatures(),
        "refused_keys": make_refused_keys(),
    }
    out = json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"
    if "--write" in sys.argv[1:]:
        OUTPUT.write_text(out, encoding="utf-8")
        print(f"wrote {OUTPUT.name}, {len(out)} bytes")
    elif not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != out:
        sys.exit(f"{OUTPUT.name} differs from what this script makes")
    else:
        print(f"{OUTPUT.name} is what this script makes")


if __name__ == "__main__":
    main()
