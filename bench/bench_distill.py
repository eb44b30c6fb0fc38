"""Distils a corpus by several tools, one after another: see ci/bench-distill."""
import json
import os
import pathlib
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile

# What it starts it waits for, also where its caller ignores how children end.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)

ROOT = pathlib.Path(__file__).resolve().parent.parent
VMTRUNC = ROOT / "build/release/bin/vmtrunc"
FUZZ = ROOT / "build/release/bin/fuzz_truncate"
AFL = ROOT / "build/afl/bin/fuzz_truncate"


def environment(kernel):
    # For no property: nothing stops a run.
    mine = {name: value for name, value in os.environ.items()
            if not name.startswith(("VMTRUNC_", "AFL_"))}
    return mine | {"VMTRUNC_KERNEL": kernel, "VMTRUNC_PROPERTY": "lock-order",
                   "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
                   "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1"}


def seconds_of(command, kernel):
    """Of processor time, of all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment(kernel),
                          capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"bench-distill: {command[0]}: {done.stderr[-1000:]}")
    return (after.ru_utime + after.ru_stime - before.ru_utime
            - before.ru_stime)


def features(directory, kernel):
    """What libFuzzer counts in a corpus: edges and classes, abstract states."""
    done = subprocess.run([FUZZ, "-runs=0", str(directory)],
                          env=environment(kernel), capture_output=True,
                          text=True)
    found = re.findall(r"INITED cov: (\d+) ft: (\d+)", done.stderr)
    return int(found[-1][1])


def bugs(directory):
    done = subprocess.run([VMTRUNC, "coverage", "--json", directory],
                          capture_output=True, text=True, check=True)
    return len(json.loads(done.stdout)["all"]["bugs"])


def tools(corpus, kernel):
    common = [VMTRUNC, "distill", corpus, "--kernel", kernel, "--classes"]
    return {
        "vmtrunc distill --classes": lambda out: common + ["-o", out],
        "the same, --no-shrink": lambda out: common + ["--no-shrink", "-o",
                                                       out],
        "libFuzzer -merge=1": lambda out: [FUZZ, "-merge=1", out, corpus],
        "libFuzzer -set_cover_merge=1":
            lambda out: [FUZZ, "-set_cover_merge=1", out, corpus],
        "afl-cmin": lambda out: ["afl-cmin", "-i", corpus, "-o", out, "--",
                                 AFL],
    }


def main(argv):
    if not 1 <= len(argv) <= 3 or not os.path.isdir(argv[0]):
        sys.exit("bench-distill: expected DIR [KERNEL [RUNS]]")
    corpus, kernel, runs = argv[0], "2.6.11", 3
    if len(argv) > 1:
        kernel = argv[1]
    if len(argv) > 2:
        runs = int(argv[2])
    print(f"{len(os.listdir(corpus))} inputs, {features(corpus, kernel)} "
          f"features, {bugs(corpus)} known bugs; kernel {kernel}, {runs} runs\n")
    print("| | files | bytes | features | known bugs | s |\n"
          "|---|---|---|---|---|---|")
    for name, command in tools(corpus, kernel).items():
        seconds = []
        for _ in range(runs):
            # afl-cmin refuses to work in /tmp.
            with tempfile.TemporaryDirectory(dir=ROOT / "build") as directory:
                out = pathlib.Path(directory) / "out"
                if name.startswith("libFuzzer"):
                    out.mkdir()  # it makes none
                seconds.append(seconds_of([str(x) for x in command(out)],
                                          kernel))
                files = [path for path in out.iterdir() if path.is_file()]
                size = sum(path.stat().st_size for path in files)
                row = (len(files), size, features(out, kernel), bugs(out))
        print(f"| {name} | {row[0]:,} | {row[1]:,} | {row[2]:,} | {row[3]} | "
              f"{statistics.median(seconds):.1f} ({min(seconds):.1f} .. "
              f"{max(seconds):.1f}) |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
