"""What cli/json_test.py runs, and what no run of it shows."""

# Fields that no output here has, and why.
UNSEEN = {
    "prove.schema.json#/properties/reduced_search":
        "comes after a search of a million states, which takes too long",
    "prove.schema.json#/properties/reduced_search/properties/states":
        "as reduced_search",
    "prove.schema.json#/properties/reduced_search/properties/transitions":
        "as reduced_search",
    "live-threads.schema.json#/properties/ran_out":
        "comes where the machine refuses: live/live_test makes it so",
    "shrink.schema.json#/properties/ran_out":
        "comes where memory is short: cli/prove_test makes it so",
    "prove-self-check.schema.json#/properties/defect":
        "comes where the search has a defect: search/self_check_test.cc has some",
    "prove-self-check.schema.json#/properties/differences/items/properties/what":
        "as defect",
    "prove-self-check.schema.json#/properties/differences/items/properties/"
    "scripts":
        "as defect",
}
# Fields that may be absent and are not here, and why.
NEVER_ABSENT = {
    "fuzz.schema.json#/properties/findings/items/properties/path":
        "where the disk is full: cli/fuzz_limits_test makes it so",
    "explain.schema.json#/$defs/cause/properties/no_return":
        "no script of the corpus is lost from its first step on",
    "explain.schema.json#/$defs/frame/properties/was":
        "a frame is seldom freed and used again in one row",
}
# Commands whose --json has no schema, and why.
WITHOUT = {}

HISTORY = "corpus/history/HB-07a-freed-vma-reused-by-split-top.vmt"
FOUND = "corpus/found/split-leaves-restart-address-in-five-events.vmt"
UNDO = "corpus/history/HB-36b-two-passes-undo-each-other.vmt"
PRIVATE = "corpus/history/HB-28-private-copy-past-the-end.vmt"
NONLINEAR = "corpus/history/HB-36b-two-passes-in-a-nonlinear-vma.vmt"
PUNCH = "corpus/history/HB-27-fault-after-punch.vmt"
VMA_LOCKS = "corpus/history/HB-89c-fault-under-a-vma-that-a-writer-has-locked.vmt"
AFTER = "corpus/known/fault-after-a-punch.vmt"
SMALL = ("--mms", "1", "--operations", "1", "--jobs", "1")
RACE = ("live", "--threads", "--out", "{dir}/race.vmt", "--seed", "2")
PATTERN = ("live", "--threads", "--pattern", "move-tlb")

FUZZ = ("fuzz", "--out", "{dir}/fuzz", "--fuzzer", "{dir}/fuzzer")

