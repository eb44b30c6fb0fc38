#!/usr/bin/env python3
"""Pastes each command of docs/teaching.md and compares what it prints with what the
page shows below it: teaching_test.py VMTRUNC SOURCE_DIR

A line of the page stands, with "..." for anything, in a line of the output, and
after the line above it. The exit status is 1 where a property is violated, else 0."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

vmtrunc = pathlib.Path(sys.argv[1]).resolve()
source = pathlib.Path(sys.argv[2]).resolve()
FEWEST_COMMANDS = 14


def commands(text):
    """Each command and the lines that the page shows of it."""
    found = []
    for line in text.splitlines():
        if line.startswith("    $ "):
            found.append((line[6:], []))
        elif line.startswith("    ") and found and found[-1] is not None:
            found[-1][1].append(line[4:].strip())
        else:
            found.append(None)
    return [it for it in found if it is not None]


def is_in(shown, line):
    return re.search(".*".join(map(re.escape, shown.split("..."))), line)


def missing(shown, output):
    """The first line that does not come, or None."""
    rest = iter(output.splitlines())
    for line in shown:
        if not any(is_in(line, it) for it in rest):
            return line
    return None


def paste(command, shown, directory):
    """What is wrong, or None."""
    path = f"{vmtrunc.parent}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", command], cwd=directory, text=True,
                          env={**os.environ, "PATH": path}, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.stderr:
        return f"says {done.stderr}"
    if done.returncode != ("violates no-" in done.stdout or "breaks no-" in done.stdout):
        return f"status {done.returncode}"
    if not shown:
        return "the page shows nothing of it"
    line = missing(shown, done.stdout)
    return line and f"does not print {line!r}, but\n{done.stdout}"


def main():
    listed = commands((source / "docs/teaching.md").read_text())
    failures = 0
    if len(listed) < FEWEST_COMMANDS:
        print(f"FAILED: {len(listed)} commands in docs/teaching.md")
        failures += 1
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(source / "docs/examples/teaching",
                        pathlib.Path(directory) / "docs/examples/teaching")
        for command, shown in listed:
            if wrong := paste(command, shown, directory):
                print(f"FAILED: {command}\n  {wrong}")
                failures += 1
    print(f"{len(listed)} commands, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
