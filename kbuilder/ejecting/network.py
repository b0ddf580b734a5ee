"""A functional Keras model as the Python that builds it."""

from __future__ import annotations

import re
from collections import Counter
from keyword import iskeyword
from typing import Any

from kbuilder import internals
from kbuilder.ejecting.expressions import Expressions, wrapped
from kbuilder.errors import BuildError

# What Keras adds to the arguments of a call.
UNSAID = ("training", "mask", "query_mask", "key_mask", "value_mask")


def functions(model: Any, name: str, expressions: Expressions) -> list[str]:
    """Function definitions that end with `name`, which returns an equal model.

    A model within the model has a function of its own before it; one that carries a
    `contracts.Script`, as its attribute `script`, is made by that.

    Raises:
        BuildError: if the model computes with something other than layers.
    """
    defined: list[str] = []
    lines = _Lines(model, expressions, defined, name).body()
    return [*defined, "\n".join([f"def {name}():", *lines])]


class _Lines:
    """The lines of one function."""

    def __init__(self, model: Any, expressions: Expressions, defined: list[str], name: str) -> None:
        self.model = model
        self.expressions = expressions
        self.defined = defined
        self.function = name
        self.nodes = _in_order(model)
        self.names: dict[int, str] = {}
        self.shared: dict[int, str] = {}
        calls = Counter(id(node.operation) for node in self.nodes)
        self.several = {operation for operation, count in calls.items() if count > 1}
        self.taken: set[str] = {"x", "inputs", "keras", "tf", "np"}
        self.consumers = Counter(
            id(tensor)
            for node in self.nodes
            for tensor in {id(t): t for t in node.input_tensors}.values()
        )
        self.consumers.update(id(tensor) for tensor in model.outputs)

    def body(self) -> list[str]:
        """Inputs, layers, and the model that is returned."""
        single = not isinstance(self.model.input, dict | list | tuple)
        lines = []
        for tensor in self.model.inputs:
            layer = internals.made_by(tensor).layer
            name = "inputs" if single else self._free(layer.name)
            self.names[id(tensor)] = name
            given = [f"{tuple(tensor.shape[1:])}", f"dtype={tensor.dtype!r}"]
            given += [] if single else [f"name={layer.name!r}"]
            lines.append(wrapped(f"{name} = keras.Input({', '.join(given)})", 4))
        for place, node in enumerate(self.nodes):
            lines += self._sharing(node.operation)
            lines.append(wrapped(self._statement(place, node), 4))
        inputs, outputs = self._structure(self.model.input), self._structure(self.model.output)
        title = f", name={self.model.name!r}"
        lines.append(wrapped(f"return keras.Model({inputs}, {outputs}{title})", 4))
        return lines

    def _statement(self, place: int, node: Any) -> str:
        """`name = layer(arguments)`"""
        arguments = [self._structure(value) for value in node.arguments.args]
        arguments += [
            f"{name}={self._structure(value)}"
            for name, value in node.arguments.kwargs.items()
            if value is not None and _said(name, value)
        ]
        maker = self.shared.get(id(node.operation)) or self._maker(node.operation)
        call = f"{maker}({', '.join(arguments)})"
        names = [self._named(tensor, node.operation, place) for tensor in node.outputs]
        return f"{', '.join(names)} = {call}"

    def _sharing(self, layer: Any) -> list[str]:
        """The statement that makes a layer which is called several times, before its first call."""
        if id(layer) not in self.several or id(layer) in self.shared:
            return []
        maker = self._maker(layer)
        self.shared[id(layer)] = self._free(f"shared_{layer.name}")
        return [wrapped(f"{self.shared[id(layer)]} = {maker}", 4)]

    def _named(self, tensor: Any, layer: Any, place: int) -> str:
        """`x` for what only the next line reads; else a name after the layer."""
        following = self.nodes[place + 1] if place + 1 < len(self.nodes) else None
        read = following and any(tensor is given for given in _read(following))
        if read and self.consumers[id(tensor)] == 1 and len(self.nodes[place].outputs) == 1:
            name = "x"
        else:
            name = self._free(layer.name)
        self.names[id(tensor)] = name
        return name

    def _maker(self, operation: Any) -> str:
        """Python that makes the layer; a model within the model becomes a function."""
        import keras

        if isinstance(operation, keras.Model):
            name = self._free(f"{self.function}_{operation.name}")
            script = getattr(operation, "script", None)
            if script is None:
                graph = internals.functional(operation)
                inner = _Lines(graph, self.expressions, self.defined, name).body()
            else:
                inner = [wrapped(line, 4) for line in script.lines]
            self.defined.append("\n".join([f"def {name}():", *inner]))
            return f"{name}()"
        if not isinstance(operation, keras.layers.Layer):
            raise BuildError(
                f"the network computes {type(operation).__name__} outside of a layer, which cannot "
                "be written as a script. Expected layers only."
            )
        return self.expressions.call(operation)

    def _structure(self, value: Any) -> str:
        """Tensors by their names, in lists and mappings too."""
        import keras

        if isinstance(value, keras.KerasTensor):
            return self.names[id(value)]
        if isinstance(value, dict):
            items = (f"{key!r}: {self._structure(item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
        if isinstance(value, list | tuple):
            return f"[{', '.join(self._structure(item) for item in value)}]"
        return self.expressions.of(value)

    def _free(self, name: str) -> str:
        """A name that no other tensor of the function has."""
        base = re.sub(r"\W", "_", name)
        base = f"{base}_" if iskeyword(base) else base
        base = f"t_{base}" if base[0].isdigit() else base
        free, number = base, 1
        while free in self.taken:
            number += 1
            free = f"{base}_{number}"
        self.taken.add(free)
        return free


def _said(name: str, value: Any) -> bool:
    """Whether an argument of a call is written: of masks those that a layer has made."""
    import keras

    if name not in UNSAID:
        return True
    made = isinstance(value, keras.KerasTensor) and internals.made_by(value).layer
    return isinstance(made, keras.layers.Layer)


def _in_order(model: Any) -> list[Any]:
    """The nodes of the graph, each after those that it reads, branch by branch."""
    given = {id(tensor) for tensor in model.inputs}
    done: set[int] = set()
    order: list[Any] = []
    stack = [(tensor, False) for tensor in reversed(model.outputs)]
    while stack:
        tensor, ready = stack.pop()
        if id(tensor) in given:
            continue
        node = internals.made_by(tensor).node
        if id(node) in done:
            continue
        if ready:
            done.add(id(node))
            order.append(node)
            continue
        stack.append((tensor, True))
        stack.extend((needed, False) for needed in reversed(_read(node)))
    return order


def _read(node: Any) -> list[Any]:
    """The tensors that are given to a layer, without the masks that Keras hands on by itself."""
    import keras

    said = {name: v for name, v in node.arguments.kwargs.items() if _said(name, v)}
    flat = keras.tree.flatten([node.arguments.args, said])
    return [value for value in flat if isinstance(value, keras.KerasTensor)]
