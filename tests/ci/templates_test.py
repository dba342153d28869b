#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs what the CI templates run, with the variables that their systems set.

templates_test.py DRIFTCAGE SOURCE_DIR github|gitlab|kubernetes|catalogue|slurm

Exit code 77 (skipped) when something of the machine is missing; with
DRIFTCAGE_MUST_WORK=1 that is a failure.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

MUST_WORK = os.environ.get("DRIFTCAGE_MUST_WORK") == "1"
DRIFTCAGE = os.path.abspath(sys.argv[1])
SOURCE = pathlib.Path(sys.argv[2]).resolve()

SCENARIO = """schema = 1
id     = "tiny/n{n}"
title  = "A file that is not there"
run    = ["cat", "data.txt"]

[files]
"data.txt" = "here\\n"

[[fault]]
id   = "no-data"
hide = ["$WORK/data.txt"]

[expect]
exit = {exit}
see  = ["open $WORK/data.txt = ENOENT by cat"]
"""


def skip(reason):
    print("skipped:", reason)
    sys.exit(1 if MUST_WORK else 77)


try:
    import yaml
except ImportError:
    skip("the Python module yaml is not installed")


def make_project(folder, bad=False):
    scenarios = folder / "scenarios" / "tiny"
    scenarios.mkdir(parents=True)
    for n in range(7):
        wrong = bad and n == 3
        (scenarios / f"n{n}.toml").write_text(
            SCENARIO.format(n=n, exit=7 if wrong else 1)
        )


def environment(folder, **more):
    keep = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "TMPDIR", "DRIFTCAGE_CELL")}
    keep.update(
        XDG_STATE_HOME=str(folder / "state"),
        XDG_CACHE_HOME=str(folder / "cache"),
        PATH=os.path.dirname(DRIFTCAGE) + ":" + keep["PATH"],
    )
    keep.update({k: str(v) for k, v in more.items()})
    return keep


def shell(script, folder, env, code=0, program="bash"):
    done = subprocess.run(
        [program, "-e", "-c", script], cwd=folder, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
    )
    assert done.returncode == code, f"exit {done.returncode}, wanted {code}:\n{script}\n{done.stdout}"
    return done.stdout


def results(record):
    lines = (record / "results.jsonl").read_text().splitlines()
    return [json.loads(line)["id"] for line in lines]


def expect_whole(record):
    assert sorted(results(record)) == [f"tiny/n{n}" for n in range(7)], results(record)


def expressions(value):
    """Every ${{ … }} of a document."""
    if isinstance(value, dict):
        value = list(value.keys()) + list(value.values())
    if isinstance(value, list):
        return [found for item in value for found in expressions(item)]
    return re.findall(r"\$\{\{\s*(.*?)\s*\}\}", str(value))


def shard_of(name, folder):
    """Of three, the one that runs `name`."""
    for index in (1, 2, 3):
        text = shell(f"driftcage list --ids >/dev/null; driftcage plan --json --shard {index}/3", folder,
                     environment(folder))
        if any(one["id"] == name for one in json.loads(text)["scenarios"]):
            return index
    raise AssertionError(name)


def github(folder):
    action = yaml.safe_load((SOURCE / "action.yml").read_text())
    inputs = action["inputs"]
    for expression in expressions(action):
        for name in re.findall(r"inputs\.([\w-]+)", expression):
            assert name in inputs, f"there is no input {name}"
    steps = {step["name"]: step for step in action["runs"]["steps"]}
    for step in steps.values():
        assert "uses" in step or "shell" in step, step
    run = steps["Run"]
    assert set(action["outputs"]) == {"passed", "failed", "skipped", "record-path"}

    def once(code, **given):
        values = {name: spec.get("default", "") for name, spec in inputs.items()}
        values.update(program=DRIFTCAGE, **{k.replace("_", "-"): v for k, v in given.items()})
        env = environment(folder, GITHUB_STEP_SUMMARY=folder / "summary.md", GITHUB_OUTPUT=folder / "output",
                          GITHUB_ACTION_PATH=SOURCE)
        for name, value in run["env"].items():
            env[name] = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: values[m.group(1)], value)
        (folder / "output").write_text("")
        text = shell(run["run"], folder, env, code)
        outputs = dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())
        return text, outputs

    make_project(folder, bad=True)
    text, outputs = once(1)
    assert outputs == {"passed": "6", "failed": "1", "skipped": "0", "record-path": "driftcage-record"}, outputs
    assert "::error file=scenarios/tiny/n3.toml,line=" in text, text
    assert "tiny/n3" in (folder / "summary.md").read_text()
    for name in ("junit.xml", "report.html", "run/run.json"):
        assert (folder / "driftcage-record" / name).exists(), name
    text, outputs = once(0, select="tiny/n1 tiny/n[02]", filter="!id(*0)", record="other", shard="1/1")
    assert outputs["passed"] == "2", (outputs, text)

    # The artifact of each shard, and what joins them.
    pack = steps["Pack the run record"]
    for index in (1, 2, 3):
        record = f"record-{index}"
        once(1 if index == shard_of("tiny/n3", folder) else 0, shard=f"{index}/3", record=record)
        shell(pack["run"], folder, environment(folder, RECORD=record))
        part = folder / "parts" / f"driftcage-shard-{index}"
        part.mkdir(parents=True)
        shutil.copy(folder / record / "run.tar.gz", part)
    workflow = yaml.safe_load((SOURCE / "docs/ci/github.yml").read_text())
    whole = {step.get("name"): step for step in workflow["jobs"]["whole"]["steps"]}
    (folder / "bootstrap.sh").write_text('#!/bin/sh\n[ "$1" = --yes ] && shift && exec driftcage "$@"\n')
    (folder / "bootstrap.sh").chmod(0o755)
    shell(whole["Join the shards"]["run"], folder,
          environment(folder, GITHUB_STEP_SUMMARY=folder / "summary.md"), 1)
    expect_whole(folder / "whole")
    shell(whole["Pack the joined record"]["run"], folder, environment(folder))
    assert (folder / "whole.tar.gz").exists()
    used = workflow["jobs"]["shard"]["steps"][1]["with"]
    assert set(used) <= set(inputs), used
    assert len(workflow["jobs"]["shard"]["strategy"]["matrix"]["shard"]) == int(used["shard"].split("/")[1])


