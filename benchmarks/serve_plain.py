"""A plain server to compare with: one handler, which calls the model for each request.

python benchmarks/serve_plain.py EXPORT PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kbuilder import engine

engine.load_quietly()

from kbuilder.serving import tensorflow_serving  # noqa: E402 - TensorFlow has to be first
from kbuilder.serving.exported import Exported  # noqa: E402

export = Exported(Path(sys.argv[1]))


async def predict(request: Request) -> Response:
    """Read, ask the model, write."""
    asked = tensorflow_serving.read(await request.body(), export.signature)
    answer = export.predict(asked.columns)
    return Response(tensorflow_serving.write(answer, asked.rows), media_type="application/json")


app = Starlette(routes=[Route("/v1/models/model:predict", predict, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)
