"""What the trials of ci/bench-bugs say: Markdown, and a page that needs no
other file. docs/bench-bugs.md says how to read it.

A trial that found nothing is censored: it would have taken more than it was
given. Nothing is assumed of how much more.
"""
import collections
import csv
import html
import math
import pathlib
import subprocess
import tempfile

import bugs_plots
from bugs_statistics import (Trial, a12, interval, median, number, p_value,
                             shares, show)
from own_files import fail, replace, text_there, whole_lines

FORMAT = "vmtrunc bench-bugs 1"
# What our files begin with: a table, and a page below its doctype.
TABLE_MARK, PAGE_MARK = f"# {FORMAT}; ", f"<!-- {FORMAT} -->"

OURS = "ours"
ENOUGH = 30  # trials of each engine and bug
GOAL_SECONDS = 60
GOAL_RATIO = 20
GOAL_A12, GOAL_A12_SHARE = 0.9, 0.8
GENERATOR = "rapidcheck"  # which remembers nothing
GOAL_SOONER = 25 / 28  # of the bugs
MANY = 1000  # executions: below, the start of a process decides


def table_there(path):
    return text_there(path, lambda text: text.startswith(TABLE_MARK),
                      f"a table that begins with {TABLE_MARK.rstrip('; ')}")


def page_there(path):
    return text_there(path, lambda text: PAGE_MARK in text[:200],
                      "a page that ci/bench-bugs wrote")


def read_rows(path):
    """The header, and a dictionary a line."""
    header, *lines = whole_lines(table_there(path) or "").splitlines() or [""]
    return header.strip("# "), list(csv.DictReader(lines))


def parsed(path, row, parse):
    try:
        return parse(row)
    except (KeyError, TypeError, ValueError, AttributeError):
        fail(f"{path}: expected the fields of a table of ours, not {row}")


def read(path):
    """Trials by bug and engine, both in the order of the file."""
    cells = {}
    header, rows = read_rows(path)
    for row in rows:
        cell, trial = parsed(path, row, lambda row: (
            (row["bug"], row["engine"]),
            Trial(row["found"] == "1", int(row["executions"]),
                  float(row["seconds"]))))
        cells.setdefault(cell, []).append(trial)
    return header, cells


def read_growth(path):
    """Of an engine, its curves: lists of executions and features."""
    curves = {}
    for row in read_rows(path)[1]:
        engine, points = parsed(path, row, lambda row: (
            row["engine"], [tuple(map(int, point.split()))
                            for point in row["points"].split(";")]))
        curves.setdefault(engine, []).append(points)
    return curves


class Results:
    """`known`: how many bugs there are to measure."""

    def __init__(self, header, cells, known):
        self.known = known
        self.header = header
        self.cells = cells
        self.bugs = sorted({bug for bug, _ in cells})
        self.engines = list(dict.fromkeys(engine for _, engine in cells))
        self.baselines = [e for e in self.engines if e != OURS]
        self.fewest = min(map(len, cells.values()))

    def pair(self, bug, engine):
        ours = self.cells.get((bug, OURS))
        theirs = self.cells.get((bug, engine))
        return (ours, theirs) if ours and theirs else None

    def pairs(self, engine):
        return [pair for bug in self.bugs if (pair := self.pair(bug, engine))]


def verdict(holds, results):
    state = "met" if holds else "not met"
    lacks = []
    if results.fewest < ENOUGH:
        lacks.append(f"{results.fewest} trials, not {ENOUGH}")
    if len(results.bugs) < results.known:
        lacks.append(f"{len(results.bugs)} bugs, not {results.known}")
    return f"open: {', '.join(lacks)}; so far {state}" if lacks else state


def goal_found(results):
    what = (f"ours finds every bug in every trial, in {GOAL_SECONDS} s of one "
            "core")
    missed, short = [], False
    for bug in results.bugs:
        trials = results.cells.get((bug, OURS), [])
        found = sum(t.found and t.seconds <= GOAL_SECONDS for t in trials)
        if found < len(trials) or not trials:
            missed.append(f"{bug} ({found}/{len(trials)})")
        short |= any(not t.found and t.seconds < GOAL_SECONDS for t in trials)
    figure = f"{len(results.bugs) - len(missed)} of {len(results.bugs)} bugs"
    if missed:
        figure += "; not always " + ", ".join(missed)
    state = verdict(not missed, results)
    if short and state == "not met":
        state = "open: trials ended before their seconds, by executions"
    return what, figure, state