def gitlab(folder):
    template = yaml.safe_load((SOURCE / "docs/ci/gitlab.yml").read_text())
    job = template["driftcage"]
    make_project(folder)
    total = job["parallel"]
    for index in range(1, total + 1):
        env = environment(folder, CI_NODE_INDEX=index, CI_NODE_TOTAL=total)
        shell("\n".join(job["script"]), folder, env)
        assert (folder / f"junit-{index}.xml").exists()
    shell("\n".join(template["driftcage-whole"]["script"]), folder, environment(folder))
    expect_whole(folder / "whole")
    assert (folder / "report.html").exists()
    # A shard that is lost is noticed.
    shutil.rmtree(folder / "record-2")
    text = shell("driftcage merge record-*/run --record again", folder, environment(folder), 5)
    assert "missing: shard 2/3" in text, text
    # Half a pair stops the job instead of running everything in each.
    shell("driftcage run", folder, environment(folder, CI_NODE_INDEX=1), 2)


def kubernetes(folder):
    job = yaml.safe_load((SOURCE / "docs/ci/kubernetes.yaml").read_text())
    spec = job["spec"]
    assert spec["completionMode"] == "Indexed"
    container = spec["template"]["spec"]["containers"][0]
    env = {item["name"]: item["value"] for item in container["env"]}
    assert int(env["DRIFTCAGE_SHARDS"]) == spec["completions"]
    assert container["command"] == ["/bin/sh", "-c"]
    env["RECORDS"] = folder / "records"
    make_project(folder)
    for index in range(spec["completions"]):
        shell(container["args"][0], folder, environment(folder, JOB_COMPLETION_INDEX=index, **env), program="sh")
    shell("driftcage merge records/*/run --record whole", folder, environment(folder))
    expect_whole(folder / "whole")


def catalogue(folder):
    """The gate's own runs take minutes; here is what it asks for."""
    workflow = yaml.safe_load((SOURCE / "docs/ci/catalogue.yml").read_text())
    assert workflow["jobs"]["catalogue"]["steps"][-1]["run"] == ".ci/catalogue"
    program = folder / "driftcage"
    program.write_text(f"#!/bin/sh\necho \"$@\" >>{folder}/asked\n")
    program.chmod(0o755)
    shell(f"{SOURCE}/.ci/catalogue {program} -j 2", folder, environment(folder))
    *builds, run = (folder / "asked").read_text().splitlines()
    images = [line.split()[-1] for line in builds]
    assert builds == [f"image build {image}" for image in images] and len(images) == 3, builds
    for image in images:
        assert (SOURCE / "images" / f"{image}.toml").exists(), image
        assert f"--image {image} " in run, run
    assert "--deadline 10m" in run and run.endswith("-j 2"), run


