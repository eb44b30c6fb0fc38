#!/usr/bin/env python3
"""What explain and diff do to a terminal, and to names that are only bytes.

    cli/terminal_test.py build/release/bin/vmtrunc .

On a pseudo terminal: colours are not given where NO_COLOR is set or TERM says
dumb, and lines are as wide as the terminal. File names with an escape sequence,
a newline, markup or bytes that are no UTF-8 reach no terminal, JSON or page as
they are.
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios

SCRIPT = "corpus/history/HB-07a-freed-vma-reused-by-split-top.vmt"
NAMES = [b"x\xff.vmt", b"a\x1b[31mred.vmt", b"new\nline.vmt",
         b"quote'\"&<b>.vmt", b"c1\xc2\x9b31m.vmt", b"-o.vmt",
         b"<img onerror=alert(1)>.vmt", b"\xed\xa0\x80.vmt"]

failed = []
checks = 0


def expect(what, is_so):
    global checks
    checks += 1
    if not is_so:
        failed.append(what)


def on_terminal(command, columns, **environment):
    """What the command writes to a terminal of that width."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("NO_COLOR", "COLUMNS", "TERM")}
    env.update({"TERM": "xterm"} | environment)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL,
                             stdin=subprocess.DEVNULL, env=env)
    os.close(theirs)
    output = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        output += part
    os.close(ours)
    child.wait()
    return output.replace(b"\r\n", b"\n")


def widest(output):
    plain = re.sub(rb"\x1b\[\d+m", b"", output)
    return max(len(line.decode()) for line in plain.split(b"\n"))


def colours_and_width(vmtrunc):
    explain = [vmtrunc, "explain", SCRIPT, "--kernel", "2.6.9-mm"]
    against = explain + ["--against", "2.6.11"]
    diff = [vmtrunc, "diff", SCRIPT, "--kernel", "2.6.9-mm,2.6.11"]
    coloured = b"\x1b["
    expect("colours on a terminal", coloured in on_terminal(explain, 100))
    for env in ({"NO_COLOR": "1"}, {"NO_COLOR": "0"}, {"TERM": "dumb"}):
        expect(f"no colours with {env}",
               coloured not in on_terminal(explain, 100, **env))
        expect(f"colours that are asked for with {env}", coloured in
               on_terminal(explain + ["--colour", "always"], 100, **env))
    expect("an empty NO_COLOR is none",
           coloured in on_terminal(explain, 100, NO_COLOR=""))
    for command in (explain, against, diff):
        for columns in (60, 80, 100, 132):
            got = widest(on_terminal(command, columns))
            expect(f"{command[1]}: {columns} columns, not {got}",
                   columns - 25 < got <= columns)
        expect(f"{command[1]}: COLUMNS",
               widest(on_terminal(command, 80, COLUMNS="120")) > 90)
        for columns in ("", "0", "-3", "wide"):
            got = widest(on_terminal(command, 70, COLUMNS=columns))
            expect(f"{command[1]}: COLUMNS={columns!r}: {got}", got <= 70)
        # Narrower than can be read; and a terminal that does not say.
        expect(f"{command[1]}: 3 columns", widest(on_terminal(command, 3)) < 60)
        expect(f"{command[1]}: 0 columns", widest(on_terminal(command, 0)) > 75)
        piped = subprocess.run(command, capture_output=True,
                               env=os.environ | {"COLUMNS": "150"}).stdout
        expect(f"{command[1]}: a pipe has 100", 75 < widest(piped) <= 100)


def is_harmless(output):
    """UTF-8, without control characters but newlines and our own colours."""
    try:
        text = output.decode()
    except UnicodeDecodeError:
        return False
    return not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", text)


def names(vmtrunc, directory):
    plain = os.path.join(directory, "plain.vmt")
    shutil.copy(SCRIPT, plain)
    page = os.path.join(directory, "page.html")
    for name in NAMES:
        path = os.path.join(os.fsencode(directory), name)
        shutil.copy(SCRIPT, path)
        shown = repr(name)
        for command in (["explain", path, "--kernel", "2.6.9-mm"],
                        ["diff", path, "--kernel", "2.6.9-mm,2.6.11"],
                        ["diff", plain, path, "--kernel", "2.6.9-mm"]):
            what = f"{shown}: {command[0]}"
            done = subprocess.run([vmtrunc, *command], capture_output=True)
            expect(what, done.returncode in (0, 1))
            expect(f"{what}: text", is_harmless(done.stdout))
            if command[0] == "diff" and b"\n" in name:
                expect(f"{what}: one line", b"new\\nline" in done.stdout or
                       command[1] == path)
            done = subprocess.run([vmtrunc, *command, "--json"],
                                  capture_output=True)
            expect(f"{what} --json", done.returncode in (0, 1) and
                   json.loads(done.stdout.decode()) is not None)
        done = subprocess.run(
            [vmtrunc, "explain", path, "--kernel", "2.6.9-mm", "--html", page],
            capture_output=True)
        expect(f"{shown}: --html", done.returncode == 1 and
               is_harmless(done.stdout))
        with open(page, "rb") as file:
            html = file.read()
        expect(f"{shown}: a page", is_harmless(html))
        expect(f"{shown}: no markup", b"<img onerror" not in html and
               b"&<b>" not in html)
        pasted(vmtrunc, html.decode(), directory, shown)


