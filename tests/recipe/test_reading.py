"""From text to a recipe, or to every problem in it."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

import bad
import pytest
from bad import DATA, plain, wrong
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import calls_of, message

import kbuilder as kb
from kbuilder import catalog
from kbuilder.errors import CallError, RecipeError
from kbuilder.recipe import nodes, reading
from kbuilder.recipe.positions import Origin

SEVEN = """\
data:
  source: csv
  target: income
  ignore: [income, fnlwgt]
  delimeter: ";"
  split: {validation: 1.5}
features:
  age: number
  age: category
model: {name: lsmt, units: 64}
training: {epochs: many}
"""

SAID = """\
seven.yaml:1:1: data.path: the required key 'path' is missing. \
Expected: the file, relative to the recipe, or several: a list, or a pattern such as sales-*.csv.
    1 | data:
      | ^^^^
seven.yaml:4:11: data.ignore: 'income' is the target and is ignored. \
Expected columns other than the target. Got ['income', 'fnlwgt'].
    4 |   ignore: [income, fnlwgt]
      |           ^^^^^^^^^^^^^^^^
seven.yaml:5:3: data.delimeter: unknown key 'delimeter'. \
Expected one of: path, validation_path, test_path, target, ignore, weight, time, series, \
delimiter, encoding, quoting, decimal, \
thousands, columns, header, skip, comment, sheet, missing, origin, unreadable, checks, split.
    5 |   delimeter: ";"
      |   ^^^^^^^^^
    Did you mean 'delimiter'?
seven.yaml:6:23: data.split.validation: Expected a number less than 1. Got 1.5.
    6 |   split: {validation: 1.5}
      |                       ^^^
seven.yaml:9:3: features.age: the key 'age' stands here again, first on line 8. Expected it once.
    9 |   age: category
      |   ^^^
seven.yaml:10:15: model.name: Expected one of: ARCHITECTURES. Got 'lsmt'.
    10 | model: {name: lsmt, units: 64}
       |               ^^^^
    Did you mean 'lstm'?
seven.yaml:11:20: training.epochs: Expected a whole number. Got 'many'.
    11 | training: {epochs: many}
       |                    ^^^^
