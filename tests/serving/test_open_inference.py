"""The bodies of the Open Inference Protocol, case by case."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from kbuilder.serving import open_inference as protocol
from kbuilder.serving.refusals import RequestError
from kbuilder.serving.signature import Signature, Tensor

SIGNATURE = Signature(
    {"age": Tensor("float32", (None,)), "job": Tensor("string", (None,)),
     "codes": Tensor("int64", (None, 2))},
    {"label": Tensor("string", (None,)), "probability": Tensor("float32", (None,))},
)  # fmt: skip
AGE = {"name": "age", "shape": [2], "datatype": "FP32", "data": [1, 2.5]}
JOB = {"name": "job", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]}
CODES = {"name": "codes", "shape": [2, 2], "datatype": "INT64", "data": [[1, 2], [3, 4]]}


def read(given: Any, binary: bytes | None = None) -> protocol.Request:
    head = json.dumps(given).encode()
    if binary is None:
        return protocol.read(head, SIGNATURE)
    return protocol.read(head + binary, SIGNATURE, str(len(head)))


def with_input(**changed: Any) -> dict[str, Any]:
    return {"inputs": [{**AGE, **changed}, JOB, CODES]}


def test_tensors_are_read_nested_or_flat() -> None:
    flat = {**CODES, "data": [1, 2, 3, 4]}
    for codes in (CODES, flat):
        request = read({"inputs": [JOB, AGE, codes]})
        assert request.columns["age"].tolist() == [1.0, 2.5]
        assert request.columns["age"].dtype == np.float32
        assert request.columns["job"].tolist() == ["a", "b"]
        assert request.columns["codes"].tolist() == [[1, 2], [3, 4]]
        assert (request.identity, request.outputs) == (
            None, {"label": False, "probability": False},
        )  # fmt: skip


def test_a_set_is_a_list_of_labels_or_a_text() -> None:
    tags = Signature({"t": Tensor("string", (None,), lists=True)}, SIGNATURE.outputs)
    given = {"name": "t", "shape": [3], "datatype": "BYTES", "data": [["a", "b"], [], "a|b"]}
    request = protocol.read(json.dumps({"inputs": [given]}).encode(), tags)
    assert request.columns["t"].tolist() == ['["a", "b"]', "[]", "a|b"]
    with pytest.raises(RequestError) as error:
        protocol.read(json.dumps({"inputs": [{**given, "shape": [3, 2]}]}).encode(), tags)
    assert str(error.value) == (
        "input 't' has the shape [3,2]. Expected [-1]; the labels of a row are one text, such as "
        '["a", "b"]'
    )


def test_binary_tensors_follow_the_json() -> None:
    words = b"".join(struct.pack("<I", len(word)) + word for word in (b"a", "é".encode()))
    numbers = np.array([1, 2.5], "<f4").tobytes()
    codes = np.array([1, 2, 3, 4], "<i8").tobytes()

    def described(one: dict[str, Any], size: int) -> dict[str, Any]:
        return {
            **{key: value for key, value in one.items() if key != "data"},
            "parameters": {"binary_data_size": size},
        }

    parts = ((AGE, numbers), (JOB, words), (CODES, codes))
    given = {"inputs": [described(one, len(content)) for one, content in parts]}
    request = read(given, numbers + words + codes)
    assert request.columns["age"].tolist() == [1.0, 2.5]
    assert request.columns["job"].tolist() == [b"a", "é".encode()]
    assert request.columns["codes"].tolist() == [[1, 2], [3, 4]]
    with pytest.raises(RequestError, match="3 bytes are left after the tensors"):
        read(given, numbers + words + codes + b"abc")
    with pytest.raises(RequestError, match="input 'codes': binary_data_size is 32, of 31 bytes"):
        read(given, (numbers + words + codes)[:-1])


@pytest.mark.parametrize(("content", "said"), [
    (b"\x01\x00", "a string has no length"),
    (b"\x05\x00\x00\x00ab", "a string is longer than what is left"),
])  # fmt: skip
def test_binary_strings_that_are_cut_off_are_refused(content: bytes, said: str) -> None:
    job = {"name": "job", "shape": [1], "datatype": "BYTES",
           "parameters": {"binary_data_size": len(content)}}  # fmt: skip
    with pytest.raises(RequestError) as error:
        read({"inputs": [job]}, content)
    assert str(error.value) == f"input 'job': {said}"


@pytest.mark.parametrize(("given", "said"), [
    ({}, "'inputs' is missing, or no list of objects"),
    ({"inputs": [1]}, "'inputs' is missing, or no list of objects"),
    ({"id": 3, "inputs": []}, "'id' is 3. Expected a string"),
    ({"inputs": []}, "missing input: age, job, codes"),
    ({"inputs": [AGE, AGE]}, "input 'age' is there twice"),
    (with_input(name="agee"), 'unknown input "agee". Expected: age, job, codes'),
    (with_input(datatype="FP64"), "input 'age' has the datatype \"FP64\". Expected FP32"),
    (with_input(shape=[-1]), "input 'age' has the shape [-1]. Expected whole numbers, >= 0"),
    (with_input(shape=[3]), "input 'age' has 2 values, and its shape is [3]"),
    (with_input(shape=[2, 1]), "input 'age' has the shape [2,1]. Expected [-1]"),
    (with_input(data=["1", "2"]),
     "input 'age': JSON Value: \"1\" Type: String is not of expected type: float"),
    (with_input(data=[[1], [2, 3]]),
     "input 'age': Encountered list at unexpected size: 2 at level: 1 expected size: 1"),
    ({"inputs": [{"name": "age", "shape": [2], "datatype": "FP32"}, JOB, CODES]},
     "input 'age': it has no data"),
    (with_input(shape=[1], data=[1]),
     "the inputs have different numbers of rows: {'age': 1, 'job': 2, 'codes': 2}"),
    ({**with_input(), "outputs": [{"name": "lable"}]},
     'unknown output "lable". Expected: label, probability'),
    ({**with_input(), "outputs": 1}, "'outputs' is no list of objects"),
    (with_input(shape=[0] * 100, data=[]),
     f"input 'age' has the shape [{','.join('0' * 100)}]. Expected [-1]"),
    (with_input(shape=[2**62, 0], data=[]),
     "input 'age' has the shape [4611686018427387904, 0]. Expected whole numbers, >= 0"),
    ({"inputs": [AGE, JOB, {**CODES, "shape": [4, 1], "data": [[1, 2], [3, 4]]}]},
     "input 'codes' has the shape [4,1]. Expected [-1,2]"),
    ({"inputs": [AGE, JOB, {**CODES, "data": [[1], [2], [3], [4]]}]},
     "input 'codes': its data is nested as [4,1], and its shape is [2,2]"),
])  # fmt: skip
def test_what_cannot_be_read_names_the_field(given: Any, said: str) -> None:
    with pytest.raises(RequestError) as error:
        read(given)
    assert str(error.value) == said


def test_a_header_length_beyond_the_body_is_refused() -> None:
    with pytest.raises(RequestError, match="is 9, and the body has 2 bytes"):
        protocol.read(b"{}", SIGNATURE, "9")


ANSWER = {
    "label": np.array([b"yes", b"no"], dtype=object),
    "probability": np.array([0.2, 1], np.float32),
}


def test_the_answer_repeats_the_id_and_names_the_model() -> None:
    request = read({**with_input(), "id": "seven"})
    body, headers = protocol.write(ANSWER, request, "income", 3)
    assert headers == {"content-type": "application/json"}
    assert json.loads(body) == {
        "model_name": "income", "model_version": "3", "id": "seven",
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["yes", "no"]},
            {"name": "probability", "datatype": "FP32", "shape": [2], "data": [0.2, 1.0]},
        ],
    }  # fmt: skip


def test_the_outputs_that_are_asked_for_are_given_binary_where_they_are_to_be() -> None:
    outputs = [{"name": "probability", "parameters": {"binary_data": True}}]
    body, headers = protocol.write(ANSWER, read({**with_input(), "outputs": outputs}), "m", 1)
    size = int(headers[protocol.LENGTH])
    head = json.loads(body[:size])
    assert head["outputs"] == [
        {"name": "probability", "datatype": "FP32", "shape": [2],
         "parameters": {"binary_data_size": 8}},
    ]  # fmt: skip
    assert np.frombuffer(body[size:], "<f4").tolist() == pytest.approx([0.2, 1])
    all_ = read({**with_input(), "parameters": {"binary_data_output": True}})
    body, headers = protocol.write(ANSWER, all_, "m", 1)
    assert body[int(headers[protocol.LENGTH]) :].startswith(
        b"\x03\x00\x00\x00yes\x02\x00\x00\x00no"
    )


def test_the_metadata_has_datatypes_and_shapes() -> None:
    told = protocol.metadata("income", [2], SIGNATURE)
    assert (told["name"], told["versions"]) == ("income", ["2"])
    assert told["inputs"][2] == {"name": "codes", "datatype": "INT64", "shape": [-1, 2]}
    assert told["outputs"][0] == {"name": "label", "datatype": "BYTES", "shape": [-1]}


def test_rows_of_unlike_length_are_filled_up_or_refused_with_what_to_send() -> None:
    signature = Signature({"run": Tensor("float32", (None, None))}, SIGNATURE.outputs)

    def given(data: Any) -> np.ndarray:
        one = {"name": "run", "shape": [2, 3], "datatype": "FP32", "data": data}
        return protocol.read(json.dumps({"inputs": [one]}).encode(), signature).columns["run"]

    wanted = np.float32([[1, 2, 3], [4, np.nan, np.nan]])
    for data in ([[1, 2, 3], [4]], [[1, 2, 3], [4, None, None]], [1, 2, 3, 4, None, None]):
        np.testing.assert_array_equal(given(data), wanted)
    np.testing.assert_array_equal(given([None] * 6), np.full((2, 3), np.nan, np.float32))
    with pytest.raises(RequestError) as caught:
        given([[1], [2, 3, 4, 5]])
    assert str(caught.value) == (
        "input 'run': row 2 has 4 steps, and its shape is [2,3]. Expected the steps of the longest "
        "row; shorter ones end with null, or are just shorter"
    )
    with pytest.raises(RequestError) as caught:
        given([1, 2, 3, 4])
    assert str(caught.value) == (
        "input 'run' has 4 values, and its shape is [2,3]. Rows of unlike length are padded to "
        "one: with null in JSON, else with NaN, or of whole numbers with -9223372036854775808; or "
        "with what the training rows were padded with"
    )
