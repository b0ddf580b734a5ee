"""The page of a server in a real browser: what a person sees, does and copies."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import handmade
import httpx
import pytest
from halting import HANG
from PIL import Image
from playwright.sync_api import Browser, Page
from shared import ODD, encoded, mostly_slow, picture

KINDS = ("mixed", "several", "text", "files")
TOKEN = "s3cret"
Exports = Callable[[str], Path]
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def address(exported: Exports) -> Iterator[str]:
    with handmade.served({kind: exported(kind).parent for kind in KINDS}) as made:
        yield made


@pytest.fixture(scope="module")
def examples(exported: Exports) -> dict[str, dict[str, Any]]:
    return {
        kind: json.loads((exported(kind) / "assets.extra/examples.json").read_text())
        for kind in KINDS
    }


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Opened]:
    """Opens the page, with the model of a kind; nothing may go wrong on it unseen."""
    wrong: list[str] = []
    contexts = []

    def open_(kind: str = "mixed", at: str = address, **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(at)
        if at == address:
            page.get_by_role("button", name=kind, exact=True).click()
            page.locator(f"#title:has-text('{kind} version 1')").wait_for()
            answered(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [text for text in wrong if "Failed to load resource" not in text] == []


def answered(page: Page) -> None:
    """Wait for the answer, or what is said in its place."""
    page.locator("#answer[aria-busy=false]").wait_for()


def predicted(page: Page) -> None:
    """Press Predict, and wait for what comes of it."""
    page.get_by_role("button", name="Predict").click()
    answered(page)


def answer(page: Page) -> dict[str, str]:
    """What is predicted, by target."""
    return dict(text.split(": ", 1) for text in page.locator("#answer p").all_inner_texts())


def shares(page: Page) -> dict[str, float]:
    """The bars' numbers, by class; each bar is as wide as its number says."""
    found = {}
    for bar in page.locator(".share").all():
        name, number = bar.locator("span").all_inner_texts()
        width = bar.locator("i").evaluate("e => e.offsetWidth / e.parentElement.offsetWidth")
        assert width == pytest.approx(float(number), abs=0.02)
        found[name] = float(number)
    return found


