"""Deadlines made from specs/rules.md alone, without the engine. Standard library only.

The model is slow on purpose: it lives through every beginning of a day and every step, one after the other.

    python3 deadline_vectors.py            compares fixtures/vectors/deadlines.json
    python3 deadline_vectors.py --write    writes it
"""

import hashlib
import json
import pathlib
import sys
from datetime import date, datetime, timedelta, timezone

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "vectors" / "deadlines.json"

DAY = timedelta(days=1)
UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


# --- Time zones (rules.md §2.1): the two that the vectors use, by their rules and not from a database.

def last_sunday(year, month):
    d = date(year, month, 31)
    return d - timedelta(days=(d.weekday() + 1) % 7)


def offset_hours(zone, utc):
    if zone == "Asia/Qatar":
        return 3
    assert zone == "Europe/London"
    begin = datetime.combine(last_sunday(utc.year, 3), datetime.min.time(), UTC) + timedelta(hours=1)
    end = datetime.combine(last_sunday(utc.year, 10), datetime.min.time(), UTC) + timedelta(hours=1)
    return 1 if begin <= utc < end else 0


def local_day(zone, ms):
    utc = EPOCH + timedelta(milliseconds=ms)
    return (utc + timedelta(hours=offset_hours(zone, utc))).date()


def local_ms(zone, day, seconds=0):
    """The moment so many seconds after midnight by the offset of that midnight."""
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    for hours in (0, 1, 3):
        utc = midnight - timedelta(hours=hours)
        if offset_hours(zone, utc) == hours:
            return round((utc - EPOCH).total_seconds()) * 1000 + seconds * 1000
    raise AssertionError(day)


# --- Calendar (rules.md §2.3)

class Known:
    """What the facts known at a moment say."""

    def __init__(self, pack, facts, ms):
        self.rest = {NAMES.index(n) for n in pack["weekly_rest"]}
        ranges = {}
        for f in facts:
            if f["known_ms"] > ms:
                continue
            ranges.pop(f["corrects"], None)
            if f["status"] != "withdrawn":
                ranges[f["seq"]] = (date.fromisoformat(f["first"]), date.fromisoformat(f["last"]))
        self.off = set()
        for first, last in ranges.values():
            while first <= last:
                self.off.add(first)
                first += DAY

    def working(self, d):
        return d.weekday() not in self.rest and d not in self.off


# --- Periods (rules.md §4.1)

def last_day(rules, known, anchor, n, pauses=()):
    """The last day and the days counted on the way; None for the last day while a pause lasts."""
    horizon = min((p["from"] for p in pauses if p["until"] is None), default=None)
    not_counted = set()
    held = set()
    for p in pauses:
        if p["until"] is None or p["from"] == p["until"]:
            continue
        held.add(p["from"])
        d = p["from"] + DAY
        while d <= p["until"]:
            not_counted.add(d)
            held.add(d)
            d += DAY
    first = anchor + DAY
    if rules["start"] == "next_working_day":
        while not known.working(first):
            first += DAY
    counted = []
    d = first
    while len(counted) < n:
        if horizon is not None and d > horizon:
            return None, counted
        if d not in not_counted and (rules["unit"] == "calendar" or known.working(d)):
            counted.append(d)
        d += DAY
    end = counted[-1]
    must_work = rules["unit"] == "working" or rules["roll"] == "next_working_day"
    while end in held or (must_work and not known.working(end)):
        end += DAY
    if horizon is not None and end >= horizon:
        return None, counted
    return end, counted


# --- The clock (rules.md §5)

class Refused(Exception):
    pass


