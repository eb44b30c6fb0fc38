"""That ci/bench-bugs works, on two easy bugs: `ci/bench-bugs --quick`. It says
nothing of time.

The table is complete, continues where it was cut off, and a trial that is run
again gives the same; what was measured otherwise is not mixed in; the report
is made; ours finds the bug of 2004. The statistics are right on small numbers.
"""
import contextlib
import io
import math
import os
import pathlib
import re
import sys
import tempfile
import types

import bench_bugs
import bugs_report as report
from bugs_statistics import ranked

TRIALS = 5
BUGS = ["HB-07a", "HB-21"]
ENGINES = [engine for engine in bench_bugs.ENGINES if engine != "afl"]
EXECUTIONS = 4000
# For ours to find the bug of 2004: the median is a tenth of it.
ENOUGH = 1000000


def expect(holds, what):
    if not holds:
        sys.exit(f"bench-bugs --quick: FAILED: {what}")


def bench(out, *more, errors=None):
    """What it printed on standard output."""
    text, told = io.StringIO(), errors or io.StringIO()
    try:
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(told):
            bench_bugs.main(["--bugs", ",".join(BUGS), "--out", str(out),
                             "--trials", str(TRIALS), "--engines",
                             ",".join(ENGINES), "--growth", "2000", "--seconds",
                             "20", "--executions", str(EXECUTIONS), *more])
    except SystemExit:
        if errors is None:
            print(told.getvalue(), file=sys.stderr)
        raise
    return text.getvalue()


def refused(out, *more):
    """The line on standard error."""
    text = io.StringIO()
    try:
        bench(out, *more, errors=text)
    except SystemExit as error:
        expect(error.code == 2, f"status {error.code}: {text.getvalue()}")
    return text.getvalue()


def without_seconds(path):
    return [line.split(",")[:6] + line.split(",")[7:]
            for line in path.read_text().splitlines()]


def trials(*all_trials):
    return [report.Trial(*trial) for trial in all_trials]


def test_statistics():
    one = trials((True, 1, 1), (True, 2, 1), (True, 3, 1))
    late = trials((True, 10, 1), (False, 20, 1), (False, 20, 1))
    expect(report.a12(one, late) == 1, "A12 of sooner")
    expect(report.a12(late, one) == 0, "A12 of later")
    expect(report.a12(one, one) == 0.5, "A12 of the same")
    # What was found past the end of another's vain trial is a tie with it.
    cut = trials((False, 2, 1))
    expect(report.a12(one, cut) == (1 + 0.5 + 0.5) / 3, "A12 of what was cut")
    expect(report.median(one, "executions") == (2, False), "a median")
    expect(report.median(late, "executions") == (20, True), "a bound")
    # Found later than a vain trial ended: of its rank nothing more is known.
    odd = trials((True, 1, 1), (False, 5, 1), (True, 9, 1))
    expect(report.median(odd, "executions") == (5, True), "a bound by rank")
    expect(ranked(odd, "executions")[2].more, "a bound after a bound")
    expect(report.interval(one, "executions") is None, "too few for 95 %")
    thirty = trials(*((True, i, 1) for i in range(1, 31)))
    low, high = report.interval(thirty, "executions")
    # P(10 <= Binomial(30, 1/2) <= 20) is 0.957; one rank less has 0.901.
    expect((low.value, high.value) == (10, 21), "ranks of 30")
    inside = sum(math.comb(30, k) for k in range(10, 21)) / 2 ** 30
    expect(inside >= 0.95, "95 %")
    six = trials(*((True, i, 1) for i in range(1, 7)))
    expect(report.interval(six, "executions") == ((1, False), (6, False)),
           "ranks of 6")
    expect(abs(report.p_value(thirty, thirty) - 1) < 1e-9, "p of the same")
    expect(report.p_value(thirty, trials(*((True, 99, 1),) * 30)) < 1e-9,
           "p of another")