# Schema, exit status, arguments. {dir} is a directory of the test; PROPERTIES
# is run where the first argument is "properties"; "vmtrunc" is left out.
CASES = [
    ("run", 1, ("run", HISTORY, FOUND, "--kernel", "2.6.9-mm,2.6.11")),
    ("run", 0, ("run", "{dir}/empty.vmt")),
    ("run", 1, ("run", "{dir}/bytes", "--from", "bytes", "--kernel",
                "2.6.11-importer-rescans+mremap-always-resets,2.6.9-mm")),
    ("check", 0, ("check", "corpus")),
    ("check", 1, ("check", "{dir}/bad.vmt")),
    ("check", 0, ("check", "{dir}/idle.vmt")),
    ("explain", 1, ("explain", HISTORY, "--kernel", "2.6.9-mm", "--against",
                    "2.6.11")),
    ("explain", 1, ("explain", FOUND, "--kernel", "2.6.11", "--steps")),
    ("explain", 0, ("explain", "{dir}/empty.vmt")),
    ("explain", 0, ("explain", "{dir}/none.vmt")),
    ("explain", 0, ("explain", "{dir}/long.vmt", "--steps")),
    ("explain", 1, ("explain", "{dir}/lasso.vmt", "--kernel", "2.6.23")),
    ("explain", 1, ("explain", NONLINEAR)),
    ("explain", 1, ("explain", PRIVATE, "--kernel", "2.6.23-second-pass")),
    ("explain", 0, ("explain", HISTORY, "--kernel", "3.0")),
    ("explain", 0, ("explain", "{dir}/accesses.vmt")),
    # A way out on which something begins; a walk that is at no vma.
    ("explain", 1, ("explain", PUNCH, "--kernel", "2.6.10")),
    ("explain", 1, ("explain", "corpus/found/fault-around-with-an-old-size.vmt",
                    "--kernel", "7.0", "--steps")),
    ("explain", 1, ("explain", "corpus/found/tmpfs-serves-past-the-end.vmt",
                    "--kernel", "6.18", "--steps")),
    ("explain", 1, ("explain", "corpus/history/HB-95-late-folio-removed-whole.vmt",
                    "--kernel", "6.18-late-folio-is-split", "--steps")),
    ("explain", 1, ("explain", "corpus/history/HB-70-walk-skips-a-vma-inside-the-folio.vmt",
                    "--kernel", "6.18-walk-clips-folio", "--steps")),
    ("explain", 1, ("explain", "corpus/found/page-mkwrite-looks-at-the-folio.vmt",
                    "--kernel", "6.18", "--steps")),
    ("explain", 0, ("explain", "corpus/seeds/punch-splits-twice.vmt", "--kernel", "6.18",
                    "--steps")),
    ("explain", 1, ("explain", VMA_LOCKS, "--kernel", "6.18-reader-checks-lock",
                    "--steps")),
    ("explain", 1, ("explain", "{dir}/moved.vmt", "--kernel",
                    "3.8+full-batch-counts-last-page", "--steps")),
    ("explain", 1, ("explain", "{dir}/full.vmt", "--kernel", "3.8", "--steps")),
    ("explain", 1, ("explain", "{dir}/unlinked.vmt", "--kernel", "5.4")),
    # Page tables that move, are retracted, are freed.
    ("explain", 1, ("explain", "corpus/history/HB-56-table-moves-under-a-walk.vmt",
                    "--kernel", "5.4", "--steps")),
    ("explain", 1, ("explain", "corpus/history/HB-39-table-moves-past-the-pass.vmt",
                    "--kernel", "5.4-merged-move-locks")),
    ("explain", 1, ("explain",
                    "corpus/history/HB-81-moves-a-table-that-was-retracted.vmt",
                    "--kernel", "6.12-table-move-rereads")),
    ("explain", 1, ("explain",
                    "corpus/history/HB-79-shared-table-goes-without-a-flush.vmt",
                    "--kernel", "6.1-unshare-flushes")),
    ("explain", 1, ("explain",
                    "corpus/history/HB-83-tables-freed-under-a-merged-vma.vmt",
                    "--kernel", "6.12-unmap-before-expand")),
    ("explain", 0, ("explain", "{dir}/unlinked.vmt", "--kernel", "6.18")),
    ("explain", 1, ("explain", AFTER, "--kernel", "2.6.10")),
    ("campaign", 1, ("campaign", "{dir}/campaign", "--status")),
    ("diff", 1, ("diff", HISTORY, "--kernel", "2.6.9-mm,2.6.11")),
    ("diff", 0, ("diff", HISTORY, HISTORY)),
    ("diff", 1, ("diff", "{dir}/empty.vmt", HISTORY)),
    ("diff", 1, ("diff", "{dir}/short.vmt", "{dir}/shorter.vmt")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0", "--reduce")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "2.6.9-mm", "--property",
                  "index-agrees", "--abstract-to", "{dir}/abstract")),
    ("prove", 1, ("prove", "--from", HISTORY, "--kernel", "2.6.9-mm", "--jobs",
                  "1")),
    ("prove", 1, ("prove", "--from", HISTORY, "--kernel", "2.6.9-mm", "--steps",
                  "--property", "no-page-past-size", "--jobs", "1")),
    ("prove", 3, ("prove", "--memory", "0.001", "--jobs", "1")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0", "--verbs", "munmap",
                  "--property", "no-page-past-size")),
    ("prove", 3, ("prove", "--seconds", "0.1", "--jobs", "1")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0", "--unreached")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0", "--shard", "0/1",
                  "--exchange", "{dir}/shared")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0", "--shard", "0/2",
                  "--answers", "{dir}/open")),
    ("prove-join", 3, ("prove", "--join", "{dir}/open")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0", "--shard", "1/2",
                  "--answers", "{dir}/open")),
    ("prove-join", 0, ("prove", "--join", "{dir}/open")),
    ("prove", 1, ("prove", *SMALL, "--kernel", "2.6.9-mm", "--shard", "0/1",
                  "--answers", "{dir}/breaks")),
    ("prove-join", 1, ("prove", "--join", "{dir}/breaks")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0", "--verbs", "munmap",
                  "--property", "no-over-unmap", "--shard", "0/1",
                  "--answers", "{dir}/cannot")),
    ("prove-join", 0, ("prove", "--join", "{dir}/cannot")),
    ("prove", 0, ("prove", *SMALL, "--kernel", "3.0", "--always", "!dropped")),
    ("prove", 1, ("prove", *SMALL, "--kernel", "2.6.11", "--always",
                  "quiet -> !restart")),
    ("prove-simulate", 0, ("prove", "--simulate", "1", *SMALL, "--kernel",
                           "3.0")),
    ("prove-simulate", 1, ("prove", "--simulate", "1", "--simulations", "3000",
                           "--mms", "1", "--kernel", "2.6.9-mm")),
    ("prove-simulate", 1, ("prove", "--simulate", "1", "--simulations", "50",
                           "--mms", "1", "--always", "!dropped")),
    ("prove-simulate", 0, ("prove", "--simulate", "1", "--simulations", "50",
                           "--mms", "1", "--property", "index-agrees")),
    # No run has time to begin, or so few that some verb is left out.
    ("prove-simulate", 3, ("prove", "--simulate", "1", "--simulations",
                           "1000000000", *SMALL, "--kernel", "3.0",
                           "--seconds", "0.2")),
    ("prove-self-check", 0, ("prove", "--self-check", *SMALL, "--kernel",
                             "3.0")),
    ("prove-self-check", 0, ("prove", "--self-check", "--mms", "1",
                             "--operations", "1", "--verbs", "munmap",
                             "--kernel", "3.0", "--property", "index-agrees")),
    ("prove-self-check", 3, ("prove", "--self-check", "--memory", "0.001",
                             "--jobs", "1")),
    ("prove-lasso", 1, ("prove", "--lasso", "--from", UNDO, "--kernel",
                        "2.6.23", "-o", "{dir}/lasso.vmt")),
    ("prove-eventually", 1, ("prove", "--eventually", "quiet", "--from", UNDO,
                             "--kernel", "2.6.23", "--fairness", "strong")),
    ("prove-eventually", 1, ("prove", "--eventually", "!past-size", *SMALL,
                             "--kernel", "2.6.9-mm")),
    ("prove-eventually", 0, ("prove", "--eventually", "!past-size", *SMALL,
                             "--kernel", "3.0", "--fairness", "none")),
    ("prove-eventually", 3, ("prove", "--eventually", "quiet", "--memory",
                             "0.001")),
    ("prove-lasso", 0, ("prove", "--lasso", *SMALL, "--kernel", "3.0")),
    ("prove-lasso", 3, ("prove", "--lasso", "--memory", "0.001")),
    ("matrix", 1, ("matrix", *SMALL, "--kernel", "2.6.9-mm,3.0", "--out",
                   "{dir}/matrix")),
    ("matrix", 1, ("matrix", *SMALL, "--kernel", "2.6.9-mm")),
    ("matrix", 0, ("matrix", *SMALL, "--kernel", "2.6.10", "--verbs",
                   "truncate,munmap", "--rules")),
    ("matrix", 3, ("matrix", "--kernel", "2.6.10", "--memory", "0.001",
                   "--jobs", "1", "--rules")),
    ("matrix", 3, ("matrix", "--kernel", "2.6.10,3.0", "--seconds", "0.1")),
    ("shrink", 0, ("shrink", HISTORY, "--kernel", "2.6.9-mm", "--quick",
                   "--why")),
    ("shrink", 0, ("shrink", HISTORY, "--kernel", "2.6.9-mm", "--quick")),
    ("distill", 0, ("distill", "{dir}/corpus", "-o", "{dir}/distilled",
                    "--kernel", "2.6.11")),
    ("coverage", 0, ("coverage", HISTORY, FOUND)),
    # A target that finds at once: what replays inputs, started in its place.
    ("fuzz", 1, (*FUZZ, "--kernel", "2.6.9-mm", "--seed", "7",
                 "--of", "{dir}/abstract")),
    ("fuzz", 1, (*FUZZ, "--kernel", "2.6.9-mm")),
    ("fuzz", 1, (*FUZZ, "--kernel", "2.6.9-mm", "--known",
                 "{dir}/empty.vmt")),
    ("fuzz", 0, (*FUZZ, "--kernel", "3.0", "--jobs", "2", "--runs", "2",
                 "--property", "no-page-past-size")),
    ("bugs", 0, ("bugs",)),
    ("bugs-check", 0, ("bugs", "--check")),
    ("kernels", 0, ("kernels",)),
    ("kernels-file", 0, ("kernels", "{dir}/own.kernel")),
    ("run", 1, ("run", HISTORY, "--kernel", "{dir}/own.kernel")),
    ("rules", 0, ("rules",)),
    ("live-threads", 0, (*RACE, "--runs", "50")),
    ("live-threads", 0, (*RACE, HISTORY, "--runs", "50")),
    ("live-threads", 1, (*RACE, "--runs", "20000", "--plant", "I2")),
    ("live-threads", 0, (*PATTERN, "--runs", "50")),
    ("live-threads", 1, (*PATTERN, "--plant", "M2")),
    ("live-threads", 1, (*RACE, "--runs", "20000", "--plant", "I5-dead")),
    ("properties-list", 0, ("vmtrunc", "properties")),
    ("properties", 0, ("properties", "--kernel", "2.6.11,2.6.38", "--cases",
                       "100", "--seed", "1", "--out", "{dir}/properties")),
    ("properties", 1, ("properties", "--kernel", "2.6.11-leap", "--cases",
                       "1000", "--seed", "1", "--property",
                       "no-page-past-size", "--out", "{dir}/properties")),
]
# With --json, exit status 2: nothing on standard output.
REFUSED = [("run", "no-such-file"), ("explain", HISTORY, "--kernel", "9.9"),
           ("shrink", "{dir}/empty.vmt"), ("prove", "--bound", "huge"),
           ("properties", "--kernel", "9.9")]
