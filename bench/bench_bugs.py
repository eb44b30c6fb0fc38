"""Runs each engine on each known bug, trial after trial: see ci/bench-bugs.

Trials go into OUT/trials.csv, one line each; a run that was interrupted continues
after the last whole line. Seconds are of processor time, user and system, so
that another's load on the machine does not count; so is the cap on them.
"""
import argparse
import csv
import errno
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import bugs_report
from bugs_report import FORMAT
from own_files import fail, replace, whole_lines

# What it starts it waits for, also where its caller ignores how children end.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build/release/bin"
AFL = ROOT / "build/afl/bin/fuzz_truncate"
MOST_SECONDS = 10 ** 9
EVENTS = 32  # of a script, at most, as vmtrunc fuzz has
HEADER_BYTES, RECORD_BYTES = 32, 8  # docs/format.md

BLIND = {"VMTRUNC_BLIND": "1"}
NO_FEATURES = {"VMTRUNC_NO_FEATURES": "1"}
NO_SCOUT = {"VMTRUNC_NO_SCOUT": "1"}


def of_status_h(name):
    """The number of this name, which vmtrunc fuzz has."""
    text = (ROOT / "fuzz/status.h").read_text()
    return int(re.search(rf"constexpr unsigned {name} = (\d+);", text)[1])


# Scripts before an execution of libFuzzer's, and how often so many before it
# starts.
SCOUTED, FIRST_TURNS = of_status_h("kScouted"), of_status_h("kScoutFirst")
SCOUTS = {"VMTRUNC_SCOUT_FIRST": str(FIRST_TURNS)}
# Of libFuzzer, and of a scout that ends in its place.
ERROR_EXIT_CODE = 77

# Of a libFuzzer engine: executable, switches, flags.
LIBFUZZER = {
    "ours": ("fuzz_truncate", SCOUTS, []),
    "edges": ("fuzz_truncate", BLIND | NO_FEATURES, []),
    "value-profile": ("fuzz_compares", BLIND | NO_FEATURES,
                      ["-use_value_profile=1"]),
    "no-mutator": ("fuzz_truncate", BLIND, []),
    "no-features": ("fuzz_truncate", SCOUTS | NO_FEATURES, []),
    "no-scout": ("fuzz_truncate", NO_SCOUT, []),
}
ENGINES = list(LIBFUZZER) + ["rapidcheck", "random", "pct", "afl"]
GROWING = ["ours", "edges", "no-mutator", "no-features", "random", "pct"]
# What growth is measured on, and a property that nothing breaks there.
GROWTH_KERNEL, GROWTH_PROPERTY = "2.6.11", "lock-order"


class Bug:
    """A target: the bugs that are one flip and one property are one to us."""

    def __init__(self, row):
        self.name = row["name"]
        self.names = [row["name"]]
        self.kernel = row["kernel"]
        self.property = row["property"]
        self.holds_on = row["holds_on"]
        self.script = row["file"]


def known_bugs():
    rows = json.loads(subprocess.run([RELEASE / "vmtrunc", "bugs", "--json"],
                                     check=True, capture_output=True).stdout)
    bugs = {}
    for row in rows["bugs"]:
        key = row["kernel"], row["property"], row["holds_on"]
        if key in bugs:
            bugs[key].names.append(row["name"])
        else:
            bugs[key] = Bug(row)
    return list(bugs.values())


def environment(more):
    """Ours alone: a switch left in the shell would measure something else."""
    mine = {name: value for name, value in os.environ.items()
            if not name.startswith(("VMTRUNC_", "AFL_", "RC_PARAMS"))}
    return mine | more


def run(command, more, seconds, log):
    """Runs under a cap on processor time. Exit status and such seconds."""
    # Rounded up: an engine that can looks at the clock itself.
    cap = int(seconds) + 1
    with open(log, "wb") as out:
        child = subprocess.Popen(command, env=environment(more), stdout=out,
                                 stderr=out)
        try:
            # From outside: a preexec_fn costs a fork of this interpreter, 17 ms
            # that would count as the engine's.
            resource.prlimit(child.pid, resource.RLIMIT_CPU, (cap, cap + 5))
            resource.prlimit(child.pid, resource.RLIMIT_CORE, (0, 0))
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_utime + usage.ru_stime