7 problems."""


def test_seven_kinds_of_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Also the one that hides behind others: values are compared once each is right."""
    Path("seven.yaml").write_text(SEVEN)
    said = message(RecipeError, reading.read, "seven.yaml")
    assert said == SAID.replace("ARCHITECTURES", ", ".join(catalog.names("architectures")))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("training: {optimizer: {name: adam, momentum: 0.9, nesterov: 3}}",
         ["training.optimizer.momentum", "training.optimizer.nesterov"]),
        ("training: {epocs: 3, optimizer: {momentum: 0.9}}",
         ["training.epocs", "training.optimizer.momentum"]),
        ("task: {name: binary, loss: huber, positve: a}", ["task.loss", "task.positve"]),
        ("features: {y: number, z: numbr}\ntraining: {epochs: 0}",
         ["features.y", "features.z", "training.epochs"]),
        ("features: {y: number}\nmodel: {droput: 1}", ["features.y", "model.name"]),
        ("features: {y: number}\nmodel: {name: sequential}", ["features.y", "model.layers"]),
        ("features: {y: number}\nmodel: {text: {name: lsmt}, vector: {}}",
         ["features.y", "model.text.name", "model.vector.name"]),
        ("task: {y: {name: binary, los: a}, z: binary}\ntraining: {epochs: 0}",
         ["task.y.los", "task.z", "training.epochs"]),
        ("task: {y: multiclas}", ["task.y"]),
        ("task: {positive: 1}", ["task.name"]),
        ("task: regression\ntraining: {balance: auto, batch_size: x}",
         ["training.balance", "training.batch_size"]),
    ],
)  # fmt: skip
def test_a_problem_behind_another_comes_with_it(text: str, keys: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        reading.parse(DATA + text)
    assert [".".join(map(str, p.key)) for p in caught.value.problems] == keys


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ("{}", ["data.source"]),
        ("csv", ["data.path", "data.target"]),
        ("3", ["data"]),
        ("{source: cvs, target: y, ignore: [y]}", ["data.source", "data.ignore"]),
        ("{source: csv, target: [y, 3], path: [3]}", ["data.target.1", "data.path"]),
        ("{source: csv, path: ~no-such-user/rows.csv, target: y, ignore: y}",
         ["data.path", "data.ignore"]),
        ("{source: arrays, target: y, ignore: y}", ["data.path", "data.columns", "data.ignore"]),
        ("{source: arrays, path: a, target: y, columns: {x: 3}}", ["data.columns.x"]),
        ("{source: sklearn}", ["data.name"]),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_once_and_hides_nothing(data: str, keys: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        reading.parse(f"data: {data}\n")
    assert [".".join(map(str, p.key)) for p in caught.value.problems] == keys


PROBLEMS = {
    "training: {epochs: 1e-3}": "2:20: training.epochs: Expected a whole number. Got 0.001.",
    "training: {epochs: 0}": "2:20: training.epochs: Expected a number of at least 1. Got 0.",
    "training: {epochs: true}": "2:20: training.epochs: Expected a whole number. Got true.",
    "training: {epochs: '3'}": "2:20: training.epochs: Expected a whole number. Got '3'.",
    "training: {seed: null}": "2:18: training.seed: Expected a whole number. Got null.",
    "training: {epochs: 2001-01-01}":
        "2:20: training.epochs: Expected a whole number. Got '2001-01-01'.",
    "training: {optimizer: {learning_rate: .inf}}":
        "2:39: training.optimizer.learning_rate: Expected a finite number. Got inf.",
    "training: {optimizer: {learning_rate: 0}}":
        "2:39: training.optimizer.learning_rate: Expected a number greater than 0. Got 0.",
    "training: {optimizer: {momentum: 1.0}}":
        "2:34: training.optimizer.momentum: Expected a number less than 1. Got 1.0.",
    "training: {schedule: cosin}":
        "2:22: training.schedule: Expected one of: constant, cosine, exponential, inverse_time, "
        "one_cycle, plateau, polynomial, step. Got 'cosin'.\n    Did you mean 'cosine'?",
    "training: {schedule: {name: step, drop: 1.5}}":
        "2:41: training.schedule.drop: Expected a number less than 1. Got 1.5.",
    "training: {balance: atuo}":
        "2:21: training.balance: Expected none, auto or a mapping of keys and values. Got 'atuo'.\n"
        "    Did you mean 'auto'?",
    "training: 3": "2:11: training: Expected a mapping of keys and values. Got 3.",
    "features: [a]": "2:11: features: Expected a mapping of keys and values. Got ['a'].",
    "features: {a: }":
        "2:14: features.a: Expected a name, or a mapping with the key 'kind'. Got null.",
    "features: {a: no}":
        "2:15: features.a: Expected one of: array, category, datetime, image, number, set, text, "
        "tokens, video. Got 'no'.",
    "task: {name: binary, positive: 1.5}":
        "2:32: task.positive: Expected a text or a whole number. Got 1.5; "
        "in quotes it is a text: '1.5'.",
    "training: {batch_size: automatic}":
        "2:24: training.batch_size: Expected auto or a whole number. Got 'automatic'.\n"
        "    Did you mean 'auto'?",
    "training: {batch_size: 0}":
        "2:24: training.batch_size: Expected auto or a number of at least 1. Got 0.",
    "training: {plan: fast}":
        "2:18: training.plan: Expected auto, keras or a mapping of keys and values. Got 'fast'.",
    "training: {plan: {jit: 5}}": "2:24: training.plan.jit: Expected true or false. Got 5.",
    "task: {name: binary, classes: [a, b, c]}":
        "2:31: task.classes: Expected at most 2 of them. Got ['a', 'b', 'c'].",
    "task: {name: binary, positive: a, classes: [a, b]}":
        "2:32: task.positive: the positive class is the last of `classes`, 'b'. "
        "Expected the same here, or one of the two left out. Got 'a'.",
    "model: {name: lstm, share: true}":
        "2:28: model.share: it says that the columns of a form have one network together. Expected "
        "it beside the form: `model: {text: lstm, share: true}`. Got true.",
    "model: {title: lstm, synopsis: text_cn}":
        "2:32: model.synopsis: Expected one of: alexnet, cnn, dlinear, fasttext, frames, "
        "ft_transformer, googlenet, gru, keras_layer, lenet5, linear, lstm, mlp, nhits, nlinear, "
        "pretrained, resnet101, resnet110, resnet152, resnet18, resnet20, resnet32, resnet34, "
        "resnet44, resnet50, resnet56, rnn, sequential, tcn, text_cnn, transformer, tsmixer, "
        "vgg11, vgg13, vgg16, vgg19, wide_deep. Got 'text_cn'.\n"
        "    Did you mean 'text_cnn'?",
    "model: my_module:MyNet":
        "2:8: model: no folder is named. Expected `--plugins DIR` (in Python kb.plugins), with the "
        "folder of my_module.py: a recipe alone makes no code run. Got 'my_module:MyNet'.",
    "model: {name: \"__main__:MyNet\", units: 5}":
        "2:15: model.name: MyNet was a class of a program or a notebook, and is none of this one. "
        "Expected it to be defined here, or in a file of its own, whose folder `--plugins DIR` (in "
        "Python kb.plugins) names. Got '__main__:MyNet'.",
    "3: 4":
        "2:1: 3: unknown key '3'. Expected one of: data, features, task, model, training, "
        "ensemble.",
    "größe: 1":
        "2:1: größe: unknown key 'größe'. Expected one of: data, features, task, model, training, "
        "ensemble.",
    "? [a, b]\n: 1": "2:3: a key is a list or a mapping. Expected a word.",
    "data: 1": "2:1: data: the key 'data' stands here again, first on line 1. Expected it once.",
    "---\na: 1": "2:1: a second document starts here. Expected one recipe per file.",
    "task: *a": "2:7: an alias (*) repeats another value. Expected the value written out.",
    "task: &a binary":
        "2:7: an anchor (&) names a value. Expected a recipe without anchors and aliases.",
    "task: !!python/object:os.system {}":
        "2:7: the tag tag:yaml.org,2002:python/object:os.system asks for a type. "
        "Expected a value without a tag.",
    "training:\n\tepochs: 3":
        "3:1: cannot be read as YAML: a tab. YAML indents with spaces; replace the tab by spaces.",
    "training:\n  seed: 1\n\tepochs: 3":
        "4:1: cannot be read as YAML: a tab. YAML indents with spaces; replace the tab by spaces.",
    "training: {epochs: 3": "2:21: cannot be read as YAML: expected ',' or '}', but got "
        "'<stream end>'.",
    "task: a: b": "2:8: cannot be read as YAML: mapping values are not allowed here.",
    "task: \x1b[31m": "2:7: the character U+001B is no text. Remove it.",
    "task: " + "[" * 40: "2:38: values nest deeper than 32. Expected a flatter recipe.",
    "task: " + "{" * 5000: "2:38: values nest deeper than 32. Expected a flatter recipe.",
}  # fmt: skip


@pytest.mark.parametrize("text", PROBLEMS, ids=lambda text: text[:40])
def test_a_problem_says_where_it_stands_and_what_was_expected(text: str) -> None:
    said = bad.plain(wrong(DATA + text))
    assert said == f"recipe:{PROBLEMS[text]}\n1 problem."


WHOLE = {
    "": "recipe: the recipe is empty. Expected at least `data:`.",
    "# nothing but a comment\n": "recipe: the recipe is empty. Expected at least `data:`.",
    "lstm": "recipe:1:1: a recipe is a mapping. "
        "Expected `data:`, `model:` … as keys, each with a colon.",
    "- lstm": "recipe:1:1: a recipe is a mapping. "
        "Expected `data:`, `model:` … as keys, each with a colon.",
    "model: mlp": "recipe:1:1: data: the required key 'data' is missing. "
        "Expected: where the rows are, and which column is predicted.",
    "%YAML 1.1\n---\n" + DATA: "recipe:2:1: a recipe is YAML 1.2. "
        "Remove the line that says otherwise.",
}  # fmt: skip


@pytest.mark.parametrize("text", WHOLE)
def test_what_is_no_recipe_says_so(text: str) -> None:
    assert bad.plain(wrong(text)) == f"{WHOLE[text]}\n1 problem."


def test_aliases_that_would_grow_to_a_billion_words_take_no_time() -> None:
    bomb = "a: &a [x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    said: list[str] = []
    assert calls_of(lambda: said.append(wrong(bomb))) < 100_000
    assert "an anchor (&) names a value" in said[0]


SCALARS = {
    "yes": "yes", "no": "no", "on": "on", "Off": "Off", "y": "y", "true": True, "FALSE": False,
    "null": None, "~": None, "": None, "1": 1, "-3": -3, "+3": 3, "010": 10, "0o17": 15,
    "0x1F": 31, "0b11": 3, "1_000": 1000, "1e-3": 0.001, "1.": 1.0, ".5": 0.5,
    "-.inf": -float("inf"),
    "1E3": 1000.0, "2001-01-01": "2001-01-01", "12:30:45": "12:30:45", "1.2.3": "1.2.3", "=": "=",
    "-_": "-_", "'1'": "1", '"\\x41"': "A", "9" * 5000: "9" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("text", SCALARS, ids=lambda text: text[:12])
def test_scalars_are_those_of_yaml_1_2(text: str) -> None:
    value = nodes.compose(f"a: {text}", Origin("", ()), [])["a"]
    assert bad.same(value, SCALARS[text])


def test_a_recipe_reads_the_same_with_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    text = DATA + "training:\n  epochs: 3\n"
    (tmp_path / "a.yaml").write_bytes(text.encode())
    (tmp_path / "b.yaml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert reading.read(tmp_path / "a.yaml") == reading.read(tmp_path / "b.yaml")


def test_windows_lines_are_counted_once() -> None:
    text = DATA.replace("\n", "\r\n") + "training:\r\n  epochs: x\r\n"
    said = wrong(text)
    assert said.startswith("recipe:3:11: training.epochs: ")
    assert "    3 |   epochs: x\n" in said


def test_a_line_that_only_unicode_ends_is_not_counted() -> None:
    text = DATA + "features: {'a\u2028b': number}\ntraining: {epochs: x}\n"
    assert "    3 | training: {epochs: x}\n" in wrong(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'模型': 1", "    2 | '模型': 1\n      | ^^^^^^"),
        ("e\u0301t\u00e9: 1", "    2 | e\u0301t\u00e9: 1\n      | ^^^"),
        ('"\\e[31m": 1', '    2 | "\\e[31m": 1\n      | ^^^^^^^^'),
        ("task:" + " " * 200 + "x", "    2 | …" + " " * 60 + "x\n      | " + " " * 61 + "^"),
        ("task: " + "x" * 3000, "    2 | task: " + "x" * 114 + "…\n      |       " + "^" * 114),
    ],
)
def test_the_mark_stands_under_the_word_however_wide_or_long_the_line(
    text: str, shown: str
) -> None:
    assert shown in wrong(DATA + text)


def test_no_control_character_reaches_the_terminal() -> None:
    said = wrong(DATA + '"\\e[31m\\a": 1\nmodel: "\\e]0;title\\a"\ntask: "\\u202e"')
    assert all(c.isprintable() or c == "\n" for c in said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no file {path}. Expected the YAML file of a recipe; "
               "`kbuilder recipes list` shows those that come with kbuilder."),
        (b"a: \xff", "{path} is not UTF-8 text (byte 3)."),
        (b"a: 1\n" * 10_000_000, "{path} is larger than 1 MB. Expected the YAML file of a recipe; "
                                 "data belongs into a file of its own."),
    ],
    ids=["absent", "latin", "50 MB"],
)  # fmt: skip
def test_what_is_no_recipe_file_is_a_wrong_call(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "recipe.yaml"
    if content is not None:
        path.write_bytes(content)
    assert message(CallError, reading.read, path) == said.format(path=path)


@pytest.mark.parametrize("name", ["my rows.xlsx", "rows.CSV", "rows.parquet"])
def test_a_file_of_rows_is_no_recipe_but_has_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"PK\xff")
    said = message(CallError, reading.read, path)
    words = shlex.split(said.split("`")[1])
    assert said.startswith(f"{path} holds rows. Expected the YAML file of a recipe; ")
    assert words == ["kbuilder", "init", str(path), "-o", f"{path.stem}.yaml"]


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    said = message(CallError, reading.read, tmp_path)
    assert said == f"{tmp_path} is a folder. Expected the YAML file of a recipe."


def test_paths_are_relative_to_the_recipe_or_absolute_or_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    file = tmp_path / "folder" / "recipe.yaml"
    file.parent.mkdir()
    for written, meant in {
        "rows.csv": file.parent / "rows.csv",
        "../rows.csv": file.parent / "../rows.csv",
        "/rows.csv": Path("/rows.csv"),
        "~/rows.csv": Path("/home/somebody/rows.csv"),
    }.items():
        file.write_text(DATA.replace("rows.csv", written))
        assert reading.read(file).data.path == meant


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.text(),
        st.text("{}[]:,-?*&!|>'\"%@`#~ \n\tab01.", max_size=60),
        st.lists(
            st.tuples(
                st.sampled_from(["data", "features", "task", "model", "training", "x"]),
                st.sampled_from(["{", "[", "", "{name: ", "{source: csv, path: ", "- ", "!!x "]),
                st.sampled_from(["lstm", "sequential, layers: [flatten]", "binary", "3", "y", ""]),
                st.sampled_from(["}", "]", "", "}}"]),
            ).map(lambda parts: f"{parts[0]}: {''.join(parts[1:])}")
        ).map("\n".join),
    )
)
def test_no_text_gives_anything_but_a_recipe_or_an_error_of_ours(text: str) -> None:
    for source in (text, DATA + text):
        with contextlib.suppress(RecipeError):
            assert isinstance(reading.parse(source), kb.Recipe)


