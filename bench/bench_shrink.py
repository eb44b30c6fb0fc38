"""Shrinks random failing scripts, ours beside two others': see ci/bench-shrink.

A bug whose file is in OUT is not measured again.
"""
import argparse
import collections
import csv
import hashlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import own_files
import hypothesis_shrink

# What it starts it waits for, also where its caller ignores how children end.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)

FORMAT = "vmtrunc bench-shrink 1"
ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build/release/bin"
FUZZ = RELEASE / "fuzz_truncate"
AFL = ROOT / "build/afl/bin/fuzz_truncate"
EFFORTS = ("quick", "default", "thorough")
COLUMNS = ["bug", "seed", "before"] + [
    f"{effort}_{what}" for effort in EFFORTS
    for what in ("events", "runs", "micros", "form")]
HEADER_BYTES, RECORD_BYTES = 32, 8  # docs/format.md
# Where exhaustive search is asked for the fewest events.
BOUNDS = [["--bound", "tiny", "--mms", "1"], ["--bound", "tiny"]]


own_files.program = "bench-shrink"
fail = own_files.fail


def known_bugs():
    rows = json.loads(subprocess.run([RELEASE / "vmtrunc", "bugs", "--json"],
                                     check=True, capture_output=True).stdout)
    bugs = {}  # one flip and one property are one
    for row in rows["bugs"]:
        bugs.setdefault((row["kernel"], row["property"], row["holds_on"]), row)
    return list(bugs.values())


def ours(path):
    return own_files.text_there(
        path, lambda text: text.startswith(f"# {FORMAT}; "),
        f"a file that begins with # {FORMAT};")


def kept(path, o, asked):
    """What a run that was interrupted has left of the same executables and
    options; None if nothing."""
    text = ours(path)
    if text is None:
        return None
    there, _, rest = text.partition("\n")
    now = f"# {FORMAT}; {asked}; {o.executables}"
    if there != now:
        fail(f"{path} was measured otherwise: choose another --out\n"
             f"  there  {there}\n  now    {now}")
    return rest


def keep(path, o, asked, text):
    own_files.replace(path, f"# {FORMAT}; {asked}; {o.executables}\n{text}",
                        ours)


def executables():
    digest = hashlib.sha256()
    for name in ("vmtrunc", "shrink_bench"):
        digest.update((RELEASE / name).read_bytes())
    return f"executables {digest.hexdigest()[:12]}"


def put_start(path, data):
    """Replaces nothing: a start has no mark that says whose it is."""
    try:
        with open(path, "xb") as file:
            file.write(data)
    except FileExistsError:
        if (path.is_symlink() or not path.is_file() or
                path.read_bytes() != data):
            fail(f"{path}: expected no file, or this start; choose another "
                 "--out")


def expect_ran(what, status, out):
    """A tool that did not run has left the start as it was."""
    if status != 0 and not out.exists():
        fail(f"{what}: exit status {status}")


def measure(bug, o, starts_dir):
    path = o.out / f"{bug['name']}.csv"
    asked = f"starts {o.starts}; seconds {o.seconds:g}; seed {o.seed}"
    text = kept(path, o, asked)
    if text is not None:
        return list(csv.DictReader(text.splitlines()))
    with tempfile.TemporaryDirectory() as made:
        done = subprocess.run(
            [RELEASE / "shrink_bench", bug["name"], "--starts", str(o.starts),
             "--seconds", str(o.seconds), "--seed", str(o.seed),
             "--write", made],
            check=True, capture_output=True, text=True)
        for start in sorted(pathlib.Path(made).iterdir()):
            put_start(starts_dir / start.name, start.read_bytes())
    text = ",".join(COLUMNS) + "\n" + done.stdout
    keep(path, o, asked, text)
    return list(csv.DictReader(text.splitlines()))


def count_events(script):
    declarations = ("vmtrunc", "kernel", "block", "count", "count-bits",
                    "file", "task", "expect", "#")
    return sum(1 for line in script.splitlines()
               if line.strip() and not line.startswith(declarations))


def fewest(bug, o):
    """Of the property within a small bound, or None where that says nothing."""
    asked = f"prove {o.prove}"
    def known():
        return json.loads(kept(o.known, o, asked) or "{}")

    name = bug["name"]
    if name not in known():
        found = prove(bug, o)
        # Read again: another run may have written meanwhile.
        keep(o.known, o, asked, json.dumps({name: found} | known()) + "\n")
    return known()[name]


