"""Runs vmtrunc prove and SPIN on the same instances: see ci/bench-spin."""
import json
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

# What it starts it waits for, also where its caller ignores how children end.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)

VMTRUNC = sys.argv[1]
RUNS = int(sys.argv[2])
SIZE = sys.argv[3]
MODEL = pathlib.Path(__file__).parent / "truncate.pml"
PROPERTY = "no-page-past-size"

# Of an instance: options of vmtrunc, macros of the model, and log2 of the hash
# table that SPIN is given, the power of two next to the number of states.
SIZES = {
    "munmap": (["--verbs", "truncate,munmap"], [], 22),
    "mprotect": (["--verbs", "truncate,munmap,mprotect"], ["-DMPROTECT"], 23),
    "check": (["--verbs", "truncate,munmap"], [], 22),
}
KERNELS = [("2.6.9-mm", "2609"), ("2.6.11", "2611"), ("2.6.10", "2610")]
MEASURED = KERNELS[:2]
# Macros of the model, and how SPIN searches and keeps a state. Partial-order
# reduction is on unless it is turned off; it finds nothing to leave out, since
# every step is at what all share. Hash compaction loses states: it is there
# for its size, and no ratio is taken to it.
SPIN = {
    "depth first": ([], []),
    "depth first, no reduction": ([], ["-DNOREDUCE"]),
    "depth first, collapse": ([], ["-DNOREDUCE", "-DCOLLAPSE"]),
    "depth first, hash compact": ([], ["-DNOREDUCE", "-DHC4"]),
    "depth first, by events": (["-DEVENTS"], ["-DNOREDUCE"]),
    "breadth first": ([], ["-DNOREDUCE", "-DBFS"]),
    "breadth first, by events": (["-DEVENTS"], ["-DNOREDUCE", "-DBFS"]),
}
if SIZE not in SIZES:
    sys.exit("bench-spin: expected munmap, mprotect or check, not " + SIZE)
OPTIONS, MACROS, LOG_STATES = SIZES[SIZE]


def run(command, directory, ok=(0,)):
    """What it printed, its processor seconds, and seconds by the clock."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, cwd=directory, capture_output=True,
                          text=True, errors="replace")
    clock = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in ok:
        sys.exit(f"bench-spin: {' '.join(command)}: exit status "
                 f"{done.returncode}\n{done.stdout}{done.stderr}")
    return (done.stdout, after.ru_utime + after.ru_stime - before.ru_utime -
            before.ru_stime, clock)


def build(directory, name, macros, flags, optimized="-O2"):
    """A verifier of the model with these macros, in a directory of its own."""
    place = pathlib.Path(directory) / re.sub(r"\W+", "-", name)
    place.mkdir()
    shutil.copy(MODEL, place)  # SPIN puts its trail beside the model
    run(["spin", "-a", *macros, MODEL.name], place)
    # SPIN refuses to go breadth first where there are hidden variables, since
    # it does not restore them. Ours are set in each step before they are read.
    header = place / "pan.h"
    header.write_text(re.sub(r"#error cannot use BFS on models with var.*", "",
                             header.read_text()))
    run(["gcc", optimized, "-w", "-DSAFETY", "-DNOCLAIM", "-DNOBOUNDCHECK",
         "-DMEMLIM=8192", *flags, "-o", "pan", "pan.c"], place)
    return place


def spin(place):
    out, cpu, clock = run(["./pan", "-E", "-m10000", f"-w{LOG_STATES}"], place)
    if "max search depth too small" in out or "out of memory" in out:
        sys.exit(f"bench-spin: SPIN did not finish:\n{out}")

    def number(pattern):
        found = re.search(pattern, out)
        return float(found.group(1)) if found else 0.0

    states = number(r"([\d.e+]+) states, stored")
    total = number(r"([\d.]+)\ttotal actual memory usage") or number(
        r"([\d.]+)\tactual memory usage for states")
    stack = number(r"([\d.]+)\tmemory used for DFS stack")
    return {"breaks": "errors: 0" not in out, "states": states,
            "transitions": number(r"(\d+) transitions"), "cpu": cpu,
            "clock": clock, "bytes": (total - stack) * 2**20 / states}


def trail(place):
    """The events of the trail that the last run has left."""
    out, _, _ = run(["./pan", "-r"], place, ok=range(256))
    return [line[1:] for line in out.splitlines() if line.startswith("@")]


def prove(kernel, jobs):
    out, cpu, clock = run(
        [VMTRUNC, "prove", "--kernel", kernel, "--bound", "tiny", *OPTIONS,
         "--property", PROPERTY, "--steps", "--json", "--jobs", str(jobs)],
        None, ok=(0, 1))
    json_ = json.loads(out)
    events = None
    if json_["answer"] == "breaks":
        events = [line for line in json_["script"].splitlines()
                  if re.match(r"[abc] ", line)]
    return {"breaks": json_["answer"] == "breaks", "events": events,
            "states": json_["states"], "cpu": cpu, "clock": clock,
            "bytes": json_["bytes"] / json_["states"]}


def breaks_at_its_end(kernel, events, directory):
    """Whether vmtrunc says that SPIN's trail breaks with its last event."""
    script = pathlib.Path(directory) / "trail.vmt"
    script.write_text("\n".join(
        ["vmtrunc 1", "kernel " + kernel, "file f 2", "task a", "task b",
         "task c", *events]) + "\n")
    out, _, _ = run([VMTRUNC, "run", str(script)], None, ok=(0, 1))
    return f"violates {PROPERTY} at event {len(events)}:" in out, out.strip()