def pasted(vmtrunc, html, directory, shown):
    """The command that the page prints finds the file again."""
    at = html.index("vmtrunc explain ")
    line = html[at:html.index("</pre>", at)]
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'),
                         ("&#39;", "'"), ("&amp;", "&")):
        line = line.replace(entity, sign)
    bin_directory = os.path.dirname(os.path.abspath(vmtrunc))
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, cwd=directory,
        env=os.environ | {"PATH": bin_directory + ":" + os.environ["PATH"]})
    expect(f"{shown}: pasted: {line}: {done.stderr}", done.returncode == 1)


def bytes_of_a_script(vmtrunc, directory):
    """They are for a file or a pipe: on a terminal ESC c would reset it."""
    path = os.path.join(directory, "bytes")
    command = [vmtrunc, "format", SCRIPT, "--as", "bytes"]
    for out in ([], ["-o", "-"], ["-o", "/dev/stdout"]):
        shown = on_terminal([*command, *out], 100)
        expect(f"no bytes on a terminal {out}: {shown}", shown == b"")
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=False)
    to_file = subprocess.run([*command, "-o", path], stdout=theirs, check=False)
    os.close(theirs)
    os.close(ours)
    expect(f"but a line: {done}", done.returncode == 2 and done.stderr ==
           b"vmtrunc: format --as bytes: expected -o FILE or a pipe, not a terminal\n")
    piped = subprocess.run(command, capture_output=True, check=False)
    expect("a file and a pipe get them", to_file.returncode == 0 and
           pathlib.Path(path).read_bytes() == piped.stdout != b"")
    text = on_terminal([vmtrunc, "format", SCRIPT], 100)
    expect("text is for a terminal", text.startswith(b"vmtrunc 1"))


def told_first(vmtrunc, directory):
    """What was found is printed though the page cannot be written."""
    done = subprocess.run([vmtrunc, "explain", SCRIPT, "--kernel", "2.6.9-mm",
                           "--html", directory + "/none/page.html"],
                          capture_output=True, text=True)
    expect("an unwritable page is status 2", done.returncode == 2)
    expect("and the finding is printed", "violates no-page-past-size" in done.stdout)
    expect("and a line says why", len(done.stderr.splitlines()) == 1)


def lines_of_bytes(vmtrunc, directory):
    """Lines of a script, and a directory, that are no UTF-8: no answer is lost."""
    def put(name, text):
        with open(f"{directory}/{name}", "wb") as file:
            file.write(text)
        return f"{directory}/{name}"

    with open(SCRIPT, "rb") as file:
        lines = [line for line in file.read().splitlines(keepends=True)
                 if not line.startswith((b"expect", b"kernel"))]
    unbuilt = put("unbuilt.vmt", b"".join(
        part for line in lines
        for part in ([line, b"kernel x\xff\n"] if line.startswith(b"vmtrunc")
                     else [line])))
    expects = put("expects.vmt", b"vmtrunc 1\nfile f 4\ntask a\na read 2\n"
                  b"expect 3.0 breaks lock-order\nexpect x\xff holds\n")
    place = os.fsencode(directory) + b"/m\xff"
    of = ["--kernel", "2.6.9-mm", "--json"]
    for command in (["prove", "--from", unbuilt, *of],
                    ["prove", "--whole", "--from", unbuilt, *of],
                    ["prove", "--simulate", "1", "--from", unbuilt, *of],
                    ["run", unbuilt, *of], ["explain", unbuilt, *of],
                    ["explain", unbuilt, *of, "--against", "3.0"],
                    ["shrink", "--quick", unbuilt, *of],
                    ["check", expects, "--json"], ["run", expects, "--json"],
                    ["matrix", "--mms", "1", "--operations", "1", *of,
                     "-o", place]):
        done = subprocess.run([vmtrunc, *command], capture_output=True,
                              check=False)
        try:
            is_json = isinstance(json.loads(done.stdout.decode()), dict)
        except ValueError:
            is_json = False
        expect(f"{command}: {done.stderr}",
               is_json and done.returncode in (0, 1) and
               # A slow machine gets progress, a line each ten seconds.
               not re.sub(rb"(?m)^.*: depth \d+: .*\n", b"", done.stderr))
        if place in command:
            expect("a path that is no UTF-8", b"/m\\\\xff/2.6.9-mm-" in done.stdout)
    red = put("red.vmt", b"vmtrunc 1\nfile f 4\ntask a\na read 2\nexpect 3.0 holds\n"
              b"expect x\x1b[31mRED\xff holds\n")
    for script in (red, expects):
        shown = on_terminal([vmtrunc, "check", script], 80)
        expect(f"lines of a script are shown: {shown}", is_harmless(shown))
    expect("an escape sequence by its name",
           b"expect x\\x1b[31mRED\\xff holds: skipped" in
           on_terminal([vmtrunc, "check", red], 80))
    for script in (unbuilt, red):
        page = f"{directory}/bytes.html"
        subprocess.run([vmtrunc, "explain", script, "--kernel", "2.6.9-mm",
                        "--html", page], capture_output=True, check=False)
        with open(page, "rb") as file:
            html = file.read()
        expect("a page is UTF-8", html.decode(errors="replace").encode() == html)
        expect("and has the line", re.search(rb"(kernel|expect) x.*\\xff", html))