def prove(bug, o):
    best = None
    for bound in BOUNDS:
        try:
            done = subprocess.run(
                [RELEASE / "vmtrunc", "prove", "--kernel", bug["kernel"],
                 "--property", bug["property"], "--json", "--memory", "6"]
                + bound, capture_output=True, text=True, timeout=o.prove)
        except subprocess.TimeoutExpired:
            continue
        if done.returncode not in (0, 1, 3):
            fail(f"vmtrunc prove on {bug['name']}: exit status "
                 f"{done.returncode}")
        if done.returncode == 1:
            events = count_events(json.loads(done.stdout)["script"])
            if best is None or events < best:
                best = events
    return best


def environment(bug):
    mine = {name: value for name, value in os.environ.items()
            if not name.startswith(("VMTRUNC_", "AFL_"))}
    return mine | {"VMTRUNC_KERNEL": bug["kernel"],
                   "VMTRUNC_PROPERTY": bug["property"],
                   "VMTRUNC_UNLIKE": bug["holds_on"]}


def events_in(path):
    return max(0, path.stat().st_size - HEADER_BYTES + RECORD_BYTES - 1
               ) // RECORD_BYTES


def libfuzzer(bug, start, directory, o):
    out = directory / "minimized"
    begun = time.monotonic()
    done = subprocess.run(
        [FUZZ, "-minimize_crash=1", f"-max_total_time={o.each}", "-seed=1",
         f"-exact_artifact_path={out}", start],
        env=environment(bug), capture_output=True)
    expect_ran(f"{FUZZ} -minimize_crash=1", done.returncode, out)
    found = out if out.exists() else start
    return events_in(found), time.monotonic() - begun, found.read_bytes()


def afl_tmin(bug, start, directory, o):
    out = directory / "tmin"
    begun = time.monotonic()
    try:
        done = subprocess.run(
            ["afl-tmin", "-e", "-i", start, "-o", out, "--", AFL],
            env=environment(bug), capture_output=True, timeout=o.each)
        expect_ran("afl-tmin", done.returncode, out)
    except subprocess.TimeoutExpired:
        pass
    found = out if out.exists() else start
    return events_in(found), time.monotonic() - begun, found.read_bytes()


def beside(bugs, starts_dir, o):
    """The same few starts by each: bug, events, seconds, bytes, runs if told."""
    rows = collections.defaultdict(list)
    if not hypothesis_shrink.available():
        print("beside: no Hypothesis: the package python3-hypothesis is not "
              "installed", file=sys.stderr)
    for bug in bugs:
        starts = [starts_dir / f"{bug['name']}-{i}"
                  for i in range(1, o.beside + 1)]
        starts = [start for start in starts if start.exists()]
        if hypothesis_shrink.available():
            rows["Hypothesis"] += [
                (bug["name"], events, seconds, data, runs)
                for events, runs, seconds, data in hypothesis_shrink.shrink_all(
                    RELEASE / "shrink_bench", bug["name"], starts, o.each)]
        for start in starts:
            for name, how in (("libFuzzer -minimize_crash=1", libfuzzer),
                              ("afl-tmin", afl_tmin)):
                with tempfile.TemporaryDirectory() as directory:
                    rows[name].append(
                        (bug["name"],) + how(bug, start,
                                             pathlib.Path(directory), o)
                        + (None,))
        print(f"beside: {bug['name']} done", file=sys.stderr)
    return rows


def spread(values, digits=0):
    return (f"{statistics.median(values):,.{digits}f} "
            f"({min(values):,.{digits}f} .. {max(values):,.{digits}f})")


def per_bug(bug, rows, shortest, effort):
    forms = collections.Counter(row[f"{effort}_form"] for row in rows)
    events = [int(row[f"{effort}_events"]) for row in rows]
    least = min(events)
    top = forms.most_common(1)[0][1]
    known = "" if shortest is None else str(shortest)
    return (f"| {bug['name']} | {len(rows)} | {top / len(rows):.0%} | "
            f"{len(forms)} | {least} | "
            f"{sum(e == least for e in events) / len(rows):.0%} | {known} | "
            f"{spread([int(r[f'{effort}_runs']) for r in rows])} | "
            f"{statistics.median(int(r[f'{effort}_micros']) for r in rows) / 1000:.1f} |")


