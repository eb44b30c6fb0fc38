"""The plots of bench/bugs_report.py, as inline SVG for light and dark pages."""
import io

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

# Of text and axes: it becomes the page's own colour.
INK = "#010203"
COLOURS = {
    "ours": "#d1495b", "edges": "#2f7fbf", "value-profile": "#6a4fb3",
    "no-mutator": "#c98a1b", "no-features": "#8a8f20", "rapidcheck": "#2a9d6f",
    "random": "#8c8c8c", "pct": "#d670b4", "afl": "#b5651d",
}
MARKERS = dict(zip(COLOURS, "Dos^vPX*h"))

plt.rcParams.update({
    "svg.fonttype": "none", "font.size": 9, "text.color": INK,
    "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "legend.frameon": False, "figure.facecolor": "none",
    "axes.facecolor": "none", "grid.color": "#808080", "grid.alpha": 0.25,
})


def to_svg(figure, name):
    # The names of clips are hashes: another salt for each figure of a page.
    plt.rcParams["svg.hashsalt"] = name
    out = io.StringIO()
    figure.savefig(out, format="svg", bbox_inches="tight", transparent=True,
                   metadata={"Date": None})
    plt.close(figure)
    text = out.getvalue()
    text = text[text.index("<svg"):].replace(
        "<svg", f'<svg role="img" aria-label="{name}"', 1)
    return text.replace(INK, "currentColor").replace(
        'id="', f'id="{name}-').replace('"#', f'"#{name}-').replace(
        "url(#", f"url(#{name}-")


def to_bug(results, median, interval):
    """A row a bug: the median and its interval of each engine; hollow where
    the median is only known to be more."""
    figure, axes = plt.subplots(figsize=(10, 1 + 0.42 * len(results.bugs)))
    step = 0.8 / max(len(results.engines), 1)
    for i, engine in enumerate(results.engines):
        colour = COLOURS.get(engine, INK)
        for j, bug in enumerate(results.bugs):
            trials = results.cells.get((bug, engine))
            if not trials:
                continue
            y = j - 0.4 + (i + 0.5) * step
            both = interval(trials, "executions")
            if both:
                axes.plot([both[0].value, both[1].value], [y, y],
                          color=colour, lw=1)
            middle = median(trials, "executions")
            axes.plot(middle.value, y, MARKERS.get(engine, "o"), ms=4.5,
                      mec=colour, mfc="none" if middle.more else colour)
        axes.plot([], [], MARKERS.get(engine, "o"), color=colour, label=engine)
    for j in range(1, len(results.bugs), 2):
        axes.axhspan(j - 0.5, j + 0.5, color="#808080", alpha=0.1, lw=0)
    axes.set(xscale="log", xlabel="executions", ylim=(-0.5, None),
             yticks=range(len(results.bugs)), yticklabels=results.bugs)
    axes.set_ylim(len(results.bugs) - 0.5, -0.5)
    axes.grid(axis="x")
    axes.legend(ncols=5, loc="lower left", bbox_to_anchor=(0, 1))
    return figure


def found_share(results):
    """Of all trials of all bugs."""
    figure, axes = plt.subplots(figsize=(10, 4.5))
    most = max(t.executions for cell in results.cells.values() for t in cell)
    for engine in results.engines:
        trials = [t for (_, its), cell in results.cells.items()
                  if its == engine for t in cell]
        xs, ys = [1], [0]
        for i, executions in enumerate(
                sorted(t.executions for t in trials if t.found)):
            xs.append(executions)
            ys.append((i + 1) / len(trials))
        axes.step(xs + [most], ys + ys[-1:], where="post", label=engine,
                  color=COLOURS.get(engine, INK),
                  lw=2.4 if engine == "ours" else 1.4)
    axes.set(xscale="log", xlabel="executions", ylim=(0, 1.02),
             ylabel="share of trials that found their bug")
    axes.grid()
    axes.legend(ncols=2)
    return figure


def growth(curves):
    figure, axes = plt.subplots(figsize=(10, 4.5))
    for engine, lines in curves.items():
        for i, line in enumerate(lines):
            axes.plot([x for x, _ in line], [y for _, y in line],
                      color=COLOURS.get(engine, INK), lw=1.2, alpha=0.8,
                      label=engine if i == 0 else None)
    axes.set(xscale="log", xlabel="executions",
             ylabel="kinds of abstract states seen")
    axes.grid()
    axes.legend()
    return figure


def plots(results, curves, median, interval):
    yield ("Executions until found, medians (hollow: more than)",
           to_svg(to_bug(results, median, interval), "executions-to-bug"))
    yield ("Share found against executions",
           to_svg(found_share(results), "share-found"))
    if curves:
        yield ("Kinds of abstract states seen, on 2.6.11",
               to_svg(growth(curves), "growth"))
