"""Several machines train one network; here they are processes that call each other on 127.0.0.1."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from halting import HANG
from shared import message, mixed

import kbuilder as kb
from kbuilder import pipeline
from kbuilder.errors import CallError, TrainingError
from kbuilder.training import strategies, workers
from kbuilder.training.strategies import Placement
from kbuilder.training.workers import Cluster, hosts, meet, read

RECIPE = """data: {source: csv, path: rows.csv, target: answer}
features: {floor: category}
model: {name: mlp, units: [8], dropout: 0, normalization: batch}
training:
  epochs: 16
  batch_size: 26
  balance: auto
  schedule: {name: plateau, warm_up: 1.5, patience: 2}
  early_stopping: null
"""


def config(cluster: Any, kind: str = "worker", index: Any = 0) -> dict[str, str]:
    """An environment with this TF_CONFIG."""
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_tf_config_names_the_workers() -> None:
    found = read(config({"worker": ["a:1", "[::1]:2"]}, index="1"))
    assert found == Cluster(("a:1", "[::1]:2"), 1, "TF_CONFIG")
    assert found.tf_config() == {
        "cluster": {"worker": ["a:1", "[::1]:2"]}, "task": {"type": "worker", "index": 1},
    }  # fmt: skip


def test_a_chief_is_the_first_worker() -> None:
    jobs = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}
    assert read(config(jobs, "chief")) == Cluster(("a:1", "b:1", "c:1"), 0, "TF_CONFIG")
    assert read(config(jobs, index=1)) == Cluster(("a:1", "b:1", "c:1"), 2, "TF_CONFIG")


@pytest.mark.parametrize(
    "given", [{}, config({"worker": ["a:1"]}), config({"chief": ["a:1"]}, "chief"),
              {"SLURM_NTASKS": "1", "SLURM_PROCID": "0"}, {"SLURM_NTASKS": "4"}],
)  # fmt: skip
def test_one_worker_alone_is_none(given: dict[str, str]) -> None:
    assert read(given) is None


WANTED = (
    'Expected such as {"cluster": {"worker": ["host1:12345", "host2:12345"]}, '
    '"task": {"type": "worker", "index": 0}}.'
)


@pytest.mark.parametrize(("given", "why"), [
    ({"TF_CONFIG": ""}, "Expecting value: line 1 column 1 (char 0)"),
    ({"TF_CONFIG": "[]"}, "it has another form"),
    ({"TF_CONFIG": "{}"}, "it has no 'cluster'"),
    ({"TF_CONFIG": '{"cluster": {"worker": ["a:1", "b:1"]}}'}, "it has no 'task'"),
    (config({"worker": ["a:1", "b:1"]}, index=2), "there is no worker 2"),
    (config({"worker": ["a:1", "b:1"]}, index=-1), "there is no worker -1"),
    (config({"worker": ["a:1", "b:1"]}, index="x"),
     "invalid literal for int() with base 10: 'x'"),
    (config({"worker": ["a:1", "b:1"]}, "chief"), "it has the jobs worker, and the task 'chief'"),
    (config({"worker": ["a:1"], "ps": ["b:1"]}),
     "it has the jobs worker, ps, and the task 'worker'"),
    (config({"worker": ["a:1", "b"]}), "'b' is no host:port"),
    (config({"worker": ["a:1", "b:0"]}), "'b:0' is no host:port"),
    (config({"worker": ["a:1", ":7"]}), "':7' is no host:port"),
    (config({"worker": ["a:1", "a:1"]}), "several workers have the address a:1"),
    (config({"worker": ["a:1", 7]}), "it has another form"),
])  # fmt: skip
def test_what_makes_no_sense_in_tf_config_is_said(given: dict[str, str], why: str) -> None:
    assert message(CallError, read, given) == f"TF_CONFIG cannot be used ({why}). {WANTED}"


SLURM = {
    "SLURM_NTASKS": "3", "SLURM_PROCID": "2", "SLURM_STEP_NODELIST": "n[1-2]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
}  # fmt: skip


def test_slurm_names_the_workers() -> None:
    assert read(SLURM) == Cluster(("n1:12345", "n1:12346", "n2:12345"), 2, "Slurm")
    many = {
        "SLURM_NTASKS": "7", "SLURM_STEP_NODELIST": "n[01-03,7],m1",
        "SLURM_STEP_TASKS_PER_NODE": "2(x2),1(x3)",
    }  # fmt: skip
    found = read({**SLURM, **many})
    assert found is not None
    assert found.addresses == (
        "n01:12345", "n01:12346", "n02:12345", "n02:12346", "n03:12345", "n7:12345", "m1:12345",
    )  # fmt: skip


def test_tf_config_wins_over_slurm() -> None:
    found = read({**SLURM, **config({"worker": ["a:1", "b:1"]})})
    assert found is not None
    assert found.origin == "TF_CONFIG"


@pytest.mark.parametrize(("text", "nodes"), [
    ("a", ["a"]),
    ("a,b-2", ["a", "b-2"]),
    ("n[01-03,7],m1", ["n01", "n02", "n03", "n7", "m1"]),
    ("x,n[9-11]", ["x", "n9", "n10", "n11"]),
    ("n[1-2]-ib", ["n1-ib", "n2-ib"]),
])  # fmt: skip
def test_a_list_of_nodes_is_written_out(text: str, nodes: list[str]) -> None:
    assert hosts(text) == nodes


@pytest.mark.parametrize(("given", "why"), [
    ({"SLURM_STEP_NODELIST": None}, "there is no SLURM_STEP_NODELIST"),
    ({"SLURM_PROCID": "3"}, "there are 3 tasks, and this is number 3"),
    ({"SLURM_PROCID": "x"}, "invalid literal for int() with base 10: 'x'"),
    ({"SLURM_STEP_TASKS_PER_NODE": "3"}, "2 nodes, and numbers of tasks for 1"),
])  # fmt: skip
def test_what_makes_no_sense_in_slurm_is_said(given: dict[str, Any], why: str) -> None:
    known = {name: value for name, value in {**SLURM, **given}.items() if value is not None}
    assert message(CallError, read, known) == (
        f"the variables of Slurm cannot be used ({why}). Expected a job step of srun, with "
        "SLURM_PROCID, SLURM_STEP_NODELIST and SLURM_STEP_TASKS_PER_NODE."
    )


def free(count: int) -> tuple[str, ...]:
    """Addresses of this machine whose ports nobody has."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    addresses = tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in sockets)
    for one in sockets:
        one.close()
    return addresses