class Clock:
    def __init__(self, pack, facts, received_ms):
        self.pack, self.rules, self.facts = pack, pack["clock"], facts
        self.zone = pack["time_zone"]
        self.anchor = local_day(self.zone, received_ms)
        self.extensions = 0
        self.pauses = []
        self.question = None
        self.fee = None
        self.missed = None
        self.end = None

    def known(self, ms):
        return Known(self.pack, self.facts, ms)

    def n(self, extensions):
        return self.rules["answer_days"] + extensions * self.rules["extension_days"]

    def due(self, ms, extensions=None):
        n = self.n(self.extensions if extensions is None else extensions)
        return last_day(self.rules, self.known(ms), self.anchor, n, self.pauses)[0]

    def clarify_by(self, ms):
        limit = self.rules.get("clarification_limit_days")
        if self.question is None or limit is None:
            return None
        return last_day(self.rules, self.known(ms), self.question["on"], limit)[0]

    def day_begins(self, d, ms):
        due, limit = self.due(ms), self.clarify_by(ms)
        passed = due is not None and due < d
        if passed and self.rules["silence"] == "deemed_refusal":
            self.end = ("deemed_refusal", d, ms)
            self.missed = self.missed or (d, due)
        elif limit is not None and limit < d:
            self.end = ("abandoned", d, ms)
        elif passed:
            self.missed = self.missed or (d, due)

    def step(self, step, ms):
        on = local_day(self.zone, ms)
        due = self.due(ms)
        late = due is not None and on > due
        if step == "clarification_asked":
            if self.question:
                raise Refused("still_open")
            self.question = {"on": on, "pause": self.pause(on, late)}
        elif step == "clarification_answered":
            if not self.question:
                raise Refused("not_asked")
            pause, self.question = self.question["pause"], None
            if pause:
                pause["until"] = on
                if self.rules["clarification"] == "restart":
                    self.anchor = on
        elif step == "fee_quoted":
            if self.fee:
                raise Refused("still_open")
            self.fee = {"pause": self.pause(on, late or self.rules["fee_policy"] == "none")}
        elif step == "fee_settled":
            if not self.fee:
                raise Refused("not_asked")
            if self.fee["pause"]:
                self.fee["pause"]["until"] = on
            self.fee = None
        elif step == "extended":
            if self.extensions >= self.rules["max_extensions"]:
                raise Refused("no_extension_left")
            if late:
                raise Refused("extended_late")
            self.extensions += 1
        elif step == "transferred":
            if self.question or self.fee:
                raise Refused("transfer_while_open")
            if self.rules["transfer"] == "restart" and not late:
                self.anchor, self.extensions = on, 0
        elif step in ("decided", "closed"):
            self.end = (step, on, ms)
        else:
            raise AssertionError(step)

    def pause(self, on, without_effect):
        if without_effect:
            return None
        p = {"from": on, "until": None}
        self.pauses.append(p)
        return p


def read_clock(pack, facts, received_ms, steps, now_ms):
    clock = Clock(pack, facts, received_ms)
    previous = received_ms
    for s in steps:
        if s["at_ms"] < previous or s["at_ms"] > now_ms:
            raise Refused("order")
        previous = s["at_ms"]
    day = clock.anchor + DAY
    queue = list(steps)
    while True:
        begins = local_ms(clock.zone, day)
        step_ms = queue[0]["at_ms"] if queue else None
        if begins <= now_ms and (step_ms is None or begins <= step_ms):
            if clock.end is None:
                clock.day_begins(day, begins)
            day += DAY
            continue
        if step_ms is None:
            break
        if clock.end is not None:
            raise Refused("ended")
        clock.step(queue.pop(0)["step"], step_ms)

    t = clock.end[2] if clock.end else now_ms
    today = local_day(clock.zone, t)
    due, counted = last_day(clock.rules, clock.known(t), clock.anchor, clock.n(clock.extensions), clock.pauses)
    out = {"judged_ms": t, "due": due, "original_due": clock.due(t, 0)}
    out["days_left"] = clock.n(clock.extensions) - sum(1 for d in counted if d <= today)
    out["missed_on"], out["missed_due"] = clock.missed or (None, None)
    out["clarify_by"] = clock.clarify_by(t)
    out["on"] = clock.end[1] if clock.end else None
    out["days_late"] = None
    if clock.end:
        out["status"] = clock.end[0]
        if clock.end[0] == "decided":
            out["days_late"] = max(0, (clock.end[1] - due).days) if due else 0
    elif due is None:
        out["status"] = "paused"
    else:
        out["status"] = "overdue" if today > due else "running"
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in out.items()}


# --- Objections (rules.md §7)