def ratios(results, engine):
    """Theirs over ours, medians of executions, at least: where the engine found
    the bug at all. And the bugs where ours has no median to compare."""
    known, unknown = {}, []
    for bug in results.bugs:
        pair = results.pair(bug, engine)
        if pair is None or not any(t.found for t in pair[1]):
            continue
        mine, its = (median(trials, "executions") for trials in pair)
        if mine.more:
            unknown.append(bug)
        else:
            known[bug] = its.value / mine.value
    return known, unknown


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def goal_ratio(results):
    what = (f"ours takes 1/{GOAL_RATIO} of the executions of edges or less "
            "(medians; geometric mean over the bugs that edges finds)")
    if "edges" not in results.engines:
        return what, "not measured", "open"
    known, unknown = ratios(results, "edges")
    if not known:
        return what, "nothing to compare", "open"
    mean = geometric_mean(known.values())
    enough = sum(ratio >= GOAL_RATIO for ratio in known.values())
    figure = (f"1/{mean:.3g} or less over {len(known)} bugs; 1/{GOAL_RATIO} "
              f"or less on {enough} of them alone")
    if unknown:
        figure += "; ours has no median for " + ", ".join(unknown)
    return what, figure, verdict(mean >= GOAL_RATIO and not unknown, results)


def goal_a12(results, engine):
    values = [a12(*pair) for pair in results.pairs(engine)]
    what = (f"A12 of {GOAL_A12} or more against {engine} on "
            f"{100 * GOAL_A12_SHARE:.0f} % of the bugs")
    if not values:
        return what, "not measured", "open"
    enough = sum(value >= GOAL_A12 for value in values)
    return (what, f"on {enough} of {len(values)} "
            f"({100 * enough / len(values):.0f} %)",
            verdict(enough >= GOAL_A12_SHARE * len(values), results))


def start_of(results, engine):
    """The shortest trial: nearly all of it is the start of the process."""
    return min((t.seconds for (_, e), cell in results.cells.items()
                if e == engine for t in cell), default=0)


def goal_sooner(results):
    what = (f"ours takes fewer seconds than {GENERATOR} on 25 of 28 bugs "
            "(medians)")
    pairs = results.pairs(GENERATOR)
    if not pairs:
        return what, "not measured", "open"
    start = start_of(results, OURS) - start_of(results, GENERATOR)

    def sooner(ours, theirs, less):
        mine, its = (median(trials, "seconds") for trials in (ours, theirs))
        return not mine.more and mine.value - less < its.value
    enough = sum(sooner(*pair, 0) for pair in pairs)
    without = sum(sooner(*pair, start) for pair in pairs)
    return (what, f"on {enough} of {len(pairs)}; on {without} without the "
            f"{1000 * start:.0f} ms that its process takes longer to start",
            verdict(enough >= GOAL_SOONER * len(pairs), results))


def goal_seconds(results):
    what = (f"A12 of {GOAL_A12} or more against {GENERATOR} in seconds, where "
            f"a median is over {MANY:,} executions")
    pairs = [pair for pair in results.pairs(GENERATOR)
             if max(median(trials, "executions").value
                     for trials in pair) > MANY]
    if not pairs:
        return what, "not measured", "open"
    values = [a12(*pair, "seconds") for pair in pairs]
    enough = sum(value >= GOAL_A12 for value in values)
    return (what, f"on {enough} of {len(values)}; the median A12 is "
            f"{sorted(values)[len(values) // 2]:.2f}",
            verdict(enough == len(values), results))


def goals(results):
    return ([goal_found(results), goal_sooner(results), goal_seconds(results),
             goal_ratio(results)]
            + [goal_a12(results, engine) for engine in results.baselines])


GOAL_HEAD = ["goal", "figure", "state"]


def ratio_text(results, engine):
    known, _ = ratios(results, engine)
    if not known:
        return "-"
    return f"{geometric_mean(known.values()):.3g} ({len(known)} bugs)"


