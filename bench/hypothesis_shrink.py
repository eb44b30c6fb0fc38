"""Shrinks starts of ci/bench-shrink by Hypothesis: bench_shrink.py calls it.

The engine of Hypothesis (the package python3-hypothesis) shrinks a sequence of
choices. Here each byte of a script's header, and of each of its records, is a
choice, and so is whether there is another record; a record is one span, so that
it can be removed as a whole. What shows the bug is asked of shrink_bench.
"""
import random
import signal
import struct
import subprocess
import sys
import time

# What it starts it waits for, also where its caller ignores how children end.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)

HEADER_BYTES, RECORD_BYTES = 32, 8  # docs/format.md


def available():
    try:
        import hypothesis.internal.conjecture.engine  # noqa: F401
    except ImportError:
        return False
    return True


def choices(script):
    """The sequence of choices that makes this script."""
    records = script[HEADER_BYTES:]
    records += bytes(-len(records) % RECORD_BYTES)
    buffer = bytearray(script[:HEADER_BYTES].ljust(HEADER_BYTES, b"\0"))
    for i in range(0, len(records), RECORD_BYTES):
        buffer += b"\1" + records[i:i + RECORD_BYTES]
    return bytes(buffer + b"\0")


def draw(data):
    script = bytearray(data.draw_bits(8) for _ in range(HEADER_BYTES))
    while True:
        data.start_example(1)
        more = data.draw_bits(1)
        if more:
            script += bytes(data.draw_bits(8) for _ in range(RECORD_BYTES))
        data.stop_example()
        if not more:
            return bytes(script)


def shrink(judge, start, seconds):
    """Events left, scripts that were run, seconds, the script."""
    from hypothesis import HealthCheck, settings
    from hypothesis.internal.conjecture import engine

    asked = 0

    def test(data):
        nonlocal asked
        script = draw(data)
        asked += 1
        judge.stdin.write(struct.pack("<H", len(script)) + script)
        judge.stdin.flush()
        if judge.stdout.read(1) == b"1":
            data.mark_interesting()

    engine.MAX_SHRINKING_SECONDS = seconds
    runner = engine.ConjectureRunner(
        test, settings=settings(database=None, deadline=None, print_blob=False,
                                suppress_health_check=list(HealthCheck)),
        random=random.Random(1))
    begun = time.monotonic()
    runner.cached_test_function(choices(start))
    try:
        runner.shrink_interesting_examples()
    except engine.RunIsComplete:
        pass  # it is as small as it gets, or the time is up
    (smallest,) = runner.interesting_examples.values()
    # As drawn: of the choices that made it.
    records = (len(smallest.buffer) - HEADER_BYTES - 1) // (RECORD_BYTES + 1)
    return records, asked, time.monotonic() - begun, bytes(smallest.buffer)


def shrink_all(bench, bug, starts, seconds):
    with subprocess.Popen([bench, bug, "--judge"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as judge:
        rows = [shrink(judge, start.read_bytes(), seconds) for start in starts]
        judge.stdin.close()
    return rows


if __name__ == "__main__":
    sys.exit("bench/hypothesis_shrink.py: ci/bench-shrink calls this")