def read_objection(case, pack, facts):
    rules, zone = case["rules"], pack["time_zone"]
    known = lambda ms: Known(pack, facts, ms)
    extended = None

    def window(ms):
        return extended or last_day(rules, known(ms), local_day(zone, case["opened_ms"]), rules["window_days"])[0]

    for e in case["extensions"]:
        old = window(e["at_ms"])
        if local_day(zone, e["at_ms"]) > old:
            raise Refused("window_closed")
        if not old < date.fromisoformat(e["new_last_day"]):
            raise Refused("not_longer")
        extended = date.fromisoformat(e["new_last_day"])
    filed = local_day(zone, case["filed_ms"])
    if filed > window(case["filed_ms"]):
        raise Refused("window_closed")
    status, on, t = "pending", None, case["now_ms"]
    by = lambda ms: last_day(rules, known(ms), filed, rules["decision_days"])[0] if rules["decision_days"] else None
    until = case["now_ms"] if case["decided_ms"] is None else case["decided_ms"]
    if rules["silence"] == "deemed_refusal":
        d = filed + DAY
        while local_ms(zone, d) <= until:
            if by(local_ms(zone, d)) < d:
                status, on, t = "implicitly_rejected", d, local_ms(zone, d)
                break
            d += DAY
    if case["decided_ms"] is not None:
        if on is not None:
            raise Refused("ended")
        t = case["decided_ms"]
        status, on = "decided", local_day(zone, t)
    decide_by = by(t)
    if status == "pending" and decide_by is not None and local_day(zone, t) > decide_by:
        status = "overdue"
    remedy = None
    if on is not None and rules["remedy_days"] and case["decision"] != "overturned":
        remedy = last_day(rules, known(case["now_ms"]), on, rules["remedy_days"])[0]
    out = {"status": status, "on": on, "decide_by": decide_by, "next_remedy_last_day": remedy}
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in out.items()}


# --- Packs, golden cases, generated cases

QATAR = {
    "time_zone": "Asia/Qatar",
    "weekly_rest": ["friday", "saturday"],
    "clock": {
        "answer_days": 15, "unit": "calendar", "start": "next_day", "roll": "next_working_day",
        "max_extensions": 1, "extension_days": 15, "silence": "none", "clarification": "pause",
        "fee_policy": "pauses", "transfer": "continue",
    },
}
WORKING = {**QATAR, "clock": {**QATAR["clock"], "unit": "working"}}
UK_LIKE = {
    "time_zone": "Europe/London",
    "weekly_rest": ["saturday", "sunday"],
    "clock": {
        "answer_days": 20, "unit": "working", "start": "next_working_day", "roll": "none",
        "max_extensions": 1, "extension_days": 20, "silence": "deemed_refusal", "clarification": "restart",
        "clarification_limit_days": 40, "fee_policy": "pauses", "transfer": "restart", "grievance_days": 40,
        "grievance_decision_days": 20, "grievance_silence": "deemed_refusal", "third_party_days": 10, "court_days": 28,
    },
}


def fact(seq, known, first, last, status="announced", corrects=None):
    known_ms = local_ms("Asia/Qatar", date.fromisoformat(known))
    return {"seq": seq, "known_ms": known_ms, "first": first, "last": last, "status": status, "corrects": corrects}


HOLIDAYS = [
    fact(1, "2025-06-01", "2025-12-18", "2025-12-18"),
    fact(2, "2025-06-01", "2026-02-10", "2026-02-10"),
    fact(3, "2025-06-01", "2026-03-17", "2026-03-23", "estimate"),
    fact(4, "2025-06-01", "2026-05-26", "2026-05-30", "estimate"),
    fact(7, "2025-06-01", "2026-12-18", "2026-12-18"),
]


def case(name, pack, facts, received_ms, steps, now_ms):
    out = {"name": name, "pack": pack, "facts": facts, "received_ms": received_ms, "steps": steps, "now_ms": now_ms}
    try:
        out["expect"] = read_clock(pack, facts, received_ms, steps, now_ms)
    except Refused as e:
        out["error"] = str(e)
    return out


