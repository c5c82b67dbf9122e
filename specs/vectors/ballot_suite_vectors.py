#!/usr/bin/env python3
"""Vectors of the suite belenios-v1-ed25519 from an independent model (Python 3, standard library only).

The model follows specs/ballot-suite.md and shares nothing with the Rust code. Plain big integers, no
constant-time care whatever: it is for test data, never for real secrets.

    ballot_suite_vectors.py generate OUT.json      write the vectors (deterministic)
    ballot_suite_vectors.py check-bel FILE.bel...  replay finished archives made by another tool with this model

All "random" values come from SHA-512 over a fixed label and a counter.
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


# --- Schnorr proofs (section 1.5) ---------------------------------------------------------------------------


def schnorr(prefix, secret, w):
    c = challenge_hash(prefix, [base(w)])
    return {"challenge": str(c), "response": str((w - secret * c) % Q)}


def check_schnorr(prefix, public, proof):
    c, r = scalar(proof["challenge"]), scalar(proof["response"])
    return c == challenge_hash(prefix, [add(base(r), mul(c, public))])


def signed(message, secret, w):
    return {"message": message, "signature": schnorr("sigmsg|" + message + "|", secret, w)}


# --- Ballots (section 7) -------------------------------------------------------------------------------------


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


def encrypt_answer(question, y, s0, choices, rnd, reprefix=lambda p: p):
    """reprefix: identity, or what a faulty prover hashes instead of the prefix."""
    secrets = [rnd() for _ in choices]
    cts = [(base(r), add(mul(r, y), base(m))) for r, m in zip(secrets, choices)]
    s = s0 + "|" + ct_texts(cts)
    individual = [
        prove_branches(reprefix(range_prefix(s0, ct)), y, [(ct[0], ct[1], 0), (ct[0], ct[1], 1)], m, r, rnd)
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
            reprefix("bproof1|" + s + "|"), y, either, 0 if is_blank else 1 + m_sum - lo, secrets[0] if is_blank else r_sum, rnd
        )
        answer["blank_proof"] = prove_branches(
            reprefix("bproof0|" + s + "|"), y, zero, 1 if is_blank else 0, r_sum if is_blank else secrets[0], rnd
        )
    else:
        a_sum, b_sum = total(c[0] for c in cts), total(c[1] for c in cts)
        branches = [(a_sum, b_sum, m) for m in range(lo, hi + 1)]
        answer["overall_proof"] = prove_branches(
            reprefix(range_prefix(s, (a_sum, b_sum))), y, branches, sum(choices) - lo, sum(secrets) % Q, rnd
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


def fields(value, *expected):
    return isinstance(value, dict) and tuple(value) == expected


def well_shaped(questions, ballot):
    """Section 7.1, before any cryptography."""
    if not fields(ballot, "election_uuid", "election_hash", "credential", "answers", "signature"):
        return False
    if not fields(ballot["signature"], "hash", "proof") or len(ballot["answers"]) != len(questions):
        return False
    proofs = [ballot["signature"]["proof"]]
    for q, a in zip(questions, ballot["answers"]):
        blank = 1 if q.get("blank") else 0
        names = ("choices", "individual_proofs", "overall_proof") + ("blank_proof",) * blank
        c = len(q["answers"]) + blank
        if not fields(a, *names) or len(a["choices"]) != c or len(a["individual_proofs"]) != c:
            return False
        pairs = a["individual_proofs"] + ([a["blank_proof"]] if blank else [])
        if any(len(pair) != 2 for pair in pairs) or len(a["overall_proof"]) != q["max"] - q["min"] + 1 + blank:
            return False
        if not all(fields(ct, "alpha", "beta") for ct in a["choices"]):
            return False
        proofs += a["overall_proof"] + [p for pair in pairs for p in pair]
    return all(fields(p, "challenge", "response") for p in proofs)


def check_ballot(election_bytes, raw):
    election, ballot = json.loads(election_bytes), json.loads(raw)
    phi, y = b64(election_bytes), point(election["public_key"], False)
    if not well_shaped(election["questions"], ballot):
        return False
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


# --- Trustees (section 6) -----------------------------------------------------------------------------------


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


# --- Tally (8 to 11) ---------------------------------------------------------------------------------------


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


# --- Generation ---------------------------------------------------------------------------------------------


def prove_replaces(new, replaced_hash, secret, w):
    prefix = "sijill-replaces|" + b64(new) + "|" + b64_raw(replaced_hash) + "|"
    proof = schnorr(prefix, secret, w)
    return {
        "ballot_hash": replaced_hash.hex(),
        "challenge": int(proof["challenge"]).to_bytes(32, "little").hex(),
        "response": int(proof["response"]).to_bytes(32, "little").hex(),
    }


def largest_ballot(election):
    size = 432 + len(election["uuid"]) + len(election["questions"])
    for q in election["questions"]:
        blank = 1 if q.get("blank") else 0
        size += 53 + 519 * (len(q["answers"]) + blank) + 183 * (q["max"] - q["min"] + 1 + blank) + 382 * blank
    return size


def sign_again(body, secret, w):
    body = {k: v for k, v in body.items() if k != "signature"}
    h = b64(compact(body))
    body["signature"] = {"hash": h, "proof": schnorr("sig|" + h + "|", secret, w)}
    return compact(body)


def make_election(name, uuid, questions, trustees, secrets, ballots_plan, weights, rnd):
    """secrets: owner -> decryption secret of those who decrypt. ballots_plan: (voter, choices)."""
    y, _ = check_trustees(trustees)
    election = {
        "version": 1,
        "description": "vectors/" + name,
        "name": 'Vectors "A/B" \\ \u062a\u062c\u0631\u0628\u0629\t\u0001',
        "group": "Ed25519",
        "public_key": text(y),
        "questions": questions,
        "uuid": uuid,
        "administrator": "Commission",
        "credential_authority": "Registrar",
    }
    election_bytes = compact(election)
    phi = b64(election_bytes)
    voters = [rnd() for _ in weights]
    entries = sorted(zip(voters, weights), key=lambda e: order_key(base(e[0])))
    listed = [text(base(v)) + ("" if w is None else ",%d" % w) for v, w in entries]
    ballots, last = [], {}
    for voter, choices in ballots_plan:
        raw, openings = make_ballot(election_bytes, choices, voters[voter], rnd)
        entry = {
            "voter": voter,
            "choices": choices,
            "json": raw,
            "hash": sha_hex(raw),
            "tracking_code": b64(raw),
        }
        if voter in last:
            entry["replaces"] = prove_replaces(raw, sha(last[voter]), voters[voter], rnd())
        assert check_ballot(election_bytes, raw) and len(raw) <= largest_ballot(election)
        ballots.append(entry)
        last[voter] = raw
    audited, openings = make_ballot(election_bytes, ballots_plan[0][1], voters[0], rnd)
    counted = [(raw, weights[v] or 1) for v, raw in last.items()]
    sums = encrypted_tally(counted, questions)
    tally = tally_json(sums)
    total_weight = sum(w for _, w in counted)
    sized = compact(
        {
            "num_tallied": len(counted),
            "total_weight": total_weight,
            "encrypted_tally": sha_hex(tally),
        }
    )
    shares = {owner: partial_decryption(phi, secret, sums, rnd) for owner, secret in secrets.items()}
    parsed = {owner: json.loads(share) for owner, share in shares.items()}
    expected = [[0] * len(row) for row in sums]
    for voter in last:
        choices = [c for v, c in ballots_plan if v == voter][-1]
        for i, row in enumerate(choices):
            for j, c in enumerate(row):
                expected[i][j] += c * (weights[voter] or 1)
    for i, row in enumerate(expected):
        for j, v in enumerate(row):
            assert same(base(v), add(sums[i][j][1], neg(combine(trustees, parsed, i, j))))
    return {
        "name": name,
        "election": election_bytes,
        "fingerprint": phi,
        "largest_ballot": largest_ballot(election),
        "trustees": compact(trustees),
        "trustee_secrets": [{"owner": o, "secret": str(x)} for o, x in secrets.items()],
        "credentials": compact(listed),
        "voter_secrets": [str(v) for v in voters],
        "ballots": ballots,
        "opened": compact({"ballot": audited, "openings": openings}),
        "opened_choices": ballots_plan[0][1],
        "counted": [b64(raw) for raw, _ in counted],
        "encrypted_tally": tally,
        "sized_encrypted_tally": sized,
        "shares": [{"owner": o, "json": share} for o, share in shares.items()],
        "result": compact({"result": expected}),
    }, voters


def torsion_point(order):
    """A point of exactly this small order."""
    y = 2
    while True:
        x = recover_x(y, 0)
        if x is not None:
            t = mul(Q, affine(x, y))
            k = 8
            while k > 1 and same(mul(k // 2, t), ZERO):
                k //= 2
            if k >= order and order > 1:
                return mul(k // order, t)
        y += 1


def points_vectors():
    good = [base(k) for k in (1, 2, 123456789, Q - 1)] + [ZERO]
    bad = [
        ("66" * 31 + "5", "63 digits"),
        ("66" * 32 + "0", "65 digits"),
        (text(base(123456789)).upper(), "capitals"),
        ("0x" + "66" * 31, "prefix"),
        ("%064x" % 2, "not on the curve"),
        ("%064x" % (2**255 + 1), "neutral element with the sign bit"),
        ("%064x" % (P + 1), "neutral element, y not reduced"),
        ("%064x" % (2**255 + P + 1), "neutral element, y not reduced, sign bit"),
        ("%064x" % (2**255 + P - 1), "order 2 with the sign bit on x = 0"),
        ("%064x" % P, "order 4, y not reduced"),
        ("f" * 64, "y = 2^255 - 1"),
        (" " + text(G)[1:], "blank"),
        ("", "empty"),
    ]
    for order in (2, 4, 8):
        t = torsion_point(order)
        bad.append((text(t), "small order %d" % order))
        bad.append((text(add(base(42), t)), "subgroup element plus a point of order %d" % order))
    for p in good:
        assert same(point(text(p)), p)
    for t, why in bad:
        try:
            point(t)
        except ValueError:
            continue
        raise AssertionError(why)
    return {"good": [text(p) for p in good], "bad": [{"text": t, "why": w} for t, w in bad]}


def scalars_vectors():
    good = ["0", "1", "42", str(Q - 1), str(2**252)]
    bad = ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x10", str(Q), str(Q + 1), str(2**256), "9" * 76, "\u0661"]
    return {"good": good, "bad": bad}


def refused_ballots(made, secrets, rnd):
    """Changed ballots of a one-question election (2 answers and blank, exactly one): (why, check that refuses, json)."""
    election_bytes = made["election"]
    election = json.loads(election_bytes)
    question, y, phi = election["questions"][0], point(election["public_key"]), made["fingerprint"]
    honest = made["ballots"][0]["json"]
    secret, other = secrets[made["ballots"][0]["voter"]], rnd()
    s0 = phi + "|" + text(base(secret))
    out = []

    def put(why, check, raw):
        assert raw != honest and raw.isascii()
        out.append({"why": why, "check": check, "json": raw})

    def signed_change(why, check, change, by=None):
        body = json.loads(honest)
        change(body)
        put(why, check, sign_again(body, by or secret, rnd()))

    def answer_of(encrypted):
        def change(body):
            body["answers"] = [encrypted]

        return change

    # Spellings.
    put("trailing newline", "json", honest + "\n")
    put("white space", "json", honest.replace('","', '", "', 1))
    put("escaped character", "json", honest.replace('"election_uuid":"1', '"election_uuid":"\\u0031', 1))
    put("repeated field", "json", honest.replace('{"election_uuid":', '{"election_uuid":"%s","election_uuid":' % election["uuid"], 1))
    signed_change("additional field", "json", lambda b: b.update(note="x"))
    body = json.loads(honest)
    body = {k: body[k] for k in ("election_hash", "election_uuid", "credential", "answers")}
    put("reordered fields", "json", sign_again(body, secret, rnd()))
    signed_change("null field", "json", lambda b: b["answers"][0].update(blank_proof=None))
    body = json.loads(honest)
    body.pop("signature")
    put("no signature", "json", compact(body))

    # Scalars and points.
    def first_response(f):
        def change(body):
            proof = body["answers"][0]["individual_proofs"][0][0]
            proof["response"] = f(proof["response"])

        return change

    body = json.loads(honest)
    pr = body["signature"]["proof"]
    pr["response"] = str(int(pr["response"]) + Q)
    put("response plus group order", "scalar", compact(body))
    signed_change("leading zero", "scalar", first_response(lambda r: "0" + r[1:]))
    signed_change("sign", "scalar", first_response(lambda r: "+" + r[1:]))

    def first_alpha(t):
        def change(body):
            body["answers"][0]["choices"][0]["alpha"] = t

        return change

    for entry in points_vectors()["bad"]:
        if len(entry["text"]) == 64:
            signed_change("alpha: " + entry["why"], "point", first_alpha(entry["text"]))
    signed_change("neutral alpha", "point", first_alpha(text(ZERO)))

    # Encryption without randomness: every proof holds, alpha is neutral.
    state = {"n": 0}

    def first_zero():
        state["n"] += 1
        return 0 if state["n"] == 1 else rnd()

    encrypted, _ = encrypt_answer(question, y, s0, [0, 1, 0], first_zero)
    signed_change("choice encrypted with randomness 0", "point", answer_of(encrypted))

    # A point of order 2 added to alpha, challenges ground so that every equation still holds.
    put("small-order component with ground challenges", "point", torsion_ballot(made, question, y, s0, secret, rnd))

    # Election, shape.
    signed_change("uuid of another election", "uuid", lambda b: b.update(election_uuid=election["uuid"][:-1] + "Z"))
    signed_change("fingerprint of another election", "fingerprint", lambda b: b.update(election_hash=b64("x")))
    signed_change("no answer", "shape", lambda b: b.update(answers=[]))
    signed_change("a choice less", "shape", lambda b: b["answers"][0]["choices"].pop())
    signed_change("a proof less", "shape", lambda b: b["answers"][0]["overall_proof"].pop())

    def three_in_a_pair(body):
        short = {"challenge": "1", "response": "1"}
        body["answers"][0]["individual_proofs"][0].append(short)
        body["answers"][0]["overall_proof"][0] = short

    signed_change("three proofs in a pair", "shape", three_in_a_pair)
    signed_change("blank_proof missing", "shape", lambda b: b["answers"][0].pop("blank_proof"))

    # Signature.
    body = json.loads(honest)
    body["signature"]["proof"] = schnorr("sig|" + body["signature"]["hash"] + "|", other, rnd())
    put("signature by another key", "signature", compact(body))
    body["signature"] = dict(body["signature"], hash=b64("other"), proof=schnorr("sig|" + b64("other") + "|", secret, rnd()))
    put("signature over another hash", "signature", compact(body))

    # Proofs.
    signed_change("altered challenge", "proof", lambda b: b["answers"][0]["individual_proofs"][0][0].update(challenge="12345"))
    signed_change("copied ciphertexts under another credential", "proof", lambda b: b.update(credential=text(base(other))), other)
    for part in ("overall_proof", "blank_proof"):
        signed_change("swapped claims of " + part, "proof", lambda b, part=part: b["answers"][0][part].reverse())

    def exchanged(body):
        for part in ("choices", "individual_proofs"):
            body["answers"][0][part].reverse()

    signed_change("exchanged choices", "proof", exchanged)
    for why, cheat in CHEATS:
        signed_change(why, "proof", answer_of(cheat(question, y, s0, rnd)))
    return out


def cheating_answer(question, y, s0, plain, rnd, individual=None, overall=None, blank=None):
    """An answer with the given plain numbers. Proofs are honest where they can be and forged by the given function else."""
    secrets = [rnd() for _ in plain]
    cts = [(base(r), add(mul(r, y), base(m % Q))) for r, m in zip(secrets, plain)]
    s = s0 + "|" + ct_texts(cts)
    fake = lambda n: [{"challenge": str(rnd()), "response": str(rnd())} for _ in range(n)]
    rows = []
    for ct, r, m in zip(cts, secrets, plain):
        branches = [(ct[0], ct[1], 0), (ct[0], ct[1], 1)]
        prefix = range_prefix(s0, ct)
        if individual and m not in (0, 1):
            rows.append(individual(prefix, y, branches, rnd))
        elif m in (0, 1):
            rows.append(prove_branches(prefix, y, branches, m, r, rnd))
        else:
            rows.append(fake(2))
    a_sum, b_sum = total(c[0] for c in cts[1:]), total(c[1] for c in cts[1:])
    r_sum, m_sum = sum(secrets[1:]) % Q, sum(plain[1:])
    zero = [(cts[0][0], cts[0][1], 0), (a_sum, b_sum, 0)]
    either = [(cts[0][0], cts[0][1], 1)] + [(a_sum, b_sum, m) for m in range(question["min"], question["max"] + 1)]

    def prove(prefix, branches, truths, forge):
        for i, (true, secret) in enumerate(truths):
            if true:
                return prove_branches(prefix, y, branches, i, secret, rnd)
        return forge(prefix, y, branches, rnd) if forge else fake(len(branches))

    in_range = [(m_sum == m, r_sum) for m in range(question["min"], question["max"] + 1)]
    return {
        "choices": [{"alpha": text(a), "beta": text(b)} for a, b in cts],
        "individual_proofs": rows,
        "overall_proof": prove("bproof1|" + s + "|", either, [(plain[0] == 1, secrets[0])] + in_range, overall),
        "blank_proof": prove("bproof0|" + s + "|", zero, [(plain[0] == 0, secrets[0]), (m_sum == 0, r_sum)], blank),
    }


def forged_without_sum(prefix, y, branches, rnd):
    """Challenges that do not add up to the hash; every commitment equation holds by construction."""
    return [{"challenge": str(rnd()), "response": str(rnd())} for _ in branches]


CHEATS = [
    ("choices 2 and -1 with an honest sum", lambda q, y, s, r: cheating_answer(q, y, s, [0, 2, -1], r)),
    ("choice of 2, challenges that do not add up", lambda q, y, s, r: cheating_answer(q, y, s, [0, 2, -1], r, individual=forged_without_sum)),
    ("weak Fiat-Shamir: only the commitments hashed", lambda q, y, s, r: encrypt_answer(q, y, s, [0, 1, 0], r, lambda p: "")[0]),
    ("weak Fiat-Shamir: the election not hashed", lambda q, y, s, r: encrypt_answer(q, y, s, [0, 1, 0], r, lambda p: p.replace(s.split("|")[0], ""))[0]),
    ("weak Fiat-Shamir: the credential not hashed", lambda q, y, s, r: encrypt_answer(q, y, s, [0, 1, 0], r, lambda p: p.replace(s.split("|")[1], ""))[0]),
    ("two answers where one is allowed", lambda q, y, s, r: cheating_answer(q, y, s, [0, 1, 1], r)),
    ("no answer and no blank", lambda q, y, s, r: cheating_answer(q, y, s, [0, 0, 0], r)),
    ("blank and an answer", lambda q, y, s, r: cheating_answer(q, y, s, [1, 1, 0], r)),
]


def torsion_ballot(made, question, y, s0, secret, rnd):
    """The honest vote [0, 1, 0] with a point of order 2 added to every alpha; all challenges are even."""
    t = torsion_point(2)
    plain = [0, 1, 0]
    secrets = [rnd() for _ in plain]
    cts = [(add(base(r), t), add(mul(r, y), base(m))) for r, m in zip(secrets, plain)]
    s = s0 + "|" + ct_texts(cts)

    def even(prefix, branches, real, r):
        for _ in range(500):
            proofs = [None if i == real else {"challenge": str(rnd() // 2 * 2), "response": str(rnd())} for i in range(len(branches))]
            w, commitments = rnd(), []
            for i, br in enumerate(branches):
                commitments += [base(w), mul(w, y)] if i == real else branch_commitments(y, [br], [proofs[i]])
            c = (challenge_hash(prefix, commitments) - sum(int(p["challenge"]) for p in proofs if p)) % Q
            proofs[real] = {"challenge": str(c), "response": str((w - r * c) % Q)}
            if c % 2 == 0:
                assert check_branches(prefix, y, branches, proofs)
                return proofs
        raise AssertionError("unlucky")

    individual = [
        even(range_prefix(s0, ct), [(ct[0], ct[1], 0), (ct[0], ct[1], 1)], m, r) for ct, m, r in zip(cts, plain, secrets)
    ]
    a_sum, b_sum = total(c[0] for c in cts[1:]), total(c[1] for c in cts[1:])
    either = [(cts[0][0], cts[0][1], 1)] + [(a_sum, b_sum, m) for m in range(question["min"], question["max"] + 1)]
    zero = [(cts[0][0], cts[0][1], 0), (a_sum, b_sum, 0)]
    answer = {
        "choices": [{"alpha": text(a), "beta": text(b)} for a, b in cts],
        "individual_proofs": individual,
        "overall_proof": even("bproof1|" + s + "|", either, 1, sum(secrets[1:]) % Q),
        "blank_proof": even("bproof0|" + s + "|", zero, 0, secrets[0]),
    }
    body = json.loads(made["ballots"][0]["json"])
    body["answers"] = [answer]
    return sign_again(body, secret, rnd())


def refused_records(made, rnd):
    """Changed records of the second election, each with the field of the vectors that it replaces."""
    out = []

    def put(field, why, value):
        assert value != made[field]
        out.append({"field": field, "why": why, "value": value})

    credentials = json.loads(made["credentials"])
    put("credentials", "out of order", compact(credentials[::-1]))
    put("credentials", "repeated", compact(credentials[:1] + credentials))
    put("credentials", "repeated with another weight", compact(credentials[:1] + [credentials[0].split(",")[0] + ",9"] + credentials[1:]))
    put("credentials", "weight zero", compact([c.split(",")[0] + ",0" for c in credentials]))
    put("credentials", "weight with leading zero", compact([c.split(",")[0] + ",01" for c in credentials]))
    put("credentials", "neutral element", compact([text(ZERO)]))
    put("credentials", "white space", made["credentials"].replace(",", ", "))
    put("credentials", "small-order component", compact([text(add(base(5), torsion_point(8)))]))

    election = json.loads(made["election"])
    put("election", "version 2", compact(dict(election, version=2)))
    put("election", "another group", compact(dict(election, group="RFC-3526-2048")))
    put("election", "additional field", compact(dict(election, language="en")))
    put("election", "neutral key", compact(dict(election, public_key=text(ZERO))))
    put("election", "no question", compact(dict(election, questions=[])))
    put("election", "other kind of question", compact(dict(election, questions=[{"type": "Lists", "value": {}}])))
    put("election", "blank false", compact(dict(election, questions=[{"answers": ["A"], "blank": False, "min": 0, "max": 1, "question": "Q"}])))
    put("election", "max above the number of answers", compact(dict(election, questions=[{"answers": ["A"], "min": 0, "max": 2, "question": "Q"}])))
    put("election", "min above max", compact(dict(election, questions=[{"answers": ["A", "B"], "min": 2, "max": 1, "question": "Q"}])))
    put("election", "uuid with 0", compact(dict(election, uuid="0" * 14)))
    put("election", "short uuid", compact(dict(election, uuid="1" * 13)))
    put("election", "character U+007F", compact(dict(election, name="\x7f")))
    put("election", "escaped slash", made["election"].replace("A/B", "A\\/B"))

    trustees = json.loads(made["trustees"])
    single, block = trustees[0][1], trustees[1][1]

    def with_block(**changes):
        return compact([trustees[0], ["Pedersen", {k: changes.get(k, v) for k, v in block.items()}]])

    def with_single(**changes):
        return compact([["Single", dict(single, **changes)], trustees[1]])

    def first(array, value):
        return [value] + array[1:]

    keys = block["verification_keys"]
    put("trustees", "none", "[]")
    put("trustees", "unknown kind", made["trustees"].replace("Single", "Other"))
    put("trustees", "block before single", compact(trustees[::-1]))
    put("trustees", "two blocks", compact(trustees + trustees[1:]))
    put("trustees", "same trustee twice", compact(trustees[:1] + trustees))
    put("trustees", "proof of knowledge of another key", with_single(pok=keys[0]["pok"]))
    put("trustees", "rogue key", with_single(public_key=text(add(base(7), neg(point(single["public_key"]))))))
    put("trustees", "neutral key", with_single(public_key=text(ZERO)))
    put("trustees", "threshold 1", with_block(threshold=1))
    put("trustees", "threshold 0", with_block(threshold=0))
    put("trustees", "threshold above members", with_block(threshold=4))
    for field in ("certs", "coefexps", "signatures", "verification_keys"):
        put("trustees", field + " swapped", with_block(**{field: [block[field][1], block[field][0], block[field][2]]}))
        put("trustees", field + " one less", with_block(**{field: block[field][:2]}))
        put("trustees", field + " repeated", with_block(**{field: first(block[field], block[field][1])}))
    put("trustees", "key signature missing", with_block(verification_keys=first(keys, {k: v for k, v in keys[0].items() if k != "signature"})))
    put("trustees", "key signature of another member", with_block(verification_keys=first(keys, dict(keys[0], signature=keys[1]["signature"]))))
    put("trustees", "certificate with white space", with_block(certs=first(block["certs"], dict(block["certs"][0], message=block["certs"][0]["message"] + " "))))

    share = json.loads(made["shares"][0]["json"])
    factors, proofs = share["decryption_factors"], share["decryption_proofs"]

    def with_share(f=factors, p=proofs):
        return compact({"decryption_factors": f, "decryption_proofs": p})

    put("shares", "of another owner", made["shares"][1]["json"])
    put("shares", "factors exchanged", with_share(f=[factors[0][::-1]] + factors[1:]))
    put("shares", "bogus factor", with_share(f=[[text(base(9))] + factors[0][1:]] + factors[1:]))
    put("shares", "factor with small-order component", with_share(f=[[text(add(point(factors[0][0]), torsion_point(4)))] + factors[0][1:]] + factors[1:]))
    put("shares", "a factor less", with_share(f=[factors[0][1:]] + factors[1:]))
    put("shares", "a proof less", with_share(p=[proofs[0][1:]] + proofs[1:]))
    put("shares", "a question less", with_share(factors[1:], proofs[1:]))
    put("shares", "proofs exchanged", with_share(p=[proofs[0][::-1]] + proofs[1:]))
    put("shares", "additional field", compact(dict(share, note=1)))

    result = json.loads(made["result"])["result"]
    put("result", "one vote more", compact({"result": [[result[0][0] + 1] + result[0][1:]] + result[1:]}))
    put("result", "plus the group order", compact({"result": [[str(result[0][0] + Q)] + result[0][1:]] + result[1:]}))
    put("result", "string where a number is due", compact({"result": [[str(result[0][0])] + result[0][1:]] + result[1:]}))
    put("result", "a number less", compact({"result": [result[0][1:]] + result[1:]}))
    put("result", "a question less", compact({"result": result[1:]}))

    opened = json.loads(made["opened"])
    rows = opened["openings"]

    def with_opening(opening):
        return compact({"ballot": opened["ballot"], "openings": [[opening] + rows[0][1:]] + rows[1:]})

    put("opened", "another choice", with_opening(dict(rows[0][0], choice=1 - rows[0][0]["choice"])))
    put("opened", "choice of 2", with_opening(dict(rows[0][0], choice=2)))
    put("opened", "randomness not reduced", with_opening(dict(rows[0][0], r=str(int(rows[0][0]["r"]) + Q))))
    put("opened", "another randomness", with_opening(dict(rows[0][0], r="5")))
    put("opened", "an opening less", compact({"ballot": opened["ballot"], "openings": [rows[0][1:]] + rows[1:]}))
    put("opened", "changed ballot", made["opened"].replace("election_hash", "election_hasH", 1))

    sums = json.loads(made["encrypted_tally"])
    sums[0][0]["alpha"] = text(add(point(sums[0][0]["alpha"]), G))
    put("encrypted_tally", "one sum changed", compact(sums))
    sized = json.loads(made["sized_encrypted_tally"])
    put("sized_encrypted_tally", "another weight", compact(dict(sized, total_weight=sized["total_weight"] + 1)))
    put("sized_encrypted_tally", "another number", compact(dict(sized, num_tallied=sized["num_tallied"] + 1)))
    put("sized_encrypted_tally", "weight as string", compact(dict(sized, total_weight=str(sized["total_weight"]))))
    return out


def refused_replaces(made, secrets, rnd):
    """Proofs for the re-vote of the first election that must fail."""
    at = next(i for i, b in enumerate(made["ballots"]) if "replaces" in b)
    new = made["ballots"][at]
    good, secret = new["replaces"], secrets[new["voter"]]
    other = next(b for b in made["ballots"] if b["voter"] != new["voter"])
    replaced = bytes.fromhex(good["ballot_hash"])
    plus = lambda h: (int.from_bytes(bytes.fromhex(h), "little") + Q).to_bytes(32, "little").hex()
    prefix_less = schnorr("sijill-replaces|" + b64(new["json"]) + "|", secret, rnd())
    entries = [
        ("proof by another credential", prove_replaces(new["json"], replaced, rnd(), rnd())),
        ("proof for another replaced ballot", dict(good, ballot_hash=other["hash"])),
        ("proof for another new ballot", prove_replaces(other["json"], replaced, secret, rnd())),
        ("replaces itself", prove_replaces(new["json"], sha(new["json"]), secret, rnd())),
        ("challenge plus group order", dict(good, challenge=plus(good["challenge"]))),
        ("response plus group order", dict(good, response=plus(good["response"]))),
        ("challenge and response exchanged", dict(good, challenge=good["response"], response=good["challenge"])),
        (
            "replaced ballot not in the statement",
            {
                "ballot_hash": good["ballot_hash"],
                "challenge": int(prefix_less["challenge"]).to_bytes(32, "little").hex(),
                "response": int(prefix_less["response"]).to_bytes(32, "little").hex(),
            },
        ),
    ]
    return [{"why": why, "ballot": at, "replaces": value} for why, value in entries]


def generate(path):
    rnd = Stream("sijill ballot-suite vectors 1")
    x1 = rnd()
    one, voters_one = make_election(
        "one-question",
        "12345678abcdEF",
        [{"answers": ["Yes", "No"], "blank": True, "min": 1, "max": 1, "question": "Do you agree?"}],
        [["Single", trustee_key(x1, rnd(), name="Court \u0645\u062d\u0643\u0645\u0629")]],
        {1: x1},
        [(0, [[0, 1, 0]]), (1, [[0, 0, 1]]), (2, [[1, 0, 0]]), (1, [[0, 1, 0]])],
        [None, None, None, None],
        rnd,
    )
    x2 = rnd()
    block, members = pedersen(3, 2, rnd)
    two, _ = make_election(
        "two-questions",
        "zyxwvutsrqponmkjihgfedcba987",
        [
            {"answers": ["A", "B", "C"], "min": 1, "max": 2, "question": "First"},
            {"answers": ["D", "E"], "blank": True, "min": 0, "max": 2, "question": "Second"},
        ],
        [["Single", trustee_key(x2, rnd())], ["Pedersen", block]],
        {1: x2, 2: members[0], 4: members[2]},
        [(0, [[1, 0, 1], [0, 1, 1]]), (1, [[0, 1, 0], [1, 0, 0]]), (2, [[1, 1, 0], [0, 0, 0]])],
        [3, 1, 20000, None],
        rnd,
    )
    code, uuid = "4HoQq-U55Fse-6yMUN-MGNwG1", "12345678abcdEF"
    secret = derive_credential(uuid, code)
    vectors = {
        "format": "sijill-vectors/ballot-suite/1",
        "provenance": "written by specs/vectors/ballot_suite_vectors.py (Python 3, standard library only) from specs/ballot-suite.md; "
        "the same model replays the archives of belenios-tool 3.3.0 in fixtures/bel. All keys are test keys.",
        "points": points_vectors(),
        "scalars": scalars_vectors(),
        "credential_code": {"code": code, "uuid": uuid, "secret": str(secret), "public": text(base(secret))},
        "elections": [one, two],
        "refused_ballots": refused_ballots(one, voters_one, rnd),
        "refused_replaces": refused_replaces(one, voters_one, rnd),
        "refused_records": refused_records(two, rnd),
    }
    for entry in vectors["refused_ballots"]:
        try:
            accepted = check_ballot(one["election"], entry["json"])
        except (ValueError, KeyError, TypeError, AttributeError):
            accepted = False
        assert not accepted, entry["why"]
    with open(path, "w", encoding="utf-8") as f:
        json.dump(vectors, f, ensure_ascii=True, indent=1)
        f.write("\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["check-bel"] and len(sys.argv) > 2:
        for name in sys.argv[2:]:
            check_bel(name)
    elif sys.argv[1:2] == ["generate"] and len(sys.argv) == 3:
        generate(sys.argv[2])
    else:
        sys.exit(__doc__)
