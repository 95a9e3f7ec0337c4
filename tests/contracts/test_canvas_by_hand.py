"""Canvases small enough to work out by hand, at least one for every mode and fault; both simulators must agree with it.

Load L comes as 1.2 L a tick in ticks 0..3, 0.8 L in 4..7, and so on to tick 71: 8 L in 8 ticks, 72 L in all. What is
sent at tick t over a line without latency is held, and can be served, at t + 1. Triggers serve 64 a tick an instance,
decisions and channels 16, storages 12, steps 8; all hold two ticks' worth, and slow their senders from 80% of it.
"""

import pytest

from rungwise.contracts.canvas.judge import Problem, Scenario, assess
from rungwise.contracts.canvas.language import Canvas
from rungwise.contracts.canvas.tables import (
    ONE,
    T_BLOCKED,
    T_DELIVERED,
    T_DROPPED,
    T_ERRORED,
    T_LEAKED,
    T_OFFERED,
    T_PENDING,
)
from tests.contracts.packet_oracle import oracle
from tests.contracts.wild_canvases import drawing, stressed


def fates(problem: Problem, canvas: Canvas, **expected: float) -> None:
    """In the last scenario, in requests: exactly (but for rounding remainders) the engine, to a packet or so the
    oracle."""
    row = [int(value) / ONE for value in assess(problem, canvas).run.totals[-1]]
    engine = {
        "offered": row[T_OFFERED], "delivered": row[T_DELIVERED], "dropped": row[T_DROPPED],
        "errored": row[T_ERRORED], "pending": row[T_PENDING], "leaked": row[T_LEAKED], "blocked": row[T_BLOCKED],
    }  # fmt: skip
    seen = oracle(problem, canvas).scenarios[-1]
    told = {name: getattr(seen, name) for name in engine}
    wanted = dict.fromkeys(engine, 0.0) | {"offered": 72.0 * problem.load} | expected
    assert engine == pytest.approx(wanted, abs=0.05)
    assert told == pytest.approx(wanted, abs=0.45)


def test_queue() -> None:
    """It serves 7 a tick in ticks 1..95: 665. What it serves at 95 is still on its way: 658 delivered. It never holds
    more than 720 - 7 x 72 and a burst's 8, well below 80% of 400, so nobody is slowed and nothing overflows."""
    canvas = drawing("""
        in trigger passthrough
        queue step queue capacity=400 rate=7
        store storage passthrough
        in > queue
        queue > store""")
    fates(stressed(10), canvas, delivered=658, pending=62)


def test_health_of_a_queue_that_is_late() -> None:
    """The same. From tick 73 on, 720 - 7 (t - 1) are inside after tick t; beyond the patience of 80 that is 3 at tick
    92 and nothing after it, and a 24th of it counts: health of the last window 1 - (3 / 24) / (4 x 10)."""
    canvas = drawing("""
        in trigger passthrough
        queue step queue capacity=400 rate=7
        store storage passthrough
        in > queue
        queue > store""")
    problem = stressed(10)
    assert assess(problem, canvas).run.health[0][-1] == pytest.approx(1 - 0.125 / 40, abs=1e-4)
    assert oracle(problem, canvas).scenarios[0].health[-1] == pytest.approx(1 - 0.125 / 40, abs=1e-4)


def test_filter() -> None:
    """Strictness 1/2 finds 1 - 1/4 of the hostile and loses (1/2)^3 / 2 = 1/16 of the clean: of 720, 45. Hostile work
    is 100% of the clean of ticks 16..47, four rounds of 80: 320, of which 80 get through."""
    canvas = drawing("""
        in trigger passthrough
        screen channel filter x4 strictness=0.5
        work step passthrough x3
        store storage passthrough x3
        in > screen
        screen > work
        work > store""")
    problem = stressed(10, Scenario("adversarial", "", "", 16, 32, 100))
    fates(problem, canvas, delivered=675, dropped=45, leaked=80, blocked=240)