def golden():
    table = [
        ("2025-12-01", "2025-12-16", "2025-12-23"),
        ("2025-12-03", "2025-12-21", "2025-12-25"),
        ("2025-12-05", "2025-12-21", "2025-12-28"),
        ("2026-01-26", "2026-02-11", "2026-02-17"),
        ("2026-03-08", "2026-03-24", "2026-04-05"),
        ("2026-05-12", "2026-05-31", "2026-06-07"),
    ]
    for received, calendar_due, working_due in table:
        ms = local_ms("Asia/Qatar", date.fromisoformat(received), 10 * 3600)
        for pack, due, mode in ((QATAR, calendar_due, "calendar"), (WORKING, working_due, "working")):
            c = case(f"golden {received} {mode}", pack, HOLIDAYS, ms, [], ms)
            assert c["expect"]["due"] == due, c
            yield c


def borders():
    """Facts that become known where it matters most: at the border of a day, and after the due date."""
    strict = {**QATAR, "clock": {**QATAR["clock"], "silence": "deemed_refusal"}}
    received = local_ms("Asia/Qatar", date(2026, 3, 8), 36_000)
    at = lambda d, seconds=0: local_ms("Asia/Qatar", date(2026, 3, d), seconds)
    for pack in (QATAR, strict):
        for late in (-1, 0, 1):
            longer = {**fact(9, "2026-03-25", "2026-03-24", "2026-03-25"), "known_ms": at(25) + late}
            yield case("longer at midnight", pack, HOLIDAYS[:3] + [longer], received, [], at(25, 43_200))
        shorter = {**fact(9, "2026-03-24", "2026-03-17", "2026-03-23", "withdrawn", 3), "known_ms": at(24, 32_400)}
        for steps in ([], [{"at_ms": at(24, 43_200), "step": "fee_quoted"}]):
            for now in (at(25) - 1, at(25)):
                yield case("shorter after the due date", pack, HOLIDAYS[:3] + [shorter], received, steps, now)


