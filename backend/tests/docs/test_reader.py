"""What is no block, or no directive, is said with its page and line."""

from __future__ import annotations

import textwrap

import pytest

from tests.docs import excerpts, pages
from tests.docs.pages import Directive, PageError


@pytest.fixture
def read(tmp_path):
    """Read a text as the page page.md."""

    def one(text):
        (tmp_path / "page.md").write_text(textwrap.dedent(text))
        return pages.read(tmp_path / "page.md")

    return one


def test_blocks_with_their_directives(read):
    page = read(
        """
        # A page
        <!-- run: at 0003; in . -->
        Text.

        ## Do it

        <!-- run: fails "a; b"; prints "c" -->
        ```console
        false
        ```

        1. In a list:

           ~~~sql
           SELECT 1
             + 1;
           ~~~

        <details><summary>More</summary>

        <!-- from: Makefile -->
        ````yaml
        ```
        ````

        </details>
        > ```text
        > said
        > ```
        """
    )
    at, folder, console, sql, excerpt, text = page.items
    assert (at, folder) == (Directive("at", "0003", 3), Directive("in", ".", 3))
    assert (console.place, console.section, console.text) == ("page.md:9", "Do it", "false")
    assert (console.said("fails"), console.said("prints"), console.said("draft")) == ("a; b", "c", None)
    assert (sql.language, sql.text, sql.directives) == ("sql", "SELECT 1\n  + 1;", ())
    assert (excerpt.said("from"), excerpt.text) == ("Makefile", "```")
    assert (text.language, text.text) == ("text", "said")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- run: sideways -->\n```console\nls\n```", "page.md:1: unknown directive: run: sideways"),
        ("<!-- runs: at 0003 -->\n```console\nls\n```", "page.md:1: the comment right before a block is no directive"),
        ("<!-- run: fails false -->\n```console\nls\n```", "page.md:1: write the words in quotes"),
        ("<!-- run: at -->\n", "page.md:1: unknown directive: run: at"),
        ("<!-- not run: -->\n```console\nls\n```", "page.md:1: `not run:` says nothing"),
        ('\n<!-- run: prints "x" -->\nText.\n```console\nls\n```', "page.md:2: `prints` stands before no block"),
        ('Text\n<!-- run: prints "x" -->', "page.md:2: `prints` stands before no block"),
        ("```bash\nls\n```", "page.md:1: nobody runs 'bash'; use console, "),
        ("```\nls\n```", "page.md:1: nobody runs 'a block without a language'"),
        ("```yaml\na: 1\n```", "page.md:1: nobody runs yaml: say `from: <file>` or `not run: <reason>`"),
        ("Text\n\n```console\nls\n", "page.md:3: the block that begins here has no end"),
        ("<!-- run: draft -->\n```sql\nSELECT 1\n```", "page.md:2: `output` is for text and `draft` for python"),
        ('<!-- run: prints "x" -->\n```text\nx\n```', "page.md:2: `fails` and `prints` are for what runs"),
    ],
)
def test_what_cannot_be_read_is_named(read, text, said):
    with pytest.raises(PageError) as raised:
        read(text)
    assert said in str(raised.value)


EXCERPT = "services:\n  db:\n    image: x\n  other:\n    image: y\n"


@pytest.mark.parametrize(
    ("block", "missing"),
    [
        ("db:\n  image: x", None),
        ("services:\n...\nother:\n    image: y", None),
        ("services:\n  # ...\n  other:", None),
        ("db:\n\nimage:   x", None),
        ("services:\nother:", "services:"),  # a line between them is left out without a word
        ("other:\n...\ndb:", "db:"),
        ("image: z", "image: z"),
        ("image:", "image:"),  # a part of a line is no line
    ],
)
def test_an_excerpt_stands_in_its_file_in_its_order(block, missing):
    assert excerpts.first_missing(block, EXCERPT) == missing


def test_an_excerpt_of_sql_is_compared_by_statements():
    text = 'op.execute("SELECT 1 FROM a")\nop.execute("""\n  SELECT 2\n  FROM b\n""")'
    assert excerpts.first_missing_statement("SELECT 1\nFROM a;\nSELECT 2 FROM b;", text) is None
    assert excerpts.first_missing_statement("SELECT 2 FROM b; SELECT 1 FROM a;", text) == "SELECT 1 FROM a"


def test_a_page_cannot_vouch_for_itself(read):
    page = read('```python\n--8<-- "backend/alembic/versions/0003_seed_catalog.py"\n```\n')
    excerpts.verify(page.blocks[0])
    for name in ("docs/steps/0003_seed_catalog.md", "backend/no_such_file.py"):
        page = read(f'```python\n--8<-- "{name}"\n```\n')
        with pytest.raises(PageError, match="is not a file of this repository that tests run"):
            excerpts.verify(page.blocks[0])
