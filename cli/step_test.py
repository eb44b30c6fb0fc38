#!/usr/bin/env python3
"""vmtrunc step as a user meets it: step_test.py VMTRUNC SOURCE_DIR

Piped, it answers each line and has no prompt; on a terminal it has one, and Ctrl-D and
Ctrl-C end it. What it writes is the run that was played, and replaces nothing."""
import os
import pathlib
import pty
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

vmtrunc = pathlib.Path(sys.argv[1]).resolve()
source = pathlib.Path(sys.argv[2]).resolve()
REUSE = source / "docs/examples/teaching/4-reuse.vmt"
MOVES = ["t truncate f 2 &", "t drop 2", "a munmap 100 8", "b mprotect 100 3 r",
         "t finish"]
failed = []


def expect(what, is_so):
    if not is_so:
        failed.append(what)


def step(lines, *arguments, **options):
    """What it answers to these lines, and ends with."""
    text = "".join(line + "\n" for line in lines)
    return subprocess.run([vmtrunc, "step", *map(str, arguments)], input=text.encode(
        errors="surrogateescape"), capture_output=True, timeout=60, **options)


def ends(what, status, pattern, done):
    output = (done.stdout + done.stderr).decode(errors="replace")
    expect(f"{what}: status {done.returncode}, wanted {status} and /{pattern}/:\n{output}",
           done.returncode == status and re.search(pattern, output, re.MULTILINE))


def usage():
    for what, *arguments in (
            ("-: expected a file", "-"),
            ("--after: Value -1 not in range 0 to 256", REUSE, "--after", "-1"),
            ("--after: Value x not in range 0 to 256", REUSE, "--after", "x"),
            ("--after 6: expected at most the script's 5", REUSE, "--after", "6"),
            ("expected one kernel", REUSE, "--kernel", "2.6.11,3.0"),
            ("expected a kernel", REUSE, "--kernel", "2.4"),
            ("none.vmt", "none.vmt")):
        done = step([], *arguments)
        ends(str(arguments), 2, what, done)
        expect(f"{arguments}: one line", done.stderr.count(b"\n") == 1)


def piped():
    long = b"t" * 70000 + b"\nt truncate f 2\n"
    done = subprocess.run([vmtrunc, "step", REUSE, "--after", "2"], input=long,
                          capture_output=True, timeout=60)
    ends("a long line", 0, "^expected a move, not a line of more than 64 KiB$", done)
    expect("what is after a long line", b"event 3: t truncate f 2" in done.stdout)
    # A line without an end takes no memory.
    with open("/dev/zero", "rb") as endless:
        zero = subprocess.Popen([vmtrunc, "step", REUSE], stdin=endless,
                                stdout=subprocess.DEVNULL)
        peaks = []
        for _ in range(2):
            time.sleep(1.5)
            status = pathlib.Path(f"/proc/{zero.pid}/status").read_text()
            peaks.append(int(re.search(r"VmHWM:\s*(\d+)", status)[1]))
        zero.kill()
        zero.wait()
    expect(f"a line without an end: {peaks} KiB", peaks[1] - peaks[0] < 10000)
    # What cannot be read is no end.
    where = os.open("/", os.O_RDONLY)
    done = subprocess.run([vmtrunc, "step", REUSE], stdin=where, capture_output=True,
                          timeout=60)
    os.close(where)
    ends("a directory", 2, "^vmtrunc: standard input: Is a directory$", done)
    ends("nothing played", 0, "^the run holds", step([], REUSE))
    ends("a violation", 1, ">> violates no-page-past-size: page 3 is mapped at 103 of b",
         step(MOVES, REUSE, "--after", 2))
    ends("undone", 0, "^the run holds", step([*MOVES, "u", "u", "u", "t finish"], REUSE,
                                             "--after", 2))
    ends("redone", 1, "^redone", step([*MOVES, "u", "r"], REUSE, "--after", 2))
    ends("in flight", 1, "^what is in flight runs to its end; the run",
         step(MOVES[:-1], REUSE, "--after", 2))
    ends("another kernel", 0, "on 2.6.11;", step(MOVES, REUSE, "--after", 2, "--kernel",
                                                 "2.6.11"))
    expect("a prompt in a pipe", b"> \n" not in step(MOVES, REUSE).stdout and
           not re.search(rb"^> ", step(["q"], REUSE).stdout, re.MULTILINE))
    expect("the same again", step(MOVES, REUSE).stdout == step(MOVES, REUSE).stdout)


