"""What the engine says unasked does not reach anybody."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from importlib import import_module
from types import ModuleType

import pytest
from shared import Call

from kbuilder import engine


def speak(word: str) -> None:
    """By Python, by file descriptor as C++ does it, and as a warning."""
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        print(word, file=stream)
        os.write(descriptor, f"{word}!\n".encode())
    warnings.warn(word, stacklevel=1)


def test_what_is_said_within_is_dropped_and_what_is_said_later_is_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with engine.silently():
        speak("noise")
    with pytest.warns(UserWarning, match="word"):
        speak("word")
    said = capfd.readouterr()
    assert sorted(said.out.split()) == sorted(said.err.split()) == ["word", "word!"]


def test_what_was_said_before_an_error_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        os.write(2, b"why\n")
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"), engine._stderr_held_back():
        fail()
    assert capfd.readouterr().err == "why\n"
    with engine._stderr_held_back():
        os.write(2, b"chatter\n")
    assert capfd.readouterr().err == ""


def test_an_error_within_silence_comes_out(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="wrong"), engine.silently():
        raise ValueError("wrong")
    print("later")
    assert capfd.readouterr().out == "later\n"


def test_what_can_be_done_without_is_not_there_for_a_while() -> None:
    with engine._without({"antigravity", "warnings"}):
        assert find("antigravity") is None
        assert find("warnings") is warnings
    assert "antigravity" not in sys.modules
    assert sys.modules["warnings"] is warnings


def find(name: str) -> ModuleType | None:
    """The module, if it can be imported."""
    try:
        return import_module(name)
    except ImportError:
        return None


def test_the_command_line_leaves_the_wrappers_of_keras_out(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    unused: set[str] = set()
    monkeypatch.setattr(engine, "_unused", unused)
    call("--version")
    assert unused == {"sklearn", "matplotlib"}


@pytest.mark.slow
def test_scikit_learn_is_there_once_it_is_asked_for() -> None:
    """In a process of its own, since this one has imported all."""
    script = (
        "import sys; from kbuilder import engine; engine.leave_extras_out(); "
        "engine.load_quietly(); print('sklearn' in sys.modules); "
        "from sklearn import metrics; print(metrics.accuracy_score([1, 0], [1, 0]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["False", "1.0"], "")


NODE = "{{node pictures/map/while/cond/DecodePng}}"
SAID = "Invalid PNG data, size 9"
STACK = (
    'Detected at node a/DecodePng defined at (most recent call last):\n  File "a.py", line 9\n\n'
)
TEXTS = [
    f"{SAID} [Op:DecodePng] name: ",
    f"{{{{function_node __wrapped__DecodePng_device_/job:a/device:CPU:0}}}} {SAID} [Op:DecodePng]",
    'Exception encountered when calling Pictures.call().\n\n\x1b[1min user code:\n\n  File "a.py"\n'
    f"    x\n\n    InvalidArgumentError: {{{{function_node __w}}}} {SAID} [Op:Decode]\n",
    f"Graph execution error:\n\n{STACK}{SAID}\n\t [[{NODE}]] [Op:__inference_f_9]",
    f"Graph execution error:\n\n{STACK}2 root error(s) found.\n  (0) INVALID_ARGUMENT:  {SAID}\n"
    f"\t [[{NODE}]]\n\t [[b/_9]]\n  (1) INVALID_ARGUMENT:  {SAID}\n\t [[{NODE}]]\n0 successful "
    "operations.\n0 derived errors ignored. [Op:__inference_f_9]",
    f"Graph execution error:\n\nassertion failed: [{SAID}]\n\t [[{NODE}]]",
    SAID,
]


@pytest.mark.parametrize("text", TEXTS)
def test_an_error_of_a_graph_is_told_without_its_nodes(text: str) -> None:
    assert engine.reason_of(ValueError(text)) == SAID