def test_ratelimit() -> None:
    """10 tokens a tick and no more than 10: of each of the 36 bursts of 12 it turns away 2."""
    canvas = drawing("""
        in trigger passthrough
        limit channel ratelimit rate=10 burst=10
        work step passthrough x2
        store storage passthrough x2
        in > limit
        limit > work
        work > store""")
    fates(stressed(10), canvas, delivered=648, dropped=72)


def test_retry_under_outage() -> None:
    """Sent at u, failed, it is sent again at u + 2 and u + 6 (backoff 2, then 4), and after the second time no more.
    The outage is at ticks 20..33, so what is first sent at 20..27 fails three times: injected at 19..26, that is 6 +
    4 x 4 + 3 x 6 = 40."""
    canvas = drawing("""
        in trigger passthrough
        again decision retry x4 maxRetries=2 backoff=2
        work step passthrough x4
        store storage passthrough x2
        in > again
        again > work
        work > store""")
    fates(stressed(5, Scenario("outage", "", "", 20, 14, 0)), canvas, delivered=320, errored=40)


BREAKER = """
    in trigger passthrough
    fuse decision circuitbreaker x2 threshold=0.5 cooldown=8
    work step passthrough x4
    store storage passthrough x3
    in > fuse
    fuse > work
    work > store"""


def test_breaker_under_outage() -> None:
    """The outage is at ticks 20..30. The gauge moves a quarter of the way each tick: 0.25, 0.44, 0.58 > 0.5 after
    tick 22. What was sent at 20..22 is lost: injected at 19..21, 6 + 4 + 4. It is shut for 8 ticks, 23..30; at 31 the
    outage is over and it lets 10%, then 40%, then 70% through. The trigger keeps all the rest meanwhile, 44 at
    most."""
    fates(stressed(5, Scenario("outage", "", "", 20, 11, 0)), drawing(BREAKER), delivered=346, errored=14)


def test_breaker_that_tries_too_early() -> None:
    """An outage of 12 ticks, 20..31: at 31 it is tried with 10% of the rate, 3.2 of the 4 that the breaker holds, which
    are lost as well. So it is shut again until 40, and then all is over. The trigger holds 64; 21.6 more come."""
    fates(
        stressed(5, Scenario("outage", "", "", 20, 12, 0)),
        drawing(BREAKER),
        delivered=321.2,
        errored=17.2,
        dropped=21.6,
    )


def test_breaker_behind_retry() -> None:
    """What the breaker loses at ticks 20..22 the retry before it takes back, and sends again when the breaker is open
    to it. The first come back at 22, when the breaker has not yet opened: what is sent then arrives at 23, and
    waits."""
    canvas = drawing("""
        in trigger passthrough
        again decision retry x4 maxRetries=2 backoff=2
        fuse decision circuitbreaker x4 threshold=0.5 cooldown=8
        work step passthrough x4
        store storage passthrough x3
        in > again
        again > fuse
        fuse > work
        work > store""")
    fates(stressed(5, Scenario("outage", "", "", 20, 11, 0)), canvas, delivered=360)


def test_split_avoids_a_closed_branch() -> None:
    """Half of the work goes to each breaker. The one before the struck step loses what it sends at 20..22, injected at
    18..20: (6 + 6 + 4) / 2. After that all goes the other way, as much as one step can bear."""
    canvas = drawing("""
        in trigger passthrough
        by decision split x2
        fuse1 decision circuitbreaker cooldown=8
        fuse2 decision circuitbreaker cooldown=8
        work1 step passthrough
        work2 step passthrough
        store storage passthrough
        in > by
        by > fuse1
        by > fuse2
        fuse1 > work1
        fuse2 > work2
        work1 > store
        work2 > store""")
    fates(stressed(5, Scenario("outage", "", "", 20, 11, 0)), canvas, delivered=352, errored=8)


