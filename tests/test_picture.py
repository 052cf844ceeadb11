"""Pictures: what is in them, what must never be, and that they depend on nothing but the world."""

import itertools
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.dataset import Dataset
from matchmaker.picture import address, neighborhood_svg
from tests.worlds import FEWER, FLAT, ONE_SIDE, TWO_SIDES, World, meeting, organization, permuted, worlds

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script> ]]> &amp; \"'`\x00\x07\x1b[31m\u202e\u2066\ufffe\ud800<!-- ?>"
KNOWN = {"svg", "title", "desc", "rect", "g", "a", "path", "circle", "polygon", "text"}


def parsed(svg):
    """The document, after all that no picture may hold is refused."""
    assert "<!" not in svg
    root = ElementTree.fromstring(svg.encode())  # noqa: S314 - our own, and without a DOCTYPE
    elements = list(root.iter())
    assert {element.tag.removeprefix(SVG) for element in elements} <= KNOWN
    for element in elements:
        assert not any(name.lower().startswith("on") or name in ("style", "src", "role") for name in element.attrib)
        assert not any("url(" in value or "javascript:" in value for value in element.attrib.values())
        assert element.tag == f"{SVG}a" or "href" not in element.attrib
    assert all(link.startswith(("https://", "http://")) for link in links(root))
    return root


def links(root):
    return [element.get("href") for element in root.iter(f"{SVG}a")]


def texts(root, tag="text"):
    return [element.text or "" for element in root.iter(SVG + tag)]


def shapes(root):
    """How often each shape stands in the picture, those of the legend aside."""
    groups = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    found = Counter()
    for shape in (child for group in groups for child in group):
        if shape.tag == f"{SVG}polygon":
            found[{3: "triangle", 4: "square"}[len(shape.get("points").split())]] += 1
        found["circle"] += shape.tag == f"{SVG}circle"
    return +found


def picture(world, identifier="a", **options):
    dataset = world.known()
    return neighborhood_svg(dataset, dataset.row(identifier), **options)


def company(**cells):
    """A world with organizations of either side and of neither, an event of all and an agreement in doubt."""
    members = (
        organization("a", name_en="Ours", name_ko="우리", country="KR", city="Seoul", sector="biotech"),
        organization("b", name_en="Theirs", country="CN"),
        organization("c", name_en="Third", country="JP"),
        organization("d", name_en="Fellow", country="KR"),
    )
    world = World(TWO_SIDES, members).plus(**meeting("e1", "a", "b", "c", "d", title="Forum of four", **cells))
    return world.plus(partnerships={"left": "a", "right": "b", "date": "2019", "kind": "JV", "verified": "no"})


@pytest.fixture(scope="module")
def embedded():
    return Dataset.read()


@pytest.fixture(scope="module")
def busiest(embedded):
    return int(np.argmax(np.diff(embedded.graph.everyone.indptr)))


def overlapping(boxes):
    ordered = sorted(boxes)
    return [pair for pair in itertools.pairwise(ordered) if pair[0][1] > pair[1][0] + 0.2]


# --- what is in it ------------------------------------------------------------------------------------------------


def test_every_organization_and_every_context_of_the_neighborhood_has_a_title(embedded):
    row = embedded.row("gennbio")
    titles = texts(parsed(neighborhood_svg(embedded, row)), "title")
    for kind, number in embedded.graph.neighborhood(row):
        if kind == "organization":
            assert any(all(name in title for name in embedded.organization(number).names.values()) for title in titles)
        else:
            context = embedded.graph.context(number)
            assert any(title.startswith(context.title) and context.source in title for title in titles)


def test_a_title_tells_names_place_and_sector():
    assert "Ours · 우리\nSeoul, Korea · biotech" in texts(parsed(picture(company())), "title")


def test_the_document_has_a_name_and_a_description_and_is_no_image():
    root = parsed(picture(company()))
    names = root.get("aria-labelledby").split()
    ids = {element.get("id"): element.text for element in root if element.get("id")}
    assert ids[names[0]] == "Neighborhood of Ours as of 2025-12-31"
    assert "2 events and agreements with 3 other organizations" in ids[names[1]]
    assert "A circle is China." in ids[names[1]]


def test_shapes_tell_the_sides_apart():
    assert shapes(parsed(picture(company()))) == {"circle": 1, "triangle": 2, "square": 1}
    assert shapes(parsed(picture(replace(company(), domain=ONE_SIDE)))) == {"square": 4}


def test_the_legend_explains_what_is_there_and_nothing_else():
    said = texts(parsed(picture(company())))
    assert {"China", "Korea", "neither China nor Korea", "event", "agreement", "dashed line: not verified"} <= set(said)
    assert "opens its source" not in said
    alone = texts(parsed(picture(World(FLAT, (organization("a"),)))))
    assert "organization" in alone
    assert not {"event", "agreement", "dashed line: not verified"} & set(alone)


