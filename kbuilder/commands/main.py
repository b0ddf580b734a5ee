"""The command `kbuilder`: its verbs, and what is printed when something goes wrong."""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from kbuilder import __version__, engine
from kbuilder.console import echo
from kbuilder.errors import Interrupted, KBuilderError, nearest

INTERRUPTED, TERMINATED = 130, 143
FULL = "the disk is full; nothing was left half written. Make room, and run again."


class Verbs(click.Group):
    """A group whose commands are the files beside this one, imported when they are asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        files = Path(__file__).parent.glob("*.py")
        return sorted(f.stem for f in files if f.stem not in ("__init__", "main", "options"))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        return getattr(import_module(f"kbuilder.commands.{name}"), name)

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            near = nearest(args[0], self.list_commands(context))
            if near is None or "Did you mean" in error.message:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near!r}?", context) from None


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kbuilder")
def kbuilder() -> None:
    """From a short recipe to a trained, evaluated and exported Keras model.

    \b
    kbuilder recipes copy image/digits-cnn .
    kbuilder fit digits-cnn.yaml
    kbuilder export latest exported/digits
    """


def main() -> NoReturn:
    """Run the command, and exit with its code: 0, 1 failed, 2 wrong recipe or call."""
    signal.signal(signal.SIGTERM, _terminate)
    engine.leave_extras_out()
    try:
        code = kbuilder.main(prog_name="kbuilder", standalone_mode=False)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Interrupted as stopped:
        echo(str(stopped), err=True)
        code = stopped.exit_code
    except KBuilderError as error:
        echo(f"Error: {FULL if _says_full(error) else error}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        echo("Interrupted. Nothing was written under its final name.", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        echo(f"Error: {_disk(error)}", err=True)
        code = 1
    except Exception as error:  # the last resort: a fault of ours is reported without its traceback
        echo(_unexpected(error), err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _terminate(number: int, frame: Any) -> NoReturn:
    echo("Terminated. Nothing was written under its final name.", err=True)
    sys.exit(TERMINATED)


def _disk(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    place = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{place}."


def _says_full(error: Exception) -> bool:
    """Whether the disk is full, as TensorFlow and HDF5 say it in the midst of other things."""
    return "No space left on device" in str(error) or "Not enough space" in str(error)


def _unexpected(error: Exception) -> str:
    if _says_full(error):
        return f"Error: {FULL}"
    with tempfile.NamedTemporaryFile(
        "w", prefix="kbuilder-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    first = (str(error).strip().splitlines() or [""])[0][:300]
    return (
        f"Error: something went wrong that kbuilder did not foresee: {type(error).__name__}: "
        f"{first}\nThe details are in {file.name}; please report them."
    )