def report(bugs, rows, shortest, others):
    for effort in reversed(EFFORTS):
        print(f"\n{effort}:\n")
        print("| bug | starts | one form | forms | fewest events | reached in | "
              "prove knows | runs | ms |\n|---|---|---|---|---|---|---|---|---|")
        everything = [row for bug in bugs for row in rows[bug["name"]]]
        for bug in bugs:
            if rows[bug["name"]]:
                print(per_bug(bug, rows[bug["name"]], shortest[bug["name"]],
                              effort))
        share = [collections.Counter(
            r[f"{effort}_form"] for r in rows[b["name"]]).most_common(1)[0][1]
            for b in bugs if rows[b["name"]]]
        equal = [int(r[f"{effort}_events"]) <= shortest[b["name"]]
                 for b in bugs if shortest[b["name"]] for r in rows[b["name"]]]
        print(f"\nall: {len(everything)} starts of {len(share)} bugs; "
              f"{sum(share) / len(everything):.1%} reach the commonest form of "
              f"their bug; "
              + (f"{sum(equal) / len(equal):.1%} of {len(equal)} are as short "
                 "as prove knows; " if equal else "")
              + f"runs {spread([int(r[f'{effort}_runs']) for r in everything])};"
              f" ms {spread([int(r[f'{effort}_micros']) / 1000 for r in everything], 1)}")
    if not others:
        return
    print("\n| on the same starts | starts | events left | same bytes | runs | s |"
          "\n|---|---|---|---|---|---|")
    per = collections.Counter(name for name, *_ in
                              next(iter(others.values())))
    for effort in reversed(EFFORTS):
        ours = [row for bug in bugs
                for row in rows[bug["name"]][:per[bug["name"]]]]
        forms = len({(r["bug"], r[f"{effort}_form"]) for r in ours})
        print(f"| vmtrunc shrink, {effort} | {len(ours)} | "
              f"{spread([int(r[f'{effort}_events']) for r in ours])} | "
              f"{forms} forms of {len(per)} bugs | "
              f"{spread([int(r[f'{effort}_runs']) for r in ours])} | "
              f"{statistics.median(int(r[f'{effort}_micros']) for r in ours) / 1e6:.4f} |")
    for name, them in others.items():
        forms = len({(bug, data) for bug, _, _, data, _ in them})
        runs = [r for *_, r in them if r is not None]
        print(f"| {name} | {len(them)} | {spread([row[1] for row in them])} | "
              f"{forms} forms of {len(per)} bugs | "
              f"{spread(runs) if runs else ''} | "
              f"{statistics.median(row[2] for row in them):.1f} |")


def main(argv):
    parser = argparse.ArgumentParser(prog="ci/bench-shrink")
    parser.add_argument("--starts", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60,
                        help="to look for the starts of a bug")
    # search/yield.cc is from seed 1.
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--bugs", help="B,...; else all")
    parser.add_argument("--beside", type=int, default=2,
                        help="starts a bug that the others get too; 0: none")
    parser.add_argument("--each", type=int, default=20,
                        help="seconds that the others have for a start")
    parser.add_argument("--prove", type=int, default=60,
                        help="seconds for the fewest events of a bug; 0: not")
    parser.add_argument("--out", type=pathlib.Path,
                        default=pathlib.Path("bench-shrink-out"))
    o = parser.parse_args(argv)
    bugs = known_bugs()
    if o.bugs:
        wanted = set(o.bugs.split(","))
        unknown = wanted - {bug["name"] for bug in bugs}
        if unknown:
            fail(f"--bugs: expected names of vmtrunc bugs, not {min(unknown)}")
        bugs = [bug for bug in bugs if bug["name"] in wanted]
    o.known = o.out / "fewest"
    o.executables = executables()
    starts_dir = o.out / "starts"
    if starts_dir.is_symlink():
        fail(f"{starts_dir}: expected a directory, not a link")
    starts_dir.mkdir(parents=True, exist_ok=True)
    rows, shortest = {}, {}
    for bug in bugs:
        rows[bug["name"]] = measure(bug, o, starts_dir)
        shortest[bug["name"]] = fewest(bug, o) if o.prove else None
        print(f"{bug['name']}: {len(rows[bug['name']])} starts",
              file=sys.stderr)
    if not any(rows.values()):
        fail(f"no start was found in {o.seconds:g} s; expected more --seconds")
    report(bugs, rows, shortest, beside(bugs, starts_dir, o) if o.beside else {})


if __name__ == "__main__":
    main(sys.argv[1:])