def met(addresses: tuple[str, ...], who: list[int], seconds: float) -> dict[int, str]:
    """What the workers who come say, each in a thread; the empty string where all is well."""
    said: dict[int, str] = {}

    def come(index: int) -> None:
        try:
            meet(Cluster(addresses, index, "TF_CONFIG"), seconds)
            said[index] = ""
        except TrainingError as error:
            said[index] = str(error)

    threads = [threading.Thread(target=come, args=(index,), daemon=True) for index in who]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG)
    return said


def test_all_workers_meet() -> None:
    assert met(free(3), [0, 1, 2], HANG) == {0: "", 1: "", 2: ""}


def test_a_worker_that_does_not_come_is_named() -> None:
    addresses = free(3)
    expected = (
        f"training.strategy: no word from worker 1 at {addresses[1]} in 5 seconds. Expected all 3 "
        "workers to be started, and to reach each other; `training.wait_minutes` says how long to "
        "wait."
    )
    assert met(addresses, [0, 2], 5) == {0: expected, 2: expected}


def test_a_stranger_that_calls_is_not_taken_for_a_worker() -> None:
    addresses = free(2)

    def strange() -> None:
        for words in (b"GET / HTTP/1.1\r\n", b"", b"\xff\n", b"7\n"):
            while True:
                with suppress(ConnectionRefusedError), socket.socket() as call:  # not yet there
                    call.connect(workers.split(addresses[0]))
                    call.sendall(words)
                    break

    caller = threading.Thread(target=strange, daemon=True)
    caller.start()
    assert "no word from worker 1 at" in met(addresses, [0], 5)[0]
    caller.join(HANG)


@pytest.mark.parametrize(("taken", "why"), [
    (True, "Address already in use"), (False, "Cannot assign requested address"),
])  # fmt: skip
def test_an_address_that_is_not_to_be_had_is_said(taken: bool, why: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        own = f"127.0.0.1:{other.getsockname()[1]}" if taken else "192.0.2.1:12345"
        cluster = Cluster((own, "127.0.0.1:9"), 0, "TF_CONFIG")
        assert message(TrainingError, meet, cluster, 5) == (
            f"worker 0 cannot listen at its address {own}: {why}. Expected an address of this "
            "machine with a free port, in TF_CONFIG."
        )


def test_a_host_without_an_address_is_said() -> None:
    cluster = Cluster(("nowhere.invalid:12345", "127.0.0.1:9"), 0, "Slurm")
    said = message(TrainingError, meet, cluster, 5)
    assert re.fullmatch(
        r"worker 0 cannot listen at its address nowhere\.invalid:12345: .+\. Expected an address "
        r"of this machine with a free port, in Slurm\.", said,
    )  # fmt: skip


@pytest.mark.slow
def test_a_worker_that_is_not_the_first_leaves_every_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed().to_csv("rows.csv", index=False)
    Path("a.yaml").write_text(RECIPE.replace("epochs: 16", "epochs: 2"), encoding="utf-8")
    kb.fit("a.yaml", run_dir="run", verbose=False)
    shutil.copytree("run", "cut.unfinished")
    Path("cut.unfinished/.history.csv.partial").touch()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    second = Placement(None, 1, 2, chief=False)
    monkeypatch.setattr(strategies, "place", lambda *given: second)
    kb.fit("a.yaml", run_dir="new", verbose=False)
    resumed = pipeline.resume("cut", override=["training.epochs=3"], verbose=False)
    assert list(resumed.history.index) == [1, 2, 3]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


# What follows starts real workers, of a few seconds each: all that they do is one story.


class Worker:
    """A process of `kbuilder fit`; `end` waits for it and gives its exit code and what it said."""

    def __init__(self, folder: Path, addresses: tuple[str, ...], index: int, *words: str) -> None:
        self.out = folder.parent / f"said-{index}-{time.monotonic_ns()}.txt"
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kbuilder", "fit", *words],
                cwd=folder, stdout=out, stderr=subprocess.STDOUT,
                env={
                    **os.environ, **config({"worker": addresses}, index=index),
                    "PYTHONPATH": str(Path(kb.__file__).parents[1]),
                },
            )  # fmt: skip

    def said(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + HANG
        while text not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.01)

    def end(self, limit: float = HANG) -> tuple[int, str]:
        return self.process.wait(limit), self.said()