def replay(bug, script, directory):
    """Whether the bytes violate the property, and hold without the bug."""
    path = directory / "found.bytes"
    path.write_bytes(script)
    done = subprocess.run(
        [RELEASE / "vmtrunc", "run", path, "--from", "bytes", "--json",
         "--kernel", f"{bug.kernel},{bug.holds_on}"],
        capture_output=True, env=environment({}))
    if done.returncode not in (0, 1):
        fail(f"replay of {bug.name}: {done.stderr.decode()}")
    wrong, right = json.loads(done.stdout)["runs"]
    return bug.property in wrong.get("broken", []) and right["holds"]


def target(bug):
    return {"VMTRUNC_KERNEL": bug.kernel, "VMTRUNC_PROPERTY": bug.property,
            "VMTRUNC_UNLIKE": bug.holds_on}


def libfuzzer_command(engine, seed, executions, directory):
    executable, switches, flags = LIBFUZZER[engine]
    if switches.keys() & SCOUTS.keys():
        left = max(0, executions - FIRST_TURNS * SCOUTED)
        # Its first two have no scripts before them.
        executions = left // (1 + SCOUTED) + 3
    return [RELEASE / executable, f"-seed={seed}", f"-runs={executions}",
            f"-max_len={HEADER_BYTES + RECORD_BYTES * EVENTS}",
            "-len_control=0", "-timeout=30",
            # What it does on an abort, it does for seconds.
            "-handle_abrt=0", f"-artifact_prefix={directory}/"] + flags


def libfuzzer(engine, bug, seed, o, directory):
    log = directory / "log"
    status, seconds = run(
        libfuzzer_command(engine, seed, o.executions, directory),
        LIBFUZZER[engine][1] | target(bug)
        | {"VMTRUNC_DIRECTORY": str(directory)}, o.seconds, log)
    # fuzz/status.h: the build id, then the executions.
    executions, = struct.unpack_from(
        "=Q", (directory / "status").read_bytes(), 24)
    if status in (-signal.SIGABRT, ERROR_EXIT_CODE):
        if not replay(bug, (directory / "current").read_bytes(), directory):
            fail(f"{engine} on {bug.name}, seed {seed}: it stopped, but its "
                 "last input shows nothing:\n" + log.read_text(errors="replace"))
        # The kernel's cap is in whole seconds; a scout's scripts go past the
        # executions.
        found = seconds <= o.seconds and executions <= o.executions
        return found, min(executions, o.executions), seconds
    if status not in (0, -signal.SIGXCPU, -signal.SIGKILL):
        fail(f"{engine} on {bug.name}: exit status {status}\n"
             + log.read_text(errors="replace"))
    if status == 0 and executions < o.executions:
        fail(f"{engine} on {bug.name}: {executions} executions and no more")
    return False, min(executions, o.executions), seconds


def searcher(engine, bug, seed, o, directory):
    if engine == "rapidcheck":
        command = [RELEASE / "properties", "--bug", bug.name, "--cases",
                   str(o.executions)]
    else:
        command = [RELEASE / "random_search", "--bug", bug.name, "--engine",
                   engine, "--executions", str(o.executions)]
    command += ["--seed", str(seed), "--seconds", str(o.seconds)]
    log = directory / "log"
    status, seconds = run(command, {}, o.seconds + 30, log)
    text = log.read_text(errors="replace")
    if status != 0:
        fail(f"{engine} on {bug.name}: exit status {status}\n{text}")
    answer = json.loads(text[text.index("{"):])
    return answer["found"] == 1, answer["executions"], seconds


def afl(engine, bug, seed, o, directory):
    """Its workers hand the processor to and fro: seconds are by the clock."""
    seeds = directory / "seeds"
    seeds.mkdir()
    # It wants one input that is not empty.
    (seeds / "zeros").write_bytes(bytes(HEADER_BYTES))
    out = directory / "out"
    start = time.monotonic()
    status, _ = run(
        ["afl-fuzz", "-i", seeds, "-o", out, "-s", str(seed), "-E",
         str(o.executions), "-V", str(int(o.seconds)), "--", o.afl],
        target(bug) | NO_FEATURES
        | {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1",
           "AFL_BENCH_UNTIL_CRASH": "1",
           "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1"},
        2 * o.seconds + 30, directory / "log")
    seconds = time.monotonic() - start
    stats_path = out / "default/fuzzer_stats"
    if status != 0 or not stats_path.exists():
        fail(f"afl on {bug.name}: exit status {status}\n"
             + (directory / "log").read_text(errors="replace")[-2000:])
    stats = dict(line.split(":", 1) for line in
                 stats_path.read_text().replace(" ", "").splitlines())
    crashes = sorted((out / "default/crashes").glob("id*"))
    if crashes and not replay(bug, crashes[0].read_bytes(), directory):
        fail(f"afl on {bug.name}, seed {seed}: its crash shows nothing")
    executions = int(stats["execs_done"])
    return bool(crashes), executions, seconds