def test_split_is_blind_without_breakers() -> None:
    """24 ticks of outage: half of what the split sends at 20..43, injected at 19..42: a tick of 6, five times four
    ticks of 4, 6, 4, 6, 4, three ticks of 6: (6 + 16 + 24 + 16 + 24 + 16 + 18) / 2 = 60."""
    canvas = drawing("""
        in trigger passthrough
        by decision split x2
        work1 step passthrough
        work2 step passthrough
        store storage passthrough
        in > by
        by > work1
        by > work2
        work1 > store
        work2 > store""")
    fates(stressed(5, Scenario("outage", "", "", 20, 24, 0)), canvas, delivered=300, errored=60)


def test_delay_and_latency_of_lines() -> None:
    """Injected at t, held by the slow step at t + 1, by the store 1 + 16 (mode) + 16 (4000 ms) ticks later: t + 34,
    which must be 95 or less. Injected at 0..61 are seven rounds of 80, four of 12 and two of 8: 624."""
    canvas = drawing("""
        in trigger passthrough
        slow step delay x2 ticks=16
        store storage passthrough x2
        in > slow
        slow > store +4000ms""")
    fates(stressed(10), canvas, delivered=624, pending=96)


def test_batch() -> None:
    """Never 64 at once, so what comes first waits until its fourth tick: groups of four ticks, 48 and 32 by turns,
    leave at 4, 8, .. 72. Behind it 17 + 7 ticks: what leaves at 72 would be stored at 96, too late. Without the batch
    only the 8 of the last tick would be late."""
    canvas = drawing("""
        in trigger passthrough
        group channel batch size=64 maxWait=3
        work step passthrough x4
        store storage passthrough x4
        in > group
        group > work +4000ms
        work > store +1500ms""")
    fates(stressed(10), canvas, delivered=688, pending=32)


def test_replicate_copies_load_and_divides_credit() -> None:
    """Half of the credit ends in a decision: 360 errors. The other half meets a limit of 10 a tick. Were the load
    halved as well, 6 would pass; but 12 come in each of 36 ticks, 2 of 12 are turned away, and with them half a
    credit each."""
    canvas = drawing("""
        in trigger passthrough
        copy channel replicate x2
        limit channel ratelimit rate=10 burst=10
        work step passthrough x2
        store storage passthrough x2
        lost decision passthrough x2
        in > copy
        copy > limit
        copy > lost
        limit > work
        work > store""")
    fates(stressed(10), canvas, delivered=324, dropped=36, errored=360)


def test_condition_tells_hostile_work_apart() -> None:
    """The heaviest line takes 3/4 of 320 hostile and 1/16 of 720 clean, and ends in a decision."""
    canvas = drawing("""
        in trigger passthrough
        sort decision condition x4 match=hostile
        pit decision passthrough x2
        work step passthrough x3
        store storage passthrough x3
        in > sort
        sort > pit *2
        sort > work
        work > store""")
    problem = stressed(10, Scenario("adversarial", "", "", 16, 32, 100))
    fates(problem, canvas, delivered=675, errored=45, leaked=80, blocked=240)


def test_cascade() -> None:
    """At ticks 20..39 every line loses 5%, what the struck step sends 24%. Injected at 20..39 are 192: 9.6 are lost at
    once. The step sends at 20..39 what was injected at 19..38: 12 and 95% of 184, of which 24% are 44.83. It is down to
    40% of 32 a tick, enough for 12."""
    canvas = drawing("""
        in trigger passthrough
        work step passthrough x4
        store storage passthrough x3
        in > work
        work > store""")
    problem = stressed(10, Scenario("cascade", "", "", 20, 20, 0))
    fates(problem, canvas, delivered=720 - 54.43, errored=54.43)


def test_fault_strikes_the_furthest_of_equals() -> None:
    canvas = drawing("""
        in trigger passthrough
        first step passthrough x3
        second step passthrough x3
        store storage passthrough x3
        in > first
        first > second
        second > store""")
    problem = stressed(10, Scenario("outage", "", "", 20, 12, 0))
    assert canvas.components[assess(problem, canvas).run.target].id == "second"
    assert canvas.components[oracle(problem, canvas).target].id == "second"