class Slurm:
    """A cluster of three nodes on this machine, as this user."""

    def __init__(self, folder):
        self.folder = folder
        self.pids = []

    def __enter__(self):
        d = self.folder
        for name in ("state", "log", "spool/n1", "spool/n2", "spool/n3"):
            (d / name).mkdir(parents=True)
        (d / "munge.key").write_bytes(os.urandom(1024))
        (d / "munge.key").chmod(0o400)
        ports = self.free_ports(4)
        host = socket.gethostname().split(".")[0]
        user = subprocess.run(["id", "-un"], text=True, stdout=subprocess.PIPE, check=True).stdout.strip()
        nodes = "".join(
            f"NodeName=n{i} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[i]} CPUs=1\n" for i in (1, 2, 3)
        )
        (d / "slurm.conf").write_text(f"""ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={d}/munge.sock
CredType=cred/munge
StateSaveLocation={d}/state
SlurmdSpoolDir={d}/spool/%n
SlurmctldPidFile={d}/slurmctld.pid
SlurmdPidFile={d}/slurmd-%n.pid
SlurmctldLogFile={d}/log/slurmctld
SlurmdLogFile={d}/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
SchedulerParameters=sched_interval=1,bf_interval=1
MailProg=/bin/true
{nodes}PartitionName=all Nodes=ALL Default=YES State=UP
""")
        os.environ["SLURM_CONF"] = str(d / "slurm.conf")
        # In the foreground, so that they are ours to end.
        self.start(["munged", "-F", "--force", f"--key-file={d}/munge.key", f"--socket={d}/munge.sock",
                    f"--pid-file={d}/munged.pid", f"--log-file={d}/munged.log", f"--seed-file={d}/munge.seed"])
        self.wait(lambda: (d / "munge.sock").exists(), "munged")
        self.start(["slurmctld", "-D", "-f", f"{d}/slurm.conf"])
        for i in (1, 2, 3):
            self.start(["slurmd", "-D", "-N", f"n{i}", "-f", f"{d}/slurm.conf"])
        self.wait(lambda: self.query(["sinfo", "-h", "-t", "idle", "-o", "%D"]) == "3", "three idle nodes")
        return self

    def __exit__(self, *_):
        for process in reversed(self.pids):
            process.send_signal(signal.SIGTERM)
        for process in self.pids:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @staticmethod
    def free_ports(count):
        sockets = [socket.socket() for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        return ports

    def start(self, argv):
        with open(self.folder / "log" / (argv[0] + str(len(self.pids))), "wb") as log:
            self.pids.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    @staticmethod
    def query(argv):
        done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return done.stdout.strip()

    def wait(self, condition, what, seconds=120):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "".join(f"{p.name}:\n{p.read_text(errors='replace')[-2000:]}\n" for p in (self.folder / "log").iterdir())
                raise AssertionError(f"waited in vain for {what}\n{logs}")
            time.sleep(0.2)


def slurm(folder):
    if os.geteuid() != 0:
        # Nothing can be installed against that, so it is no failure either.
        print("skipped: slurmd starts jobs as root only")
        sys.exit(77)
    for program in ("slurmctld", "slurmd", "sbatch", "munged"):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    make_project(folder)
    cluster = folder / "cluster"
    cluster.mkdir()
    with Slurm(cluster) as slurm_cluster:
        env = environment(folder, SLURM_CONF=cluster / "slurm.conf", DRIFTCAGE=DRIFTCAGE)
        job = shell(f"sbatch --parsable {SOURCE}/docs/ci/slurm.sh", folder, env).strip()
        merge = shell(
            f"sbatch --parsable --dependency=afterany:{job} -o merge.log "
            "--wrap 'driftcage merge drift-records/*/run --record whole --report junit=junit.xml'",
            folder, env).strip()
        slurm_cluster.wait(lambda: Slurm.query(["squeue", "-h", "-j", f"{job},{merge}"]) == "", "the jobs", 300)
        nodes = set(re.findall(r"NodeList=(n\d)", Slurm.query(["scontrol", "show", "job", job])))
    logs = "".join(p.read_text() for p in sorted(folder.glob("*.log")))
    assert (folder / "whole" / "run.json").exists(), logs
    expect_whole(folder / "whole")
    assert (folder / "junit.xml").exists()
    # The tasks were spread over nodes, each a part of the whole.
    assert len(nodes) > 1, nodes
    parts = [len(results(folder / "drift-records" / str(task) / "run")) for task in (1, 2, 3, 4)]
    assert sorted(parts) == [1, 2, 2, 2], parts
    for task in (1, 2, 3, 4):
        run = json.loads((folder / "drift-records" / str(task) / "run" / "run.json").read_text())
        assert run["shard"]["source"] == "SLURM_ARRAY_TASK_ID", run


def main():
    with tempfile.TemporaryDirectory(prefix="driftcage-ci-") as name:
        folder = pathlib.Path(name)
        done = subprocess.run([DRIFTCAGE, "doctor"], stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            skip("no cages here: " + done.stdout.decode())
        {"github": github, "gitlab": gitlab, "kubernetes": kubernetes, "catalogue": catalogue,
         "slurm": slurm}[sys.argv[3]](folder)


main()
