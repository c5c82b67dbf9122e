#!/usr/bin/env python3
"""Vectors of the suite belenios-v1-ed25519 from an independent model (Python 3, standard library only).

The model follows specs/ballot-suite.md and shares nothing with the Rust code. Plain big integers, no
constant-time care whatever: it is for test data, never for real secrets.

    ballot_suite_vectors.py generate OUT.json      write the vectors (deterministic)
    ballot_suite_vectors.py check-bel FILE.bel...  replay finished archives made by another tool with this model

All "random" values come from SHA-256 over a fixed label and a counter.
"""

import base64
import hashlib
import json
import sys

# --- Group and encodings (sections 1 and 2) -----------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = (-121665 * pow(121666, P - 2, P)) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
ZERO = (0, 1, 1, 0)


def recover_x(y, sign):
    """The x of a point with this y and parity, or None."""
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * SQRT_M1 % P
    if (x * x - xx) % P:
        return None
    if x == 0 and sign:
        return None
    return P - x if x % 2 != sign else x


def affine(x, y):
    return (x, y, 1, x * y % P)


def add(p, q):
    x1, y1, z1, t1 = p
    x2, y2, z2, t2 = q
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = 2 * t1 * t2 * D % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def neg(p):
    return (-p[0] % P, p[1], p[2], -p[3] % P)


def mul(k, p):
    r = ZERO
    while k:
        if k & 1:
            r = add(r, p)
        p = add(p, p)
        k >>= 1
    return r


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def total(points):
    r = ZERO
    for p in points:
        r = add(r, p)
    return r


G = affine(recover_x(4 * pow(5, P - 2, P) % P, 0), 4 * pow(5, P - 2, P) % P)


def base(k):
    return mul(k % Q, G)


def number(p):
    zi = pow(p[2], P - 2, P)
    return (p[1] * zi % P) + 2**255 * (p[0] * zi % P % 2)


def text(p):
    return "%064x" % number(p)


def order_key(p):
    return number(p).to_bytes(32, "little")


def point(s, neutral=True):
    """Strict decoding: 64 lower-case hex digits, canonical, prime order."""
    if len(s) != 64 or any(c not in "0123456789abcdef" for c in s):
        raise ValueError("not 64 lower-case hex digits")
    n = int(s, 16)
    sign, y = n >> 255, n & (2**255 - 1)
    if y >= P:
        raise ValueError("y is not reduced")
    x = recover_x(y, sign)
    if x is None:
        raise ValueError("not on the curve, or sign bit on x = 0")
    p = affine(x, y)
    if not same(mul(Q, p), ZERO):
        raise ValueError("not in the prime-order group")
    if not neutral and same(p, ZERO):
        raise ValueError("neutral element")
    return p


def scalar(s):
    if not s.isascii() or not s.isdigit() or (len(s) > 1 and s[0] == "0") or int(s) >= Q:
        raise ValueError("not a canonical scalar")
    return int(s)


def compact(v):
    return json.dumps(v, separators=(",", ":"), ensure_ascii=False)


def sha(b):
    return hashlib.sha256(b if isinstance(b, bytes) else b.encode()).digest()


def sha_hex(b):
    return sha(b).hex()


def b64_raw(b):
    return base64.b64encode(b).decode().rstrip("=")


def b64(b):
    return b64_raw(sha(b))


def challenge_hash(prefix, elements):
    return int.from_bytes(sha(prefix + ",".join(text(e) for e in elements)), "big") % Q


class Stream:
    """Deterministic scalars for reproducible vectors."""

    def __init__(self, label):
        self.label, self.count = label, 0

    def __call__(self):
        self.count += 1
        h = hashlib.sha512(("%s|%d" % (self.label, self.count)).encode()).digest()
        return int.from_bytes(h, "big") % Q


# --- Schnorr proofs (section 3) -----------------------------------------------------------------------------


def schnorr(prefix, secret, w):
    c = challenge_hash(prefix, [base(w)])
    return {"challenge": str(c), "response": str((w - secret * c) % Q)}


def check_schnorr(prefix, public, proof):
    c, r = scalar(proof["challenge"]), scalar(proof["response"])
    return c == challenge_hash(prefix, [add(base(r), mul(c, public))])


