"""Several machines that train one network: who they are, and waiting until all have come."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kbuilder.errors import CallError, TrainingError, listed

PORT = 12345  # of the first worker of a machine in a job of Slurm


@dataclass(frozen=True)
class Cluster:
    """The workers of a fit.

    Args:
        addresses: `host:port` of each worker; the first is the chief.
        index: Which of them this process is, from 0.
        origin: What said so.
    """

    addresses: tuple[str, ...]
    index: int
    origin: str

    def tf_config(self) -> dict[str, Any]:
        """The content of the variable `TF_CONFIG`."""
        task = {"type": "worker", "index": self.index}
        return {"cluster": {"worker": list(self.addresses)}, "task": task}


def read(environment: Mapping[str, str]) -> Cluster | None:
    """The workers that the environment names, by `TF_CONFIG` or as a job of Slurm; None: one alone.

    Raises:
        CallError: if what it says makes no sense.
    """
    if "TF_CONFIG" in environment:
        return _from_tf_config(environment["TF_CONFIG"])
    if environment.get("SLURM_NTASKS", "1") != "1" and "SLURM_PROCID" in environment:
        return _from_slurm(environment)
    return None


def _from_tf_config(text: str) -> Cluster | None:
    wanted = (
        'Expected such as {"cluster": {"worker": ["host1:12345", "host2:12345"]}, '
        '"task": {"type": "worker", "index": 0}}.'
    )
    try:
        known = json.loads(text)
        cluster, task = known["cluster"], known["task"]
        groups = {kind: list(cluster[kind]) for kind in ("chief", "worker") if kind in cluster}
        addresses = [address for group in groups.values() for address in group]
        if task["type"] not in groups or set(cluster) - set(groups):
            raise ValueError(f"it has the jobs {listed(cluster)}, and the task {task['type']!r}")
        number = int(task["index"])
        if not 0 <= number < len(groups[task["type"]]):
            raise ValueError(f"there is no {task['type']} {number}")
        index = addresses.index(groups[task["type"]][number])
        for address in addresses:
            split(address)
            if addresses.count(address) > 1:
                raise ValueError(f"several workers have the address {address}")
    except KeyError as error:
        raise CallError(f"TF_CONFIG cannot be used (it has no {error}). {wanted}") from None
    except (AttributeError, TypeError):
        raise CallError(f"TF_CONFIG cannot be used (it has another form). {wanted}") from None
    except ValueError as error:
        raise CallError(f"TF_CONFIG cannot be used ({error}). {wanted}") from None
    return Cluster(tuple(addresses), index, "TF_CONFIG") if len(addresses) > 1 else None


def _from_slurm(environment: Mapping[str, str]) -> Cluster:
    """The tasks of a job step: so many on each node, one port apart."""
    try:
        nodes = hosts(environment["SLURM_STEP_NODELIST"])
        counts = [
            int(count)
            for count, times in re.findall(
                r"(\d+)(?:\(x(\d+)\))?", environment["SLURM_STEP_TASKS_PER_NODE"]
            )
            for _ in range(int(times or 1))
        ]
        if len(nodes) != len(counts):
            raise ValueError(f"{len(nodes)} nodes, and numbers of tasks for {len(counts)}")
        addresses = tuple(
            f"{node}:{PORT + place}"
            for node, count in zip(nodes, counts, strict=True)
            for place in range(count)
        )
        index = int(environment["SLURM_PROCID"])
        if not 0 <= index < len(addresses):
            raise ValueError(f"there are {len(addresses)} tasks, and this is number {index}")
    except (ValueError, KeyError) as error:
        why = f"there is no {error.args[0]}" if isinstance(error, KeyError) else error
        raise CallError(
            f"the variables of Slurm cannot be used ({why}). Expected a job step of srun, with "
            "SLURM_PROCID, SLURM_STEP_NODELIST and SLURM_STEP_TASKS_PER_NODE."
        ) from None
    return Cluster(addresses, index, "Slurm")


def hosts(text: str) -> list[str]:
    """The nodes of a list such as `login,node[01-03,07]`."""
    found: list[str] = []
    for head, inner, tail in re.findall(r"([^,\[\]]+)(?:\[([^\]]*)\])?([^,\[\]]*)", text):
        if not inner:
            found.append(head + tail)
        for part in inner.split(",") if inner else ():
            first, _, last = part.partition("-")
            for number in range(int(first), int(last or first) + 1):
                found.append(f"{head}{number:0{len(first)}d}{tail}")
    return found


def meet(cluster: Cluster, seconds: float) -> None:
    """Wait until each worker has been called and has called.

    TensorFlow itself would wait for ever, and not say for whom. Each listens meanwhile at its own
    address, where TensorFlow's server will be; a caller says its number, so that none leaves
    before all others have found it.

    Raises:
        TrainingError: naming who has not come in so many seconds.
    """
    others = set(range(len(cluster.addresses))) - {cluster.index}
    to_call, to_hear = set(others), set(others)
    end = time.monotonic() + seconds
    own = cluster.addresses[cluster.index]
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(split(own))
        except OSError as error:
            raise TrainingError(
                f"worker {cluster.index} cannot listen at its address {own}: {error.strerror}. "
                f"Expected an address of this machine with a free port, in {cluster.origin}."
            ) from None
        listening.listen(len(cluster.addresses))
        listening.settimeout(0.2)
        while to_call or to_hear:
            if time.monotonic() > end:
                missing = sorted(to_call | to_hear)
                names = listed(f"worker {n} at {cluster.addresses[n]}" for n in missing)
                raise TrainingError(
                    f"no word from {names} in {seconds:g} seconds. Expected all "
                    f"{len(cluster.addresses)} workers to be started, and to reach each other; "
                    "`training.wait_minutes` says how long to wait.",
                    key=("training", "strategy"),
                )
            for number in tuple(to_call):
                address = split(cluster.addresses[number])
                with (
                    contextlib.suppress(OSError),
                    socket.create_connection(address, timeout=2) as call,
                ):
                    call.sendall(f"{cluster.index}\n".encode())
                    to_call.discard(number)
            with contextlib.suppress(OSError, ValueError):
                heard, _ = listening.accept()
                with heard:
                    heard.settimeout(2)
                    to_hear.discard(int(heard.makefile().readline(16) or -1))


def split(address: str) -> tuple[str, int]:
    """The host and the port of an address.

    Raises:
        ValueError: if it has none.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{address!r} is no host:port")
    return host.strip("[]"), int(port)
