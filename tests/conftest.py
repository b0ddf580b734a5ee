"""Runs that many tests share: each is fitted and exported once."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import databases
import forking
import pytest
import shared

import kbuilder as kb
from kbuilder import catalog, engine
from kbuilder.export import exporting


def pytest_configure(config: pytest.Config) -> None:
    """Keras 3.15 converts its variables in a way that NumPy 2 calls outdated."""
    outdated = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
    config.addinivalue_line("filterwarnings", outdated)
    os.environ["KBUILDER_CACHE"] = "none"  # that of who runs the tests stays as it is
    os.environ["KBUILDER_REPORT"] = "none"  # those of all runs would take minutes
    if not config.getoption("numprocesses", None) or "PYTEST_XDIST_WORKER" in os.environ:
        _two_devices()  # the process that hands the tests out runs none


def _two_devices() -> None:
    """Two logical CPU devices, for tests that train on several; set before anything computes."""
    engine.load_quietly()  # whatever test comes first, it hears nothing of what an import writes
    import tensorflow as tf

    [processor] = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, halves)


LONGEST = (
    "test_readme.py", "test_plugins.py", "test_every_format.py", "test_page.py", "test_contract.py",
    "test_exporting.py", "test_pipeline.py", "test_names.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, then those with most slow tests, then with most tests.

    So none is left for the end, when the other processes have nothing to do.
    """
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    tests = Counter(item.path for item in items)
    longest = {name: place for place, name in enumerate(LONGEST)}
    items.sort(
        key=lambda item: (
            longest.get(item.path.name, len(longest)), -slow[item.path], -tests[item.path]
        )
    )  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> None:
    """What TensorFlow writes on its first import says nothing about the code."""
    import absl.logging

    absl.logging.set_verbosity(absl.logging.ERROR)


@pytest.fixture(scope="session")
def forked() -> Iterator[forking.Forks]:
    """Runs a file of Python and its arguments in a process that has imported TensorFlow already."""
    forks = forking.Forks()
    yield forks
    forks.close()


@pytest.fixture(scope="session", autouse=True)
def _verified_in_forks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Exports that need TensorFlow are verified in forks; one test does it in a fresh process."""
    fresh = exporting.run

    def run(program: list[str]) -> subprocess.CompletedProcess[str]:
        format: Any = catalog.find(exporting.FORMATS, Path(program[1]).stem)
        heavy = format.runtime in ("keras", "tensorflow")
        return request.getfixturevalue("forked")(program) if heavy else fresh(program)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "run", run)
        yield


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """What a file leaves open fails its own last test, not one of another file much later."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test works in a folder of its own, so that none writes into the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The url of a PostgreSQL of this process's own, with PASSWORD for its password."""
    pytest.importorskip("psycopg")
    with databases.postgres() as (user, port):
        yield f"postgresql+psycopg://{user}:PASSWORD@127.0.0.1:{port}/postgres"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium without a window, as Playwright drives it."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing = "there is no chromium here to open the page with"
        if os.environ.get("KBUILDER_BROWSER") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=found, args=options)
        yield made
        made.close()


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all processes of this session."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """While it lasts other processes wait for the lock."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def fitted(common: Path) -> Callable[[str], kb.Run]:
    """The run called one of shared.KINDS; fitted by the process that first asks for it."""
    runs: dict[str, kb.Run] = {}
    folder = common / "runs"
    folder.mkdir(exist_ok=True)

    def run(kind: str) -> kb.Run:
        if kind in runs:
            return runs[kind]
        with alone(folder / f"{kind}.lock"):
            if (folder / kind).exists():
                runs[kind] = kb.load(folder / kind)
                return runs[kind]
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                recipe = kb.Recipe(
                    **shared.fields(kind), training=kb.Training(epochs=2, batch_size=32, seed=3)
                )
                runs[kind] = kb.fit(recipe, run_dir=folder / kind, verbose=False)
        return runs[kind]

    return run


@pytest.fixture(scope="session")
def exported(fitted: Callable[[str], kb.Run], common: Path) -> Callable[[str], Path]:
    """The export of a shared run, `DIR/1`; do not change it."""
    folder = common / "exports"
    folder.mkdir(exist_ok=True)

    def export(kind: str) -> Path:
        run = fitted(kind)
        with alone(folder / f"{kind}.lock"):
            version = folder / kind / "1"
            return version if version.exists() else run.export(folder / kind)

    return export


@pytest.fixture(scope="session")
def answers() -> Callable[..., dict[str, Any]]:
    """What an export answers to the raw rows of a table, by output."""

    def ask(run: kb.Run, export: Path, data: Any) -> dict[str, Any]:
        import tensorflow as tf

        from kbuilder import preprocessing

        serve = tf.saved_model.load(str(export)).signatures["serving_default"]
        names = run.input_names()
        raw = preprocessing.tensors(preprocessing.raw(run.record.columns, run._given.table(data)))
        given = serve(**{names[column]: tensor for column, tensor in raw.items()})
        return {name: tensor.numpy() for name, tensor in given.items()}

    return ask


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> shared.Call:
    """The command `kbuilder`, run in this process."""
    import signal

    from kbuilder.commands.main import main

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["kbuilder", *map(str, arguments)])
        before = signal.getsignal(signal.SIGTERM)
        capfd.readouterr()
        try:
            with pytest.raises(SystemExit) as left:
                main()
        finally:
            signal.signal(signal.SIGTERM, before)
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    return run
