"""LiteRT, once TensorFlow Lite: for phones and small devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kbuilder.errors import ExportError, listed

if TYPE_CHECKING:
    import numpy as np

    from kbuilder.columns import Columns
    from kbuilder.export.contract import Exchange, Fitted, Quantizing


class LiteRT:
    """`model.tflite`, numbers in and numbers out, of its own operations alone.

    Quantized to int8, or with weights of float16, what goes in and comes out is float32 as before.
    """

    title: ClassVar[str] = "LiteRT"
    runtime: ClassVar[str] = "ai_edge_litert"
    packages: ClassVar[Mapping[str, str]] = {"ai-edge-litert": "ai_edge_litert"}
    tolerance: ClassVar[float] = 1e-4
    quantizes: ClassVar[Mapping[str, float]] = {"float16": 1e-2, "int8": 1e-1}

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
        """Convert a SavedModel that is gone afterwards."""
        import tempfile

        import tensorflow as tf

        from kbuilder.export import archive

        wide = [one["name"] for one in exchange.described["outputs"] if one["dtype"] == "float64"]
        if wide:
            raise ExportError(
                f"the output {listed(wide)} is float64, since float32 would round it, and LiteRT "
                "computes in float32. Expected --format onnx, openvino or saved_model."
            )
        archive.on_any_device(fitted.model)
        with tempfile.TemporaryDirectory() as saved, _unrolled(fitted.model):
            archive.write(Path(saved), exchange, fitted.model)
            converter = tf.lite.TFLiteConverter.from_saved_model(saved)
            if quantizing is None:
                content = converter.convert()
            elif quantizing.to == "float16":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.target_spec.supported_types = [tf.float16]
                content = converter.convert()
            else:
                around = _around_the_network(converter.convert())
                converter = tf.lite.TFLiteConverter.from_saved_model(saved)
                content = _to_int8(converter, exchange.arrays(quantizing.train), around)
        (folder / "model.tflite").write_bytes(content)

    @staticmethod
    def load(folder: Path) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
        """Its one signature."""
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(folder / "model.tflite"))
        runner = interpreter.get_signature_runner()

        def answer(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return dict(runner(**given))

        return answer


@contextmanager
def _unrolled(model: Any) -> Iterator[None]:
    """Recurrent layers step by step: LiteRT's loops cannot carry lists of a free batch.

    Then Keras 3.15 has 0 in the wrong steps where it reads from the end and is to have it in place
    of padding. Nothing looks at padding, so that whatever stands there does.
    """
    from kbuilder import internals

    layers = [layer for layer in internals.layers(model) if hasattr(layer, "unroll")]
    before = [(layer.unroll, layer.zero_output_for_mask) for layer in layers]
    for layer in layers:
        layer.unroll, layer.zero_output_for_mask = True, False
    try:
        yield
    finally:
        for layer, (unroll, zero) in zip(layers, before, strict=True):
            layer.unroll, layer.zero_output_for_mask = unroll, zero


def _around_the_network(content: bytes) -> list[str]:
    """The operations that prepare the rows and decode the outputs, by name."""
    from ai_edge_litert.interpreter import Interpreter

    from kbuilder.export.numeric import DECODE, PREPARE

    tensors = Interpreter(model_content=content).get_tensor_details()
    return [t["name"] for t in tensors if t["name"].startswith((f"{PREPARE}/", f"{DECODE}/"))]


def _to_int8(converter: Any, rows: Mapping[str, np.ndarray], around: list[str]) -> bytes:
    """Weights and activations of the network as int8, but not of what is around it.

    Raw numbers are of any size, and int8 has no NaN: quantized before they are standardised, the
    miles per gallon of mpg were off by 23% and missing numbers were lost.
    """
    import tensorflow as tf

    def representative() -> Iterator[dict[str, np.ndarray]]:
        for row in range(len(next(iter(rows.values())))):
            yield {name: values[row : row + 1] for name, values in rows.items()}

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    # The one way to leave operations out; of its debugging nothing is used.
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=around)
    quantizer = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=representative, debug_options=options
    )
    return quantizer.get_nondebug_quantized_model()