def signed(message, secret, w):
    return {"message": message, "signature": schnorr("sigmsg|" + message + "|", secret, w)}


# --- Ballots ------------------------------------------------------------------------------------------------


def branch_commitments(y, branches, proofs):
    out = []
    for (a, b, m), pr in zip(branches, proofs):
        c, r = scalar(pr["challenge"]), scalar(pr["response"])
        out.append(add(base(r), mul(c, a)))
        out.append(add(mul(r, y), mul(c, add(b, neg(base(m))))))
    return out


def prove_branches(prefix, y, branches, real, secret, rnd):
    """branches: (alpha, beta, m) each claiming beta - m*G = (log alpha)*y; the claim `real` holds with `secret`."""
    proofs = []
    for i in range(len(branches)):
        proofs.append(None if i == real else {"challenge": str(rnd()), "response": str(rnd())})
    w = rnd()
    commitments = []
    for i, br in enumerate(branches):
        if i == real:
            commitments += [base(w), mul(w, y)]
        else:
            commitments += branch_commitments(y, [br], [proofs[i]])
    c = challenge_hash(prefix, commitments)
    for i, pr in enumerate(proofs):
        if i != real:
            c = (c - int(pr["challenge"])) % Q
    proofs[real] = {"challenge": str(c), "response": str((w - secret * c) % Q)}
    return proofs


def check_branches(prefix, y, branches, proofs):
    if len(branches) != len(proofs):
        return False
    commitments = branch_commitments(y, branches, proofs)
    return sum(scalar(p["challenge"]) for p in proofs) % Q == challenge_hash(prefix, commitments)


def range_prefix(s, ct):
    return "prove|" + s + "|" + text(ct[0]) + "," + text(ct[1]) + "|"


def ct_texts(cts):
    return ",".join(text(c) for ct in cts for c in ct)


def encrypt_answer(question, y, s0, choices, rnd):
    secrets = [rnd() for _ in choices]
    cts = [(base(r), add(mul(r, y), base(m))) for r, m in zip(secrets, choices)]
    s = s0 + "|" + ct_texts(cts)
    individual = [
        prove_branches(range_prefix(s0, ct), y, [(ct[0], ct[1], 0), (ct[0], ct[1], 1)], m, r, rnd)
        for ct, r, m in zip(cts, secrets, choices)
    ]
    answer = {
        "choices": [{"alpha": text(a), "beta": text(b)} for a, b in cts],
        "individual_proofs": individual,
    }
    lo, hi = question["min"], question["max"]
    if question.get("blank"):
        (a0, b0) = cts[0]
        a_sum, b_sum = total(c[0] for c in cts[1:]), total(c[1] for c in cts[1:])
        r_sum, m_sum = sum(secrets[1:]) % Q, sum(choices[1:])
        zero = [(a0, b0, 0), (a_sum, b_sum, 0)]
        either = [(a0, b0, 1)] + [(a_sum, b_sum, m) for m in range(lo, hi + 1)]
        is_blank = choices[0] == 1
        answer["overall_proof"] = prove_branches(
            "bproof1|" + s + "|", y, either, 0 if is_blank else 1 + m_sum - lo, secrets[0] if is_blank else r_sum, rnd
        )
        answer["blank_proof"] = prove_branches(
            "bproof0|" + s + "|", y, zero, 1 if is_blank else 0, r_sum if is_blank else secrets[0], rnd
        )
    else:
        a_sum, b_sum = total(c[0] for c in cts), total(c[1] for c in cts)
        branches = [(a_sum, b_sum, m) for m in range(lo, hi + 1)]
        answer["overall_proof"] = prove_branches(
            range_prefix(s, (a_sum, b_sum)), y, branches, sum(choices) - lo, sum(secrets) % Q, rnd
        )
    return answer, [{"choice": m, "r": str(r)} for m, r in zip(choices, secrets)]


