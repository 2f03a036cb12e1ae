"""A block that does not do what its page says is red, and says what happened."""

from __future__ import annotations

import textwrap

import pytest

from tests.docs import pages
from tests.docs.pages import PageError
from tests.docs.session import commands
from workshop import steps


@pytest.fixture
def run(session, tmp_path):
    """Run a text as a page, in one session."""

    def one(text, name="page.md"):
        (tmp_path / name).write_text(textwrap.dedent(text))
        session.run(pages.read(tmp_path / name))
        return session

    return one


def console(line, directive=""):
    return f"<!-- run: at base{directive} -->\n```console\n{line}\n```\n"


def test_commands_may_take_several_lines():
    text = "# why\nls \\\n  -l\n\npsql <<'END'\nSELECT 1;\n\nEND\nfor n in 1 2; do\n  echo $n\ndone\necho 'a\nb'\ntrue"
    assert [line.splitlines()[0] for line in commands(text)] == [
        "ls \\",
        "psql <<'END'",
        "for n in 1 2; do",
        "echo 'a",
        "true",
    ]
    with pytest.raises(PageError, match="holds no command"):
        commands("# nothing\n")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (console("false\ntrue"), "page.md:2: it fails"),
        (console("alembic upgrade 0099"), "Can't locate revision identified by '0099'"),
        (console("true", '; fails "x"'), "it should fail with 'x', and it does not"),
        (console("echo x; false\ntrue", '; fails "x"'), "page.md:2: it fails:\nx"),  # not the last one
        (console("echo y; false", '; fails "x"'), "it fails, but not with 'x':\ny"),
        (console("echo y", '; prints "x"'), "it does not print 'x', but:\ny"),
        (console("false | cat"), "page.md:2: it fails"),
        (console("echo a\necho b") + "<!-- run: output -->\n```text\nb\na\n```\n", "page.md:7: this line was not printed: 'b'"),
        ("<!-- run: in no/where -->\n", "page.md:1: in no/where: there is no folder no/where"),
        ("<!-- run: at 0099 -->\n", 'page.md:1: at 0099: No step is called "0099"'),
        ("<!-- run: at base -->\n```sql\nSELECT 1;\nSELECT * FROM users;\n```", 'relation "users" does not exist'),
        ("<!-- run: at base -->\n```sql\nBEGIN;\nSELECT 1;\n```", "the block leaves a transaction open"),
        ("<!-- run: at base -->\n```sql\nSELECT :x\n```", 'syntax error at or near ":"'),
        ("<!-- run: at base -->\n```python\n1 / 0\n```", "ZeroDivisionError: division by zero"),
        ("<!-- run: at base; draft -->\n```python\ndef upgrade() -> None: ...\n```", "downgrade is missing"),
        ("<!-- run: solves two_heads -->", "nothing is planted"),
    ],
)  # fmt: skip
def test_what_fails_is_named(run, block, said):
    with pytest.raises(PageError) as raised:
        run(block)
    assert said in str(raised.value)


def test_one_session_from_top_to_bottom(run):
    session = run(
        """
        <!-- run: at base; in . -->
        ```console
        cd backend
        export TARGET=0001
        ```
        <!-- run: prints "0001_create_sample_table" -->
        ```console
        alembic upgrade $TARGET
        alembic current
        psql -At -c 'SELECT version_num FROM alembic_version' "$(sed -n s/DATABASE_URL=//p .env)"
        ```
        <!-- run: prints "INSERT 0 1 BEGIN id | name 1 | beta ROLLBACK" -->
        ```sql
        CREATE TABLE letters (id integer PRIMARY KEY, name text);
        INSERT INTO letters VALUES (1, 'beta');
        BEGIN;
        SELECT * FROM letters;
        ROLLBACK;
        ```
        <!-- run: fails "letters_pkey" -->
        ```sql
        SELECT 'a semicolon; in a text';
        INSERT INTO letters VALUES (1, 'beta');
        ```
        <!-- run: prints "beta" -->
        ```python
        wanted = connection.execute(sa.text("SELECT id FROM letters")).scalar()
        op.add_column("letters", sa.Column("sound", sa.Text))
        import os, subprocess
        assert os.environ["TARGET"] and subprocess.run(["alembic", "heads"]).returncode == 0
        print("beta")
        ```
        <!-- run: prints "beta | None | [:NOTHING]" -->
        ```sql
        SELECT name, coalesce(sound, 'None'), '[:NOTHING]'::text FROM letters WHERE id = :wanted
        ```
        <!-- run: in a new terminal; prints "nothing is set" -->
        ```console
        echo "nothing is set$TARGET"
        ```
        """
    )
    assert steps.current(session.settings) == "0001_create_sample_table"


DRAFT = """
<!-- run: at 0002; draft -->
```python
def upgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.Text))


def downgrade() -> None:
    {downgrade}
```
"""


def test_a_draft_goes_up_down_and_up(run):
    run(DRAFT.format(downgrade='op.drop_column("users", "nickname")'))
    with pytest.raises(PageError, match="after upgrade and downgrade the database is not what it was"):
        run(DRAFT.format(downgrade='"""Nothing."""'))


def test_a_page_may_begin_on_a_new_machine(run, session):
    run(
        """
        <!-- run: at nothing -->
        <!-- run: prints "the workshop's own server" -->
        ```console
        workshop start
        ```
        <!-- run: prints "Stopped." -->
        ```console
        workshop stop
        ```
        """
    )
    assert session.settings.embedded