class Random:
    """SHA-256 in counter mode, so that every Python makes the same cases."""

    def __init__(self, seed):
        self.seed, self.counter = seed, 0

    def below(self, n):
        self.counter += 1
        digest = hashlib.sha256(f"{self.seed}/{self.counter}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % n

    def pick(self, items):
        return items[self.below(len(items))]


def random_facts(r, base):
    facts, standing, known, seq = [], {}, base - 90 * 86_400_000, 0
    for _ in range(r.below(9)):
        known += r.below(40) * 86_400_000 + r.below(86_400_000)
        seq += 1 + r.below(3)
        status, corrects = r.pick(["estimate", "announced"]), None
        first = (EPOCH + timedelta(milliseconds=base)).date() + timedelta(days=r.below(120) - 15)
        last = first + timedelta(days=r.below(8))
        if standing and r.below(3) == 0:
            corrects = r.pick(sorted(standing))
            old = standing[corrects]
            status = r.pick(["announced", "announced", "withdrawn"])
            shift = timedelta(days=r.below(5) - 2)
            first, last = (old[0], old[1]) if status == "withdrawn" else (old[0] + shift, old[1] + shift)
        if any(s != corrects and a <= last and first <= b for s, (a, b) in standing.items()):
            continue
        standing.pop(corrects, None)
        if status != "withdrawn":
            standing[seq] = (first, last)
        facts.append({
            "seq": seq, "known_ms": known, "first": first.isoformat(), "last": last.isoformat(),
            "status": status, "corrects": corrects,
        })
    return facts


def random_pack(r):
    pack = r.pick([QATAR, WORKING, UK_LIKE])
    clock = dict(pack["clock"])
    if r.below(3):
        clock["answer_days"] = 1 + r.below(25)
        clock["unit"] = r.pick(["calendar", "working"])
        clock["start"] = r.pick(["next_day", "next_working_day"])
        clock["roll"] = r.pick(["none", "next_working_day"])
        clock["max_extensions"] = 1 + r.below(2)
        clock["extension_days"] = 1 + r.below(20)
        clock["silence"] = r.pick(["none", "none", "deemed_refusal"])
        clock["clarification"] = r.pick(["pause", "restart"])
        clock["fee_policy"] = r.pick(["pauses", "none"])
        clock["transfer"] = r.pick(["restart", "continue"])
        clock.pop("clarification_limit_days", None)
        if r.below(2):
            clock["clarification_limit_days"] = 1 + r.below(30)
    return {**pack, "clock": clock}


def random_steps(r, received_ms):
    steps, at, question, fee = [], received_ms, False, False
    many = r.below(7)
    for i in range(many):
        at += r.below(7) * 86_400_000 + r.below(86_400_000)
        options = ["extended"]
        if i == many - 1 or r.below(12) == 0:
            options += ["decided"] * 3 + ["closed"]
        options += ["clarification_answered"] * 4 if question else ["clarification_asked"] * 3
        options += ["fee_settled"] * 4 if fee else ["fee_quoted"] * 2
        options += ["transferred"] * (1 if question or fee else 2)
        if r.below(25) == 0:
            options = ["clarification_asked", "clarification_answered", "fee_quoted", "fee_settled"]
        step = r.pick(options)
        question = {"clarification_asked": True, "clarification_answered": False}.get(step, question)
        fee = {"fee_quoted": True, "fee_settled": False}.get(step, fee)
        steps.append({"at_ms": at, "step": step})
    return steps, at


def generated(count):
    for i in range(count):
        r = Random(f"clock {i}")
        pack = random_pack(r)
        day = date(2025, 9, 1) + timedelta(days=r.below(500))
        received_ms = local_ms(pack["time_zone"], day, r.pick([0, 1, 36_000, 86_399, r.below(86_400)]))
        facts = random_facts(r, received_ms)
        steps, at = random_steps(r, received_ms)
        now_ms = at + r.below(60) * 86_400_000 + r.below(86_400_000)
        if r.below(40) == 0 and steps:
            now_ms = steps[-1]["at_ms"] - 1
        yield case(f"generated {i}", pack, facts, received_ms, steps, now_ms)


def objections(count):
    for i in range(count):
        r = Random(f"objection {i}")
        pack = r.pick([QATAR, UK_LIKE])
        zone = pack["time_zone"]
        opened_ms = local_ms(zone, date(2025, 9, 1) + timedelta(days=r.below(400)), r.below(86_400))
        facts = random_facts(r, opened_ms)
        rules = {
            "unit": r.pick(["calendar", "working"]), "start": r.pick(["next_day", "next_working_day"]),
            "roll": r.pick(["none", "next_working_day"]), "window_days": 1 + r.below(15),
            "decision_days": 1 + r.below(15), "silence": r.pick(["none", "deemed_refusal", "deemed_refusal"]),
            "remedy_days": r.pick([None, 7, 10]),
        }
        if rules["silence"] == "none" and r.below(3) == 0:
            rules["decision_days"] = None
        extensions, at = [], opened_ms
        if r.below(2):
            at += r.below(12) * 86_400_000
            new = local_day(zone, at) + timedelta(days=r.below(25))
            extensions.append({"at_ms": at, "new_last_day": new.isoformat()})
        filed_ms = at + r.below(14) * 86_400_000 + r.below(86_400_000)
        decided_ms = filed_ms + r.below(20 * 86_400_000) if r.below(2) else None
        decision = r.pick(["upheld", "varied", "overturned"]) if decided_ms is not None else None
        c = {
            "name": f"objection {i}", "pack": pack, "facts": facts, "rules": rules, "opened_ms": opened_ms,
            "extensions": extensions, "filed_ms": filed_ms, "decided_ms": decided_ms, "decision": decision,
            "now_ms": (decided_ms or filed_ms) + r.below(40 * 86_400_000),
        }
        try:
            c["expect"] = read_objection(c, pack, facts)
        except Refused as e:
            c["error"] = str(e)
        yield c


def main():
    clocks = list(golden()) + list(borders()) + list(generated(400))
    windows = list(objections(120))
    lines = lambda cases: ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    out = '{"format":"sijill-deadline-vectors/1",\n"clocks":[\n' + lines(clocks)
    out += '\n],\n"objections":[\n' + lines(windows) + "\n]}\n"
    if "--write" in sys.argv[1:]:
        OUTPUT.write_text(out, encoding="utf-8")
        print(f"wrote {OUTPUT.name}, {len(out)} bytes")
    elif not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != out:
        sys.exit(f"{OUTPUT.name} differs from what this script makes")
    else:
        print(f"{OUTPUT.name} is what this script makes")


if __name__ == "__main__":
    main()