def check_answer(question, y, s0, answer):
    blank = question.get("blank", False)
    lo, hi = question["min"], question["max"]
    cts = [(point(c["alpha"], False), point(c["beta"], False)) for c in answer["choices"]]
    if len(cts) != len(question["answers"]) + (1 if blank else 0) or len(answer["individual_proofs"]) != len(cts):
        return False
    s = s0 + "|" + ct_texts(cts)
    for ct, proofs in zip(cts, answer["individual_proofs"]):
        if not check_branches(range_prefix(s0, ct), y, [(ct[0], ct[1], 0), (ct[0], ct[1], 1)], proofs):
            return False
    tail = cts[1:] if blank else cts
    a_sum, b_sum = total(c[0] for c in tail), total(c[1] for c in tail)
    in_range = [(a_sum, b_sum, m) for m in range(lo, hi + 1)]
    if not blank:
        return "blank_proof" not in answer and check_branches(
            range_prefix(s, (a_sum, b_sum)), y, in_range, answer["overall_proof"]
        )
    a0, b0 = cts[0]
    return check_branches(
        "bproof0|" + s + "|", y, [(a0, b0, 0), (a_sum, b_sum, 0)], answer["blank_proof"]
    ) and check_branches("bproof1|" + s + "|", y, [(a0, b0, 1)] + in_range, answer["overall_proof"])


def make_ballot(election_bytes, choices, secret, rnd):
    election = json.loads(election_bytes)
    phi, y = b64(election_bytes), point(election["public_key"])
    credential = text(base(secret))
    s0 = phi + "|" + credential
    answers, openings = [], []
    for q, c in zip(election["questions"], choices):
        a, o = encrypt_answer(q, y, s0, c, rnd)
        answers.append(a)
        openings.append(o)
    body = {"election_uuid": election["uuid"], "election_hash": phi, "credential": credential, "answers": answers}
    h = b64(compact(body))
    body["signature"] = {"hash": h, "proof": schnorr("sig|" + h + "|", secret, rnd())}
    return compact(body), openings


def check_ballot(election_bytes, raw):
    election, ballot = json.loads(election_bytes), json.loads(raw)
    phi, y = b64(election_bytes), point(election["public_key"], False)
    if compact(ballot) != raw or ballot["election_hash"] != phi or ballot["election_uuid"] != election["uuid"]:
        return False
    credential = point(ballot["credential"], False)
    signature = ballot.pop("signature")
    h = b64(compact(ballot))
    if signature["hash"] != h or not check_schnorr("sig|" + h + "|", credential, signature["proof"]):
        return False
    s0 = phi + "|" + ballot["credential"]
    if len(ballot["answers"]) != len(election["questions"]):
        return False
    return all(check_answer(q, y, s0, a) for q, a in zip(election["questions"], ballot["answers"]))


def ballot_cts(raw):
    return [
        [(point(c["alpha"]), point(c["beta"])) for c in a["choices"]] for a in json.loads(raw)["answers"]
    ]


# --- Trustees -----------------------------------------------------------------------------------------------


def trustee_key(secret, w, key_signature=None, name=None):
    x = text(base(secret))
    out = {"pok": schnorr("pok|Ed25519|" + x + "|", secret, w), "public_key": x}
    if key_signature:
        out["signature"] = key_signature
    if name:
        out["name"] = name
    return out


def check_pok(tpk):
    return check_schnorr("pok|Ed25519|" + tpk["public_key"] + "|", point(tpk["public_key"], False), tpk["pok"])


def certs_sig_message(certs, coefexps):
    return "certs_sig|" + compact({"certs": certs, "coefexps": coefexps})


def pedersen(n, threshold, rnd):
    """A whole block and the n decryption secrets."""
    sk = [rnd() for _ in range(n)]
    dk = [rnd() for _ in range(n)]
    certs = []
    for i in range(n):
        context = {"group": "Ed25519", "size": n, "threshold": threshold, "index": i + 1}
        cert = {"context": context, "verification": text(base(sk[i])), "encryption": text(base(dk[i]))}
        certs.append(signed(compact(cert), sk[i], rnd()))
    polys = [[rnd() for _ in range(threshold)] for _ in range(n)]
    exps = [[text(base(a)) for a in poly] for poly in polys]
    coefexps = [signed(compact({"coefexps": e}), sk[i], rnd()) for i, e in enumerate(exps)]
    signatures = [
        schnorr("sigmsg|" + certs_sig_message(certs, e) + "|", sk[i], rnd()) for i, e in enumerate(exps)
    ]
    secrets, keys = [], []
    for j in range(1, n + 1):
        secret = sum(a * pow(j, k) for poly in polys for k, a in enumerate(poly)) % Q
        secrets.append(secret)
        signature = schnorr("sigmsg|" + text(base(secret)) + "|", sk[j - 1], rnd())
        keys.append(trustee_key(secret, rnd(), signature))
    block = {
        "threshold": threshold,
        "certs": certs,
        "coefexps": coefexps,
        "signatures": signatures,
        "verification_keys": keys,
    }
    return block, secrets