def test_goals():
    def results(cells, known=1):
        return report.Results("", {("B", e): c for e, c in cells.items()},
                              known)

    soon, late = trials((True, 1, 1)), trials((True, 100, 1))
    for _, _, state in report.goals(results({"ours": soon, "edges": late})):
        expect(state.startswith("open"), f"a goal with one trial is {state}")
    met = {"ours": soon * 30, "edges": late * 30,
           "rapidcheck": trials((True, 2000, 9)) * 30}
    for _, _, state in report.goals(results(met)):
        expect(state == "met", f"a goal that is met is {state}")
    for _, _, state in report.goals(results(met, known=2)):
        expect(state.startswith("open"), f"with half of the bugs it is {state}")
    for last, wanted in (((True, 1, 61), "not met"), ((False, 1, 60), "not met"),
                         ((False, 1, 59), "open")):
        state = report.goal_found(
            results({"ours": soon * 29 + trials(last)}))[2]
        expect(state.startswith(wanted), f"one trial is {last}: {state}")
    state = report.goal_ratio(results({"ours": trials((True, 6, 1)) * 30,
                                       "edges": late * 30}))[2]
    expect(state == "not met", f"1/17 is not 1/20, but {state}")
    state = report.goal_a12(results({"ours": late * 30, "edges": soon * 30}),
                            "edges")[2]
    expect(state == "not met", f"later is not sooner, but {state}")
    # Seconds: of half of the trials it is later, by more than its start.
    both = trials((True, 2000, 1), (True, 2000, 8))
    later = results({"ours": both * 15,
                      "rapidcheck": trials((True, 2000, 4)) * 30})
    for goal in report.goal_sooner, report.goal_seconds:
        expect(goal(later)[2] == "not met", f"{goal.__name__}: {goal(later)}")
    expect(report.a12(both, trials((True, 1, 4)), "seconds") == 0.5,
           "A12 of seconds")
    few = results({"ours": soon * 30, "rapidcheck": soon * 30})
    expect(report.goal_seconds(few)[1] == "not measured",
           "few executions have no A12 of seconds")


def test_identity(directory):
    """A table is of one target of AFL++ too, where it has trials of it."""
    release, bench_bugs.RELEASE = bench_bugs.RELEASE, directory
    targets = [directory / name for name in
               ("fuzz_truncate", "fuzz_compares", "random_search",
                "properties", "one", "other")]
    for path in targets:
        path.write_text(path.name)
    which = [bench_bugs.identity(types.SimpleNamespace(
                 engines=engines, afl=str(directory / afl)))
             for engines in (["ours"], ["ours", "afl"])
             for afl in ("one", "other")]
    bench_bugs.RELEASE = release
    expect(which[0] == which[1], "a target that is not measured matters")
    expect(len(set(which)) == 3, f"two targets of AFL++ are one: {which}")


def test_run(directory):
    out = directory / "out"
    table = out / "trials.csv"
    first = bench(out)
    lines = without_seconds(table)
    expect(lines[0][0].startswith("# vmtrunc bench-bugs 1; "), lines[0][0])
    expected = {(bug, engine, str(trial)) for bug in BUGS
                for engine in ENGINES for trial in range(1, TRIALS + 1)}
    expect(len(lines) == 2 + len(expected), f"{len(lines)} lines")
    expect({tuple(line[:3]) for line in lines[2:]} == expected,
           "the table is not complete")
    for line in lines[2:]:
        found, executions, censored = line[4], int(line[5]), line[-1]
        expect({found, censored} == {"0", "1"}, f"censored: {line}")
        expect(0 < executions <= EXECUTIONS, f"executions: {line}")
        expect(found == "1" or executions == EXECUTIONS,
               f"stopped before its budget: {line}")
    expect(all(re.search(rf"^\| {bug} \| {engine} \| {TRIALS} \|", first, re.M)
               for bug in BUGS for engine in ENGINES), "Markdown lacks a row")
    html = (out / "report.html").read_text()
    expect(html.count("<svg") == 3, "the page lacks a plot")
    for bug in BUGS:
        told = out / f"explained/{bug}.html"
        expect(f'href="explained/{bug}.html"' in html and told.exists() and
               "What happens on" in told.read_text(), f"{bug} is not explained")
    expect("http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|"http://www.w3.org[^"]*"'
                                r'|<rdf:RDF.*?</rdf:RDF>', "", html,
                                flags=re.S), "the page names another")
    # Cut off in a line, with one from each engine gone: the rest comes again.
    text = table.read_text().splitlines(keepends=True)
    table.write_text("".join(text[:-len(ENGINES)]) + text[-len(ENGINES)][:9])
    bench(out)
    again = without_seconds(table)
    expect(again == lines, "a table that was cut off did not come out the same")
    before = table.read_bytes()
    bench(out)
    expect(table.read_bytes() == before, "what was done was done again")
    expect("measured otherwise" in refused(out, "--executions", "5000"),
           "another budget was mixed in")
    # A name that was once used for a part is anybody's.
    (out / "trials.part").write_text("mine")
    table.write_text(table.read_text() + "HB-07a")
    bench(out)
    expect(table.read_bytes() == before, "a part of a line was kept")
    expect((out / "trials.part").read_text() == "mine", "trials.part is gone")
    expect(not list(out.glob(".vmtrunc*")), "a temporary file is left")
    # An editor leaves out the last end; what is no row is shown as it goes.
    table.write_bytes(before[:-1])
    bench(out)
    expect(table.read_bytes() == before, "a last row without its end is gone")
    told = io.StringIO()
    table.write_text(table.read_text() + "# rebooted")
    bench(out, errors=told)
    expect("no end: '# rebooted'" in told.getvalue(), "a note went unsaid")
    # One that was saved again while it ran is not the one that is open.
    saved = bench_bugs.Table(directory / "saved.csv",
                             f"{bench_bugs.FORMAT}; x", ["a", "b"], ["a"])
    saved.add(1, 2)
    (directory / "copy").write_text("mine")
    (directory / "copy").rename(directory / "saved.csv")
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            saved.add(3, 4)
    except SystemExit as error:
        expect(error.code == 2, f"saved again: {error}")
    else:
        expect(False, "a row went into a file without a name")
    table.write_text(table.read_text() + "HB-07a,ours\n")
    expect("expected 9 fields" in refused(out), "a broken line was taken")
    expect("expected the fields" in refused(out, "--report"),
           "a broken line was reported")


