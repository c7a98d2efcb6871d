"""The trials by kind. One is named `kind:index`; with the seed this says all about it but what the machine's own threads do."""

import errno
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from crawler.archive.locks import is_locked
from tests.crash import check, disk, shim
from tests.crash.check import Left
from tests.crash.held import Held
from tests.crash.nursery import Ended
from tests.crash.shim import CHANGES, FILES, Act, Call
from tests.crash.world import Lane, Place, Result, asked, result, write_config

BAD = ("Traceback", "never retrieved")
NEW = "http://www.lanwan.test/zwgk/202501/t20250106_3001.html"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is disturbed: a command on a copy of a template."""

    template: str
    words: tuple[str, ...] = ("crawl",)


SCENARIOS = {
    "first": Scenario("nothing"),  # the schema is made, everything is new
    "again": Scenario("crawled"),  # an edit, a take-down, a new notice
    "torn": Scenario("torn"),  # another was killed in the middle of a record: its file is adopted
    "look": Scenario("crawled", ("crawl", "--url", NEW)),  # one capture
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at a chosen call."""

    act: Act
    calls: tuple[Call, ...]
    error: int = 0
    forever: bool = False


FAULTS = {
    "kill": Fault(Act.KILL, (*CHANGES, Call.NET)),
    "half": Fault(Act.TORN, CHANGES),
    "enospc-once": Fault(Act.FAIL, FILES, errno.ENOSPC),
    "enospc-ever": Fault(Act.FAIL, FILES, errno.ENOSPC, forever=True),
    "enospc-half": Fault(Act.SHORT, (Call.MAKE, Call.WRITE, Call.SYNC), errno.ENOSPC, forever=True),
    "eio-once": Fault(Act.FAIL, FILES, errno.EIO),
    "eio-ever": Fault(Act.FAIL, FILES, errno.EIO, forever=True),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What an undisturbed command does: how often it calls, how long it takes, what the archive says in the end."""

    calls: dict[Call, int]
    seconds: float
    result: Result


def known(lane: Lane, name: str) -> Known:
    """Of a scenario; found out once a lane."""
    if name not in lane.known:
        scenario = SCENARIOS[name]
        place = lane.fresh(scenario.template)
        began = time.monotonic()
        ended = place.run(*scenario.words, arms=place.arms(tuple(Call)))
        seconds = time.monotonic() - began
        wrong = after(place, check.look(place), ended, None)
        if wrong or ended.code:
            raise RuntimeError(f"{name}, undisturbed: {ended} {wrong}")
        counted = dict.fromkeys(Call, 0)
        for entry in shim.entries(place.log):
            counted[entry.call] += 1
        with place.rows() as c:
            lane.known[name] = Known(counted, seconds, result(c))
        place.drop()
    found: Known = lane.known[name]
    return found


def after(place: Place, left: Left, ended: Ended, expected: Result | None, mutant: str = "") -> list[str]:
    """Crawl to the end, and look at everything."""
    wrong = [f"it did not end: {ended.said[-300:]}"] if ended.code is None else []
    wrong += [f"{word}: {ended.said[-800:]}" for word in BAD if word in ended.said]
    again = place.run("crawl", mutant=mutant)
    if again.code != 0 or any(word in again.said for word in BAD):
        wrong.append(f"the next crawl: {again.code} {again.said[-600:]}")
    with place.rows() as c:
        remain = bool(asked(c, "SELECT id FROM runs WHERE ended IS NULL"))
    if remain and (worked := place.run("!finish", str(place.settings), mutant=mutant)).code:
        wrong.append(f"what remains: {worked}")
    wrong += check.finished(place, left, expected)
    return wrong + check.audited(place)


# ------------------------------------------------------------------ at the Nth call
def at_call(lane: Lane, _seed: int, index: int, mutant: str = "", *, scenario: str, fault: str) -> list[str] | None:
    """The Nth call of a command is not made, half made, or refused. None: it makes fewer calls."""
    made = FAULTS[fault]
    expected = known(lane, scenario)
    place = lane.fresh(SCENARIOS[scenario].template)
    arms = place.arms(made.calls, index + 1, made.act, made.error, forever=made.forever)
    ended = place.run(*SCENARIOS[scenario].words, arms=arms, mutant=mutant)
    wrong = []
    dies = made.act in (Act.KILL, Act.TORN)
    if ended.code not in ((-9, 0) if dies else (0, 1, 3)):
        wrong.append(f"exit code {ended.code}: {ended.said[-300:]}")
    if not dies and ended.code == 3 and "gongkai:" not in ended.said:
        wrong.append(f"no word: {ended.said[-300:]}")
    wrong += after(place, check.look(place), ended, expected.result, mutant)
    place.drop()
    return None if dies and ended.code == 0 and not wrong else wrong


# ------------------------------------------------------------------ at any moment
def at_random(lane: Lane, seed: int, index: int, mutant: str = "") -> list[str] | None:
    """A crawl is killed at a random moment. None: it had ended by then."""
    chance = random.Random(f"{seed} random {index}")
    scenario = ("torn", "first", "again")[index % 3]
    expected = known(lane, scenario)
    place = lane.fresh(SCENARIOS[scenario].template)
    pid, said = place.start("crawl", mutant=mutant)
    time.sleep(chance.uniform(0, expected.seconds))
    os.kill(pid, signal.SIGKILL)
    ended = lane.nursery.wait(pid, said)
    wrong = after(place, check.look(place), ended, expected.result, mutant)
    place.drop()
    return None if ended.code == 0 and not wrong else wrong


def together(lane: Lane, seed: int, index: int, mutant: str = "") -> list[str] | None:
    """Two crawls on one archive; one is killed at a random call. None: it had ended by then."""
    chance = random.Random(f"{seed} together {index}")
    expected = known(lane, "torn")
    place = lane.fresh("torn")
    calls = (*CHANGES, Call.NET)
    when = chance.randrange(1, sum(expected.calls[call] for call in calls))
    first, said = place.start("crawl", arms=place.arms(calls, when, Act.KILL), mutant=mutant)
    time.sleep(chance.uniform(0, 0.3))
    second, also = place.start("crawl", mutant=mutant)
    ended = lane.nursery.wait(first, said)
    left = check.look(place)
    other = lane.nursery.wait(second, also)
    wrong = [] if other.code == 0 else [f"the other: {other.code} {other.said[-300:]}"]
    wrong += after(place, left, ended, expected.result, mutant)
    place.drop()
    return None if ended.code == 0 and not wrong else wrong


# ------------------------------------------------------------------ power
@dataclass(frozen=True, slots=True)
class Recording:
    """What was asked of the disk, and what stood on it before."""

    home: str
    events: list[disk.Event]
    before: dict[str, bytes]
    folders: frozenset[str]


def recorded(lane: Lane, name: str, mutant: str) -> Recording:
    """A scenario's crawl; or `writers`: three processes that keep looks side by side, of which one dies and is followed by the third."""
    key = f"{name} {mutant}"
    if key not in lane.recordings:
        place = lane.fresh("schema" if name == "writers" else SCENARIOS[name].template)
        found = list(place.home.rglob("*"))
        before = {str(path): path.read_bytes() for path in found if path.is_file()}
        folders = frozenset(str(path) for path in found if path.is_dir())
        arms = place.arms(keeps_bytes=True)
        if name == "writers":
            settings = str(place.settings)
            first, one = place.start("!write", settings, "a", "40", "dies", arms=arms, mutant=mutant)
            second, two = place.start("!write", settings, "b", "60", "", arms=arms, mutant=mutant)
            lane.nursery.wait(first, one)
            third, three = place.start("!write", settings, "c", "40", "", arms=arms, mutant=mutant)
            ended = [lane.nursery.wait(second, two), lane.nursery.wait(third, three)]
        else:
            ended = [place.run("crawl", arms=arms, mutant=mutant)]
        if any(one.code for one in ended):
            raise RuntimeError(str(ended))
        lane.recordings[key] = Recording(str(place.home), disk.events(shim.entries(place.log)), before, folders)
        place.drop()
    held: Recording = lane.recordings[key]
    return held


def power(lane: Lane, seed: int, index: int, mutant: str = "", *, name: str) -> list[str]:
    """The power goes at a random moment."""
    chance = random.Random(f"{seed} power {name} {index}")
    at = chance.randrange(len(recorded(lane, name, mutant).events) + 1)
    return cut(lane, name, at, chance.choice([0.0, 1.0, 0.5, chance.random()]), chance, mutant)


def cut(lane: Lane, name: str, at: int, share: float, chance: random.Random, mutant: str = "") -> list[str]:
    """The power goes after so many calls; `share`: how much of what was not certain the disk shows."""
    recording = recorded(lane, name, mutant)
    model = disk.Disk({path: disk.File(0, bytearray(data)) for path, data in recording.before.items()})
    said = []
    for event in recording.events[:at]:
        event.do(model)
        said += [event.said] if event.said else []
    place = lane.bare()
    for path in recording.folders:
        (place.home / os.path.relpath(path, recording.home)).mkdir(parents=True, exist_ok=True)
    for path, data in model.after(chance, share):
        if not path.endswith("-shm"):
            target = place.home / os.path.relpath(path, recording.home)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    left = check.look(place)
    wrong = [f"after {at} of {len(recording.events)} of {name}, {share:.2f}: {one}" for one in unkept(place, said)]
    if name == "writers":
        wrong += _open_and_close(place, left, mutant)
    else:
        wrong += after(place, left, Ended(0, ""), known(lane, name).result, mutant)
    place.drop()
    return wrong


def _open_and_close(place: Place, left: Left, mutant: str) -> list[str]:
    """Of what the writers left nothing is to be fetched: it is adopted, read by nobody."""
    ended = place.run("!write", str(place.settings), "z", "0", "", mutant=mutant)
    wrong = [] if ended.code == 0 else [f"the next process: {ended}"]
    with place.rows() as c:
        wrong += [*left.wrong, *check.sound(c), *check.bytes_of(place, c), *check.vanished(c, left)]
    return wrong


def unkept(place: Place, said: list[str]) -> list[str]:
    """What was acknowledged and is not there."""
    kept, settled = set[tuple[int, str]](), set[int]()
    for one in said:
        word, rest = one.split(" ", 1)
        if word == "kept":
            at, url = rest.split(" ", 1)
            kept.add((int(at), url))
        else:
            settled.add(int(rest))
    if not kept:
        return []
    with place.rows() as c:
        held = {(int(at), str(url)) for at, url in asked(c, "SELECT l.at, u.url FROM looks l JOIN urls u ON u.id = l.url")}
        done = {int(row[0]) for row in asked(c, "SELECT capture FROM readings WHERE state <> 'pending'")}
    wrong = [f"acknowledged and not there: {sorted(kept - held)[:2]}"] if kept - held else []
    return wrong + ([f"settled and not done: {sorted(settled - done)[:5]}"] if settled - done else [])


# ------------------------------------------------------------------ too late
HOST = "www.lanwan.test"
DEADLINE, LEASE = 3.0, 3.6  # seconds


def late(lane: Lane, seed: int, index: int, mutant: str = "") -> list[str] | None:
    """A process is stopped while it waits for an answer, until its lease has ended and another process has it; then it wakes. It may keep
    what it has, move nothing in the queue, and ask for nothing. None: the other had its answer's time over before that was seen,
    or the machine is too slow to say."""
    chance = random.Random(f"{seed} late {index}")
    place = lane.bare()
    with Held(lane.site) as server:
        write_config(place.home, server.port, f'deadline = "{DEADLINE:g}s"\n')
        held = chance.choice(["/zwgk/index", "/zwgk/2"])
        server.hold(HOST + held)
        first, said = place.start("crawl", mutant=mutant, hasty=True)
        if server.wait(HOST, 0, 30, held) is None:
            return [f"no request: {lane.nursery.wait(first, said, 1)}"]
        _stop(first, place)
        time.sleep(LEASE + chance.uniform(0, 0.3))
        count = len(server.seen)
        server.hold(HOST)
        second, also = place.start("crawl", mutant=mutant, hasty=True)
        began = server.wait(HOST, count, 30)
        os.kill(first, signal.SIGCONT)
        wrong = [] if began else ["the queue was not taken over"]
        failures = _failures(place, seconds=2.0)
        in_time = began is not None and time.monotonic() - began.at < DEADLINE - 0.3
        asked_for = [one.path for one in server.seen[count:] if one.host == HOST]
        if in_time and failures:
            wrong.append(f"who came too late has moved the queue: {failures} failures")
        if in_time and len(asked_for) > 1:
            wrong.append(f"two at once: {asked_for}")
        server.hold()
        ended = [lane.nursery.wait(first, said), lane.nursery.wait(second, also)]
        wrong += [f"exit code {one.code}: {one.said[-500:]}" for one in ended if one.code not in (0, 1)]
        # nobody holds robots.txt: a machine that is so slow, or was stopped before it had one, tells nothing of the rest
        query = "SELECT l.id FROM looks l JOIN urls u ON u.id = l.url WHERE u.kind = 'robots' AND l.outcome = 'timeout'"
        with place.rows() as c:
            slow = bool(asked(c, query))
        wrong += [] if slow else after(place, check.look(place), ended[0], None, mutant)
    place.drop()
    return wrong if wrong or (in_time and failures is not None and not slow) else None


def _stop(pid: int, place: Place) -> None:
    """Stop a process where it does not hold up everybody: not within a transaction."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        with (place.data / "gongkai.db.writers").open("rb") as file:
            if not is_locked(file):
                return
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.02)


def _failures(place: Place, seconds: float) -> int | None:
    """How many failures the queue knows of when the late look is kept; None: it is not, in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with place.rows() as c:
            if asked(
                c,
                "SELECT l.id FROM looks l JOIN urls u ON u.id = l.url WHERE u.queue = 'www.lanwan.test' AND l.outcome = 'timeout'",
            ):
                return int(asked(c, "SELECT failures FROM queues WHERE name = 'www.lanwan.test'")[0][0])
        time.sleep(0.05)
    return None


Trial = Callable[..., list[str] | None]
KINDS: dict[str, Trial] = {
    f"{fault}-{scenario}": partial(at_call, scenario=scenario, fault=fault) for fault in FAULTS for scenario in SCENARIOS
}
KINDS |= {f"power-{name}": partial(power, name=name) for name in ("first", "again", "torn", "writers")}
KINDS |= {"random": at_random, "together": together, "late": late}


AT_CHANCE = {
    "random": 300,
    "together": 60,
    "late": 20,
    "power-first": 60,
    "power-again": 60,
    "power-torn": 60,
    "power-writers": 60,
}


def size(lane: Lane, kind: str) -> int:
    """How many trials the long form has of a kind: as many as there are calls, or enough."""
    if kind in AT_CHANCE:
        return AT_CHANCE[kind]
    fault, _, scenario = kind.rpartition("-")
    counted = known(lane, scenario).calls
    return sum(counted[call] for call in FAULTS[fault].calls)


# what the long form tries: every call of four commands is killed; every call of one capture is refused, for either reason, once and for ever
LONG = (
    *(f"kill-{scenario}" for scenario in SCENARIOS),
    *(f"half-{scenario}" for scenario in ("torn", "look")),
    *(f"{fault}-look" for fault, made in FAULTS.items() if made.error),
    *AT_CHANCE,
)
HUNTS = {  # where each mutant is looked for
    "row before bytes": ("kill-again", "power-again"),
    "no fsync": ("power-writers", "power-again"),
    "no directory fsync": ("power-writers", "power-first"),
    "database not synced": ("power-again", "power-writers"),
    "rename before fsync": ("power-torn",),
    "done early": ("kill-again",),
    "no tail repair": ("kill-torn",),
    "no recovery": ("kill-torn",),
    "no lock": ("together",),
    "fence ignored": ("late",),
}


def short(seed: int) -> Iterator[tuple[str, int]]:
    """A trial of each kind, at places that differ from seed to seed."""
    chance = random.Random(f"{seed} short")
    for kind in ("kill-torn", "half-look", "enospc-once-look", "enospc-half-look", "eio-once-look", "eio-ever-look"):
        yield kind, chance.randrange(20, 220)
    yield "random", 3 * chance.randrange(100)
    for kind in ("together", "power-torn", "power-writers", "late"):
        yield kind, chance.randrange(1000)