def check_trustees(record):
    """The election key and the flattened public keys."""
    subs, flat = [], []
    for kind, value in record:
        if kind == "Single":
            assert check_pok(value), "pok"
            subs.append(point(value["public_key"], False))
            flat.append(subs[-1])
            continue
        assert kind == "Pedersen"
        n, th = len(value["certs"]), value["threshold"]
        vks, exps = [], []
        for i, m in enumerate(value["certs"]):
            cert = json.loads(m["message"])
            assert compact(cert) == m["message"], "canonical cert"
            assert cert["context"] == {"group": "Ed25519", "size": n, "threshold": th, "index": i + 1}, "context"
            vk = point(cert["verification"], False)
            point(cert["encryption"], False)
            assert check_schnorr("sigmsg|" + m["message"] + "|", vk, m["signature"]), "cert"
            vks.append(vk)
        for i, m in enumerate(value["coefexps"]):
            assert check_schnorr("sigmsg|" + m["message"] + "|", vks[i], m["signature"]), "coefexps"
            exps.append(json.loads(m["message"])["coefexps"])
            assert len(exps[i]) == th
        for i, sig in enumerate(value["signatures"]):
            message = certs_sig_message(value["certs"], exps[i])
            assert check_schnorr("sigmsg|" + message + "|", vks[i], sig), "certs_sig"
        for j, tpk in enumerate(value["verification_keys"], 1):
            expected = total(mul(pow(j, k, Q), point(e)) for ex in exps for k, e in enumerate(ex))
            assert text(expected) == tpk["public_key"] and check_pok(tpk), "verification key"
            message = tpk["public_key"]
            assert check_schnorr("sigmsg|" + message + "|", vks[j - 1], tpk["signature"]), "key signature"
            flat.append(expected)
        subs.append(total(point(e[0]) for e in exps))
    return total(subs), flat


def lagrange(j, slots):
    num, den = 1, 1
    for m in slots:
        if m != j:
            num, den = num * m % Q, den * (m - j) % Q
    return num * pow(den, Q - 2, Q) % Q


# --- Tally --------------------------------------------------------------------------------------------------


def encrypted_tally(ballots, questions):
    sums = [
        [(ZERO, ZERO)] * (len(q["answers"]) + (1 if q.get("blank") else 0)) for q in questions
    ]
    for raw, weight in ballots:
        for i, cts in enumerate(ballot_cts(raw)):
            for j, (a, b) in enumerate(cts):
                sums[i][j] = (add(sums[i][j][0], mul(weight, a)), add(sums[i][j][1], mul(weight, b)))
    return sums


def tally_json(sums):
    return compact([[{"alpha": text(a), "beta": text(b)} for a, b in q] for q in sums])


def partial_decryption(phi, secret, sums, rnd):
    x = text(base(secret))
    factors, proofs = [], []
    for q in sums:
        factors.append([text(mul(secret, a)) for a, _ in q])
        row = []
        for a, _ in q:
            w = rnd()
            c = challenge_hash("decrypt|" + phi + "|" + x + "|", [base(w), mul(w, a)])
            row.append({"challenge": str(c), "response": str((w - secret * c) % Q)})
        proofs.append(row)
    return compact({"decryption_factors": factors, "decryption_proofs": proofs})


def check_partial(phi, public, sums, share):
    for q, fs, ps in zip(sums, share["decryption_factors"], share["decryption_proofs"]):
        for (a, _), f, pr in zip(q, fs, ps):
            c, r, f = scalar(pr["challenge"]), scalar(pr["response"]), point(f)
            commitments = [add(base(r), mul(c, public)), add(mul(r, a), mul(c, f))]
            if c != challenge_hash("decrypt|" + phi + "|" + text(public) + "|", commitments):
                return False
    return True


