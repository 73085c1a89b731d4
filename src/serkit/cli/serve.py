"""``serkit serve``."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

import typer

from serkit.cli import options
from serkit.cli.output import say


def serve(
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="A run's name, its beginning, its path, or last.")
    ] = "last",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Network interface; any but localhost needs a token.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(help="Token that clients must send; auto generates one.", show_default=False),
    ] = None,
    fold: Annotated[
        str | None, typer.Option(help="Which model to use, as for 'serkit predict'.")
    ] = None,
    runs: options.Runs = None,
) -> None:
    """Serve a web page that predicts recordings and dropped files."""
    from serkit import api
    from serkit.web import serve as server

    server.require_server()
    address = server.address_of(host, port, token)
    with server.listen(address) as taken:
        address = replace(address, port=taken.getsockname()[1])
        predictor = api.load(run, fold=fold, runs=runs)
        for warning in predictor.warnings:
            say(warning)
        print(f"{predictor.title}: {address.url} (Ctrl-C ends it)")
        sys.stdout.flush()
        server.run(predictor, address, taken)
