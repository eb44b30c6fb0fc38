#!/usr/bin/env python3
"""The page in headless Chromium: what it draws is what the model says.

    report/explain/page_test.py build/release/bin/vmtrunc [SCREENSHOTS]

Each step of fifteen scripts (the bug of 2004 on two kernels, three findings, two of
them of large folios, a lasso, three of vma locks, two of what stays in the TLB, three
of page tables that move or go, two with odd names) is shown, and what is drawn
there is read from the document: each pte, vma, count, restart address, slot, the
file's size, its folios with what is held of them, what is in the TLB without a
pte, who has yet to flush it and what its frame is, which page table each entry leads
to and who relies on one, and who holds, awaits or is
about to take the locks of vmas and mmap_sem. It is compared with the
state as `vmtrunc explain --json` has it, put together from its changes
(page_rows.py), and the sizes and counts with `vmtrunc run --trace`, which knows neither. A page
whose sentences are replaced by placeholders draws the same. With
SCREENSHOTS, a directory, pictures are left there for people to look at. With
VMTRUNC_QUICK in the environment it is three of the scripts.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from facts_test import placeholders
from page_rows import DRAWN, Failures, check_row, states_of, waiting_of, zapped_of
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HISTORY = "corpus/history/HB-07a-freed-vma-reused-by-split-top.vmt"
FOLIO = "corpus/found/fault-around-with-an-old-size.vmt"
PINNED = "corpus/found/tmpfs-serves-past-the-end.vmt"
FOUND = "corpus/found/split-leaves-restart-address-in-five-events.vmt"
NEW_VMA = "corpus/history/HB-85-new-vma-found-before-it-is-indexed.vmt"
REUSED = "corpus/history/HB-89-wakes-a-writer-of-an-mm-that-has-gone.vmt"
BOTH = "corpus/history/HB-89c-fault-under-a-vma-that-a-writer-has-locked.vmt"
MOVES = "corpus/history/HB-56-table-moves-under-a-walk.vmt"
RETRACTED = "corpus/history/HB-81-moves-a-table-that-was-retracted.vmt"
FREED = "corpus/history/HB-83-tables-freed-under-a-merged-vma.vmt"
# A move owes a flush, and the frame is used again before it.
MOVED = """vmtrunc 1
tlb
file f 1
file g 1
task a
task a2 mm a
task b
a mmap 16 1 f 0 r
b mmap 24 1 g 0 private
a read 16
a mremap 16 1 20 1 &
a step
a step
a step
a step
a step
b truncate f 0
b write 24
a2 read 16
"""
# munmap of a device's memory owes a flush when the pass of its driver is through.
UNLINKED = """vmtrunc 1
tlb
file f 2 pfn
task a
task b
a mmap 16 2 f 0
a read 16
a munmap 16 2 &
a step
a step
a step
a step
b revoke f 0 2
"""
# What a map by names may not mistake for a member that every object has.
NAMES = {"a": "constructor", "b": "__proto__", "t": "toString",
         "a2": "hasOwnProperty", "f": "constructor", "g": "valueOf"}
UNDO = "corpus/history/HB-36b-two-passes-undo-each-other.vmt"


def run(*command, ok=(0, 1)):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in ok:
        sys.exit(f"{' '.join(command)}: {done.returncode}: {done.stderr}")
    return done.stdout


# What is drawn at each of so many steps, the key for the next one pressed between
# them: one call for all. (go_to() presses keys as a person does.)
WALKED = """
const drawn = () => {""" + DRAWN + """};
const found = [];
for (let i = 0; i < arguments[0]; ++i) {
  if (i) document.body.dispatchEvent(
      new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
  found.push(JSON.parse(JSON.stringify(drawn())));
}
return found;
"""


def named(text):
    return re.sub(r"\b(a2|[abtfg])\b", lambda name: NAMES[name[1]], text)


def check_trace(name, vmtrunc, script, story, failures):
    """Sizes and counts against the trace, which is made another way."""
    trace = run(vmtrunc, "run", "--trace", "--kernel", story["kernel"], script)
    lines = [line for line in trace.splitlines() if line.startswith("event=")]
    failures.expect(f"{name}: steps", len(lines), story["rows"][-1]["steps"][1])
    for row, state in states_of(story):
        line = lines[row["steps"][1] - 1]
        for file, it in state["files"].items():
            failures.expect(f"{name}: {line}", True,
                            f" {file}.size={it['size']} " in line + " " and
                            f" {file}.count={it['count']} " in line + " ")
        failures.expect(f"{name}: task of {line}", True,
                        f" task={row['task']} " in line)


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless", "--no-sandbox", "--disable-gpu",
                 "--disable-quic", "--no-first-run",
                 "--disable-background-networking",
                 "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", "--window-size=1280,1500",
                 # Each step shown is a navigation: more than are allowed.
                 "--disable-ipc-flooding-protection"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"),
                            options=options)


def check_page(driver, vmtrunc, directory, script, kernel, against, shots,
               failures):
    name = os.path.basename(script)
    page = os.path.join(directory, name + ".html")
    command = [vmtrunc, "explain", script, "--kernel", kernel]
    if against:
        command += ["--against", against]
    run(*command, "--html", page)
    stories = json.loads(run(*command, "--json"))["runs"]
    driver.get("file://" + page)
    failures.expect(f"{name}: ready", "1", driver.execute_script(
        "return document.body.dataset.ready"))
    body = driver.find_element(By.TAG_NAME, "body")
    stage = driver.find_element(By.CLASS_NAME, "stage")
    check_keys(driver, name, body, stage, failures)
    all_rows = [list(states_of(story)) for story in stories]
    check_signs(driver, name, all_rows, failures)
    for number, story in enumerate(stories):
        check_trace(name, vmtrunc, script, story, failures)
        tab = driver.find_elements(By.CSS_SELECTOR, "#tabs button")[number]
        driver.execute_script("arguments[0].click()", tab)
        stage.send_keys(Keys.HOME)
        rows = all_rows[number]
        mms = sorted({vma["mm"] for _, state in rows
                      for vma in state["vmas"].values()})
        walked = driver.execute_script(WALKED, len(rows))
        for at, ((row, state), zapped) in enumerate(zip(rows,
                                                        zapped_of(rows))):
            drawn = walked[at]
            failures.expect(f"{name}: the step shown", (number, at),
                            (drawn["run"], drawn["row"]))
            failures.expect(f"{name}: the row marked", f"row-{number}-{at}",
                            drawn["current"])
            check_row(name, drawn, row, state, zapped, mms, failures)
        failures.expect(f"{name}: rows of the table", len(rows), len(
            driver.find_elements(By.CSS_SELECTOR, "#steps tbody tr")))
        failures.expect(f"{name}: who waits", waiting_of(
            state for _, state in rows), sorted(drawn["waiting"]))
        check_canary(driver, name, rows, mms, failures)
    check_links(driver, name, stories, failures)
    check_opened_at(driver, name, page, stories[0], failures)
    check_placeholders(driver, name, page, stories, failures)
    if shots:
        take_pictures(driver, shots, name, stories)
    for entry in driver.get_log("browser"):
        failures.lines.append(f"{name}: console: {entry['message']}")


def check_opened_at(driver, name, page, story, failures):
    """A page that is opened at a step shows it: the run is on the screen, its
    top first, and so it is where the address changes later."""
    rows = story["rows"]
    for number, row in enumerate((rows[-1], rows[0], rows[len(rows) // 2])):
        step = row["steps"][0]
        at = f"#k={story['kernel']}&step={step}"
        if number < 2:
            driver.get("about:blank")
            driver.get("file://" + page + at)
        else:
            driver.execute_script("scrollTo(0, document.body.scrollHeight);"
                                  f"location.hash = {json.dumps(at)}")
            driver.execute_async_script("setTimeout(arguments[0], 200)")
        top, height, now = driver.execute_script(
            "return [document.querySelector('.stage').getBoundingClientRect()"
            ".top, innerHeight, document.getElementById('now')"
            ".getBoundingClientRect().top]")
        failures.expect(f"{name}: opened at step {step}: the run is on the "
                        f"screen (its top at {top} of {height})", True,
                        -1 <= top <= height / 3 and 0 <= now < height)
        failures.expect(f"{name}: opened at step {step}", row["steps"],
                        rows[driver.execute_script(DRAWN)["row"]]["steps"])


# What is drawn, and no word of it, at each of these addresses of the page: one
# call for all, where each takes longer than what it asks for.
SHAPES_AT = """
const [addresses, done] = arguments;
const shapes = () => {
const all = (q) => [...document.querySelectorAll(q)];
const at = (e) => ['x', 'y', 'width', 'height', 'd', 'class']
    .map((name) => e.getAttribute(name)).join(' ');
return [...all('#world path, #world rect'), ...all('#life path, #life rect'),
        ...all('#chips a'), ...all('#film path'), ...all('#pairs rect')]
    .map(at).concat(all('.answer a').map((e) => e.getAttribute('href')));
};
const found = [];
const look = () => {
  const {run, row} = document.querySelector('.stage').dataset;
  found.push({at: [+run, +row], shapes: shapes()});
};
const next = () => {
  if (found.length === addresses.length) return done(found);
  const address = addresses[found.length];
  // An address that is the page's own already is another's first.
  const to = location.hash === address ? ['#', address] : [address];
  const go = () => {
    if (!to.length) { look(); return next(); }
    // After the page's own listener, which was there first.
    window.addEventListener('hashchange', go, {once: true});
    location.hash = to.shift();
  };
  go();
};
next();
"""


def check_placeholders(driver, name, page, stories, failures):
    """No sentence that the page carries decides what it draws."""
    with open(page) as file:
        html = file.read()
    head, rest = html.split('id="data">')
    data, tail = rest.split("</script>", 1)
    blank = page + ".blank.html"
    words = json.dumps(placeholders(json.loads(data)))
    with open(blank, "w") as file:
        file.write(f'{head}id="data">{words}</script>{tail}')
    shown = [(number, at) for number, story in enumerate(stories)
             for at in [*range(0, len(story["rows"]), 7),
                        len(story["rows"]) - 1]]
    drawn = []
    for one in (page, blank):
        driver.get("about:blank")
        driver.get(f"file://{one}")
        drawn.append(driver.execute_async_script(SHAPES_AT, [
            f"#k={stories[number]['kernel']}"
            f"&step={stories[number]['rows'][at]['steps'][0]}"
            for number, at in shown]))
    for (number, at), *shapes in zip(shown, *drawn, strict=True):
        steps = stories[number]["rows"][at]["steps"]
        for it in shapes:
            failures.expect(f"{name}: steps {steps}: shown", [number, at],
                            it["at"])
        failures.expect(f"{name}: steps {steps}: drawn without sentences",
                        shapes[0]["shapes"], shapes[1]["shapes"])


def check_markup(driver, vmtrunc, directory, failures):
    """A file's name is text on its page, whatever it looks like."""
    script = os.path.join(
        directory, "<img src=x onerror=window.hit=1>&\"'.vmt")
    shutil.copy(HISTORY, script)
    page = os.path.join(directory, "markup.html")
    run(vmtrunc, "explain", script, "--kernel", "2.6.9-mm", "--html", page)
    driver.get("file://" + page)
    failures.expect("markup in a name: drawn", "1", driver.execute_script(
        "return document.body.dataset.ready"))
    failures.expect("markup in a name: run", None,
                    driver.execute_script("return window.hit"))
    failures.expect("markup in a name: an element", 0, len(
        driver.find_elements(By.TAG_NAME, "img")))
    failures.expect("markup in a name: shown", True, driver.execute_script(
        "return document.body.innerText").find("<img src=x") >= 0)


def check_keys(driver, name, body, stage, failures):
    """Keys that scroll a page do, but where the run has the focus."""
    row = driver.execute_script(DRAWN)["row"]
    for key in (Keys.PAGE_DOWN, Keys.PAGE_UP, Keys.END, Keys.HOME):
        body.send_keys(key)
        failures.expect(f"{name}: a key that scrolls", row,
                        driver.execute_script(DRAWN)["row"])
    stage.send_keys(Keys.HOME)
    failures.expect(f"{name}: Home in the run", 0,
                    driver.execute_script(DRAWN)["row"])


def check_canary(driver, name, rows, mms, failures):
    """What is drawn wrong is noticed: a page, a count, a size, a folio, a lock, a
    translation, a table."""
    check_lock_canary(driver, name, rows, mms, failures)
    check_tlb_canary(driver, name, rows, mms, failures)
    check_table_canary(driver, name, rows, mms, failures)
    row_and_state = rows[-1]
    for wrong in ("querySelector('#world .pte').dataset.sign = '?'",
                  "querySelector('#world .v').dataset.count = 'wrong'",
                  "querySelector('#world .i_size').dataset.size = 63",
                  "querySelector('#world g.folio').dataset.dirty = '?'"):
        driver.find_element(By.CLASS_NAME, "stage").send_keys(Keys.END)
        if not row_and_state[1]["vmas"] and ".i_size" not in wrong:
            continue
        files = row_and_state[1]["files"].values()
        if "folio" in wrong and not any(f.get("folios") for f in files):
            continue
        check_noticed(driver, name, row_and_state, wrong, mms, failures,
                      (": vmas:", ": ptes:", ": sizes:", ": folios:"))


def check_noticed(driver, name, row_and_state, wrong, mms, failures, words):
    """The row is drawn wrong by this script, and one of the words is reported."""
    driver.execute_script("document." + wrong)
    noticed = Failures()
    check_row(name, driver.execute_script(DRAWN), *row_and_state, set(), mms,
              noticed)
    failures.expect(f"{name}: {wrong} is noticed", True,
                    any(word in line for line in noticed.lines
                        for word in words))


def go_to(driver, row):
    stage = driver.find_element(By.CLASS_NAME, "stage")
    stage.send_keys(Keys.HOME)
    stage.send_keys(Keys.ARROW_RIGHT * row)


def check_signs(driver, name, all_rows, failures):
    """Signs and words of the TLB, and of page tables, are there where something is
    drawn of them in a run of the page, and only there."""
    for cls, kinds in (("tlb", ("tlb", "gathers", "frames")),
                       ("tables", ("tables",))):
        shows = any(state[kind] for rows in all_rows for _, state in rows
                    for kind in kinds)
        failures.expect(f"{name}: signs and words of {cls}", [shows], sorted(
            set(driver.execute_script(
                f"return [...document.querySelectorAll('.of-{cls}')]"
                ".map((it) => !it.hidden)"))))


def check_tlb_canary(driver, name, rows, mms, failures):
    """Where something stale is in the TLB, each of these is wrong there."""
    at = next((i for i, (_, state) in enumerate(rows) if state["gathers"] and
               any(it.get("stale") for all_of in state["tlb"].values()
                   for it in all_of)), None)
    if at is None:
        return
    for wrong in ("querySelector('#world g.tr').dataset.stale = '0'",
                  "querySelector('#world rect.tr.stale').remove()",
                  "querySelector('#world g.gather').dataset.first = '9'",
                  "querySelector('#world text[data-line]').textContent = 'x'"):
        go_to(driver, at)
        check_noticed(driver, name, rows[at], wrong, mms, failures,
                      (": translations", ": gathers", ": what is said of"))


def check_table_canary(driver, name, rows, mms, failures):
    """Where a task relies on an entry whose table has gone, each of these is wrong
    there."""
    at = next((i for i, (_, state) in enumerate(rows) if any(
        it["table"].get("now", {}).get("first") != it["table"]["first"]
        for it in state["readers"].values())), None)
    if at is None:
        return
    for wrong in ("querySelector('#world g.table').dataset.first = '0'",
                  "querySelector('#world rect.table.gone').remove()",
                  "querySelector('#world g.reader').dataset.now = '9'",
                  "querySelector('#world path.reader.lost').remove()",
                  "querySelector('#world text[data-tables]').textContent = 'x'"):
        go_to(driver, at)
        check_noticed(driver, name, rows[at], wrong, mms, failures,
                      (": page tables:", ": who relies on", ": what is said of"))


def check_lock_canary(driver, name, rows, mms, failures):
    """Where a vma's lock is held for read, each of these is wrong there."""
    at = next((i for i, (_, state) in enumerate(rows)
               if any("read_by" in it for it in state["vmas"].values())), None)
    if at is None:
        return
    for wrong in ("querySelector('#world g.vlock').remove()",
                  "querySelector('#world g.vlock').dataset.read = 'x'",
                  "querySelector('#world rect.vlock.read').remove()",
                  "querySelector('#world g.vlock text').textContent = 'x'"):
        go_to(driver, at)
        check_noticed(driver, name, rows[at], wrong, mms, failures,
                      (": locks of vmas:", ": what is said of them:"))


def check_links(driver, name, stories, failures):
    """Each step has a link; the point of no return and the end are where they are."""
    story = stories[0]
    for link in driver.find_elements(By.CSS_SELECTOR, ".answer a"):
        step = int(re.search(r"step=(\d+)", link.get_attribute("href"))[1])
        driver.execute_script("arguments[0].click()", link)
        drawn = driver.execute_script(DRAWN)
        shown = stories[drawn["run"]]["rows"][drawn["row"]]["steps"]
        failures.expect(f"{name}: link to step {step}", True,
                        shown[0] <= step <= shown[1])
    marks = driver.execute_script(
        "return [document.querySelectorAll('#life .broke').length,"
        "document.querySelectorAll('#life .late').length,"
        "document.querySelectorAll('#life .loop').length,"
        "document.querySelectorAll('#rules tr.holds').length]")
    shown = stories[driver.execute_script(DRAWN)["run"]]
    cause = shown.get("cause", {})
    failures.expect(f"{name}: marks of the run", [
        int("broken_row" in shown), int("no_return" in cause),
        int("loop" in shown),
        int(any(rule["main"] for rule in cause.get("rules", [])))], marks)
    failures.expect(f"{name}: it breaks", False, story["holds"])


def take_pictures(driver, shots, name, stories):
    os.makedirs(shots, exist_ok=True)
    row = stories[0]["rows"][stories[0].get("broken_row", 0)]
    for scheme in ("light", "dark"):
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        driver.execute_script(
            f"location.hash = 'k={stories[0]['kernel']}&step={row['steps'][0]}'")
        driver.save_screenshot(os.path.join(shots, f"{name}-{scheme}.png"))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    vmtrunc = sys.argv[1]
    shots = sys.argv[2] if len(sys.argv) > 2 else None
    failures = Failures()
    with tempfile.TemporaryDirectory() as directory:
        lasso = os.path.join(directory, "lasso.vmt")
        moved = os.path.join(directory, "moved.vmt")
        unlinked = os.path.join(directory, "unlinked.vmt")
        odd = os.path.join(directory, "odd.vmt")
        odd_moved = os.path.join(directory, "odd-moved.vmt")
        with open(HISTORY) as file:
            history = re.sub("#.*", "", file.read())
        for path, text in ((moved, MOVED), (unlinked, UNLINKED),
                           (odd, named(history)), (odd_moved, named(MOVED))):
            with open(path, "w") as file:
                file.write(text)
        run(vmtrunc, "prove", "--lasso", "--from", UNDO, "--kernel", "2.6.23",
            "-o", lasso)
        driver = browser()
        try:
            pages = (
                    (HISTORY, "2.6.9-mm", "2.6.11"),
                    (FOUND, "2.6.11", "repaired"), (lasso, "2.6.23", None),
                    (FOLIO, "7.0", "7.0+around-size-again"),
                    (PINNED, "6.18", None),
                    (NEW_VMA, "6.18-new-vma-is-locked", "6.18"),
                    (REUSED, "6.18-reader-keeps-mm", None),
                    (BOTH, "6.18-reader-checks-lock", None),
                    (moved, "3.8", "3.8+move-flushes-before-unlock"),
                    (unlinked, "5.4", "6.1"),
                    (MOVES, "5.4", "5.4+table-move-locks"),
                    (RETRACTED, "6.12-table-move-rereads", "6.12"),
                    (FREED, "6.12-unmap-before-expand", "6.12"),
                    (odd_moved, "3.8", "3.8+move-flushes-before-unlock"),
                    (odd, "2.6.9-mm", "2.6.11"))
            if os.environ.get("VMTRUNC_QUICK"):
                pages = pages[::5]
            for script, kernel, against in pages:
                check_page(driver, vmtrunc, directory, script, kernel, against,
                           shots, failures)
            check_markup(driver, vmtrunc, directory, failures)
        finally:
            driver.quit()
    for line in failures.lines[:40]:
        print(line)
    print(f"{failures.checks} checks, {len(failures.lines)} failed")
    sys.exit(1 if failures.lines else 0)


if __name__ == "__main__":
    main()