def combine(record, shares, i, j):
    """shares: owner (1-based, flattened) -> parsed partial decryption."""
    out, owner = ZERO, 1
    for kind, value in record:
        if kind == "Single":
            out = add(out, point(shares[owner]["decryption_factors"][i][j]))
            owner += 1
            continue
        slots = [k for k in range(1, len(value["verification_keys"]) + 1) if owner + k - 1 in shares]
        slots = slots[: value["threshold"]]
        assert len(slots) == value["threshold"], "quorum"
        for k in slots:
            out = add(out, mul(lagrange(k, slots), point(shares[owner + k - 1]["decryption_factors"][i][j])))
        owner += len(value["verification_keys"])
    return out


def discrete_log(p, limit):
    q = ZERO
    for v in range(limit + 1):
        if same(p, q):
            return v
        q = add(q, G)
    raise ValueError("out of bounds")


def derive_credential(uuid, code):
    h = [sha_hex("derive_credential|%s|%d|%s" % (uuid, i, code)) for i in (0, 1)]
    return int(h[0] + h[1], 16) % Q


# --- Archives of other tools --------------------------------------------------------------------------------


def read_bel(path):
    with open(path, "rb") as f:
        data = f.read()
    at = 0
    while at < len(data):
        name = data[at : at + 100].rstrip(b"\0").decode()
        size = int(data[at + 124 : at + 135], 8)
        yield name, data[at + 512 : at + 512 + size].decode()
        at += 512 + (size + 511) // 512 * 512


def check_bel(path):
    records, events = {}, []
    for name, body in read_bel(path):
        if name == "BELENIOS":
            continue
        digest, kind, _ = name.split(".")
        assert sha_hex(body) == digest
        records[digest] = body
        if kind == "event":
            events.append(json.loads(body))
    by_type = {}
    for e in events:
        by_type.setdefault(e["type"], []).append(e)
    setup = json.loads(records[by_type["Setup"][0]["payload"]])
    election_bytes = records[setup["election"]]
    election, phi = json.loads(election_bytes), b64(election_bytes)
    trustees = json.loads(records[setup["trustees"]])
    y, flat = check_trustees(trustees)
    assert text(y) == election["public_key"]
    weights = {}
    for entry in json.loads(records[setup["credentials"]]):
        key, _, w = entry.partition(",")
        weights[key] = int(w or "1")
    keys = [order_key(point(k, False)) for k in weights]
    assert keys == sorted(keys)
    last = {}
    for e in by_type.get("Ballot", []):
        raw = records[e["payload"]]
        assert check_ballot(election_bytes, raw)
        last[json.loads(raw)["credential"]] = raw
    counted = [(raw, weights[c]) for c, raw in last.items()]
    sums = encrypted_tally(counted, election["questions"])
    sized = json.loads(records[by_type["EncryptedTally"][0]["payload"]])
    total_weight = sum(w for _, w in counted)
    assert sized == {
        "num_tallied": len(counted),
        "total_weight": total_weight,
        "encrypted_tally": sha_hex(tally_json(sums)),
    }
    shares = {}
    for e in by_type["PartialDecryption"]:
        owned = json.loads(records[e["payload"]])
        share = json.loads(records[owned["payload"]])
        assert check_partial(phi, flat[owned["owner"] - 1], sums, share)
        shares[owned["owner"]] = share
    result = json.loads(records[by_type["Result"][0]["payload"]])["result"]
    for i, row in enumerate(result):
        for j, v in enumerate(row):
            assert same(base(v), add(sums[i][j][1], neg(combine(trustees, shares, i, j))))
    print("%s: %d ballots, %d counted, result %s" % (path, len(by_type.get("Ballot", [])), len(counted), result))


if __name__ == "__main__":
    if sys.argv[1:2] == ["check-bel"] and len(sys.argv) > 2:
        for name in sys.argv[2:]:
            check_bel(name)
    else:
        sys.exit(__doc__)