def state_of(directory):
    """Names, and what they are; contents."""
    return {path: (os.readlink(path) if path.is_symlink() else
                   path.read_bytes() if path.is_file() else path.is_dir())
            for path in sorted(directory.rglob("*"))}


def test_foreign_files(directory):
    """A file that is not ours, and what a link leads to, stays as it is."""
    ours = "# vmtrunc bench-bugs 1; executions 4000; commit x\n"
    victim = directory / "victim"
    victim.write_text("precious")
    mark = directory / "page"
    mark.write_text(f"<!doctype html>\n{report.PAGE_MARK}\n")
    (directory / "elsewhere").mkdir()
    cases = {  # of a name: content, or the target of a link
        "trials.csv": [b"", b"mine", b"mine\n", b"mine\nand mine\n1\n",
                       b"\xff\n", ours.encode() + b"\xff\n", ours.encode(),
                       victim, directory / "none", directory],
        "growth.csv": [b"mine\n", victim],
        "report.html": [b"", b"<!doctype html>\nmine", victim, mark,
                        directory / "none"],
        "explained/HB-07a.html": [b"mine", victim],
        "explained": [b"mine", directory / "elsewhere"],
    }
    for name, contents in cases.items():
        for number, content in enumerate(contents):
            out = directory / f"{name.replace('/', '-')}-{number}"
            path = out / name
            path.parent.mkdir(parents=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.symlink_to(content)
            for more in ([], ["--report"]):
                before = state_of(directory)
                text = refused(out, *more)
                expect(str(path if name != "explained" else out) in text and
                       text.count("\n") == (3 if "otherwise" in text else 1),
                       f"{name}, {content}, {more}: {text}")
                expect(state_of(directory) == before,
                       f"{name}, {content}, {more}: something was changed")
    pipe = directory / "pipe"
    pipe.mkdir()
    os.mkfifo(pipe / "trials.csv")
    expect("no file" in refused(pipe), "a pipe is no table")


def test_usage(directory):
    out = directory / "unused"
    for seconds in "inf", "nan", "0", "-1", "1e10":
        expect(refused(out, "--seconds", seconds).startswith(
            "bench-bugs: --seconds: expected"), f"--seconds {seconds}")
    for name in "bugs", "engines", "out":
        expect(refused(out, f"--{name}", "") ==
               f"bench-bugs: --{name}: expected a value, not an empty one\n",
               f"an empty --{name}")
    expect("expected names" in refused(out, "--bugs", "HB-0"), "a wrong bug")
    expect("expected ours" in refused(out, "--engines", "none"), "an engine")
    expect("expected ours once" in refused(out, "--engines", "ours,ours"),
           "an engine that is named twice")
    expect("there are none" in refused(out, "--report"), "no trials")
    expect(not out.exists(), "what is refused leaves a directory")


def test_2004(directory):
    text = bench(directory / "2004", "--bugs", "HB-07a", "--engines", "ours",
                 "--executions", str(ENOUGH), "--growth", "0", "--trials", "3")
    expect("| ours | 3/3 |" in text,
           "ours did not find the bug of 2004:\n" + text)


def test_value_profile(directory):
    """libFuzzer takes the flag and does nothing where the comparisons are not
    instrumented: what it then counts is the edges alone."""
    counts = []
    for flags in ([], ["-use_value_profile=1"]):
        command = bench_bugs.libfuzzer_command("value-profile", 1, 5000,
                                               directory)
        command = [part for part in command if part not in flags]
        log = directory / "log"
        bench_bugs.run(command, {"VMTRUNC_KERNEL": "3.0"}
                       | bench_bugs.LIBFUZZER["value-profile"][1], 20, log)
        counts.append(int(re.search(r"DONE .* ft: (\d+)",
                                    log.read_text()).group(1)))
    with_profile, without = counts
    # Off, the two are one run.
    expect(with_profile > 1.1 * without, f"the value profile is off: {counts}")


def main():
    test_statistics()
    test_goals()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        test_usage(directory)
        (directory / "identity").mkdir()
        test_identity(directory / "identity")
        (directory / "foreign").mkdir()
        test_foreign_files(directory / "foreign")
        test_value_profile(directory)
        test_run(directory)
        test_2004(directory)
    print("bench-bugs: all passed")


if __name__ == "__main__":
    main()
