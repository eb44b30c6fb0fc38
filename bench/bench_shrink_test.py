"""What ci/bench-shrink has measured once is not shown for another build, other
options, or as all of it where it was cut: bench_shrink_test.py
"""
import contextlib
import io
import pathlib
import shutil
import tempfile
import unittest
import unittest.mock

import bench_shrink

VMTRUNC = """#!/bin/sh
case $1 in
bugs) echo '{"bugs": [{"name": "HB-1", "kernel": "K", "property": "p", "holds_on": "L"}]}' ;;
*) exit 0 ;;
esac
"""
# Prints how often it ran as the events that are left.
SHRINK_BENCH = """#!/bin/sh
echo ran >>{ran}
n=$(wc -l <{ran})
for last; do :; done
printf %s start >"$last/HB-1-1"
echo "HB-1,1,9,$n,1,1,f,$n,1,1,f,$n,1,1,f"
"""


class BenchShrink(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = pathlib.Path(temporary.name)
        self.out = self.dir / "out"
        self.ran = self.dir / "ran"
        self.put("vmtrunc", VMTRUNC)
        self.put("shrink_bench", SHRINK_BENCH.replace("{ran}", str(self.ran)))
        bench_shrink.RELEASE = self.dir

    def put(self, name, text):
        path = self.dir / name
        path.write_text(text)
        path.chmod(0o755)

    def run_it(self, *more):
        """Exit status, and what it said."""
        said, status = io.StringIO(), 0
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                bench_shrink.main(["--beside", "0", "--out", str(self.out),
                                   *more])
            except SystemExit as end:
                status = end.code
        return status, said.getvalue()

    def test_goes_on_where_it_was_interrupted(self):
        self.assertEqual(self.run_it()[0], 0)
        self.assertEqual(self.run_it()[0], 0)
        self.assertEqual(self.ran.read_text(), "ran\n")

    def test_other_options_and_another_build_are_refused(self):
        self.assertEqual(self.run_it()[0], 0)
        before = {path: path.read_bytes() for path in self.out.iterdir()
                  if path.is_file()}
        for more in (["--seed", "8"], ["--starts", "3"], ["--seconds", "1"],
                     ["--prove", "59"]):
            status, said = self.run_it(*more)
            self.assertEqual(status, 2, more)
            self.assertIn("bench-shrink: ", said)
            self.assertIn("was measured otherwise", said)
        self.put("vmtrunc", VMTRUNC + "# another\n")
        self.assertIn("was measured otherwise", self.run_it()[1])
        for path, content in before.items():
            self.assertEqual(path.read_bytes(), content)

    def test_a_foreign_table_is_neither_read_nor_replaced(self):
        self.out.mkdir()
        for name, content in (("HB-1.csv", "bug,seed\nmine,1\n"),
                              ("HB-1.csv", ""), ("fewest", '{"HB-1": 1}')):
            path = self.out / name
            path.write_text(content)
            status, said = self.run_it()
            self.assertEqual(status, 2, said)
            self.assertEqual(path.read_text(), content)
            path.unlink()

    def test_a_foreign_start_is_not_replaced(self):
        theirs = self.dir / "theirs"
        theirs.write_text("precious")
        start = self.out / "starts" / "HB-1-1"
        for make in (lambda: start.write_text("mine"),
                     lambda: start.symlink_to(theirs), start.mkdir):
            start.parent.mkdir(parents=True, exist_ok=True)
            make()
            before = start.lstat()
            status, said = self.run_it()
            self.assertEqual(status, 2, said)
            self.assertIn("HB-1-1: expected no file", said)
            self.assertEqual(start.lstat().st_ino, before.st_ino)
            self.assertEqual(theirs.read_text(), "precious")
            start.rmdir() if start.is_dir() else start.unlink()
        start.write_text("start")  # what an interrupted run has left
        self.assertEqual(self.run_it()[0], 0)
        self.assertEqual(start.read_text(), "start")

    def test_starts_are_not_written_through_a_link(self):
        theirs = self.dir / "theirs"
        theirs.mkdir()
        self.out.mkdir()
        (self.out / "starts").symlink_to(theirs)
        self.assertEqual(self.run_it()[0], 2)
        self.assertEqual(list(theirs.iterdir()), [])

    def test_a_tool_that_does_not_run_has_no_row(self):
        for name in ("FUZZ", "AFL"):
            path = self.dir / name
            self.addCleanup(setattr, bench_shrink, name,
                            getattr(bench_shrink, name))
            setattr(bench_shrink, name, path)
            self.put(name, "#!/bin/sh\nexit 1\n")
        here = unittest.mock.patch("hypothesis_shrink.available",
                                   return_value=False)
        self.addCleanup(here.stop)
        here.start()
        status, said = self.run_it("--beside", "1")
        self.assertEqual(status, 2)
        self.assertIn("-minimize_crash=1: exit status 1", said)
        self.put("FUZZ", "#!/bin/sh\nexit 0\n")
        if not shutil.which("afl-tmin"):
            self.skipTest("needs afl-tmin")
        status, said = self.run_it("--beside", "1")
        self.assertEqual(status, 2)
        self.assertIn("afl-tmin: exit status ", said)

    def test_without_a_start_nothing_is_told(self):
        self.put("shrink_bench", "#!/bin/sh\n")
        status, said = self.run_it()
        self.assertEqual(status, 2)
        self.assertIn("bench-shrink: no start was found in 60 s", said)


if __name__ == "__main__":
    unittest.main()
