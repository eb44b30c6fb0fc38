"""What the page is expected to draw of each row, from what --json says of it.

For page_test.py, which shows the rows.
"""

# What is drawn, in the words of states_of().
DRAWN = """
const all = (q) => [...document.querySelectorAll('#world ' + q)];
const d = (e) => e.dataset;
return {
  vmas: Object.fromEntries(all('.v').map((e) => [d(e).slot,
      [d(e).mm, +d(e).start, +d(e).end, d(e).count]])),
  ptes: all('.pte').map((e) => [+d(e).slot, +d(e).addr, d(e).sign]),
  zapped: all('.pte').filter((e) => d(e).zapped === '1')
      .map((e) => [d(e).mm, +d(e).addr]),
  restarts: all('.mark').map((e) => +d(e).addr),
  walkers: all('.walker').map((e) => [d(e).task, +d(e).addr]),
  sizes: all('.i_size').map((e) => +d(e).size),
  cached: all('.fp').filter((e) => d(e).cached === '1').map((e) => +d(e).page),
  folios: all('g.folio').map((e) => [+d(e).first, +d(e).last, d(e).pins,
      d(e).dirty, d(e).held, d(e).locked, d(e).old]),
  samples: all('g.sample').map((e) => [d(e).task, +d(e).size]),
  labels: all('g.folio').map((e) => [...e.querySelectorAll('text')]
      .map((t) => t.textContent)),
  locks: all('g.vlock').map((e) => [d(e).slot, d(e).locked, d(e).read,
      d(e).waits, d(e).released, e.querySelectorAll('rect.write').length,
      e.querySelectorAll('rect.read').length]),
  lines: all('g.vlock').map((e) => [...e.querySelectorAll('text')]
      .map((t) => t.textContent)),
  sems: all('g.sem').map((e) => [d(e).mm, d(e).write, d(e).read, d(e).waits]),
  translations: all('g.tr').map((e) => [d(e).mm, +d(e).addr, d(e).page,
      d(e).use, d(e).frame, d(e).stale, e.querySelectorAll('rect.stale').length]),
  gathers: all('g.gather').map((e) => [d(e).task, d(e).mm, d(e).first,
      d(e).last, +d(e).frames, d(e).pages, d(e).full, d(e).move,
      e.querySelectorAll('path.owes').length]),
  frames: all('g.frame').map((e) => [d(e).number, d(e).was, d(e).use]),
  tlbLines: all('text[data-line]').map((e) => [d(e).line, e.textContent]),
  tables: all('g.table').map((e) => [d(e).mm, +d(e).first, d(e).number,
      d(e).was, e.querySelectorAll('rect.gone').length]),
  readers: all('g.reader').map((e) => [d(e).task, d(e).mm, +d(e).first,
      +d(e).number, d(e).now, d(e).move,
      e.querySelectorAll('path.reader.lost').length,
      e.querySelectorAll('path.led').length]),
  tableLines: all('text[data-tables]').map((e) => [d(e).tables,
      e.textContent]),
  found: all('g.found').map((e) => [d(e).task, +d(e).slot]),
  waiting: [...document.querySelectorAll('#life g.waits')].map((e) =>
      [d(e).task, ...d(e).rows.split(' ').map(Number)]),
  notes: all('.pass-note').map((e) => [d(e).task, +d(e).slot, +d(e).addr]),
  skips: all('.skip').map((e) => [+d(e).first, +d(e).last]),
  slots: all('.slot[data-births]').map((e) => [d(e).slot, +d(e).births]),
  row: +d(document.querySelector('.stage')).row,
  run: +d(document.querySelector('.stage')).run,
  here: d(document.querySelector('#life .here') ?? {dataset: {}}),
  now: document.getElementById('now').textContent,
  current: document.querySelector('#steps tr.current')?.id,
  spoken: document.getElementById('slider').getAttribute('aria-valuetext'),
  label: document.querySelector('#world svg').getAttribute('aria-label'),
};
"""