def summary(results):
    """A row an engine."""
    rows = []
    for engine in results.engines:
        cells = [results.cells[bug, engine] for bug in results.bugs
                 if (bug, engine) in results.cells]
        found = sum(t.found for cell in cells for t in cell)
        count = sum(map(len, cells))
        pairs = results.pairs(engine) if engine != OURS else []
        values = [a12(*pair) for pair in pairs]
        executions = sum(t.executions for cell in cells for t in cell)
        seconds = sum(t.seconds for cell in cells for t in cell)
        rows.append([
            engine, f"{found}/{count}",
            f"{sum(all(t.found for t in cell) for cell in cells)}",
            f"{sum(any(t.found for t in cell) for cell in cells)}",
            ratio_text(results, engine) if pairs else "1",
            f"{sum(v > 0.5 for v in values)} / {sum(v < 0.5 for v in values)}"
            if pairs else "-",
            number(executions / max(seconds, 1e-9))])
    return rows


SUMMARY_HEAD = ["engine", "trials that found", "bugs found in every trial",
                "in some", "its executions at least, ours = 1",
                "ours sooner / later (bugs)", "executions/s"]


def matrix(results, field="executions"):
    """Medians, a row a bug; how many trials found it if not all."""
    rows = []
    for bug in results.bugs:
        row = [bug]
        for engine in results.engines:
            trials = results.cells.get((bug, engine))
            if trials is None:
                row.append("-")
                continue
            found = sum(t.found for t in trials)
            text = show(median(trials, field))
            if found < len(trials):
                text += f" ({found}/{len(trials)})"
            row.append(text)
        rows.append(row)
    return rows


def show_interval(trials, field):
    both = interval(trials, field)
    return "-" if both is None else f"{show(both[0])} .. {show(both[1])}"


def details(results):
    rows = []
    for bug in results.bugs:
        for engine in results.engines:
            trials = results.cells.get((bug, engine))
            if trials is None:
                continue
            share, low, high = shares(trials)
            row = [bug, engine, str(len(trials)),
                   f"{share:.2f} ({low:.2f} .. {high:.2f})",
                   show(median(trials, "executions")),
                   show_interval(trials, "executions"),
                   show(median(trials, "seconds")),
                   show_interval(trials, "seconds")]
            pair = results.pair(bug, engine) if engine != OURS else None
            row += ([f"{a12(*pair):.2f}", f"{p_value(*pair):.2g}"] if pair
                    else ["-", "-"])
            rows.append(row)
    return rows


DETAIL_HEAD = ["bug", "engine", "trials", "share found (95 %)",
               "median executions", "95 %", "median seconds", "95 %",
               "A12 of ours", "p"]


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


ROOT = pathlib.Path(__file__).resolve().parent.parent
# The look of all pages, and what of it this one changes.
STYLE = (ROOT / "report/explain/look.css").read_text() + """
td, th { white-space: nowrap; font-variant-numeric: tabular-nums; }
main svg { max-width: 100%; height: auto; }
.goals td { white-space: normal; } .open { color: var(--mark); }
.met { color: var(--yes-ink); } .not { color: var(--no-ink); }
"""


def table(head, rows, kind=""):
    def cell(text):
        if isinstance(text, Link):
            return (f'<td><a href="{html.escape(text.page)}">'
                    f"{html.escape(text.words)}</a></td>")
        state = text.split(":")[0].split(" ")[0]
        mark = (f' class="{state}"' if kind == "goals"
                and state in ("open", "met", "not") else "")
        return f"<td{mark}>{html.escape(text)}</td>"
    return (f'<div class="wide"><table class="{kind}"><thead><tr>'
            + "".join(f"<th>{html.escape(name)}</th>" for name in head)
            + "</tr></thead><tbody>"
            + "".join("<tr>" + "".join(map(cell, row)) + "</tr>\n"
                      for row in rows)
            + "</tbody></table></div>\n")


Link = collections.namedtuple("Link", "words page")


def page_of(name):
    return f"explained/{name}.html"


def expect_ours(out, bugs):
    """What is read, and what write() would replace; changes nothing."""
    for name in "trials.csv", "growth.csv":
        table_there(out / name)
    page_there(out / "report.html")
    if (out / "explained").is_symlink():
        fail(f"{out}/explained: expected a directory, not a link")
    for name in bugs:
        page_there(out / page_of(name))


