"""How fast kbuilder fits, beside Keras as one writes it first, Keras at its best, and PyTorch.

    python benchmarks/fit.py DATA [--rounds N] [--torch PYTHON] [NAME …]
    python benchmarks/fit.py DATA --overhead

DATA is the folder of the recipes' data. In one process, workload by workload, the contenders take
turns with the same rows, network, initial weights and sizes of steps; the least of the rounds
counts, since machines are shared. Compilation and the first epoch of each turn are not in a round;
the seconds to the first step are told. Prints the figures, writes them to benchmarks/results/fit.md
(what stands there under "What was tried" stays), and exits with 1 if kbuilder takes fewer than 1.5
times the steps of plain Keras in the geometric mean, fewer than 1.0 times on one workload, or fewer
than 0.95 times those of Keras by hand on one, or if the first step of a command comes more than a
second later than that of a bare script.

--overhead compares the fit with checkpoints, a history and a live bar to one without, on Adult, and
exits with 1 below 0.97.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import pty
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from statistics import geometric_mean
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from kbuilder import engine, pipeline
from kbuilder.columns import Rows
from kbuilder.console import Console
from kbuilder.describing.network import describe
from kbuilder.recipe import shipped
from kbuilder.recipe.reading import read
from kbuilder.recipe.training import Checkpoints, Plan
from kbuilder.training import fitting
from kbuilder.training.listeners.history import History
from kbuilder.training.listeners.keeper import Keeper
from kbuilder.training.listeners.printer import Printer

HERE = Path(__file__).parent
CACHE = TemporaryDirectory()
os.environ["XDG_CACHE_HOME"] = CACHE.name  # plans are measured here, and remembered for the run
RESULTS = HERE / "results" / "fit.md"
TRIED = "## What was tried"
SETTINGS = {
    "by hand: steps_per_execution=32": {"steps_per_execution": 32},
    "by hand: jit_compile=True": {"jit_compile": True},
    "by hand: both": {"jit_compile": True, "steps_per_execution": 32},
}
NAIVE, OURS, TORCH = "naive", "kbuilder", "PyTorch, eager"


@dataclass(frozen=True)
class Workload:
    """What is fitted.

    Args:
        recipe: The shipped recipe.
        torch: The network of fit_torch.py.
        batch_size: Rows of a step.
        steps: Steps of an epoch; other rows are left out.
        epochs: Epochs of a round, after the first.
        overrides: Changes of the recipe.
    """

    recipe: str
    torch: str
    batch_size: int
    steps: int
    epochs: int
    overrides: tuple[str, ...] = ()


WORKLOADS = {
    "Adult, MLP": Workload("tabular/adult", "mlp", 256, 96, 6),
    "MNIST, LeNet-5": Workload("image/mnist-lenet5", "lenet5", 128, 64, 2),
    "CIFAR-10, ResNet-20": Workload(
        "image/cifar10-resnet20", "resnet20", 64, 8, 1, ("features.image={kind: image}",)
    ),
    "reviews, LSTM": Workload("text/movie-reviews-lstm", "lstm", 64, 32, 2),
}


class Turn(NamedTuple):
    """Seconds of one turn: to the end of its first step, if it was looked at; of its epochs."""

    first: float | None
    wall: float
    cpu: float


Contender = Callable[[int], Turn]
"""Takes an epoch off the clock, then so many on it."""


@dataclass
class Clock:
    """Of a turn that begins now; a listener to the fit.

    Args:
        live: Whether to look at steps, until the first is done.
    """

    live: bool
    began: float = field(default_factory=time.perf_counter)
    first: float | None = None
    warm: tuple[float, float] | None = None

    def step(self, *_: Any, **__: Any) -> None:
        if self.live:
            self.first, self.live = time.perf_counter() - self.began, False

    def epoch(self, *_: Any, **__: Any) -> None:
        if self.warm is None:
            self.warm = time.perf_counter(), time.process_time()

    def turn(self) -> Turn:
        """The turn, as it ends now."""
        assert self.warm is not None
        wall, cpu = self.warm
        return Turn(self.first, time.perf_counter() - wall, time.process_time() - cpu)


def prepared(workload: Workload, data: Path, scratch: Path) -> tuple[pipeline.Prepared, Rows]:
    """A recipe up to its fit, and the rows that are left of its training part."""
    size = workload.batch_size
    overrides = [*paths(workload, data, scratch), f"training.batch_size={size}"]
    recipe = read(shipped.find(workload.recipe), [*overrides, *workload.overrides])
    all_ = pipeline.build(pipeline.prepare(recipe), recipe)
    x, y = all_.network.rows(all_.data.rows["train"])
    count = size * workload.steps
    cut = [{key: values[:count] for key, values in part.items()} for part in (x, y)]
    assert all(len(values) == count for part in cut for values in part.values())
    return all_, (cut[0], cut[1])


def paths(workload: Workload, data: Path, scratch: Path) -> list[str]:
    """The overrides that point a recipe to its data."""
    sys.path.append(str(HERE.parent / "tools"))
    import run_recipes

    found = run_recipes.settings(workload.recipe, data, scratch)
    if isinstance(found, str):
        raise SystemExit(f"{workload.recipe}: {found}")
    return found[1::2]  # each stands after its -o


def by_keras(
    all_: pipeline.Prepared, rows: Rows, workload: Workload, settings: Mapping[str, Any]
) -> Contender:
    """`model.fit` on arrays, with a network, weights and an optimizer of its own."""
    import keras

    network, trained = all_.network, all_.network.trained
    model = type(network.model).from_config(network.model.get_config())
    model.set_weights(network.model.get_weights())
    objectives = {output: task.objective() for output, task in network.tasks.items()}
    model.compile(
        optimizer=trained.optimizer.from_config(trained.optimizer.get_config()),
        loss={output: loss for output, (loss, _) in objectives.items()},
        metrics={output: metrics for output, (_, metrics) in objectives.items()},
        **settings,
    )
    x, y = rows

    def turn(epochs: int) -> Turn:
        clock = Clock(live=model.train_function is None)
        heard = {"on_epoch_end": clock.epoch}
        if clock.live:  # Keras spends time on each step that is listened to
            heard["on_train_batch_end"] = clock.step
        listener = keras.callbacks.LambdaCallback(**heard)
        model.fit(
            x, y, batch_size=workload.batch_size, epochs=1 + epochs, verbose=0,
            callbacks=[listener],
        )  # fmt: skip
        return clock.turn()

    return turn


def by_kbuilder(all_: pipeline.Prepared, rows: Rows) -> Contender:
    """The fit as the pipeline calls it, without validation."""
    trainer, tasks = all_.network.trained, all_.network.tasks
    known = {"plan": planned(all_)}
    trainer.train_function = None  # so that the first turn compiles, as those of the others do

    def turn(epochs: int) -> Turn:
        training = all_.recipe.training.model_copy(update={**known, "epochs": 1 + epochs})
        clock = Clock(live=trainer.train_function is None)
        fitting.fit(trainer, tasks, training, rows, None, [clock])
        return clock.turn()

    return turn


def planned(all_: pipeline.Prepared) -> Plan:
    """The plan that the recipe's own fit, of all its rows and epochs, chooses; it is begun for it.

    The turns, which are shorter, have it too.
    """

    class Enough(Exception):  # noqa: N818 - it is no error
        """The first epoch is over."""

    class First(Clock):
        def epoch(self, *given: Any) -> None:
            raise Enough

    network = all_.network
    rows = network.rows(all_.data.rows["train"])
    with suppress(Enough):
        fitting.fit(
            network.trained, network.tasks, all_.recipe.training, rows, None, [First(live=False)],
            say=lambda text: print(f"  {text}"),
        )  # fmt: skip
    plan: Plan = network.trained.plan
    return plan


@contextmanager
def by_torch(rows: Rows, workload: Workload, python: str, scratch: Path) -> Iterator[Contender]:
    """PyTorch in a child process, which waits for its turns."""
    file = scratch / f"{workload.torch}.npz"
    [x], [y] = rows[0].values(), rows[1].values()
    np.savez(file, x=x, y=y)
    program = [python, str(HERE / "fit_torch.py"), workload.torch, str(file)]
    program.append(str(workload.batch_size))
    # Threads that wait without spinning: several times as fast where other programs want the cores.
    waiting = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=waiting
    ) as child:
        asked, told = child.stdin, child.stdout
        assert asked is not None
        assert told is not None

        def turn(epochs: int) -> Turn:
            print(epochs, file=asked, flush=True)
            return Turn(*json.loads(told.readline()))

        yield turn
        asked.close()


@dataclass
class Result:
    """The least of a contender's rounds, in seconds, of so many steps."""

    steps: int
    first: float = inf
    wall: float = inf
    cpu: float = inf

    def add(self, turn: Turn) -> None:
        if turn.first is not None:
            self.first = turn.first
        self.wall, self.cpu = min(self.wall, turn.wall), min(self.cpu, turn.cpu)

    @property
    def rate(self) -> float:
        """Steps per second."""
        return self.steps / self.wall