def test_a_misspelled_layer_or_argument_is_marked_itself_and_not_its_value() -> None:
    layers = "[flatten, {dens: 3}, {residual: {filters: 3, stride: 2}}]"
    said = wrong(DATA + f"model: {{name: sequential, layers: {layers}}}\n").splitlines()
    marked = [line for line in said if "^" in line]
    text = said[1]
    assert [text[mark.index("^") :][: mark.count("^")] for mark in marked] == ["dens", "stride"]


def test_a_slip_in_a_source_that_is_not_named_is_told_what_its_keys_are() -> None:
    said = plain(wrong("data: {path: rows.csv, target: y, delimeter: x}"))
    known = "path, validation_path, test_path, target, ignore, "
    assert f": unknown key 'delimeter'. Expected one of: {known}" in said
    assert "Did you mean 'delimiter'?" in said


def test_a_field_without_which_nothing_can_be_checked_does_not_go_on_for_ever() -> None:
    said = plain(wrong("data: {sql: {url: 3, query: 4, test_query: 5}, target: y}"))
    assert said.endswith("3 problems.")


def test_a_file_that_is_not_there_names_the_one_beside_it_that_is_meant() -> None:
    Path("flowers.yaml").write_text("data: {path: a.csv, target: y}\n", encoding="utf-8")
    said = message(CallError, reading.read, Path("flowers.yml"))
    assert said == (
        "there is no file flowers.yml. Expected the YAML file of a recipe; `kbuilder recipes list` "
        "shows those that come with kbuilder.\n    Did you mean 'flowers.yaml'?"
    )