@contextmanager
def started(folders: tuple[Path, ...], *words: str) -> Iterator[list[Worker]]:
    """A worker in each of the folders; none is left over."""
    addresses = free(len(folders))
    found = [Worker(folder, addresses, n, *words) for n, folder in enumerate(folders)]
    try:
        yield found
    finally:
        for worker in found:
            worker.process.kill()
            worker.process.wait(HANG)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two workers are told to stop, go on, lose one of them, and go on to the end."""
    folder = tmp_path_factory.mktemp("workers")
    here, other = folder / "here", folder / "other"
    for place in here, other:
        place.mkdir()
        mixed().to_csv(place / "rows.csv", index=False)
        (place / "a.yaml").write_text(RECIPE, encoding="utf-8")
    found: dict[str, Any] = {"folder": here}
    with started((here, other), "a.yaml", "--run-dir", "run") as both:
        both[0].wait_for("epoch   2/16")
        for worker in both:
            worker.process.send_signal(signal.SIGTERM)
        found["stopped"] = [worker.end() for worker in both]
    found["after the stop"] = names(here), names(other)
    with started((here, here), "--resume", "run") as both:
        both[0].wait_for("/16 ")
        both[1].process.kill()
        found["lost"] = both[0].end()
    found["after the loss"] = names(here)
    with started((here, here), "--resume", "run") as both:
        found["done"] = [worker.end() for worker in both]
    found["in the end"] = names(here)
    return found


@pytest.mark.slow
def test_workers_that_are_told_to_stop_say_how_to_go_on(story: dict[str, Any]) -> None:
    (chief, said), (worker, its) = story["stopped"]
    assert (chief, worker) == (143, 143)
    assert re.search(
        r"Interrupted after epoch \d+\. Resume with:\n  kbuilder fit --resume run\n", said
    )
    assert "Traceback" not in said + its


@pytest.mark.slow
def test_only_the_first_worker_writes(story: dict[str, Any]) -> None:
    assert story["after the stop"] == (
        ["a.yaml", "rows.csv", "run.unfinished"],
        ["a.yaml", "rows.csv"],
    )
    assert story["after the loss"] == ["a.yaml", "rows.csv", "run.unfinished"]
    assert story["in the end"] == ["a.yaml", "rows.csv", "run"]


@pytest.mark.slow
def test_a_worker_that_is_killed_is_told_of(story: dict[str, Any]) -> None:
    code, said = story["lost"]
    assert code == 1, said
    assert said.endswith(
        "Error: worker 1 is gone, and a step takes all of them. Look at what it said last; then "
        "start all workers again with --resume: the last checkpoint is kept.\n"
    )
    assert "Traceback" not in said


@pytest.mark.slow
def test_two_workers_reach_the_figures_of_one_device(story: dict[str, Any], tmp_path: Path) -> None:
    """The last step has one row, which counts on the first worker."""
    [(chief, said), (worker, its)] = story["done"]
    assert (chief, worker) == (0, 0), said + its
    assert its.endswith("This worker is done; the first one writes the run.\n")
    both, alone = (
        kb.load(story["folder"] / "run"),
        kb.fit(story["folder"] / "a.yaml", run_dir=tmp_path / "alone", verbose=False),
    )
    assert alone.record.splits["rows"]["train"] % 26 == 1
    histories = [run.history.drop(columns="seconds") for run in (both, alone)]
    pd.testing.assert_frame_equal(*histories, atol=1e-3, rtol=0)
    for part, figures in alone.metrics["splits"].items():
        assert both.metrics["splits"][part] == pytest.approx(figures, abs=1e-3)


@pytest.mark.slow
def test_a_worker_that_waits_in_vain_says_for_whom(story: dict[str, Any]) -> None:
    addresses = free(2)
    place = story["folder"].parent / "other"
    alone = Worker(place, addresses, 1, "a.yaml", "-o", "training.wait_minutes=0.05")
    try:
        code, said = alone.end()
    finally:
        alone.process.kill()
    assert code == 1
    assert said == (
        f"Error: a.yaml:4:1: training.strategy: no word from worker 0 at {addresses[0]} in 3 "
        "seconds. Expected all 2 workers to be started, and to reach each other; "
        "`training.wait_minutes` says how long to wait.\n"
        "    4 | training:\n"
        "      | ^^^^^^^^\n"
    )
