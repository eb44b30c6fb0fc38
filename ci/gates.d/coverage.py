#!/usr/bin/env python3
"""Which lines and branches of core/ are run, from a profile of a build with
-fcoverage-mapping: ci/gates.d/coverage.py PROFILE EXECUTABLE NAME [--check]

Instantiations of one template are one: a line is run when any of them ran it.
Left out: lines of VMT_CHECK, whose other arm is our own mistake, the files that
no run of a script calls (ABSENT), and lines whose reason in ci/gates.d/uncovered.txt
begins with "elsewhere:" (run when compiled, or by another engine alone), and
the arm of a switch over all values that none of them takes. A line
that is not run is listed, with the reason that stands there. --check: exit status 1 below the
goals, for a line without a reason, and for a reason without a line. --branches
lists arms that are not taken, too.
"""
import collections
import json
import pathlib
import signal
import subprocess
import sys

# What it starts it waits for, also where its caller ignores how children end.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOAL_LINES, GOAL_BRANCHES = 0.99, 0.95
# Files of core/ that tell people about runs, or compare them, as all of about/
# does: no engine runs them, unit tests do.
ABSENT = {"check.cc", "model/fields.h", "model/where.cc", "model/where.h",
          "property.cc", "property.h", "run/tracer.h"}


def export(profile, executable, form):
    done = subprocess.run(
        ["llvm-cov-19", "export", "-format", form, "-instr-profile", profile,
         executable], capture_output=True, text=True, check=True)
    return done.stdout


def in_core(name):
    path = pathlib.Path(name)
    if not path.is_relative_to(ROOT / "core"):
        return False
    within = path.relative_to(ROOT / "core")
    return within.parts[0] != "about" and str(within) not in ABSENT


def lines_of(lcov):
    runs, path = {}, None
    for line in lcov.splitlines():
        if line.startswith("SF:"):
            path = pathlib.Path(line[3:]) if in_core(line[3:]) else None
        elif line.startswith("DA:") and path:
            number, count = line[3:].split(",")[:2]
            runs[path, int(number)] = int(count)
    return runs


def branches_of(data):
    """Both arms of each branch, over all functions that have it."""
    taken = collections.defaultdict(lambda: [0, 0])
    for function in data["functions"]:
        for row in function["branches"]:
            name = function["filenames"][row[6]]
            if in_core(name):
                key = pathlib.Path(name), row[0], row[1]
                taken[key][0] += row[4]
                taken[key][1] += row[5]
    return taken


def is_check(path, line, texts):
    """A line of VMT_CHECK, or the next lines of the same one."""
    rows = texts[path]
    for back in range(0, 4):
        at = line - 1 - back
        if at < 0:
            return False
        if "VMT_CHECK(" in rows[at]:
            return True
        if back and rows[at].rstrip().endswith((";", "{", "}")):
            return False
    return False


def reasons():
    """'file: text of the line: why', a line each."""
    found = {}
    for line in (ROOT / "ci/gates.d/uncovered.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, text, why = (part.strip() for part in line.split(" | "))
            found[name, text] = why
    return found


def named(key, texts):
    path, line = key
    return str(path.relative_to(ROOT)), texts[path][line - 1].strip()


def main():
    profile, executable, name = sys.argv[1:4]
    texts = {}
    runs = lines_of(export(profile, executable, "lcov"))
    taken = branches_of(
        json.loads(export(profile, executable, "text"))["data"][0])
    for path in {key[0] for key in runs} | {key[0] for key in taken}:
        texts[path] = path.read_text().splitlines()
    code = {key: count for key, count in runs.items()
            if key[1] <= len(texts[key[0]])
            and texts[key[0]][key[1] - 1].strip() not in ("", "}", "};")
            and not texts[key[0]][key[1] - 1].strip().startswith("//")
            and not is_check(*key, texts)}
    known = reasons()
    elsewhere = {key for key, count in runs.items() if count == 0
                 and known.get(named(key, texts), "").startswith("elsewhere:")}
    arms = [count for key, counts in taken.items()
            if not is_check(key[0], key[1], texts)
            and key[:2] not in elsewhere
            and "switch (" not in texts[key[0]][key[1] - 1]
            for count in counts]
    code = {key: count for key, count in code.items() if key not in elsewhere}
    idle = sorted(key for key, count in code.items() if count == 0)
    lines = 1 - len(idle) / max(1, len(code))
    branches = 1 - arms.count(0) / max(1, len(arms))
    print(f"{name}: {100 * lines:.2f} % of {len(code)} lines, "
          f"{100 * branches:.2f} % of {len(arms)} branches of core/; "
          f"{len(elsewhere)} lines left out")
    used, bad = {named(key, texts) for key in elsewhere}, 0
    for path, line in idle:
        key = named((path, line), texts)
        used.add(key)
        if key not in known:
            bad += 1
        print(f"  {key[0]}:{line}: {key[1]}: {known.get(key, 'NO REASON')}")
    if "--branches" in sys.argv:
        for (path, line, column), counts in sorted(taken.items()):
            if 0 in counts and not is_check(path, line, texts):
                print(f"  {path.relative_to(ROOT)}:{line}:{column}: "
                      f"{'true' if counts[0] == 0 else 'false'} arm: "
                      f"{texts[path][line - 1].strip()}")
    if "--check" not in sys.argv:
        return 0
    for key in sorted(set(known) - used):
        bad += 1
        print(f"  {key[0]}: {key[1]}: is run, ci/gates.d/uncovered.txt says not")
    if lines < GOAL_LINES or branches < GOAL_BRANCHES:
        bad += 1
        print(f"  below the goals, {100 * GOAL_LINES:.0f} % of lines and "
              f"{100 * GOAL_BRANCHES:.0f} % of branches")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
