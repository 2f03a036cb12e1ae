"""The generated parts of the pages: none is out of date, and nothing that they follow from changes unseen."""

import inspect
import json
import os
import re
import subprocess
import sys

import alembic.command
import pytest

from shop.settings import BACKEND, ROOT
from tests.copies import copy_repository
from workshop import chain
from workshop.generated import climb, markdown, marking, paper, schema
from workshop.generated import settings as described
from workshop.generated.marking import PageError, Part
from workshop.generated.parts import PARTS

COMMANDS = ROOT / "docs" / "reference" / "commands.md"


# -- what is committed is what would be made now -----------------------------------------------------------------------


def committed(by_climb: bool):
    for page in marking.pages():
        for one in marking.MARKED.finditer(page.read_text(encoding="utf-8")):
            if one["part"] in PARTS and PARTS[one["part"]].by_climb == by_climb:
                yield page, one["part"], one["text"]


@pytest.mark.parametrize(
    ("page", "part", "text"), [pytest.param(*one, id=f"{one[0].stem}-{one[1]}") for one in committed(by_climb=False)]
)
def test_a_part_made_from_the_code_is_what_the_code_says_now(page, part, text):
    assert PARTS[part].text(page) == text


def test_every_part_that_shows_a_database_is_what_a_fresh_climb_shows(settings, monkeypatch):
    seen = climb.climb(settings)
    monkeypatch.setattr(climb, "climbed", lambda: seen)
    parts = list(committed(by_climb=True))
    assert len(parts) == len(chain.steps()) + 2  # and schema, revisions
    different = [f"{page.name}: {part}" for page, part, text in parts if PARTS[part].text(page) != text]
    assert not different
    assert {"positive", "negative"} <= seen.head.sentiments["public.review_mentions"].keys()
    mentions = next(one for one in seen.labels if one.name == "MENTIONS")
    assert mentions.ends == (("Review", "Feature"),)
    assert mentions.properties == {"score": "number", "sentiment": "string"}


def test_other_data_and_another_provider_are_not_shown(monkeypatch, tmp_path):
    monkeypatch.setenv("AI_PROVIDER", "azure")
    with pytest.raises(climb.ClimbError, match="AI_PROVIDER is azure: unset it"):
        climb.require_local()
    monkeypatch.delenv("AI_PROVIDER")
    monkeypatch.setenv("SHOP_DATA", str(tmp_path))
    with pytest.raises(climb.ClimbError, match="SHOP_DATA names another folder: unset it"):
        climb.require_local()


# -- whatever changes, the check names the page ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the repository that may be changed."""
    place = tmp_path_factory.mktemp("copy") / "repository"
    return copy_repository(place)


@pytest.fixture
def changed(copy):
    """Change texts in files of the copy, and give what the check says of it: changed((file, old, new), ...)."""
    files = {}

    def change(*edits):
        for name, old, new in edits:
            path = copy / name
            text = path.read_text(encoding="utf-8")
            files.setdefault(path, text)
            assert old in text, f"{name} does not hold {old!r}"
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return said(copy)

    yield change
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