class Failures:
    """What was expected and did not come, a line each."""

    def __init__(self):
        self.lines = []
        self.checks = 0

    def expect(self, what, wanted, got):
        self.checks += 1
        if wanted != got:
            self.lines.append(f"{what}: expected {wanted!r}, got {got!r}")


def states_of(story):
    """The state after each row, from what each row sets."""
    state = {"vmas": {}, "files": dict(story["files"]), "held": {},
             "holds": {}, "waits": {}, "found": {}, "passes": {},
             "in_flight": {}, "tlb": {}, "gathers": {}, "frames": {},
             "tables": {}, "readers": {}}
    for row in story["rows"]:
        state = {kind: dict(things) for kind, things in state.items()}
        for kind, changes in row["set"].items():
            for name, value in changes.items():
                if value is None:
                    state[kind].pop(name, None)
                else:
                    state[kind][name] = value
        yield row, state


def restarts_of(state):
    marks = []
    for slot, vma in state["vmas"].items():
        if "at" in vma.get("mark", {}):
            marks.append(vma["mark"]["at"])
        # The note of a pass that is not through with the vma.
        for it in state["passes"].values():
            point = it.get("restart")
            if point and str(point["slot"]) == slot and "points" in vma:
                marks.append(point["addr"])
    return sorted(marks)


def zapped_of(rows):
    """What a pass has taken away and nothing has come to since."""
    gone = set()
    for row, state in rows:
        if row.get("pass_begins"):
            gone.clear()
        gone |= {tuple(it) for it in row.get("zaps", [])}
        there = {(vma["mm"], vma["start"] + i)
                 for vma in state["vmas"].values()
                 for i, sign in enumerate(vma["ptes"]) if sign == "."}
        yield gone & there


def numbers(them):
    return " ".join(map(str, them or []))


def labels_of(folio):
    """What is written under a folio."""
    order = (folio["last"] - folio["first"] + 1).bit_length() - 1
    labels = [f"order {order}"] if order else []
    labels += ["dirty"] if folio.get("dirty") else []
    labels += ["pinned"] if folio.get("pins") else []
    labels += [f"held by {task}" for task in folio.get("held_by", [])]
    if "locked_by" in folio:
        labels.append(f"locked by {folio['locked_by']}")
    return labels + (["old data"] if folio.get("old") else [])


def waiters(state, **lock):
    """Tasks that wait for that lock, each with whom they wait for."""
    for task, holders in state["waits"].items():
        on = [it["task"] for it in holders
              if lock.items() <= it["lock"].items()]
        if on:
            yield task, on


def released_by(row, slot):
    """Of the lock of that vma: the task of the row, if it releases it."""
    moves = [it for it in row["lock_moves"] if it["lets_go"]]
    return row["task"] if any(it["lock"] == "vma" and it["slot"] == int(slot)
                              for it in moves) else ""


def locks_of(row, state):
    """The locks of vmas: who has each, waits for it or releases it, and which
    frames there are."""
    for slot, vma in state["vmas"].items():
        # The same twice in the output: at the vma, and at the tasks.
        lock = {"lock": "vma", "slot": int(slot)}
        holding = {shared: sorted(
            task for task, locks in state["holds"].items()
            if {**lock, "shared": shared} in locks) for shared in (False, True)}
        write, read = holding[False], holding[True]
        waits = [task for task, _ in waiters(state, **lock)]
        released = released_by(row, slot)
        if write or read or waits or released:
            yield [slot, " ".join(write), " ".join(read), " ".join(waits),
                   released, len(write), int(bool(read))]
        assert write == [vma[it] for it in ("locked_by",) if it in vma]
        assert read == sorted(vma.get("read_by", []))


