#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a suite of many small scenarios costs, against a shell loop.

suite.py DRIFTCAGE [COUNT...]      1000 and 10000 when no COUNT is given

Each scenario executes /bin/true in two legs, and its fault is a preloaded
library that is not there. The loop makes as many legs with xargs -P, bwrap and
strace --seccomp-bpf, and neither judges nor records. Prints wall time, CPU time
a leg, the runner's peak memory, and ratios. For the first COUNT both take turns,
since a machine's speed drifts, and the ratio is that of the medians.
"""
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SCENARIO = """schema = 1
id    = "{id}"
title = "A preloaded library that is not there"
run   = ["/bin/true"]

[[fault]]
id  = "preload"
env = {{ LD_PRELOAD = "/nonexistent.so" }}

[expect]
exit = 0
see  = ["open /nonexistent.so = ENOENT"]
"""
ROUNDS = 5
CAGE = (
    "bwrap --unshare-all --die-with-parent --ro-bind / / --dev /dev --proc /proc"
    " --tmpfs /tmp --"
)
TRACE = "strace -f --seccomp-bpf -qq -e trace=execve,openat,newfstatat,access,readlink"


def timed(argv, **how):
    """Seconds, seconds of CPU of all children, exit code, peak KiB of the first."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, **how)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, os.waitstatus_to_exitcode(status), usage.ru_maxrss


def run_suite(driftcage, folder, count):
    scenarios = folder / "scenarios"
    for number in range(count):
        name = f"n{number // 100:03}/s{number % 100:02}"
        path = scenarios / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SCENARIO.format(id=name))
    argv = [driftcage, "run", "-q", "--record", str(folder / "record")]
    wall, cpu, code, peak = timed(argv, cwd=folder)
    shutil.rmtree(folder / "record")
    shutil.rmtree(scenarios)
    if code != 0:
        sys.exit(f"driftcage run: exit code {code}")
    legs = 2 * count
    print(
        f"driftcage  {count:6} scenarios  {wall:7.2f} s  {wall / legs * 1e3:5.2f} ms a leg"
        f"  {cpu / legs * 1e3:5.2f} ms CPU a leg  peak {peak / 1024:6.1f} MiB",
        flush=True,
    )
    return wall


def run_loop(folder, count):
    legs = 2 * count
    line = f"{CAGE} {TRACE} -o /tmp/trace /bin/true"
    numbers = "\n".join(str(number) for number in range(legs))
    jobs = str(len(os.sched_getaffinity(0)))
    (folder / "numbers").write_text(numbers)
    with open(folder / "numbers", encoding="ascii") as stdin:
        wall, cpu, code, _ = timed(
            ["xargs", "-P", jobs, "-n1", "sh", "-c", line],
            stdin=stdin,
        )
    if code != 0:
        sys.exit(f"the shell loop: exit code {code}")
    print(
        f"shell loop {count:6} scenarios  {wall:7.2f} s  {wall / legs * 1e3:5.2f} ms a leg"
        f"  {cpu / legs * 1e3:5.2f} ms CPU a leg",
        flush=True,
    )
    return wall


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    driftcage = os.path.abspath(sys.argv[1])
    counts = [int(word) for word in sys.argv[2:]] or [1000, 10000]
    with tempfile.TemporaryDirectory(prefix="driftcage-bench-") as name:
        folder = pathlib.Path(name)
        # No history, and no build cache, of whoever runs this.
        os.environ["HOME"] = str(folder / "home")
        for key in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "GOCACHE"):
            os.environ.pop(key, None)
        (folder / "home").mkdir()
        # The first run probes facts and warms the build cache, once.
        run_suite(driftcage, folder, 1)
        suites, loops = [], []
        for _ in range(ROUNDS):
            suites.append(run_suite(driftcage, folder, counts[0]))
            loops.append(run_loop(folder, counts[0]))
        first = statistics.median(suites)
        print(f"ratio      loop / driftcage = {statistics.median(loops) / first:.2f}")
        for count in counts[1:]:
            wall = run_suite(driftcage, folder, count)
            print(f"ratio      a scenario of {count} / of {counts[0]} = {wall / count / first * counts[0]:.2f}")


main()
