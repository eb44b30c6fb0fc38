"""Files that ci/bench-bugs and ci/bench-shrink continue or replace: their own alone."""
import os
import secrets
import stat
import sys

program = "bench-bugs"  # who says it


def fail(what, status=2):
    print(f"{program}: {what}", file=sys.stderr)
    raise SystemExit(status)


def text_there(path, is_ours, expected):
    """The text of a file that we wrote; None if there is none. Any other file
    is not ours to continue or replace, nor what a link leads to."""
    try:
        # A pipe would wait.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError:
        if not path.is_symlink():
            raise
        fail(f"{path}: expected {expected}, not a link")
    if not stat.S_ISREG(os.fstat(file).st_mode):
        fail(f"{path}: expected {expected}, and it is no file")
    with open(file, "rb") as opened:
        content = opened.read()
    try:
        text = content.decode()
    except UnicodeDecodeError:
        fail(f"{path}: expected {expected}: it is not UTF-8")
    if not is_ours(text):
        fail(f"{path}: expected {expected}, or no file")
    return text


def replace(path, text, there):
    """Through a file whose name nobody has: the whole text or none of it.
    `there` refuses a file that is not ours."""
    part = path.with_name(f".vmtrunc-{secrets.token_hex(8)}.tmp")
    with open(part, "x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            there(path)
            part.replace(path)
        except BaseException:
            part.unlink()
            raise


def whole_lines(text):
    """Without a last line that is half written. One that has all fields of a
    trial lacks no more than its end, as an editor leaves it."""
    end = text.rfind("\n") + 1
    columns = text.splitlines()[1:2]
    if (columns and text.endswith((",0", ",1")) and
            text[end:].count(",") == columns[0].count(",")):
        return text + "\n"
    return text[:end]