def asked(address: str, kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """What the server says to a row."""
    said = httpx.post(
        f"{address}/v1/models/{kind}:predict", json={"instances": [row]}, timeout=HANG
    )
    [prediction] = said.json()["predictions"]
    return dict(prediction)


def test_the_form_opens_with_a_real_row_and_its_answer(
    opened: Opened, examples: dict[str, Any]
) -> None:
    page = opened()
    row, wanted = examples["mixed"]["instances"][0], examples["mixed"]["predictions"][0]
    assert page.title() == "mixed"
    assert page.locator("#form label span").all_inner_texts() == list(row)
    shown = {name: page.get_by_label(name).input_value() for name in row}
    assert (float(shown["size"]), shown["colour"], shown["floor"]) == (
        pytest.approx(row["size"]), row["colour"], str(row["floor"]),
    )  # fmt: skip
    assert answer(page) == {"answer": wanted["label"]}
    no, yes = wanted["probabilities"]
    assert shares(page) == pytest.approx({"no": no, "yes": yes}, abs=6e-4)


def test_another_row_has_another_answer(opened: Opened, address: str) -> None:
    page = opened()
    before = shares(page)
    page.get_by_label("size").fill("17.5")
    page.get_by_label("colour").select_option("green")
    page.get_by_label("floor").select_option("(missing)")
    predicted(page)
    wanted = asked(address, "mixed", {"size": 17.5, "colour": "green", "floor": -(2**63)})
    assert answer(page) == {"answer": wanted["label"]}
    no, yes = wanted["probabilities"]
    assert shares(page) == pytest.approx({"no": no, "yes": yes}, abs=6e-4)
    assert shares(page) != before
    page.get_by_text("all of the answer").click()
    assert json.loads(page.locator("#answer pre").inner_text()) == wanted


def test_an_empty_number_is_a_missing_one(opened: Opened) -> None:
    page = opened()
    page.get_by_label("size").fill("")
    predicted(page)
    assert '{"size":NaN,' in page.locator("#curl").inner_text()
    assert answer(page).keys() == {"answer"}


def test_several_targets_have_an_answer_each(opened: Opened, examples: dict[str, Any]) -> None:
    page = opened("several")
    wanted = examples["several"]["predictions"][0]
    found = answer(page)
    assert float(found.pop("price")) == pytest.approx(wanted["price_value"], rel=1e-5)
    assert found == {
        "answer": wanted["answer_label"], "kind of thing": wanted["kind_of_thing_label"],
    }  # fmt: skip
    shown = [*wanted["answer_probabilities"], *wanted["kind_of_thing_probabilities"]]
    names = ["no", "yes", "cup", "jug", "pot"]
    assert shares(page) == pytest.approx(dict(zip(names, shown, strict=True)), abs=6e-4)


def test_a_text_is_written_into_a_field_of_several_lines(opened: Opened, address: str) -> None:
    page = opened("text")
    review = 'a bad film,\nsays "nobody"\u2028 it\'s <b>so-so</b> 日本'
    field = page.get_by_label("review")
    assert field.evaluate("e => e.tagName") == "TEXTAREA"
    field.fill(review)
    predicted(page)
    assert answer(page) == {"stars": asked(address, "text", {"review": review})["label"]}


def test_an_image_is_uploaded_and_shown(opened: Opened, address: str, tmp_path: Path) -> None:
    page = opened("files")
    before = page.locator("img").get_attribute("src")
    content = encoded(picture(1, size=(40, 30)))
    (tmp_path / "mine.png").write_bytes(content)
    page.get_by_label("photo").set_input_files(tmp_path / "mine.png")
    page.locator(f"img:not([src='{before}'])").wait_for()
    assert page.locator("img").evaluate("e => e.decode().then(() => e.naturalWidth)") == 40
    predicted(page)
    given = {"photo": {"b64": base64.b64encode(content).decode()}}
    wanted = asked(address, "files", given)
    assert answer(page) == {"kind": wanted["label"]}
    assert max(shares(page).values()) == pytest.approx(wanted["probability"], abs=6e-4)


def test_an_image_is_shown_as_the_network_sees_it(opened: Opened, tmp_path: Path) -> None:
    page = opened("files")
    drawing = Image.new("RGBA", (80, 60), (0, 0, 0, 0))
    drawing.paste((255, 0, 0, 255), (40, 0, 80, 60))
    turned = Image.Exif()
    turned[0x0112] = 2  # mirrored
    drawing.save(tmp_path / "mine.png", exif=turned)
    before = page.locator("canvas").evaluate("e => e.toDataURL()")
    page.get_by_label("photo").set_input_files(tmp_path / "mine.png")
    page.wait_for_function(
        "before => document.querySelector('canvas').toDataURL() !== before", arg=before
    )
    width, height, left, right = page.locator("canvas").evaluate(
        "e => { const row = [...e.getContext('2d').getImageData(0, 1, e.width, 1).data];"
        " return [e.width, e.height, row.slice(0, 4), row.slice(-4)]; }"
    )
    assert page.locator("small:visible").all_inner_texts()[-1] == (
        f"as the network sees it, {width} × {height}"
    )
    assert (left, right) == ([255, 0, 0, 255], [255, 255, 255, 255])


def why(page: Page) -> dict[str, float]:
    """Ask why, and give what pushes by column, word or step; each bar is as long as its number."""
    page.get_by_role("button", name="Why?").click()
    page.locator("#why[aria-busy=false] h3").first.wait_for()
    found = {}
    for line in page.locator(".push").all():
        name, number = line.locator("span").all_inner_texts()
        found[name] = float(number.replace("\u2212", "-"))
        side = line.locator("i").evaluate("e => e.offsetLeft + e.offsetWidth / 2")
        middle = line.locator("div").evaluate("e => e.offsetWidth / 2")
        assert abs(found[name]) < 0.02 or (side > middle) == (found[name] > 0)
    return found


def explained(address: str, kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """What the server says of why a row is answered as it is."""
    given = {"signature_name": "explain", "instances": [row]}
    [found] = httpx.post(f"{address}/v1/models/{kind}:predict", json=given, timeout=HANG).json()[
        "predictions"
    ]
    return dict(found)


def test_the_page_says_why(opened: Opened, address: str) -> None:
    page = opened()
    assert page.locator("#why").inner_text() == ""
    page.get_by_label("size").fill("17.5")
    page.get_by_label("colour").select_option("green")
    page.get_by_label("floor").select_option("(missing)")
    row = {"size": 17.5, "colour": "green", "floor": -(2**63)}
    wanted = explained(address, "mixed", row)
    pushes = why(page)  # of what the form holds, which was not asked before
    assert pushes == pytest.approx(
        dict(zip(row, wanted["contributions"], strict=True)), rel=6e-3, abs=1e-3
    )
    assert answer(page) == {"answer": asked(address, "mixed", row)["label"]}
    said = page.locator("#why").inner_text()
    assert said.startswith("Why answer: yes?")
    assert "of training the log-odds of yes are" in said
    page.get_by_label("size").fill("1e39")
    page.get_by_role("button", name="Why?").click()
    page.locator("#why .bad").wait_for()
    assert "without loss of precision" in page.locator("#why").inner_text()
    predicted(page)
    assert page.locator("#why").inner_text() == ""


def test_of_a_text_words_push_and_of_a_picture_pixels(opened: Opened, address: str) -> None:
    page = opened("text")
    review = "a <b>good</b> film so good"
    page.get_by_label("review").fill(review)
    wanted = explained(address, "text", {"review": review})
    pairs = zip(wanted["review_words"], wanted["review_pushes"], strict=True)
    words = {word: push for word, push in pairs if word}
    assert why(page) == pytest.approx(
        {"review": wanted["contributions"][0], **words}, rel=6e-3, abs=1e-3
    )
    assert "good" in words
    page = opened("files")
    assert set(why(page)) == {"photo"}
    drawn = page.get_by_role("img", name="what pushes in photo")
    assert drawn.evaluate("e => e.decode().then(() => e.naturalWidth)") > 0
    assert "red pushes towards the answer" in page.locator("#why").inner_text()


def test_an_export_without_explanations_says_so(
    opened: Opened, fitted: Callable[[str], Any], tmp_path: Path
) -> None:
    without = fitted("mixed").export(tmp_path / "mixed", explanations=False, verbose=False)
    with handmade.served({"mixed": without.parent}) as at:
        page = opened(at=at)
        answered(page)
        assert page.get_by_role("button", name="Why?").count() == 0
        assert page.locator("#unexplained").inner_text() == (
            "Why it answers so is not known here: it was exported without explanations."
        )


def bad(page: Page) -> str:
    """The error that is shown, in place of an answer."""
    assert page.locator("#answer > *").count() == 1
    return page.locator("#answer .bad").inner_text()


def test_what_the_server_refuses_is_said_and_mended(opened: Opened) -> None:
    page = opened()
    page.get_by_label("size").fill("1e39")
    predicted(page)
    assert bad(page) == (
        "Failed to process element: 0 key: size of 'instances' list. Error: INVALID_ARGUMENT: "
        "Cannot convert JSON value: 1e+39 to float without loss of precision."
    )
    page.get_by_label("size").fill("1")
    predicted(page)
    assert answer(page).keys() == {"answer"}


def test_an_image_that_is_none_is_said(opened: Opened, tmp_path: Path) -> None:
    page = opened("files")
    page.get_by_label("photo").set_input_files([])
    page.get_by_label("photo").dispatch_event("change")
    assert not page.locator("img").is_visible()
    predicted(page)
    assert bad(page) == "photo: choose an image."
    (tmp_path / "words.png").write_text("no image")
    page.get_by_label("photo").set_input_files(tmp_path / "words.png")
    page.locator("#curl:has-text('bm8gaW1hZ2U=')").wait_for()
    predicted(page)
    assert "row 1, input 'photo': it is no image" in bad(page)


def test_a_server_that_has_gone_is_said(opened: Opened, exported: Exports) -> None:
    with handmade.served({"mixed": exported("mixed").parent}) as at:
        page = opened(at=at)
        answered(page)
        assert page.locator("#models").is_hidden()  # there is but one
    predicted(page)
    assert bad(page) == "The server does not answer. Is it still running?"


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True,
        check=False, timeout=HANG,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def copied(page: Page, folder: Path, **environment: str) -> dict[str, Any]:
    """What both pieces that are shown to be copied print, which is the same."""
    shell = run(["sh", "-c", page.locator("#curl").inner_text()], folder, **environment)
    code = page.locator("#python").inner_text()
    python = run([sys.executable, "-c", code], folder, **environment)
    [one] = json.loads(shell)["predictions"]
    assert python == f"{[one]}\n"
    return dict(one)


@pytest.mark.parametrize("kind", mostly_slow(KINDS, "mixed", "files"))
def test_what_is_copied_gives_the_answer(
    opened: Opened, address: str, tmp_path: Path, kind: str
) -> None:
    page = opened(kind)
    if kind == "text":
        page.get_by_label("review").fill('it\'s\n"so" $HOME `so` \\n 日本')
    predicted(page)
    page.get_by_text("all of the answer").click()
    assert copied(page, tmp_path) == json.loads(page.locator("#answer pre").inner_text())


def test_a_long_row_is_copied_as_a_file(opened: Opened, tmp_path: Path) -> None:
    page = opened("files")
    assert page.locator("#save").is_hidden()
    (tmp_path / "large.png").write_bytes(encoded(picture(3, size=(60, 60))))
    page.get_by_label("photo").set_input_files(tmp_path / "large.png")
    page.locator("#save").wait_for()
    predicted(page)
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename == "request.json"
    download.value.save_as(tmp_path / "request.json")
    page.get_by_text("all of the answer").click()
    assert copied(page, tmp_path) == json.loads(page.locator("#answer pre").inner_text())


@pytest.mark.parametrize("kind", mostly_slow(KINDS, "several", "files"))
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_window(opened: Opened, kind: str, width: int) -> None:
    page = opened(kind, viewport={"width": width, "height": 700})
    page.get_by_text("all of the answer").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width


CONTRAST = """selector => {
  const node = document.querySelector(selector), canvas = document.createElement("canvas");
  const paint = canvas.getContext("2d", {willReadFrequently: true});
  const light = (colour) => {
    paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...paint.getImageData(0, 0, 1, 1).data].map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.background = "Canvas";
  const behind = (n) => {
    for (; n; n = n.parentElement) {
      const colour = getComputedStyle(n).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(colour)) return colour;
    }
    return getComputedStyle(probe).backgroundColor;
  };
  const [a, b] = [light(getComputedStyle(node).color), light(behind(node))];
  return {ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), behind: b};
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_is_readable_by_day_and_by_night(opened: Opened, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    page.get_by_label("size").fill("1e39")
    predicted(page)
    bad(page)
    for selector in ("h1", "label span", "input", "select", ".main", "#models button", "pre",
                     "nav button[aria-pressed=true]", "#answer .bad"):  # fmt: skip
        found = page.evaluate(CONTRAST, selector)
        assert found["ratio"] >= 4.5, (selector, found)
        if selector in ("h1", "input", "pre"):
            assert (found["behind"] < 0.2) == (scheme == "dark"), selector


def test_the_keyboard_alone_will_do(opened: Opened, address: str) -> None:
    page = opened()
    page.evaluate("document.activeElement.blur()")

    def focused() -> str:
        return str(page.evaluate("document.activeElement.closest('label')?.innerText ?? ''"))

    for _ in range(12):
        page.keyboard.press("Tab")
        if focused().startswith("size"):
            break
    page.keyboard.press("Control+A")
    page.keyboard.type("4.25")
    page.keyboard.press("Tab")
    assert focused().startswith("colour")
    page.keyboard.type("red")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    answered(page)
    floor = int(page.get_by_label("floor").input_value())
    wanted = asked(address, "mixed", {"size": 4.25, "colour": "red", "floor": floor})
    assert max(shares(page).values()) == pytest.approx(wanted["probability"], abs=6e-4)


def test_a_token_is_asked_for_and_kept_in_memory_alone(
    opened: Opened, exported: Exports, tmp_path: Path
) -> None:
    with handmade.served({"mixed": exported("mixed").parent}, token=TOKEN) as at:
        page = opened(at=at)
        page.get_by_label("token").wait_for()
        assert page.locator("#title").inner_text() == "This server asks for a token"
        assert page.locator("#main").is_hidden()
        assert page.get_by_label("token").evaluate("e => e === document.activeElement")
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        page.get_by_text("That is not the token of this server.").wait_for()
        page.get_by_label("token").fill(TOKEN)
        page.get_by_role("button", name="Go on").click()
        answered(page)
        assert page.locator("#lock").is_hidden()
        assert answer(page).keys() == {"answer"}
        assert TOKEN not in page.content()
        assert copied(page, tmp_path, TOKEN=TOKEN)["label"] == answer(page)["answer"]
        kept = "[localStorage.length, sessionStorage.length, document.cookie]"
        assert page.evaluate(kept) == [0, 0, ""]
        page.reload()
        page.get_by_label("token").wait_for()


def test_the_page_loads_nothing_from_elsewhere(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page, asked_for = context.new_page(), []
        page.on("request", lambda request: asked_for.append(request.url))
        page.goto(address)
        answered(page)
        theirs = [url for url in asked_for if not re.match(rf"data:|{address}/", url)]
        assert (theirs, len(asked_for) >= 3) == ([], True)


def test_columns_are_shown_and_sent_under_their_own_names(
    browser: Browser, exported: Exports, opened: Opened
) -> None:
    folder = exported("odd names")
    extra = folder / "assets.extra"
    wanted = json.loads((extra / "examples.json").read_text())["predictions"][0]["label"]
    with handmade.served({"odd": folder.parent}) as at:
        page = opened(at=at)
        answered(page)
        assert page.locator("#form label span").all_text_contents() == ODD
        assert answer(page) == {"y": wanted}
        line = page.locator("#curl").inner_text()
        assert all(json.dumps(name, ensure_ascii=False) in line for name in ODD)


def test_the_copied_line_works_for_any_name_of_a_model(
    browser: Browser, exported: Exports, opened: Opened
) -> None:
    """A shell takes quotes, blanks and dollars of a name as they are."""
    name = "it's $HOME & (more)"
    with handmade.served({name: exported("mixed").parent}) as at:
        page = opened(at=at)
        answered(page)
        line = page.locator("#curl").inner_text()
        done = subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, check=True, timeout=HANG
        )
    assert "predictions" in json.loads(done.stdout), done.stderr
