"""ONNX: one file that many runtimes run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np

    from kbuilder.columns import Columns
    from kbuilder.export.contract import Exchange, Fitted, Quantizing

OPSET = 18  # the newest that tf2onnx writes


class ONNX:
    """`model.onnx`, numbers in and numbers out, for any number of rows; kbuilder.json is in it."""

    title: ClassVar[str] = "ONNX"
    runtime: ClassVar[str] = "onnxruntime"
    packages: ClassVar[Mapping[str, str]] = {
        "onnx": "onnx", "onnxruntime": "onnxruntime", "tf2onnx": "tf2onnx",
    }  # fmt: skip
    tolerance: ClassVar[float] = 1e-4
    quantizes: ClassVar[Mapping[str, float]] = {}

    def refuse(self, columns: Columns) -> str | None:
        """Columns of words are refused."""
        from kbuilder.export import numeric

        return numeric.refuse(columns, self.title)

    def exchange(self, fitted: Fitted) -> Exchange:
        """Numbers in, numbers out."""
        from kbuilder.export import numeric

        return numeric.exchange(fitted)

    def write(
        self, folder: Path, fitted: Fitted, exchange: Exchange, quantizing: Quantizing | None
    ) -> None:
        """Convert by tf2onnx."""
        import json

        import onnx
        import tensorflow as tf
        import tf2onnx

        from kbuilder.export import archive

        archive.on_any_device(fitted.model)
        call = tf.function(exchange.call)
        converted, _ = tf2onnx.convert.from_function(call, [dict(exchange.signature)], opset=OPSET)
        for value in (*converted.graph.input, *converted.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
        described = json.dumps(exchange.described, ensure_ascii=False)
        onnx.helper.set_model_props(converted, {"kbuilder.json": described})
        onnx.checker.check_model(converted)
        (folder / "model.onnx").write_bytes(converted.SerializeToString())

    @staticmethod
    def load(folder: Path) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
        """A session of onnxruntime, on the CPU."""
        import onnxruntime

        providers = ["CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=providers)
        names = [output.name for output in session.get_outputs()]

        def answer(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return dict(zip(names, session.run(names, given), strict=True))

        return answer