def explained(out, bugs, vmtrunc):
    """A page a bug that tells its script step by step, by its name."""
    pages = {}
    with tempfile.TemporaryDirectory() as directory:
        for name, bug in bugs.items():
            place = pathlib.Path(directory) / "page.html"
            done = subprocess.run(
                [vmtrunc, "explain", str(ROOT / "corpus/history" / bug.script),
                 "--kernel", bug.kernel, "--against", bug.holds_on, "--html",
                 str(place)], capture_output=True, text=True, check=False)
            if done.returncode != 1:
                fail(f"{name} is not explained: {done.stderr.strip()}")
            first, rest = place.read_text(encoding="utf-8").split("\n", 1)
            pages[name] = f"{first}\n{PAGE_MARK}\n{rest}"
    (out / "explained").mkdir(exist_ok=True)
    expect_ours(out, bugs)
    for name, text in pages.items():
        replace(out / page_of(name), text, page_there)


NOTES = f"""Executions and seconds are until the bug was found: the property
is violated with the rule flipped, and nothing is without. ">N": more than
N, since trials were given no more. Intervals are order statistics of the
median. A12 is the probability that ours takes fewer executions; p is of
Mann and Whitney's U, two-sided, not corrected for the number of comparisons.
Both are cut at the fewest executions that a trial without success was given.
A goal stays open below {ENOUGH} trials."""


def sections(results):
    return [("Goals", GOAL_HEAD, goals(results), "goals"),
            ("Engines", SUMMARY_HEAD, summary(results), ""),
            ("Median executions until found", ["bug"] + results.engines,
             matrix(results), ""),
            ("Median seconds until found", ["bug"] + results.engines,
             matrix(results, "seconds"), "")]


def page(results, curves, bugs):
    parts = [f"<!doctype html>\n{PAGE_MARK}",
             "<html lang=\"en\"><meta charset=\"utf-8\">",
             '<meta name="viewport" content="width=device-width">',
             f"<title>Time to bug</title><style>{STYLE}</style>",
             "<main><h1>Time to bug</h1>",
             f"<p>{html.escape(results.header)}; {results.fewest} trials of "
             f"each engine and bug.</p><p>{html.escape(NOTES)}</p>"]
    for title, head, rows, kind in sections(results):
        parts.append(f"<h2>{title}</h2>" + table(head, rows, kind))
    for title, svg in bugs_plots.plots(results, curves, median, interval):
        parts.append(f"<h2>{html.escape(title)}</h2>{svg}")
    parts.append("<h2>The bugs</h2>" + table(
        ["bug", "kernel", "property"],
        [[Link(" ".join(bugs[bug].names), page_of(bug)), bugs[bug].kernel,
          bugs[bug].property]
         for bug in results.bugs if bug in bugs]))
    parts.append("<h2>All figures</h2><details><summary>A row a bug and engine"
                 "</summary>" + table(DETAIL_HEAD, details(results))
                 + "</details></main></html>")
    return "\n".join(parts) + "\n"


def growth_rows(curves):
    """Features at the end, the lowest, median and highest of the curves."""
    rows = []
    for engine, lines in curves.items():
        ends = sorted(line[-1][1] for line in lines)
        rows.append([engine, str(len(ends)), number(min(
            line[-1][0] for line in lines)), str(ends[0]),
            str(ends[len(ends) // 2]), str(ends[-1])])
    return rows


def write(out, bugs, vmtrunc):
    header, cells = read(out / "trials.csv")
    if not cells:
        fail(f"{out}/trials.csv: expected trials, and there are none")
    results = Results(header, cells, len(bugs))
    curves = read_growth(out / "growth.csv")
    print(f"{header}\n{results.fewest} trials of each engine and bug.\n")
    for title, head, rows, _ in sections(results):
        print(f"## {title}\n\n{markdown(head, rows)}")
    if curves:
        print("## Kinds of abstract states seen\n\n" + markdown(
            ["engine", "curves", "executions", "lowest", "median", "highest"],
            growth_rows(curves)))
    print("## All figures\n\n" + markdown(DETAIL_HEAD, details(results)))
    print(" ".join(NOTES.split()))
    told = {bug: bugs[bug] for bug in results.bugs if bug in bugs}
    explained(out, told, vmtrunc)
    replace(out / "report.html", page(results, curves, bugs), page_there)
    print(f"\nThe page is {out}/report.html.")