def race(contenders: Mapping[str, Contender], workload: Workload, rounds: int) -> dict[str, Result]:
    """The results of contenders that take turns; of those by hand, only of the best.

    Before the rounds each has an epoch for compiling, and one to be judged by: settings by hand
    that are far behind in it go no further.
    """
    tried = {name: turn(1) for name, turn in contenders.items()}
    least = min(tried[name].wall for name in SETTINGS)
    steps = workload.steps * workload.epochs
    going = {
        name: Result(steps, turn.first or inf)
        for name, turn in tried.items()
        if name not in SETTINGS or turn.wall <= 2 * least
    }
    for _ in range(rounds):
        for name, result in going.items():
            result.add(contenders[name](workload.epochs))
    best = min(SETTINGS.keys() & going, key=lambda name: going[name].wall)
    return {name: it for name, it in going.items() if name == best or name not in SETTINGS}


def product_rate(seconds: float = 2.0) -> float:
    """Multiply-adds per second of a product of two float32 matrices of 1024 × 1024."""
    import tensorflow as tf

    size, least = 1024, inf
    a, b = tf.random.normal((size, size)), tf.random.normal((size, size))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        tf.matmul(a, b).numpy()
        least = min(least, time.perf_counter() - started)
    return size**3 / least


@dataclass
class Report:
    """The lines of the three tables, and the ratios that are judged."""

    speeds: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    of_naive: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    of_by_hand: list[float] = field(default_factory=list)
    kbuilder: list[tuple[int, Result]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def add(self, name: str, results: dict[str, Result], multiply_adds: int) -> None:
        """The rows of a workload."""
        naive = results[NAIVE]
        for contender, it in results.items():
            wall, cpu = naive.wall / it.wall, naive.cpu / it.cpu
            kind = contender.split(":")[0]
            self.of_naive.setdefault(kind, []).append((wall, cpu))
            ratios = f"{wall:.2f} | {cpu:.2f}"
            self.speeds.append(
                f"| {name} | {contender} | {it.rate:.1f} | {ratios} | {it.first:.1f} |"
            )
            if kind == "by hand":
                self.of_by_hand.append(it.wall / results[OURS].wall)
        self.names.append(name)
        self.kbuilder.append((multiply_adds, results[OURS]))

    def end(self, rate: float) -> None:
        """The means, and the limit by the rate of a matrix product."""
        for kind, ratios in self.of_naive.items():
            walls, cpus = zip(*ratios, strict=True)
            self.speeds.append(
                f"| geometric mean | {kind} | | {geometric_mean(walls):.2f} | "
                f"{geometric_mean(cpus):.2f} | |"
            )
        for place, (multiply_adds, result) in enumerate(self.kbuilder):
            limit = rate / multiply_adds
            self.limits.append(
                f"| {self.names[place]} | {multiply_adds / 1e6:,.0f} | {limit:,.1f} | "
                f"{result.rate / limit:.0%} | {self.of_by_hand[place]:.2f} |"
            )

    def failures(self) -> list[str]:
        """What falls short of the design."""
        walls = [wall for wall, _ in self.of_naive[OURS]]
        found = []
        if geometric_mean(walls) < 1.5:
            found.append("kbuilder takes fewer than 1.5 times the steps of naive Keras")
        for name, wall, by_hand in zip(self.names, walls, self.of_by_hand, strict=True):
            if wall < 1:
                found.append(f"{name}: kbuilder is slower than naive Keras")
            if by_hand < 0.95:
                found.append(f"{name}: kbuilder takes {by_hand:.2f} times the steps of by hand")
        return found


SPEEDS = (
    "| workload | contender | steps/s | wall | CPU | first step, s |\n|---|---|---:|---:|---:|---:|"
)
LIMITS = (
    "| workload | million multiply-adds a step | limit, steps/s | kbuilder reaches | times by hand "
    "|\n|---|---:|---:|---:|---:|"
)
COLD = "| until | kbuilder fit, s | bare script, s | CPU, s | CPU, s |\n|---|---:|---:|---:|---:|"
LATE = 1.0
"""Seconds that the first step may come later than a bare script's."""


def compare(names: list[str], data: Path, rounds: int, torch: str | None) -> tuple[Report, float]:
    """Race through the workloads; prints the rows as they come."""
    report, rate = Report(), 0.0
    print(SPEEDS, flush=True)
    with TemporaryDirectory() as folder:
        for name in names:
            workload = WORKLOADS[name]
            all_, rows = prepared(workload, data, Path(folder))
            rate = max(rate, product_rate())
            forward = describe(all_.network.model).multiply_adds
            contenders = {NAIVE: by_keras(all_, rows, workload, {})}
            for setting, options in SETTINGS.items():
                contenders[setting] = by_keras(all_, rows, workload, options)
            contenders[OURS] = by_kbuilder(all_, rows)
            shown = len(report.speeds)
            if torch is None:
                results = race(contenders, workload, rounds)
            else:
                with by_torch(rows, workload, torch, Path(folder)) as turn:
                    results = race({**contenders, TORCH: turn}, workload, rounds)
            rate = max(rate, product_rate())
            # The gradients of the weights and those of the inputs cost as much each as the answer.
            report.add(name, results, 3 * forward * workload.batch_size)
            print("\n".join(report.speeds[shown:]), flush=True)
    shown = len(report.speeds)
    report.end(rate)
    print("\n".join([*report.speeds[shown:], "", LIMITS, *report.limits]), flush=True)
    return report, rate


def cold(data: Path, rounds: int) -> tuple[list[str], float]:
    """Adult from an empty process: the whole command, and a script that does the same by Keras.

    The script is the ejected recipe: it reads, divides, prepares, fits and evaluates, and writes
    nothing. Returns the rows of the table, and the seconds that kbuilder's first step comes later.
    """

    def seconds(command: list[str]) -> tuple[float, float]:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        wall, now = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        return wall, now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime

    rows = []
    workload = WORKLOADS["Adult, MLP"]
    kbuilder = [sys.executable, "-m", "kbuilder"]
    recipe = str(shipped.find(workload.recipe))
    with TemporaryDirectory() as folder:
        for epochs in (1, 20):
            own = [f"training.epochs={epochs}", "training.early_stopping=null"]
            overrides = [*paths(workload, data, Path(folder)), *own]
            script, run = str(Path(folder, f"{epochs}.py")), str(Path(folder, f"run-{epochs}"))
            ejected = [word for it in overrides for word in ("-o", it)]
            given = [word for it in overrides for word in ("-o", it)]
            seconds([*kbuilder, "eject", recipe, "--output", script, *ejected])
            ours = seconds([*kbuilder, "fit", recipe, "--run-dir", run, *given])
            bare = seconds([sys.executable, script])
            pairs = zip(ours, bare, strict=True)
            figures = " | ".join(f"{a:.1f} | {b:.1f}" for a, b in pairs)
            passes = "1 epoch" if epochs == 1 else f"{epochs} epochs"
            rows.append(f"| the end of {passes} | {figures} |")
        ours = bare = inf
        for turn in range(rounds):
            run = str(Path(folder, f"first-{turn}"))
            ours = min(
                ours, until(r"step \d+/", [*kbuilder, "fit", recipe, "--run-dir", run, *given])
            )
            bare = min(bare, until(r"\b1/\d+", [sys.executable, script]))
        rows.insert(0, f"| the first step | {ours:.1f} | {bare:.1f} | | |")
    print("\n".join(["", COLD, *rows]), flush=True)
    return rows, ours - bare


def until(said: str, command: list[str]) -> float:
    """Seconds until a command says so on a terminal; then it is killed."""
    started = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.execv(command[0], command)
    heard = ""
    while not re.search(said, heard):
        heard += os.read(terminal, 4096).decode(errors="replace")
    seconds = time.perf_counter() - started
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    return seconds


def torch_of(python: str) -> str | None:
    """The version of PyTorch that an interpreter has."""
    say = [python, "-c", "import torch; print(torch.__version__)"]
    done = subprocess.run(say, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def write(report: Report, rate: float, cold_rows: list[str], torch: str | None) -> None:
    """The results, with what stands there of what was tried."""
    import keras
    import tensorflow as tf

    known = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    tried = TRIED + known.partition(TRIED)[2] if TRIED in known else f"{TRIED}\n"
    beside = f"PyTorch {torch}" if torch else "torch is not installed"
    parts = [
        "# Fits",
        "Steps per second of kbuilder, of `model.fit` with Keras's defaults on arrays (naive), of "
        "the same with the best of `jit_compile` and `steps_per_execution` (by hand), and of eager "
        "PyTorch. Wall and CPU are how many times as fast as naive each is. The first "
        "step is told with its compilation: where 32 are one call, it is the first 32. Made by "
        f"`python benchmarks/fit.py DATA` on {os.cpu_count()} {platform.machine()} cores that were "
        f"not idle, Python {platform.python_version()}, TensorFlow {tf.__version__}, Keras "
        f"{keras.__version__}, {beside}.",
        "\n".join([SPEEDS, *report.speeds]),
        "## The limit",
        f"A product of two float32 matrices of 1024 × 1024 does {rate / 1e9:.0f} thousand million "
        "multiply-adds per second here. No step is faster than its own multiply-adds at that rate: "
        "those of the forward pass, and twice as many backward.",
        "\n".join([LIMITS, *report.limits]),
        "## From an empty process",
        "Adult: the whole command, which also infers, writes the run and its checkpoints, against "
        "the ejected script, which does neither. The first step is the least of several times.",
        "\n".join([COLD, *cold_rows]),
        tried,
    ]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n\n".join(parts).rstrip() + "\n", encoding="utf-8")


@contextmanager
def terminal() -> Iterator[None]:
    """stderr is a terminal, on which bars move; nobody looks at it."""
    leader, follower = pty.openpty()

    def drain() -> None:
        try:
            while os.read(leader, 65536):
                pass
        except OSError:  # the other end is closed
            pass

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    with os.fdopen(follower, "w") as stderr, redirect_stderr(stderr):
        yield
    reader.join()
    os.close(leader)


class Bar(Console):
    """The console of a person; says when the first epoch is over."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def epoch(self, figures: Mapping[str, float], epochs: int) -> None:
        super().epoch(figures, epochs)
        self.clock.epoch()


def overhead(data: Path, rounds: int) -> float:
    """How many times as fast as a bare fit one is that is kept and told of."""
    workload = WORKLOADS["Adult, MLP"]
    with TemporaryDirectory() as folder:
        all_, rows = prepared(workload, data, Path(folder))
        trainer, tasks = all_.network.trained, all_.network.tasks
        epochs = 30
        training = all_.recipe.training.model_copy(
            update={"plan": planned(all_), "epochs": 1 + epochs}
        )

        def bare() -> Turn:
            clock = Clock(live=False)
            fitting.fit(trainer, tasks, training, rows, None, [clock])
            return clock.turn()

        def kept() -> Turn:
            clock = Clock(live=False)
            with TemporaryDirectory(dir=folder) as run, terminal():
                console = Bar(clock)
                assert console.live
                keeper = Keeper(Path(run), Checkpoints(), console.say)
                with keeper.listening():
                    following = [Printer(console), History(Path(run) / "history.csv"), keeper]
                    fitting.fit(
                        trainer, tasks, training, rows, None, following, say=console.say
                    )  # fmt: skip
                turn = clock.turn()
                console.close()
            return turn

        results = {name: Result(epochs * workload.steps) for name in ("bare", "kept")}
        bare()
        for _ in range(rounds):
            results["bare"].add(bare())
            results["kept"].add(kept())
    for name, it in results.items():
        print(f"{name} {it.rate:7.1f} steps/s  {it.cpu:.2f} s of CPU time")
    return results["bare"].wall / results["kept"].wall


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--torch", default=sys.executable, help="an interpreter that has PyTorch")
    parser.add_argument("--overhead", action="store_true", help="of checkpoints and progress")
    parser.add_argument("names", nargs="*", help=f"workloads; left out: all of {list(WORKLOADS)}")
    arguments = parser.parse_intermixed_args()
    data = arguments.data.absolute()
    engine.load_quietly()
    if arguments.overhead:
        ratio = overhead(data, arguments.rounds)
        print(f"kept / bare: {ratio:.3f} (limit 0.97)")
        return int(ratio < 0.97)
    version = torch_of(arguments.torch)
    if version is None:
        print("torch is not installed", flush=True)
    torch = arguments.torch if version else None
    report, rate = compare(arguments.names or list(WORKLOADS), data, arguments.rounds, torch)
    failures = report.failures()
    if not arguments.names:
        rows, later = cold(data, arguments.rounds)
        write(report, rate, rows, version)
        if later > LATE:
            failures.append(f"the first step comes {later:.1f} s after a bare script's")
    print("\n".join(failures))
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