def test_only_unverified_memberships_are_dashed():
    root = parsed(picture(company()))
    edges = [path for path in root.iter(f"{SVG}path") if path.get("d").count(" C") == 1]
    assert len(edges) == 6
    assert sum(path.get("stroke-dasharray") is not None for path in edges) == 2


def test_what_counts_more_is_drawn_thicker():
    near, far = (
        {float(path.get("stroke-width")) for path in parsed(picture(company(date=day))).iter(f"{SVG}path")}
        for day in ("2025-12-01", "2009-12-01")
    )
    assert sorted(near)[-2] > sorted(far)[-2]


def test_the_organization_asked_about_is_larger_and_has_a_thicker_outline(embedded):
    root = parsed(neighborhood_svg(embedded, embedded.row("xeno-life-science")))
    circles = sorted(
        (float(circle.get("r")), float(circle.get("stroke-width"))) for circle in root.iter(f"{SVG}circle")
    )
    assert circles[-1][0] > circles[0][0]
    assert circles[-1][1] > circles[0][1]


def test_names_are_marked_with_their_language():
    root = parsed(picture(company()))
    assert root.get("lang") == "en"
    assert {(text.text, text.get("lang")) for text in root.iter(f"{SVG}text") if text.get("lang")} == {("우리", "ko")}


def test_contexts_with_an_address_lead_there(embedded):
    root = parsed(neighborhood_svg(embedded, embedded.row("gennbio")))
    contexts = [
        embedded.graph.context(number)
        for kind, number in embedded.graph.neighborhood(embedded.row("gennbio"))
        if kind == "context"
    ]
    assert sorted(links(root)) == sorted(address(context.source) for context in contexts)


def test_days_are_no_more_exact_than_they_were_stated():
    shown = " ".join(texts(parsed(picture(company(date="2021-03")))))
    assert "forum · 2021-03 · 4 organizations" in shown
    assert "agreement · 2019" in shown
    assert "2019-12-31" not in shown


def test_an_organization_without_a_past_stands_alone_and_it_is_said():
    root = parsed(picture(World(TWO_SIDES, (organization("a", name_en="Alone", country="CN"),))))
    assert "Nothing is recorded of it: no event and no agreement." in texts(root)
    assert shapes(root) == {"circle": 1}


def test_a_world_without_any_fact_has_no_day():
    dataset = World(FLAT, (organization("a", name_en="Alone"),)).dataset()
    assert "Neighborhood of Alone" in texts(parsed(neighborhood_svg(dataset, 0)))


def test_what_has_no_room_is_counted(embedded, busiest):
    few = parsed(neighborhood_svg(embedded, busiest, most=10))
    everything = embedded.graph.neighborhood(busiest, 10**6)
    shown = embedded.graph.neighborhood(busiest, 10)
    missing = Counter(kind for kind, _ in everything) - Counter(kind for kind, _ in shown)
    contexts, organizations = missing["context"], missing["organization"]
    assert (
        f"Not shown for want of room: {contexts} events and agreements and {organizations} other organizations."
        in texts(few)
    )
    assert not any("Not shown" in text for text in texts(parsed(neighborhood_svg(embedded, busiest, most=10**6))))
    assert parsed(neighborhood_svg(embedded, busiest, most=1))


# --- how it looks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [20, 60, 10**6])
def test_no_label_lies_on_another_and_none_leaves_the_paper(embedded, busiest, most):
    root = parsed(neighborhood_svg(embedded, busiest, most))
    columns = {}
    for text in root.iter(f"{SVG}text"):
        y, size = float(text.get("y")), float(text.get("font-size"))
        columns.setdefault((text.get("x"), text.get("text-anchor")), []).append((y - size * 0.8, y + size * 0.2))
    assert not any(map(overlapping, columns.values()))
    boxes = [(float(box.get("y")), float(box.get("height"))) for box in root.iter(f"{SVG}rect") if box.get("rx")]
    assert not overlapping((y, y + height) for y, height in boxes[:-2])  # the last two are the legend's
    assert max(y for column in columns.values() for _, y in column) < float(root.get("height"))
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def test_paper_is_white_whatever_lies_below():
    root = parsed(picture(company()))
    paper = root.find(f"{SVG}rect")
    assert (paper.get("fill"), paper.get("width"), paper.get("height")) == (
        "#ffffff",
        root.get("width"),
        root.get("height"),
    )


def test_the_busiest_picture_is_small(embedded, busiest):
    assert len(neighborhood_svg(embedded, busiest).encode()) < 300_000