def listed(directory):
    """The events of a script, played, are that script, and come to its verdict."""
    scripts = sorted(source.glob("corpus/history/*.vmt"))[::4]
    expect("few scripts", len(scripts) > 8)
    for script in scripts:
        kernel = re.search(r"^expect (\S+) breaks|^expect (?!all)(\S+) holds", script.read_text(),
                           re.MULTILINE)
        kernel = kernel[1] or kernel[2]
        text = subprocess.run([vmtrunc, "format", script], capture_output=True,
                              text=True).stdout.splitlines()
        other = "vmtrunc|kernel|block|count|count-bits|file|task|expect"
        events = [line for line in text if not re.match(rf"({other}) ", line)]
        mine = directory / script.name
        done = step([*events, f"w {mine}"], script, "--kernel", kernel)
        run = subprocess.run([vmtrunc, "run", script, "--kernel", kernel],
                             capture_output=True)
        expect(f"{script.name}: {done.returncode}, run {run.returncode}",
               done.returncode == run.returncode)
        played = [line for line in mine.read_text().splitlines()
                  if not re.match(rf"({other}) ", line)]
        expect(f"{script.name} is not what was played", played == events)


def written(directory):
    for name in ("a b'c", "-o $(touch x)", "\udcff"):
        there = directory / name
        there.mkdir()
        (there / "mine.vmt").write_text("somebody else's\n")
        done = step([*MOVES, "w mine.vmt", "w ./mine"], REUSE, "--after", 2, cwd=there)
        ends("written", 1, "^written to mine-2.vmt$", done)
        expect("replaced", (there / "mine.vmt").read_text() == "somebody else's\n")
        again = re.search(r"^Show it again: (.*)$", done.stdout.decode(), re.MULTILINE)
        path = f"{vmtrunc.parent}:{os.environ['PATH']}"
        pasted = subprocess.run(["sh", "-c", again[1]], cwd=there, capture_output=True,
                                env=os.environ | {"PATH": path})
        ends(again[1], 1, "no-page-past-size", pasted)
    whole = directory / "a b'c" / "x y"
    again = re.search(r"^Show it again: (.*)$",
                      step(["1", f"w {whole}"], REUSE).stdout.decode(), re.MULTILINE)
    expect("quoted", again and "x y.vmt'" in again[1])
    ends("nowhere", 2, "^expected a file that can be written: /nowhere",
         step(["1", "w /nowhere/x"], REUSE))
    ends("changed since", 0, "^not written", step(["1", f"w {directory}/y", "1"], REUSE))


def nonsense(directory):
    chance = random.Random(1)
    words = ["a", "b", "t", "step", "truncate", "f", "&", "u 1", "999", "-1", "expect",
             "task", "\udcff", "\x1b[31m", "\0", "#", "w", "munmap", "10000", "x" * 5000]
    for _ in range(40):
        line = " ".join(chance.choices(words, k=chance.randrange(1, 5)))
        done = step([line, "l"], REUSE, "--after", 2, cwd=directory)
        answer = done.stdout.decode().split("type an event\n", 1)[-1]
        expect(f"{line!r}: {done.returncode} {done.stderr}",
               done.returncode in (0, 1, 2) and not done.stderr)
        expect(f"{line!r}: control characters", "\x1b" not in answer)
    for line in ("t truncat f 2", "999", "u", "t" * 70000):
        ends(f"nothing but {line[:20]!r}", 2, "^the run holds", step([line], REUSE))
        ends(f"{line[:20]!r} and a move", 0, "^the run holds",
             step([line, "t truncate f 2"], REUSE))
    ends("no line", 0, "^the run holds", step([], REUSE))
    ends("an end without a newline", 0, "^the run holds",
         subprocess.run([vmtrunc, "step", REUSE], input=b"l", capture_output=True))
    closed = subprocess.run(["sh", "-c", '"$1" step "$2" <&-; echo "status $?"', "-",
                             vmtrunc, REUSE], capture_output=True)
    ends("closed input", 0, "^status 0", closed)


def on_terminal(typed):
    """What a terminal shows and how the command ends; each part is typed once there is
    a prompt."""
    child, ours = pty.fork()
    if child == 0:
        os.execv(vmtrunc, [vmtrunc, "step", REUSE])
    shown = b""
    waiting = list(typed)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        shown += part
        if shown.endswith(b"> ") and waiting:
            os.write(ours, waiting.pop(0))
    os.close(ours)
    return shown.decode(errors="replace"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def terminal():
    shown, status = on_terminal([b"1\n", b"\x04"])
    expect(f"Ctrl-D: {status}\n{shown}", status == 0 and "the run holds" in shown and
           "event 1: a mmap 100 8 f 0 populate" in shown)
    shown, status = on_terminal([b"1\n", b"\x03"])
    expect(f"Ctrl-C: {status}", status == -signal.SIGINT)
    shown, status = on_terminal([b"q\n"])
    expect(f"q: {status}", status == 0)


def main():
    usage()
    piped()
    terminal()
    with tempfile.TemporaryDirectory() as name:
        nonsense(pathlib.Path(name))
        listed(pathlib.Path(name))
        written(pathlib.Path(name))
    for what in failed:
        print(f"FAILED: {what}")
    print("step: all passed" if not failed else f"step: {len(failed)} failures")
    return len(failed) != 0


if __name__ == "__main__":
    sys.exit(main())