def run_trial(engine, bug, seed, o):
    how = (libfuzzer if engine in LIBFUZZER else
           afl if engine == "afl" else searcher)
    with tempfile.TemporaryDirectory() as directory:
        return how(engine, bug, seed, o, pathlib.Path(directory))


def run_growth(engine, seed, executions):
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        path = directory / "growth"
        if engine in LIBFUZZER:
            command = libfuzzer_command(engine, seed, executions, directory)
            more = LIBFUZZER[engine][1] | {
                "VMTRUNC_KERNEL": GROWTH_KERNEL, "VMTRUNC_GROWTH": str(path),
                "VMTRUNC_PROPERTY": GROWTH_PROPERTY,
                "VMTRUNC_DIRECTORY": str(directory)}  # else no scout runs
        else:
            command = [RELEASE / "random_search", "--kernel", GROWTH_KERNEL,
                       "--engine", engine, "--seed", str(seed), "--executions",
                       str(executions), "--growth", path]
            more = {}
        log = directory / "log"
        status, _ = run(command, more, 3600, log)
        if status != 0:
            fail(f"growth of {engine}: exit status {status}\n"
                 + log.read_text(errors="replace"))
        return ";".join(path.read_text().splitlines())


class Table:
    """A CSV file that grows a flushed line at a time. `key` fields are unique."""

    def __init__(self, path, header, columns, keys):
        self.keys = keys
        self.columns = columns
        text = bugs_report.table_there(path)
        whole = whole_lines(text or "")
        lines = whole.splitlines()
        if text is None:
            whole = f"# {header}\n{','.join(columns)}\n"
        elif not lines or (lines[0].split(" commit ")[0]
                           != f"# {header}".split(" commit ")[0]):
            fail(f"{path} was measured otherwise: choose another --out\n"
                 f"  there  {text.splitlines()[0]}\n  now    # {header}")
        elif lines[1:2] != [",".join(columns)]:
            fail(f"{path}: expected the columns {','.join(columns)}")
        self.done = set()
        for line in csv.DictReader(whole.splitlines()[1:]):
            if None in line.values() or None in line:
                fail(f"{path}: expected {len(columns)} fields: {line}")
            self.done.add(tuple(line[key] for key in keys))
        if whole != text:
            if text is not None and len(whole) < len(text):
                print(f"bench-bugs: {path}: left out, as it has no end: "
                      + ascii(text[len(whole):]), file=sys.stderr)
            replace(path, whole, bugs_report.table_there)
        self.path = path
        self.file = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW), "a")

    def has(self, *key):
        return tuple(map(str, key)) in self.done

    def add(self, *fields):
        try:
            is_still = os.path.samestat(os.lstat(self.path),
                                        os.fstat(self.file.fileno()))
        except FileNotFoundError:
            is_still = False
        if not is_still:
            fail(f"{self.path} is no longer the file that this began to write")
        self.file.write(",".join(map(str, fields)) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())


def identity(o):
    """Of what is measured, so that two builds do not mix in one table."""
    digest = hashlib.sha256()
    paths = [RELEASE / "fuzz_truncate", RELEASE / "fuzz_compares",
             RELEASE / "random_search", RELEASE / "properties"]
    if "afl" in o.engines:  # not of that build
        paths.append(pathlib.Path(o.afl))
    for path in paths:
        digest.update(path.read_bytes())
    git = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT,
                         capture_output=True, text=True)
    commit = git.stdout.strip() if git.returncode == 0 else "unknown"
    return f"executables {digest.hexdigest()[:12]} commit {commit}"