def lock_lines_of(row, state):
    """What is written under a vma whose lock somebody has."""
    for slot, vma in state["vmas"].items():
        lines = [f"locked by {vma['locked_by']}"] if "locked_by" in vma else []
        lines += [f"read by {' and '.join(vma['read_by'])}"
                  ] if "read_by" in vma else []
        lines += [f"{task} waits for {' and '.join(on)}" for task, on
                  in waiters(state, lock="vma", slot=int(slot))]
        if task := released_by(row, slot):
            lines.append(f"released by {task}")
        if lines:
            yield lines


def sems_of(state, mms):
    for mm in mms:
        lock = {"lock": "mmap_sem", "mm": mm}
        sem = [" ".join(task for task, locks in state["holds"].items()
                        if {**lock, "shared": shared} in locks)
               for shared in (False, True)]
        sem.append(" ".join(task for task, _ in waiters(state, **lock)))
        if any(sem):
            yield [mm, *sem]


def waiting_of(states):
    """The rows over which each task would wait for the same holders."""
    spans = []
    for row, state in enumerate(states):
        for task, holders in state["waits"].items():
            if spans and any(it[0] == task and it[2] == row - 1 and
                             it[3] == holders for it in spans):
                next(it for it in spans if it[0] == task and
                     it[2] == row - 1)[2] = row
            else:
                spans.append([task, row, row, holders])
    return sorted(it[:3] for it in spans)


def page_name(page):
    return f"page {page['page']} of {page['file']}" if page else ""


def translations_of(state, mms):
    """What outlives its pte, where it is drawn."""
    for mm in mms:
        for it in state["tlb"].get(mm, []):
            stale = int(it.get("stale", False))
            yield [mm, it["addr"], page_name(it.get("made_for")),
                   it["use"]["is"], str(it.get("frame", "")), str(stale), stale]


def gathers_of(state):
    for task, it in state["gathers"].items():
        yield [task, it["mm"], str(it.get("first", "")),
               str(it.get("last", "")), it["frames"],
               ", ".join(map(page_name, it.get("pages", []))),
               str(int(it.get("full", False))),
               str(int(it.get("move", False))), int("first" in it)]


def check_tlb(expect, drawn, state, mms):
    translations = list(translations_of(state, mms))
    gathers = sorted(gathers_of(state))
    expect("translations", sorted(translations),
           sorted(drawn["translations"]))
    expect("gathers", gathers, sorted(drawn["gathers"]))
    expect("frames", [[number, page_name(it.get("was")), it["use"]["is"]]
                      for number, it in state["frames"].items()],
           drawn["frames"])
    # Each has its line, unless there are too many.
    lines = drawn["tlbLines"]
    for mm, addr, page, _, _, stale, _ in translations:
        expect(f"what is said of {addr} in the TLB", True, any(
            mm == of and line.startswith(f"TLB at {addr}: {page}") and
            (", stale" in line) == (stale == "1") for of, line in lines))
    for task, mm, first, last, *_ in gathers:
        range_of = first if first == last else f"{first}..{last}"
        expect(f"what is said of the gather of {task}", True, any(
            mm == of and f" of {task}: " in line and range_of in line
            for of, line in lines))


def readers_of(state):
    for task, it in state["readers"].items():
        table = it["table"]
        now = table.get("now", {}).get("first")
        yield [task, it["mm"], table["first"], table["number"],
               str(now if now is not None else ""),
               str(int(it.get("move", False))), int(now != table["first"]),
               int(now not in (None, table["first"]))]


def range_name(it):
    return f"{it['first']}..{it['last']}"


def table_lines_of(state):
    """What is said of entries whose table has gone, and of who relies on one."""
    for mm, entries in state["tables"].items():
        for it in entries:
            if "was" not in it:
                continue
            now = [other for other in entries
                   if other.get("number") == it["was"]]
            yield [mm, f"no page table at {range_name(it)}: page table "
                   f"{it['was']}, which was there, is " +
                   (f"at {range_name(now[0])} by now" if now else "free")]
    for task, it in state["readers"].items():
        table = it["table"]
        now = ", which is free" if "now" not in table else \
            f", which is at {range_name(table['now'])} by now" \
            if table["now"]["first"] != table["first"] else ""
        who = "mremap" if it.get("move") else "the pass"
        yield [it["mm"], f"{who} of {task} relies on the entry at "
               f"{range_name(table)}: page table {table['number']}{now}"]