def rate(runs, key):
    return [r["states"] / r[key] for r in runs]


def show(name, runs, key):
    rates = rate(runs, key)
    print(f"  {name:<32} {runs[0]['states']:>11,.0f} "
          f"{statistics.median(rates):>11,.0f} "
          f"({min(rates):,.0f} .. {max(rates):,.0f})  "
          f"{runs[0]['bytes']:.0f} bytes")


def ratio(name, a, b, goal):
    print(f"  {name:<56} {a / b:6.2f}  (goal {goal})")


def verdict(kernel, number, directory, optimized="-O2"):
    """Verdict and fewest events, by both. Returns whether they agree."""
    ours = prove(kernel, 1)
    place = build(directory, kernel + " events",
                  [f"-DKERNEL={number}", "-DSHOW", "-DEVENTS", *MACROS],
                  ["-DBFS"], optimized)
    theirs = spin(place)
    print(f"{kernel}: vmtrunc {'breaks' if ours['breaks'] else 'holds'}, SPIN "
          f"{'breaks' if theirs['breaks'] else 'holds'}")
    if not ours["breaks"] or not theirs["breaks"]:
        return ours["breaks"] == theirs["breaks"]
    found = trail(place)
    print(f"  fewest events of prove --steps: vmtrunc {len(ours['events'])}, "
          f"SPIN {len(found)}"
          f"{', the same script' if found == ours['events'] else ''}")
    return len(found) == len(ours["events"])


def steps(kernel, number, directory):
    """Whether SPIN's shortest trail is a script that breaks at its end."""
    place = build(directory, kernel + " steps",
                  [f"-DKERNEL={number}", "-DSHOW", *MACROS], ["-DBFS"])
    spin(place)
    found = trail(place)
    good, said = breaks_at_its_end(kernel, found, directory)
    print(f"  fewest single steps: SPIN {len(found)}, which vmtrunc run "
          f"{'breaks with the last of them' if good else 'says: ' + said}")
    return good


def counts(kernel, number, directory):
    """Whether vmtrunc's machine has the model's states and transitions."""
    out, _, _ = run([str(pathlib.Path(VMTRUNC).parent / "spin_states"), kernel,
                     OPTIONS[1]], None)
    ours = json.loads(out)
    theirs = spin(build(directory, kernel + " counts",
                        [f"-DKERNEL={number}", *MACROS], []))
    # SPIN's first state and its two steps to ours; what is beyond the bound,
    # with the truncation begun or not, is a state there.
    expected = ours["states"] + 1 + (2 if ours["beyond"] else 0)
    print(f"  one model's states and transitions in the other's variables: "
          f"{expected:,} and {ours['transitions'] + 2:,}; SPIN "
          f"{theirs['states']:,.0f} and {theirs['transitions']:,.0f}")
    return (theirs["states"] == expected and
            theirs["transitions"] == ours["transitions"] + 2)


def measure(kernel, number, directory):
    breaks = kernel == "2.6.9-mm"
    places = {name: build(directory, kernel + name,
                          [f"-DKERNEL={number}", *MACROS, *macros], flags)
              for name, (macros, flags) in SPIN.items()
              if not breaks or name.startswith("breadth first")}
    runs = {name: [] for name in [*places, "one job", "two jobs"]}
    for _ in range(RUNS):  # in turn, so that all see the same machine
        for name, place in places.items():
            runs[name].append(spin(place))
        runs["one job"].append(prove(kernel, 1))
        runs["two jobs"].append(prove(kernel, 2))
    sys.stdout.flush()
    print(f"\n{kernel}: {'to the first violation' if breaks else 'all states'}"
          f"\n  {'':<32} {'states':>11} {'states/s':>11}")
    for name in places:
        show("SPIN, " + name, runs[name], "cpu")
    show("vmtrunc, one job", runs["one job"], "cpu")
    show("vmtrunc, two jobs (clock)", runs["two jobs"], "clock")
    exact = {name: runs[name] for name in places if "compact" not in name}
    if breaks:  # by steps it goes deeper
        exact.pop("breadth first")
    speed = {name: statistics.median(rate(r, "cpu"))
             for name, r in exact.items()}
    best = max(speed, key=speed.get)
    ratio(f"states/s, one job / SPIN {best}",
          statistics.median(rate(runs["one job"], "cpu")), speed[best], "3")
    least = min(exact, key=lambda name: exact[name][0]["bytes"])
    ratio(f"bytes, vmtrunc / SPIN {least}", runs["one job"][0]["bytes"],
          exact[least][0]["bytes"], "0.5")
    ratio("two jobs / one job, by the clock",
          statistics.median(rate(runs["two jobs"], "clock")),
          statistics.median(rate(runs["one job"], "clock")), "1.7")


def main():
    agree = True
    with tempfile.TemporaryDirectory() as directory:
        if SIZE == "check":  # building takes longer than running
            agree &= verdict(*KERNELS[0], directory, optimized="-O0")
        for kernel, number in [] if SIZE == "check" else KERNELS:
            agree &= verdict(kernel, number, directory)
            check = steps if kernel == "2.6.9-mm" else counts
            agree &= check(kernel, number, directory)
        for kernel, number in [] if SIZE == "check" else MEASURED:
            measure(kernel, number, directory)
    if not agree:
        sys.exit("bench-spin: vmtrunc and SPIN disagree")


main()