@pytest.mark.parametrize(("letters", "least", "most"), [("some name ", 22, 32), ("원", 16, 18), ("W", 15, 20)])
def test_long_names_are_cut_and_wide_letters_are_counted_as_wide(letters, least, most):
    world = World(TWO_SIDES, (organization("a", name_en="A", country="KR"), organization("b", name_en=letters * 60)))
    cut = [text for text in texts(parsed(picture(world.plus(**meeting("e1", "a", "b"))))) if text.endswith("…")]
    assert len(cut) == 1
    assert least <= len(cut[0]) <= most


# --- what must never be in it -------------------------------------------------------------------------------------


def hostile():
    """As from a caller who has gone round all that is checked on the way in."""
    dataset = company(source="javascript:alert(1)").known()
    evil = HOSTILE.replace("\ud800", "")
    text = pl.lit(evil)
    return replace(
        dataset,
        organizations=dataset.organizations.with_columns(name_en=text, name_ko=text, city=text, sector=text),
        events=dataset.events.with_columns(
            title=text, kind=text, date=text, source=pl.lit(f"javascript:alert(1) {evil}")
        ),
        partnerships=dataset.partnerships.with_columns(
            kind=text, source=pl.lit('https://a.example/"><script>alert(1)</script>')
        ),
    )


def test_hostile_text_comes_out_as_text():
    dataset = hostile()
    svg = neighborhood_svg(dataset, dataset.row("a"))
    root = parsed(svg)
    assert "<script" not in svg
    assert all(character.isprintable() or character == "\n" for character in svg)
    assert any(
        "<script>alert(1)</script> ]]> &amp; \"'`\\x00\\x07\\x1b[31m\\u202e\\u2066" in title
        for title in texts(root, "title")
    )


@pytest.mark.parametrize(
    "source",
    [
        None, "", "an article", "javascript:alert(1)", "JavaScript:alert(1)//https://a.example", "data:text/html,x",
        "file:///etc/passwd", "//a.example", "https:a.example", "https://", "http:///path", "https://[::1", "ftp://a.example",
        "https://a.example/\u202egpj", "https://a.example/" + "x" * 3000, "vbscript:x", "java\tscript:alert(1)",
    ],
)  # fmt: skip
def test_only_web_addresses_are_followed(source):
    assert address(source) is None
    assert links(parsed(picture(company(source=source)))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("https://a.example/?q=1&p=2", "https://a.example/?q=1&p=2"),
        ("HTTP://a.example", "HTTP://a.example"),
        ("article 7 https://a.example/7; http://b.example", "https://a.example/7"),
        ("press (copy: http://a.example/7)", "http://a.example/7"),
        ("https://a.example/wiki/X_(drug)", "https://a.example/wiki/X_(drug)"),
        ("https://a.example/中文", "https://a.example/中文"),
        ('https://a.example/"><script>', 'https://a.example/"><script>'),
    ],
)
def test_web_addresses_are_found_in_sources(source, found):
    assert address(source) == found


# --- that it is always one, and the same --------------------------------------------------------------------------


@FEWER
@given(worlds(), st.integers(0, 12), st.data())
def test_any_world_gives_well_formed_pictures(world, most, data):
    dataset = world.dataset()
    row = data.draw(st.integers(0, len(dataset) - 1))
    root = parsed(neighborhood_svg(dataset, row, most))
    assert sum(shapes(root).values()) == sum(
        kind == "organization" for kind, _ in dataset.graph.neighborhood(row, most)
    )


@FEWER
@given(st.text(), st.text())
def test_any_text_gives_well_formed_pictures(name, source):
    dataset = company().known()
    storable = name.encode("utf-8", "ignore").decode(), source.encode("utf-8", "ignore").decode()
    evil = replace(
        dataset,
        organizations=dataset.organizations.with_columns(name_en=pl.lit(storable[0]), name_ko=pl.lit(storable[0])),
        events=dataset.events.with_columns(title=pl.lit(storable[0]), source=pl.lit(storable[1])),
    )
    parsed(neighborhood_svg(evil, 0))


@FEWER
@given(worlds(), st.data())
def test_pictures_do_not_depend_on_the_order_of_rows(world, data):
    other = data.draw(permuted(world)).known()
    dataset = world.known()
    row = data.draw(st.integers(0, len(dataset) - 1))
    assert neighborhood_svg(dataset, row) == neighborhood_svg(other, row)


def test_pictures_do_not_depend_on_the_process(embedded, busiest):
    program = (
        "import sys; from matchmaker.dataset import Dataset; from matchmaker.picture import neighborhood_svg\n"
        f"sys.stdout.buffer.write(neighborhood_svg(Dataset.read(), {busiest}).encode())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
    assert answer.stdout.decode() == neighborhood_svg(embedded, busiest)