def progress(vmtrunc, directory):
    """A line of progress on a terminal is no wider than it, and one that is dumb
    gets no escape sequence: neither then, nor by a signal."""
    def of(command, term):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        child = subprocess.Popen(
            [vmtrunc, *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=theirs, env=os.environ | {"TERM": term})
        os.close(theirs)
        return child, ours

    def written(ours):
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        return shown

    fuzz = ["fuzz", "--kernel", "3.0", "--seconds", "4", "--out"]
    campaign = ["campaign", "--kernels", "3.0", "--engines", "plain", "--jobs", "1",
                "--seconds", "4", "--slice", "2"]
    running = [(command[0], term, of([*command, f"{directory}/{command[0]}-{term}"], term))
               for command in (fuzz, campaign) for term in ("xterm", "dumb")]
    for what, term, (child, ours) in running:
        shown = written(ours)
        child.wait()
        expect(f"{what}, TERM={term}: {shown}", (b"\x1b" in shown) == (term != "dumb"))
        lines = shown.split(b"\r\x1b[K")
        expect(f"{what}, TERM={term}: {lines}", max(map(len, lines)) < 40)
    for term in ("xterm", "dumb"):
        child, ours = of(["diff", "-", "--kernel", "2.6.9-mm,3.0"], term)
        while "SigCgt:\t0000000000000000" in (  # until it hears signals
                pathlib.Path(f"/proc/{child.pid}/status").read_text()):
            pass
        child.send_signal(signal.SIGINT)
        shown = written(ours)
        expect(f"a signal, TERM={term}: {shown}", b"stopped" in shown and
               (b"\x1b" in shown) == (term != "dumb"))
        child.wait()


def stopped(vmtrunc, directory):
    """A signal when the next kernel is searched: what the first one violates
    is printed, as the page of an earlier run is kept."""
    page = pathlib.Path(directory, "night.html")
    table = page.with_name("table")
    page.write_text("old\n")
    ours, theirs = pty.openpty()
    with open(table, "wb") as output:
        child = subprocess.Popen(
            [vmtrunc, "matrix", "--mms", "1", "--pages", "1", "--kernel", "2.6.9-mm,2.6.38",
             "--html", page], stdout=output, stderr=theirs,
            stdin=subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
            if b"2.6.38: depth" in shown:
                child.send_signal(signal.SIGINT)
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    expect("a matrix that is stopped has status 3", child.wait() == 3)
    expect(f"the page is kept: {shown[-200:]}",
           b"night.html: kept as it was" in shown and page.read_text() == "old\n")
    told = table.read_text()
    expect("the table has what is violated", re.search(r"2\.6\.9-mm.*\*\*\d", told))
    scripts = re.split(r"^Not written to .*night\.html:\n", told, flags=re.M)[1:]
    expect("and each script comes after it",
           scripts and len(scripts) == len(re.findall(r"\*\*\d+\*\*", told)))
    for script in scripts:
        done = subprocess.run([vmtrunc, "run", "-"], input=script, text=True,
                              capture_output=True, check=False)
        expect(f"which runs: {done.stdout}{done.stderr}", done.returncode == 1)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    vmtrunc = os.path.abspath(sys.argv[1])
    os.chdir(sys.argv[2])
    with tempfile.TemporaryDirectory() as directory:
        colours_and_width(vmtrunc)
        names(vmtrunc, directory)
        bytes_of_a_script(vmtrunc, directory)
        told_first(vmtrunc, directory)
        lines_of_bytes(vmtrunc, directory)
        progress(vmtrunc, directory)
        stopped(vmtrunc, directory)
    for line in failed:
        print("FAILED:", line)
    print(f"{checks} checks, {len(failed)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