def check_tables(expect, drawn, state):
    """All that is drawn here has room for its tables."""
    expect("page tables", sorted(
        [mm, it["first"], str(it.get("number", "")), str(it.get("was", "")),
         int("was" in it)]
        for mm, entries in state["tables"].items() for it in entries),
        sorted(drawn["tables"]))
    expect("who relies on an entry", sorted(readers_of(state)),
           sorted(drawn["readers"]))
    expect("what is said of page tables", sorted(table_lines_of(state)),
           sorted(drawn["tableLines"]))


def check_locks(expect, drawn, row, state, mms):
    expect("locks of vmas", sorted(locks_of(row, state)),
           sorted(drawn["locks"]))
    expect("what is said of them", sorted(lock_lines_of(row, state)),
           sorted(drawn["lines"]))
    expect("mmap_sem", list(sems_of(state, mms)), drawn["sems"])
    expect("what faults have found", sorted(map(list, state["found"].items())),
           sorted(drawn["found"]))


def check_row(name, drawn, row, state, zapped, mms, failures):
    def expect(what, wanted, got):
        failures.expect(f"{name}, steps {row['steps']}: {what}", wanted, got)

    vmas = state["vmas"]
    expect("vmas", {slot: [v["mm"], v["start"], v["end"], v["count"]]
                    for slot, v in vmas.items()}, drawn["vmas"])
    expect("ptes", sorted([int(slot), v["start"] + i, sign]
                          for slot, v in vmas.items()
                          for i, sign in enumerate(v["ptes"])),
           sorted(drawn["ptes"]))
    expect("zapped", sorted(map(list, zapped)),
           sorted([list(x) for x in {tuple(z) for z in drawn["zapped"]}]))
    expect("restarts", restarts_of(state), sorted(drawn["restarts"]))
    expect("walkers", sorted([task, p["addr"]]
                             for task, p in state["passes"].items()
                             if "slot" in p), sorted(drawn["walkers"]))
    expect("what passes remember", sorted(
        [task, p["restart"]["slot"], p["restart"]["addr"]]
        for task, p in state["passes"].items() if "restart" in p),
        sorted(drawn["notes"]))
    skips = row.get("skips")
    expect("passed by", [[skips["first"], skips["last"]]] if skips else [],
           drawn["skips"])
    expect("sizes", [f["size"] for f in state["files"].values()],
           drawn["sizes"])
    expect("cached", [page for f in state["files"].values()
                      for page, bit in enumerate(f["cached"]) if bit == "1"],
           drawn["cached"])
    folios = [it for f in state["files"].values()
              for it in f.get("folios", [])]
    expect("folios", [[it["first"], it["last"], numbers(it.get("pins")),
                       "1" if it.get("dirty") else "0",
                       " ".join(it.get("held_by", [])),
                       it.get("locked_by", ""), numbers(it.get("old"))]
                      for it in folios], drawn["folios"])
    expect("what folios are", [labels_of(it) for it in folios],
           drawn["labels"])
    expect("samples", [[it["task"], it["size"]]
                       for f in state["files"].values()
                       for it in f.get("samples", [])], drawn["samples"])
    check_locks(expect, drawn, row, state, mms)
    check_tlb(expect, drawn, state, mms)
    check_tables(expect, drawn, state)
    expect("slots in use", {slot: v["birth"] for slot, v in vmas.items()},
           {slot: births for slot, births in drawn["slots"] if births})
    for deed in row["deeds"]:
        expect("what it says", True, deed in drawn["now"])
    expect("spoken", True, str(row["steps"][0]) in drawn["spoken"])
    expect("label", True, all(f"[{v['start']}, {v['end']}) of {v['mm']}"
                              in drawn["label"] for v in vmas.values()))
