"""OpenVINO: for processors, graphics and accelerators of Intel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np

    from kbuilder.columns import Columns
    from kbuilder.export.contract import Exchange, Fitted, Quantizing

INTEGERS = "int32"  # which its CPU plug-in makes of int64


class OpenVINO:
    """`model.xml` and `model.bin`, numbers in and numbers out, for any number of rows."""

    title: ClassVar[str] = "OpenVINO"
    runtime: ClassVar[str] = "openvino"
    packages: ClassVar[Mapping[str, str]] = {"openvino": "openvino"}
    tolerance: ClassVar[float] = 1e-4
    quantizes: ClassVar[Mapping[str, float]] = {}

    def refuse(self, columns: Columns) -> str | None:
        """Columns of words are refused, and whole numbers beyond 32 bits."""
        from kbuilder.export import numeric

        return numeric.refuse(columns, self.title, INTEGERS)

    def exchange(self, fitted: Fitted) -> Exchange:
        """Numbers in, numbers out."""
        from kbuilder.export import numeric

        return numeric.exchange(fitted, INTEGERS)

    def write(
        self, folder: Path, fitted: Fitted, exchange: Exchange, quantizing: Quantizing | None
    ) -> None:
        """Convert a SavedModel that is gone afterwards."""
        import tempfile

        from kbuilder.export import archive

        archive.on_any_device(fitted.model)
        openvino = _engine()
        with tempfile.TemporaryDirectory() as saved:
            archive.write(Path(saved), exchange, fitted.model)
            converted = openvino.convert_model(saved)
            openvino.save_model(converted, str(folder / "model.xml"), compress_to_fp16=False)

    @staticmethod
    def load(folder: Path) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
        """Compiled for the CPU, in float32 also where less would be faster."""
        config = {"INFERENCE_PRECISION_HINT": "f32"}
        compiled = _engine().compile_model(str(folder / "model.xml"), "CPU", config)

        def answer(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {port.get_any_name(): value for port, value in compiled(given).items()}

        return answer


def _engine() -> Any:
    """OpenVINO without its telemetry, which would tell its maker of each import."""
    import sys

    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
