"""Claims: of all that want a slide, one has it at a time, and none is lost with its holder."""

import subprocess
import sys
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from msm_mil_core.cohort.claims import STALE_S, Claims, claimed_names
from msm_mil_core.cohort.heartbeat import Heartbeat
from msm_mil_core.process_owner import Owner


class Clock:
    """A clock that tests set."""

    def __init__(self, start=0.0):
        self.now = start

    def __call__(self):
        return self.now


def claims_of_another_machine(folder, clock, name="0") -> Claims:
    return Claims(folder, clock, owner=replace(Owner.ours(), machine=name.zfill(12)))


@pytest.fixture
def both(tmp_path):
    """Two machines that share a folder; their clocks have nothing in common."""
    clocks = Clock(0), Clock(5e6)
    return *clocks, *(claims_of_another_machine(tmp_path, clock, str(n)) for n, clock in enumerate(clocks))


def test_what_one_holds_no_other_takes(both):
    _, _, here, there = both

    claim = here.take("a")

    assert claim is not None
    assert there.take("a") is None
    assert here.take("a") is None
    assert there.take("b") is not None
    assert str(here.holder("a")) == str(there.holder("a"))


def test_what_is_given_up_can_be_taken_and_leaves_nothing(tmp_path, both):
    _, _, here, there = both
    here.take("a").release()

    again = there.take("a")
    again.release()

    assert list(tmp_path.iterdir()) == []


def test_a_holder_that_is_silent_for_long_loses_its_claim_once(tmp_path, both):
    _, clock, here, there = both
    third = claims_of_another_machine(tmp_path, clock, "2")
    lost = here.take("a")
    for watcher in (there, third):
        watcher.take("a")
    clock.now += STALE_S

    takers = [watcher.take("a") for watcher in (there, third)]

    assert sum(claim is not None for claim in takers) == 1
    assert not lost.is_held()
    assert not lost.beat()
    lost.release()
    assert takers[0].is_held()


def test_a_holder_that_beats_keeps_its_claim(both):
    _, clock, here, there = both
    claim = here.take("a")

    for _ in range(20):
        clock.now += STALE_S / 2
        claim.beat()
        assert there.take("a") is None

    assert claim.is_held()


def test_the_holders_clock_does_not_matter(both):
    slow, clock, here, there = both
    here.take("a")
    there.take("a")

    slow.now += 100 * STALE_S
    clock.now += STALE_S / 2

    assert there.take("a") is None


def test_one_that_ended_on_this_machine_loses_its_claim_at_once(tmp_path):
    ended = "from pathlib import Path; from msm_mil_core.cohort.claims import Claims; Claims(Path('.')).take('a')"
    subprocess.run([sys.executable, "-c", ended], cwd=tmp_path, check=True)
    assert list(claimed_names(tmp_path)) == ["a"]

    claim = Claims(tmp_path).take("a")

    assert claim is not None


PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
RACE = """
import sys
from pathlib import Path
from msm_mil_core.cohort.claims import Claims
claims, taken = Claims(Path(sys.argv[1])), Path(sys.argv[2])
for name in map(str, range(200)):
    claim = claims.take(name)
    if claim is not None:
        (taken / name).touch(exist_ok=False)  # an error where another one holds it
        if int(name) % 3:
            (taken / name).unlink()
            claim.release()
print("done", flush=True)
sys.stdin.read()
"""


def test_processes_that_race_for_claims_never_share_one(tmp_path):
    folder, taken = tmp_path / "claims", tmp_path / "taken"
    folder.mkdir(), taken.mkdir()

    racers = [subprocess.Popen([sys.executable, "-c", RACE, folder, taken], **PIPES) for _ in range(3)]
    said = [racer.stdout.readline() for racer in racers]
    kept = sorted(claimed_names(folder))
    for racer in racers:
        racer.communicate()

    assert said == [b"done\n"] * 3
    assert kept == sorted(path.name for path in taken.iterdir())
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_heartbeat_keeps_claims_alive_and_gives_them_up(tmp_path):
    claim = Claims(tmp_path).take("a")
    before = claim.path.stat().st_size

    with Heartbeat(every_s=0.001) as heart:
        heart.add(claim)
        while claim.path.stat().st_size == before:
            pass

    assert not claim.is_held()


class Cohort(RuleBasedStateMachine):
    """Machines take, keep, lose and give up one claim; some stop for ever, and some only seem to."""

    @initialize(count=st.integers(2, 4))
    def begin(self, count):
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        folder = Path(self.folder.name)
        self.machines = [claims_of_another_machine(folder, self.clock, str(n)) for n in range(count)]
        self.held = {}
        self.silent_since = {}

    @rule(who=st.integers(0, 3))
    def take(self, who):
        who %= len(self.machines)
        claim = self.machines[who].take("a")
        if claim is None:
            return
        for other, lost in list(self.held.items()):
            if not lost.is_held():
                assert self.clock.now - self.silent_since[other] >= STALE_S
                del self.held[other]
        assert who not in self.held
        self.held[who], self.silent_since[who] = claim, self.clock.now

    @rule(who=st.integers(0, 3))
    def beat(self, who):
        claim = self.held.get(who)
        if claim is not None and claim.beat():
            self.silent_since[who] = self.clock.now

    @rule(who=st.integers(0, 3))
    def give_up(self, who):
        claim = self.held.pop(who, None)
        if claim is not None:
            claim.release()
            assert not claim.is_held()

    @rule(seconds=st.sampled_from([1.0, STALE_S / 2, STALE_S]))
    def wait(self, seconds):
        self.clock.now += seconds

    @invariant()
    def at_most_one_holds_it(self):
        if hasattr(self, "held"):
            assert sum(claim.is_held() for claim in self.held.values()) <= 1

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestCohort = Cohort.TestCase
TestCohort.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
