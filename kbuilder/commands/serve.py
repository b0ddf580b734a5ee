"""`kbuilder serve`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@click.argument("export", type=click.Path())
@click.option("--name", help="What clients call the model. [the name of its folder]")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True)
@click.option(
    "--grpc-port", type=click.IntRange(0, 65535), help="Answer gRPC too, on this port. [not]"
)
@click.option(
    "--token-file", type=click.Path(), help="A file with the bearer token that clients must send."
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    metavar="ROWS",
    help="Rows that are answered together at most. [1024; 128 with texts, images or arrays]",
)
@click.option(
    "--timeout", type=click.FloatRange(0, 3600, min_open=True), default=30.0, show_default=True,
    metavar="SECONDS", help="Until a request is answered, or given up.",
)  # fmt: skip
@click.option(
    "--max-body", type=click.IntRange(1, 1024), default=24, show_default=True, metavar="MB",
    help="Size of a request at most, over HTTP (inflated, too) and gRPC. The server takes several "
         "times as much memory.",
)  # fmt: skip
@options.plugins
def serve(
    export: str, name: str | None, host: str, port: int, grpc_port: int | None,
    token_file: str | None, batch: int | None, timeout: float, max_body: int,
) -> None:  # fmt: skip
    """Serve EXPORT: a folder that `kbuilder export` wrote, a folder of such folders, or a YAML file
    with a line `name: folder` for each; or a run ("latest"), which is exported for as long.

    Clients of TensorFlow Serving (REST, version 1) and of the Open Inference Protocol (version 2)
    work as they are. A new version in the folder is taken over once it proves sound.

    \b
    kbuilder serve exported/adult
    kbuilder serve exported/adult --port 9000 --name income
    kbuilder serve exported --grpc-port 8500
    kbuilder serve latest
    """
    from kbuilder.runs import naming, run_folder
    from kbuilder.serving import places, server

    def say(text: str) -> None:
        echo(text, err=True)

    run = naming.find(export) if naming.is_run(export) else None
    folders = {} if run else places.find(Path(export), name)
    token = server.token_in(None if token_file is None else Path(token_file), say)
    with ExitStack() as held:  # the addresses, before seconds are spent on loading
        listening = held.enter_context(server.bound(host, port))
        rpc = None
        if grpc_port is not None:
            server.check_grpc()
            rpc = held.enter_context(server.bound(host, grpc_port))
        if run is not None:
            run_folder.check(run)
        from kbuilder import engine

        engine.load_quietly()
        from kbuilder.serving.app import Server
        from kbuilder.serving.bodies import Limits
        from kbuilder.serving.metrics import Metrics
        from kbuilder.serving.notices import Notices

        if run is not None:
            from kbuilder.run import exported

            say(f"exporting {run}, to be served (`kbuilder export` writes an export that stays)")
            folders = places.find(held.enter_context(exported(run)), name)
        metrics = Metrics()
        models = {
            name: server.load(folder, name, batch, metrics, say) for name, folder in folders.items()
        }
        limits = Limits(body=max_body * 2**20, seconds=timeout)
        app = Server(models, metrics, limits, token, Notices(say))
        server.listen(app, listening, say, rpc)