def said(copy):
    """Run the check in the copy, where no server is and none could be found; return the pages that it names."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "backend"), "WORKSHOP_HOME": str(copy / "no-server")}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", "workshop.generated", "--check"],
        cwd=copy, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not (copy / "no-server").exists(), "the check needs no server"
    assert "Traceback" not in done.stderr, done.stderr
    pages = re.findall(r"(\S+\.md): ([\w-]+)", done.stderr)
    assert (done.returncode != 0) == bool(pages), done.stderr
    return pages


def test_a_copy_that_nobody_changed_is_not_out_of_date(copy):
    assert said(copy) == []


def test_a_changed_revision_is_seen_on_its_page_and_on_those_above_it(changed):
    pages = changed(("backend/alembic/versions/0003_seed_catalog.py", "def upgrade", "# a remark\n\n\ndef upgrade"))
    named = {page for page, _ in pages}
    later = {f"docs/steps/{step.name}.md" for step in chain.steps()[2:]}
    assert later | {"docs/reference/schema.md", "docs/reference/revisions.md"} <= named
    assert ("docs/steps/0003_seed_catalog.md", "xray-0003") in pages
    assert "docs/steps/0002_create_catalog.md" not in named


@pytest.mark.parametrize(
    ("file", "page"),
    [
        ("backend/shop/models/people.py", "docs/reference/schema.md"),
        ("backend/alembic/versions/0002_create_catalog.py", "docs/steps/0002_create_catalog.md"),
    ],
)
def test_a_changed_column_comment_is_seen(changed, file, page):
    pages = {page for page, _ in changed((file, "Stars, 1 to 5", "Stars, from 1 to 5"))}
    assert {page, "docs/reference/schema.md"} <= pages


@pytest.mark.parametrize(
    ("file", "name", "page"),
    [
        ("backend/shop/models/sample.py", '"sample"', "docs/reference/schema.md"),
        ("backend/alembic/versions/0002_create_catalog.py", '"variants"', "docs/steps/0002_create_catalog.md"),
    ],
)
def test_a_changed_table_name_is_seen(changed, file, name, page):
    pages = {page for page, _ in changed((file, name, '"other"'))}
    assert {page, "docs/reference/schema.md"} <= pages


def test_a_changed_help_is_seen(changed):
    pages = changed(
        ("backend/workshop/cli.py", "Remove its databases for good.", "Remove its databases."),
        ("Makefile", "## Stop it; the data stays", "## Stop it"),
        ("backend/workshop/lesson.py", "Show the predictions beside what the X-ray measured.", "Show the predictions."),
    )
    assert pages == [("docs/reference/commands.md", part) for part in ("make-targets", "workshop-commands", "calls")]


def test_a_changed_operation_and_an_edit_by_hand_are_seen(changed):
    pages = changed(
        ("backend/shop/operations/embed.py", "divided by spaces.", "with spaces between them."),
        ("docs/reference/settings.md", "on this machine", "on that machine"),
        ("docs/steps/0001_create_sample_table.md", "**8 minutes**", "**9 minutes**"),
    )
    assert ("docs/reference/operations.md", "operations") in pages
    assert ("docs/reference/settings.md", "variables") in pages
    assert ("docs/steps/0001_create_sample_table.md", "step-0001") in pages


# -- marking -----------------------------------------------------------------------------------------------------------

MADE = {"one": Part(lambda _: "made\n"), "seen": Part(lambda _: "looked at\n", lambda: b"source", by_climb=True)}
EMPTY = "<!-- generated: {0} from sha256:; -->\n<!-- end of generated: {0} -->\n"


def test_a_page_is_written_once_and_then_up_to_date(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n\n" + EMPTY.format("one") + "\n" + EMPTY.format("seen"))
    assert marking.stale(page, MADE) == ["one", "seen"]
    marking.write(page, MADE)
    assert marking.stale(page, MADE) == []
    assert "-->\nmade\n<!-- end" in page.read_text() and "-->\nlooked at\n<!-- end" in page.read_text()
    page.write_text(page.read_text().replace("made\n", "made up\n"))
    assert marking.stale(page, MADE) == ["one"]


def test_what_a_climb_showed_is_made_anew_only_when_it_is_out_of_date(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(EMPTY.format("seen"))
    marking.write(page, MADE)
    marking.write(page, {"seen": Part(lambda _: pytest.fail("a climb for nothing"), lambda: b"source", by_climb=True)})
    marking.write(page, {"seen": Part(lambda _: "changed\n", lambda: b"another source", by_climb=True)})
    assert "\nchanged\n" in page.read_text()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (EMPTY.format("other"), 'page.md: nobody knows how to make the part "other"'),
        ("<!-- generated: one from sha256:; -->\n", 'page.md: the generated part "one" has no end'),
    ],
)
def test_a_page_with_a_part_that_cannot_be_made_is_named(tmp_path, text, problem):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(PageError, match=problem):
        marking.stale(page, MADE)


def test_an_example_in_a_block_of_code_is_no_part(tmp_path):
    page = tmp_path / "page.md"
    text = "```html\n" + EMPTY.format("other") + "```\n\n" + EMPTY.format("one")
    page.write_text(text)
    assert marking.stale(page, MADE) == ["one"]
    marking.write(page, MADE)
    assert page.read_text().startswith(text[:60]) and "\nmade\n" in page.read_text()


def test_every_page_with_a_part_is_found_by_itself():
    names = {marking.shown(page) for page in marking.pages()}
    assert {"README.md", "backend/README.md", "data/README.md", "docs/reference/schema.md"} <= names
    assert {f"docs/steps/{step.name}.md" for step in chain.steps()} <= names


# -- Markdown ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "`plain`"),
        ("a | b", "<code>a &#124; b</code>"),
        ("a_b || '<c>'", "<code>a&#95;b &#124;&#124; '&lt;c&gt;'</code>"),
    ],
)
def test_code_in_a_table_reads_alike_on_github_and_on_the_site(text, written):
    assert markdown.code(text) == written


def test_text_that_looks_like_markdown_stays_text():
    written = "a&#42;b&#42; &lt;file&gt; &#124; &#96;x&#96; snake_case &#95;c&#95; &#36;d&#36;"
    assert markdown.plain("a*b* <file> | `x` snake_case _c_ $d$") == written


def test_a_docstring_becomes_paragraphs_lists_and_blocks():
    """A title.

        op.example("one")

    Words about `it`,
    and <more>.

    - one
    - two, on
      two lines

    Args:
        name, other: what they are
            in two lines.

    Raises:
        ValueError: always.
    """
    docstring = inspect.getdoc(test_a_docstring_becomes_paragraphs_lists_and_blocks)
    assert markdown.summary(docstring) == "A title."
    assert markdown.prose(docstring, BACKEND / "x.py", titled=False) == (
        '<!-- from: backend/x.py -->\n```python\nop.example("one")\n```\n\n'
        "Words about `it`, and &lt;more&gt;.\n\n- one\n- two, on two lines\n\n"
        "- `name`, `other`: what they are in two lines.\n\nRaises:\n\n- `ValueError`: always.\n"
    )


def test_no_heading_of_the_schema_is_a_tables_anchor():
    text = (ROOT / "docs" / "reference" / "schema.md").read_text(encoding="utf-8")
    headings = [heading.strip("`") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    anchors = [schema.slug(heading) for heading in headings]
    assert len(anchors) == len(set(anchors))
    from shop.models import Base

    assert set(Base.metadata.tables) <= set(headings)


# -- settings, operations, commands ------------------------------------------------------------------------------------


def test_every_variable_that_is_read_is_described():
    undescribed = {
        name: [str(path.relative_to(ROOT)) for path in paths]
        for name, paths in described.read().items()
        if name not in described.VARIABLES
    }
    assert not undescribed, "describe them in workshop/generated/settings.py, and run `make texts`"


def test_no_variable_is_described_that_nobody_reads():
    assert not described.VARIABLES.keys() - described.read().keys()


def test_what_the_example_of_a_settings_file_names_is_described():
    text = (BACKEND / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text))
    assert named and not named - described.VARIABLES.keys()


def test_reading_a_variable_is_seen(tmp_path, monkeypatch):
    backend = tmp_path / "backend"
    (backend / "tests").mkdir(parents=True)
    (backend / "one.py").write_text(
        'import os\n\nTABLE = ["MY_FIRST"]\nos.environ.get(TABLE[0])\nos.getenv("MYOTHER")\n'
    )
    (backend / "two.py").write_text('WORD = "NO_VARIABLE"\n')
    (backend / "tests" / "test_one.py").write_text('import os\nos.environ["MY_TEST"]\nSET = "MY_UNREAD"\n')
    monkeypatch.setattr(described, "BACKEND", backend)
    assert set(described.read()) == {"MY_FIRST", "MYOTHER", "MY_TEST"}


def test_every_operation_says_what_it_does_and_writes_something_in_a_script():
    scripts = paper.scripts()
    for module in paper.modules():
        for name, one in paper.operations_of(module).items():
            assert scripts[one][1], f"op.{name} writes nothing with --sql"
            text = (ROOT / "docs" / "reference" / "operations.md").read_text(encoding="utf-8")
            section = text.partition(f"### `op.{name}`\n")[2].partition("\n##")[0]
            assert f"op.{name}(" in section and "Used by [" in section and "proxied" not in section


def test_every_call_of_a_revision_is_found():
    assert paper.called(chain.find("0002")) == {
        "upgrade": ["create_table", "execute"],  # by functions of the same file
        "downgrade": ["drop_table", "execute"],
    }
    assert paper.called(chain.find("0014"))["downgrade"] == ["drop_built_index"]


def test_every_command_of_alembics_that_is_used_is_named():
    """Wherever a reader is told to type it: on the pages, in the notebooks."""
    known = {name for name, one in vars(alembic.command).items() if inspect.isfunction(one) and name[0] != "_"}
    texts = [path.read_text(encoding="utf-8") for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]]
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        texts += ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    used = {word for text in texts for word in re.findall(r"\balembic (?:--[\w-]+ )*([a-z]+)\b", text)} & known
    named = set(re.findall(r"`alembic ([a-z]+)", COMMANDS.read_text(encoding="utf-8")))
    assert {"upgrade", "downgrade", "stamp"} <= used
    assert used <= named <= known
