"""A plain server to compare with: one handler, which calls the model for each request.

python benchmarks/serve_plain.py EXPORT PORT
"""

from __future__ import annotations

import sys

import tensorflow as tf
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

model = tf.saved_model.load(sys.argv[1])
serve = model.signatures["serving_default"]
dtypes = {name: spec.dtype for name, spec in serve.structured_input_signature[1].items()}


def readable(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


async def predict(request: Request) -> JSONResponse:
    """Read, ask the model, write."""
    rows = (await request.json())["instances"]
    columns = {
        name: tf.constant([row[name] for row in rows], dtype) for name, dtype in dtypes.items()
    }
    answers = {name: tensor.numpy().tolist() for name, tensor in serve(**columns).items()}
    values = zip(*answers.values(), strict=True)
    return JSONResponse(
        {"predictions": [dict(zip(answers, map(readable, row), strict=True)) for row in values]}
    )


app = Starlette(routes=[Route("/v1/models/model:predict", predict, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)
