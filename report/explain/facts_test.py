#!/usr/bin/env python3
"""No sentence decides anything: what explain finds without any is the same.

    report/explain/facts_test.py VMTRUNC FACTS_OF SOURCE_DIR

FACTS_OF is linked without what makes sentences. Of each script of the corpus
it says the same facts, locks, who holds and awaits them, way of escape, cause, point of no return and
parting as `vmtrunc explain --json` does, once each sentence of that has been
replaced by a placeholder. And a script whose tasks and files are named by words
of the report is the same, once they have their names again. With VMTRUNC_QUICK in
the environment it is a quarter of the scripts.
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

# Fields that are for people (docs/schemas/explain.schema.json: words).
WORDS = {"deeds", "locks", "held", "words", "why", "way_out", "text", "flip",
         "detail", "verdict", "point"}
AGAINST = {"2.6.9-mm": "2.6.11", "2.6.11": "repaired"}
# Words by which a report could be read back, and names as long that it has
# nowhere.
TASKS = ["slot", "moves", "pass", "maps", "changes", "drops", "zaps", "frees"]
FILES = ["nonlinear", "restart"]


def placeholders(value):
    """The same, each sentence replaced."""
    if isinstance(value, dict):
        return {key: blank(it) if key in WORDS or is_in_words(key, it)
                else placeholders(it) for key, it in value.items()}
    if isinstance(value, list):
        return [placeholders(it) for it in value]
    return value


def is_in_words(key, value):
    """What a vma's count says; of passes and files it is a number."""
    return key == "count" and isinstance(value, str)


def blank(value):
    """Placeholders as many as there are sentences."""
    if isinstance(value, dict):
        return {key: blank(it) for key, it in value.items()}
    if isinstance(value, list):
        return [blank(it) for it in value]
    return value and "*"


def without(value):
    """The same, each placeholder left out."""
    if isinstance(value, dict):
        return {key: without(it) for key, it in value.items()
                if key not in WORDS and not is_in_words(key, it)}
    if isinstance(value, list):
        return [without(it) for it in value]
    return value


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: {done.returncode}: {done.stderr}")
    return done.stdout


# One script of so many.
OF = 4 if os.environ.get("VMTRUNC_QUICK") else 1


def cases(source):
    """Scripts, and kernels that they are expected to break."""
    paths = [path for path in sorted(glob.glob(f"{source}/corpus/*/*.vmt"))
             if re.search("/(history|found|known)/", path)]
    for path in paths[::OF]:
        with open(path) as script:
            kernels = re.findall(r"^expect (\S+) breaks", script.read(), re.M)
        for kernel in kernels:
            yield path, kernel, AGAINST.get(kernel, "2.6.11")


def locks_of(story):
    """Who holds the locks of vmas after each row, has found one, and waits."""
    state = {"vmas": {}, "found": {}, "waits": {}}
    for row in story["rows"]:
        for kind, things in state.items():
            things.update(row["set"].get(kind, {}))
        vmas = {slot: {name: vma[name] for name in ("locked_by", "read_by")
                       if name in vma}
                for slot, vma in state["vmas"].items() if vma}
        locks = {**state, "vmas": vmas}
        yield {kind: kept for kind, things in locks.items()
               if (kept := {name: it for name, it in things.items()
                            if it not in (None, {})})}


def found_by(command, path, kernel, against):
    """What is in the output of the command, without sentences."""
    out = json.loads(run(command, "explain", path, "--kernel", kernel,
                         "--against", against, "--json"))
    story = without(placeholders(out["runs"][0]))
    found = {
        "rows": [{"facts": row["facts"], "lock_moves": row["lock_moves"],
                  "locks": locks}
                 for row, locks in zip(story["rows"], locks_of(story))],
        "escape": story.get("escape"),
        "folio_story": story.get("folio_story"),
        "tlb_story": story.get("tlb_story"),
        "table_story": story.get("table_story"), "cause": story.get("cause")}
    for name in ("parting_row", "parting_rules"):
        if name in out:
            found[name] = out[name]
    return found