def arguments(argv):
    parser = argparse.ArgumentParser(prog="ci/bench-bugs")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--executions", type=int, default=2000000)
    parser.add_argument("--seconds", type=float, default=60,
                        help="of processor time, a trial; 60")
    parser.add_argument("--engines", help="E,...; else all that are there")
    parser.add_argument("--bugs", help="B,...; else all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth", type=int, default=200000,
                        help="executions of a growth curve; 0: none")
    parser.add_argument("--afl", default=str(AFL),
                        help="the target built for AFL++")
    parser.add_argument("--out", default="bench-bugs-out")
    parser.add_argument("--report", action="store_true",
                        help="of what is there; runs nothing")
    o = parser.parse_args(argv)
    for name, value in vars(o).items():
        if value == "":
            fail(f"--{name}: expected a value, not an empty one")
    o.out = pathlib.Path(o.out)
    if min(o.trials, o.executions) < 1 or o.growth < 0:
        fail("expected trials and executions above 0")
    if not 0 < o.seconds <= MOST_SECONDS:
        fail(f"--seconds: expected a number above 0, at most {MOST_SECONDS}, "
             f"not {o.seconds:g}")
    has_afl = shutil.which("afl-fuzz") and os.access(o.afl, os.X_OK)
    if o.engines is None:
        o.engines = [e for e in ENGINES if e != "afl" or has_afl]
    else:
        o.engines = o.engines.split(",")
        for engine in o.engines:
            if engine not in ENGINES:
                fail(f"--engines: expected {','.join(ENGINES)}, not {engine}")
            if o.engines.count(engine) > 1:
                fail(f"--engines: expected {engine} once")
        if "afl" in o.engines and not has_afl:
            fail(f"--engines afl: expected afl-fuzz and {o.afl}")
    bugs = known_bugs()
    wanted = ({bug.name for bug in bugs} if o.bugs is None
              else set(o.bugs.split(",")))
    unknown = wanted - {name for bug in bugs for name in bug.names}
    if unknown:
        fail(f"--bugs: expected names of vmtrunc bugs, not {min(unknown)}")
    o.bugs = [bug for bug in bugs if wanted & set(bug.names)]
    return o


def seed_of(o, *what):
    """The same whatever else is measured, another for each trial."""
    text = ",".join(map(str, (o.seed,) + what))
    return zlib.crc32(text.encode()) % 0x7fffffff + 1


def measure(o):
    o.out.mkdir(parents=True, exist_ok=True)
    budget = (f"{FORMAT}; executions {o.executions}; seconds {o.seconds:g}; "
              f"seed {o.seed}; events {EVENTS}; ")
    which = identity(o)
    trials = Table(o.out / "trials.csv", budget + which,
                   ["bug", "engine", "trial", "seed", "found", "executions",
                    "seconds", "budget", "censored"],
                   ["bug", "engine", "trial"])
    # Trials outermost: a run that is cut short has as many of each.
    for trial in range(1, o.trials + 1):
        for bug in o.bugs:
            for engine in o.engines:
                if trials.has(bug.name, engine, trial):
                    continue
                seed = seed_of(o, bug.name, engine, trial)
                found, executions, seconds = run_trial(engine, bug, seed, o)
                trials.add(bug.name, engine, trial, seed, int(found),
                           executions, f"{seconds:.3f}", o.executions,
                           int(not found))
        print(f"trial {trial} of {o.trials} done", file=sys.stderr)
    if o.growth == 0:
        return
    growth = Table(o.out / "growth.csv",
                   f"{FORMAT}; kernel {GROWTH_KERNEL}; executions {o.growth}; "
                   f"seed {o.seed}; " + which,
                   ["engine", "trial", "seed", "points"], ["engine", "trial"])
    for trial in range(1, min(o.trials, 5) + 1):
        for engine in o.engines:
            if engine not in GROWING or growth.has(engine, trial):
                continue
            seed = seed_of(o, "growth", engine, trial)
            growth.add(engine, trial, seed, run_growth(engine, seed, o.growth))


def main(argv):
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        o = arguments(argv)
        names = {bug.name: bug for bug in known_bugs()}
        bugs_report.expect_ours(o.out, names)
        if not o.report:
            measure(o)
        bugs_report.write(o.out, names, RELEASE / "vmtrunc")
        sys.stdout.flush()
    except KeyboardInterrupt:
        fail("interrupted; the same command continues", 3)
    except csv.Error as error:
        fail(f"{o.out}: expected tables: {error}")
    except OSError as error:
        if error.filename is None and error.errno in (errno.EPIPE,
                                                      errno.ENOSPC):
            # Or the interpreter would try again at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        fail(f"{error.filename or 'output'}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
