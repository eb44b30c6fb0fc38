"""The smallest closed world that has each known bug: docs/bench-worlds.md.

A closed world (`vmtrunc prove --closed`) has a few pages, structs and processes
and any number of operations. Worlds are searched in the order of their size
until one violates the bug's property; then the kernel without the bug must hold
in it. Where a search runs out the next larger world is tried.

    smallest_worlds.py VMTRUNC [--bugs B,...] [--seconds S] [--memory GIB]

Prints Markdown, a row for each bug. A kernel of 2.6.9-mm to 2.6.23 may violate
the property without the bug too, by a finding (docs/findings.md). Exit status 1
if another does, 2 for bad usage.
"""

import argparse
import collections
import itertools
import json
import pathlib
import re
import signal
import subprocess
import sys

# What it starts it waits for, also where its caller ignores how children end.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)

SOURCE = pathlib.Path(__file__).resolve().parent.parent
DECLARES = re.compile(r"(vmtrunc|kernel|file|task|expect|count|tlb)\b")
EVENT = re.compile(r"^[a-z]\S* ([a-z]+)\b")
PASSES = {"truncate", "punch", "invalidate", "revoke"}


def verb_of(line):
    """Of an event: its verb, or step, finish or drop; else nothing."""
    event = None if DECLARES.match(line) else EVENT.match(line)
    return event and event.group(1)


# Sizes in the order in which they are tried: of one process before two, of one
# pass at once before two.
World = collections.namedtuple("World", "mms passes in_flight pages vmas")
WORLDS = sorted(
    (
        World(mms, passes, in_flight, pages, vmas)
        for mms, passes, in_flight, pages, vmas in itertools.product(
            (1, 2), (1, 2), (2, 3), (1, 2, 3), (1, 2, 3, 4)
        )
        if in_flight == 2 or mms + passes > 2
    ),
    key=lambda w: (w.mms + w.passes, w.in_flight, w.pages + w.vmas, w.pages),
)


class Script:
    """What a bug's own script says that its world needs."""

    def __init__(self, path):
        lines = path.read_text().splitlines()
        self.verbs = set()
        self.options = []
        self.lacks = ""  # what no closed world has
        files = 0
        empties = False
        begun = False
        for line in lines:
            line = line.split("#")[0].strip()
            if line == "tlb":
                self.options.append("--tlb")
            file = re.match(r"file \S+ (\d+) ?(.*)", line)
            if file:
                files += 1
                if file.group(2):
                    self.options += ["--file", file.group(2)]
                if file.group(2) == "hugetlb":
                    self.lacks = "a whole page table"
                if int(file.group(1)) > 32:
                    self.lacks = f"a file of {file.group(1)} pages"
            if re.match(r"task \S+ mm ", line):
                self.options += ["--threads", "2"]
            if re.match(r"count\b", line):
                self.lacks = "counts where they leap or wrap"
            if re.search(r" (collapse|mremap \d+ 16) ", line):
                self.lacks = "a whole page table"
            verb = verb_of(line)
            if not verb:
                continue
            if verb == "mmap" and "private" in line.split():
                self.options.append("--private")
            # The mmaps of the beginning are where worlds start: populated. A
            # truncation undoes that.
            begun |= verb != "mmap" or line.endswith("&")
            if not begun and "populate" not in line.split():
                empties = True
            if begun and verb not in {"step", "finish", "drop"}:
                self.verbs.add(verb)
        self.verbs = self.verbs or {"mmap"}
        if empties and not self.verbs & PASSES:
            self.verbs.add("truncate")
        if files > 1:
            self.lacks = "two files"
        self.options = list(dict.fromkeys(self.options))


def prove(args, kernel, bug, script, world, seconds):
    command = [
        args.vmtrunc, "prove", "--closed", "--json", "--kernel", kernel,
        "--property", bug["property"], "--memory", str(args.memory),
        "--seconds", str(seconds), "--mms", str(world.mms),
        "--passes", str(world.passes), "--in-flight", str(world.in_flight),
        "--pages", str(world.pages), "--vmas", str(world.vmas),
        "--verbs", ",".join(sorted(script.verbs)), *script.options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        return {"answer": "refused", "why": done.stderr.strip()}
    return json.loads(done.stdout)


def worlds_of(script):
    """Those with room for its passes: without one, a world has none."""
    passes = bool(script.verbs & PASSES)
    return [w for w in WORLDS if passes or w.passes == 1]


def row(args, bug):
    script = Script(SOURCE / "corpus/history" / bug["file"])
    if script.lacks:
        return None, f"no closed world has {script.lacks}"
    ran_out = 0
    for world in worlds_of(script):
        found = prove(args, bug["kernel"], bug, script, world, args.seconds)
        if found["answer"] == "refused":
            return None, found["why"].split(", as ")[-1]
        ran_out += found["answer"] == "ran out"
        if found["answer"] != "breaks":
            if ran_out == args.give_up:
                break
            continue
        right = prove(
            args, bug["holds_on"], bug, script, world, 10 * args.seconds
        )
        return (world, found, right, script), ""
    return None, (
        f"in none that was searched; {ran_out} ran out"
        if ran_out
        else "in none"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vmtrunc")
    parser.add_argument("--bugs", default="")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--memory", type=float, default=3)
    parser.add_argument("--give-up", type=int, default=4)
    args = parser.parse_args()
    bugs = json.loads(
        subprocess.run(
            [args.vmtrunc, "bugs", "--json"],
            capture_output=True, text=True, check=True,
        ).stdout
    )["bugs"]
    names = [name for name in args.bugs.split(",") if name]
    unknown = set(names) - {bug["name"] for bug in bugs}
    if unknown:
        print(f"--bugs: expected known bugs, not {', '.join(sorted(unknown))}",
              file=sys.stderr)
        return 2
    print(
        "| bug | kernel | property | verbs | processes | passes at once | in "
        "flight | pages | structs | events | without the bug |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|"
    )
    wrong = 0
    for bug in bugs:
        if names and bug["name"] not in names:
            continue
        found, why = row(args, bug)
        head = f"| {bug['name']} | `{bug['kernel']}` | `{bug['property']}` |"
        if found is None:
            print(f"{head} {why} | | | | | | | |", flush=True)
            continue
        world, broken, right, script = found
        events = sum(
            bool(verb_of(line)) for line in broken["script"].splitlines()
        )
        known = bug["holds_on"].startswith(("2.6.9", "2.6.1", "2.6.2"))
        wrong += right["answer"] == "breaks" and not known
        states = {
            "holds": f"holds, {right['states']:,} states",
            "breaks": "violates it by a finding" if known else "VIOLATES IT",
        }.get(right["answer"], right["answer"])
        words = " ".join(sorted(script.verbs) + script.options)
        print(
            f"{head} {words} | {world.mms} | {world.passes} | "
            f"{world.in_flight} | {world.pages} | {world.vmas} | {events} | "
            f"{states} |",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