def check_sentences(command, facts_of, source):
    all_cases = list(cases(source))
    words = [word for case in all_cases for word in case]
    lines = run(facts_of, *words).splitlines()
    wrong = [] if len(lines) == len(all_cases) else ["not as many stories"]
    returns = partings = 0
    locks = collections.Counter()
    for case, line in zip(all_cases, lines):
        facts = json.loads(line)
        returns += "no_return" in (facts["cause"] or {})
        partings += "parting_row" in facts
        for row in facts["rows"]:
            locks.update(row["locks"].keys())
            locks.update(name for vma in row["locks"].get("vmas", {}).values()
                         for name in vma)
        if facts != found_by(command, *case):
            wrong.append(" ".join(case))
    if returns < 20 // OF or partings < 20 // OF:
        wrong.append(f"{returns} points of no return, {partings} partings")
    if any(locks[kind] < 10 // OF for kind in
           ("locked_by", "read_by", "found", "waits")):
        wrong.append(f"locks: {dict(locks)}")
    return len(lines), wrong


def renamed(text, names):
    """The script with other names of tasks and files: `names` in their order."""
    tasks, files = list(names[0]), list(names[1])
    to = {}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["task"] and words[1] not in to:
            to[words[1]] = tasks.pop(0)
        elif words[:1] == ["file"]:
            to[words[1]] = files.pop(0)
        elif words[1:2] == ["fork"] and words[2] not in to:
            to[words[2]] = tasks.pop(0)
    out = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or words[0] in ("vmtrunc", "block", "count", "count-bits",
                                     "tlb", "kernel", "expect"):
            out.append(" ".join(words))
            continue
        # A name is where a task is, where a file is, and what is forked.
        at = {"file": [1], "task": [1, 3]}.get(words[0], [0])
        if len(words) > 2 and words[1] in ("pin", "unpin", "order"):
            at = at + [2]
        if at == [0] and len(words) > 1:
            at += {"mmap": [4], "truncate": [2], "punch": [2], "revoke": [2],
                   "collapse": [2], "invalidate": [2], "fork": [2]}.get(words[1], [])
        out.append(" ".join(to[word] if i in at and word in to else word
                            for i, word in enumerate(words)))
    return "\n".join(out) + "\n"


def stand_ins(names):
    """As many names, each as long, that are no words."""
    return [f"q{i}" + "x" * (len(name) - 2) for i, name in enumerate(names)]


def first_of_each(all_cases):
    seen = set()
    for case in all_cases:
        if case[0] not in seen:
            seen.add(case[0])
            yield case


def check_names(command, source, directory):
    tokens = stand_ins(TASKS), [f"{n[0].upper()}{n[1:]}"
                                for n in stand_ins(FILES)]
    wrong = []
    count = 0
    path = os.path.join(directory, "script.vmt")
    # Of each script the first kernel: its names are of all its stories.
    for script, kernel, against in first_of_each(cases(source)):
        with open(script) as file:
            text = file.read()
        told = []
        for names in (tokens, (TASKS, FILES)):
            with open(path, "w") as file:
                file.write(renamed(text, names))
            told.append([run(command, "explain", path, "--kernel", kernel,
                             "--against", against),
                         run(command, "explain", path, "--kernel", kernel,
                             "--against", against, "--json")])
        for of, to in zip(tokens[0] + tokens[1], TASKS + FILES):
            told[0] = [it.replace(of, to) for it in told[0]]
        count += 1
        if (told[0][0] != told[1][0] or
                json.loads(told[0][1]) != json.loads(told[1][1])):
            wrong.append(f"{script} {kernel}: told otherwise by other names")
    return count, wrong


def main():
    command, facts_of, source = sys.argv[1:]
    stories, wrong = check_sentences(command, facts_of, source)
    with tempfile.TemporaryDirectory() as directory:
        named, also = check_names(command, source, directory)
    for line in (wrong + also)[:20]:
        print(line)
    print(f"{stories} stories without sentences, {named} with other names, "
          f"{len(wrong + also)} wrong")
    sys.exit(1 if wrong or also or min(stories, named) < 40 // OF else 0)


if __name__ == "__main__":
    main()
