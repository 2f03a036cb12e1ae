"""The review coach: every planted defect is found on its line, and nothing else, here and in the repository's chain.

Beside this file, `review/bad` holds revisions with one defect each: `# expect: R101` at the top, and `# <- R101` on the
line that is to be named (or `# expect: R501 line 6`, where no comment can stand). `review/good` holds revisions that a
review has nothing to say about. No server is needed.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from workshop import chain
from workshop.review import RULES, UnreadableError, review, squawk
from workshop.review.command import review as command
from workshop.review.report import NEEDS_SQUAWK

HERE = Path(__file__).parent / "review"
BAD = sorted((HERE / "bad").glob("*.py"))
GOOD = sorted((HERE / "good").glob("*.py"))
WITH_SQUAWK = pytest.mark.skipif(squawk.program() is None, reason="squawk is not installed in this environment")

HEAD = '''"""Add a column"""
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"

'''


def expected(path: Path) -> tuple[str, list[int]]:
    """Return the rule that a bad revision breaks, and on which lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = re.fullmatch(r"# expect: (R\d+)(?: line (\d+))?", lines[0])
    assert head, f"{path.name} does not begin with `# expect: R...`"
    if head[2]:
        return head[1], [int(head[2])]
    return head[1], [number for number, line in enumerate(lines, 1) if f"# <- {head[1]}" in line]


def written(folder: Path, upgrade: str, downgrade: str = "op.drop_column('t', 'c')", head: str = HEAD) -> Path:
    """Write a revision of these two bodies."""
    path = folder / "revision.py"
    bodies = (body.replace("\n", "\n    ") for body in (upgrade, downgrade))
    path.write_text(
        "{}\ndef upgrade():\n    {}\n\n\ndef downgrade():\n    {}\n".format(head, *bodies), encoding="utf-8"
    )
    return path


def found(path: Path) -> list[str]:
    return [one.rule for one in review(path).findings]


# -- the two collections -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_revision_breaks_exactly_its_rule_on_its_line(path):
    rule, lines = expected(path)
    if rule in NEEDS_SQUAWK and squawk.program() is None:
        pytest.skip("squawk is not installed in this environment")
    assert lines, f"{path.name} marks no line"
    assert [(one.rule, one.line) for one in review(path).findings] == [(rule, line) for line in lines]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_revision_has_no_finding(path):
    assert review(path).findings == ()


@pytest.mark.parametrize("step", chain.steps(), ids=lambda step: step.name)
def test_the_repositorys_own_chain_has_no_finding(step):
    assert review(step.revision).findings == ()


def test_the_collections_are_as_large_as_promised():
    assert len(BAD) >= 32
    assert len(GOOD) >= 12


def test_every_rule_was_seen_red():
    assert {expected(path)[0] for path in BAD} == set(RULES)


def test_every_rule_explains_itself():
    for rule in RULES.values():
        assert len(rule.explanation.split()) >= 15, rule.id
        assert rule.mend.endswith("."), rule.id


# -- what a value may be -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "upgrade",
    [
        "for table in ('a', 'b'):\n    op.execute(f'ANALYZE {table}')\nop.add_column('t', sa.Column('c', sa.Text))",
        "size = 3 * 128\nop.execute(f'ALTER TABLE t ADD COLUMN c vector({size})')",
        "names = ', '.join(sorted(['b', 'a']))\nop.execute('ALTER TABLE t ADD COLUMN c text; ANALYZE x (%s)' % names)",
        "kind = 'text' if op.get_context().as_sql else 'varchar'\nop.execute('ALTER TABLE t ADD COLUMN c ' + kind)",
    ],
)
def test_constants_of_the_file_may_be_formatted(tmp_path, upgrade):
    assert found(written(tmp_path, upgrade)) == []


@pytest.mark.parametrize(
    "upgrade",
    [
        "c = op.get_context().config.get_main_option('c')\nop.execute(f'UPDATE t SET c = {c}')",
        "c = input()\nop.execute('UPDATE t SET c = %(c)s' % {'c': c})",
        "c = input()\nop.execute('UPDATE t SET c = NAME'.replace('NAME', c))",
        "c = input()\nsql = 'UPDATE t SET c = '\nsql += c\nop.execute(sql)",
        "def put(c):\n    op.execute(sa.text(f'UPDATE t SET c = {c}'))\nput(open('x').read())",
        "cs = [str(row.c) for row in op.get_bind().execute(sa.text('SELECT c FROM s'))]\n"
        "op.execute('UPDATE t SET c = 1 WHERE d IN (' + ','.join(cs) + ')')",
    ],
)
def test_what_only_the_run_knows_may_not_be_formatted(tmp_path, upgrade):
    assert found(written(tmp_path, upgrade, "op.execute('UPDATE t SET c = NULL')")) == ["R301"]


def test_a_revision_is_never_run(tmp_path):
    witness = tmp_path / "was_run"
    head = HEAD + f"open({str(witness)!r}, 'w').close()\n"
    review(written(tmp_path, f"open({str(witness)!r}, 'w').close()", head=head))
    assert not witness.exists()


def test_an_endless_revision_is_reviewed_all_the_same(tmp_path):
    loops = "def again(n):\n    for a in range(50):\n        again(n + 1)\n        again(n + 2)\nagain(0)"
    assert "R101" in found(written(tmp_path, loops, "pass"))


@pytest.mark.parametrize("body", ["...", "return", "return None", "print('no way back')", "'''Later.'''\npass"])
def test_a_downgrade_that_only_speaks_is_none(tmp_path, body):
    assert found(written(tmp_path, "op.add_column('t', sa.Column('c', sa.Text))", body)) == ["R101"]


# -- excuses -----------------------------------------------------------------------------------------------------------

ADD = 'op.add_column("t", sa.Column("c", sa.Text, nullable=False))'


@pytest.mark.parametrize(
    ("upgrade", "rules"),
    [
        (f"{ADD}  # review: allow R404 because the table is empty", []),
        (f"# review: allow R404 because the table is empty\n{ADD}", []),
        (
            'op.execute("""\n  ALTER TABLE t -- review: allow R404 because t is empty\n  ADD COLUMN c text NOT NULL""")',
            [],
        ),
        (f"{ADD}  # review: allow R402, R404 because the table is empty", []),
        (f"{ADD}  # review: allow R402 because the table is empty", ["R404"]),
        (f"{ADD}  # review: allow R404", ["R404", "R901"]),
        (f"{ADD}  # review: allow R404 because", ["R404", "R901"]),
        (f"{ADD}  # review: allow R999 because the table is empty", ["R404", "R901"]),
        (f"{ADD}  # review: allow because the table is empty", ["R404", "R901"]),
        (f"x = 1  # review: allow R404 because the table is empty\n\n{ADD}", ["R404"]),
    ],
)
def test_an_excuse_needs_the_rule_and_a_reason(tmp_path, upgrade, rules):
    assert found(written(tmp_path, upgrade)) == rules


def test_what_is_excused_is_counted(tmp_path):
    report = review(written(tmp_path, f"{ADD}  # review: allow R404 because the table is empty"))
    assert [one.rule for one in report.excused] == ["R404"]


# -- the surroundings ---------------------------------------------------------------------------------------------------


def test_a_convention_in_the_chains_env_names_new_constraints_but_not_dropped_ones(tmp_path):
    (tmp_path / "alembic" / "versions").mkdir(parents=True)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("metadata = MetaData(naming_convention={})", encoding="utf-8")
    (tmp_path / "alembic" / "env.py").write_text("from models import metadata\n", encoding="utf-8")
    up = 'op.create_foreign_key(None, "a", "b", ["b_id"], ["id"])'
    down = 'op.drop_constraint("fk_a_b_id_b", "a")'
    assert found(written(tmp_path / "alembic" / "versions", up, down)) == []
    assert found(written(tmp_path / "alembic" / "versions", up, 'op.drop_constraint(None, "a")')) == ["R506"]
    assert found(written(tmp_path, up, down)) == ["R506"]


def test_without_squawk_the_review_says_what_it_did_not_check(monkeypatch):
    monkeypatch.setattr(squawk, "program", lambda: None)
    ran = CliRunner().invoke(command, [str(GOOD[0])])
    assert ran.exit_code == 0
    assert "R307 and R406 were not checked" in ran.stderr


@WITH_SQUAWK
def test_squawk_knows_which_tables_are_new(tmp_path):
    up = (
        'op.create_table("fresh", sa.Column("id", sa.Integer))\n'
        'op.execute("ALTER TABLE fresh ADD CONSTRAINT ck_fresh CHECK (id > 0)")'
    )
    assert found(written(tmp_path, up, 'op.drop_table("fresh")')) == []


# -- the command --------------------------------------------------------------------------------------------------------


def test_the_command_reviews_the_whole_chain_by_default():
    ran = CliRunner().invoke(command, [])
    assert ran.exit_code == 0, ran.output
    assert f"{len(chain.steps())} revisions reviewed, nothing found" in ran.stdout


def test_findings_are_grouped_by_file_with_line_reason_and_mend(tmp_path):
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    shutil.copy(HERE / "bad" / "downgrade_pass.py", one)
    shutil.copy(HERE / "bad" / "not_null.py", two)
    ran = CliRunner().invoke(command, [str(one), str(two)])
    assert ran.exit_code == 1
    first, second, last = ran.stdout.strip().split("\n\n")
    lines = [expected(HERE / "bad" / f"{name}.py")[1][0] for name in ("downgrade_pass", "not_null")]
    assert re.match(rf"{re.escape(str(one))}:{lines[0]}  R101  .+\n    mend: .+$", first)
    assert re.match(rf"{re.escape(str(two))}:{lines[1]}  R404  .+\n    mend: .+$", second)
    assert last == "2 revisions reviewed, 2 findings."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"def upgrade(:\n", "is not Python: line 1: "),
        (b"\xff\xfe\x00", "is not UTF-8 text (byte 0)"),
        (b"print('hello')\n", "is no Alembic revision: it has no line `revision = ...`."),
        (b"revision = 'a'\n\x00", "is not Python|cannot be parsed"),
        (b"revision = 'a'\nx = " + b"(" * 5000 + b")" * 5000, "is not Python|cannot be parsed"),
        (b"", "is no Alembic revision"),
    ],
    ids="missing syntax encoding other null nested empty".split(),
)
def test_a_file_that_cannot_be_read_ends_with_2_and_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "revision.py"
    if content is not None:
        path.write_bytes(content)
    ran = CliRunner().invoke(command, [str(GOOD[0]), str(path)])
    assert ran.exit_code == 2
    assert "1 revision reviewed, nothing found." in ran.stdout
    assert any(part in ran.stderr for part in sentence.split("|")), ran.stderr
    assert "Traceback" not in ran.output


def test_a_folder_is_not_a_revision(tmp_path):
    with pytest.raises(UnreadableError, match="cannot be read"):
        review(tmp_path)


def test_json_says_the_same(tmp_path):
    bad = HERE / "bad" / "downgrade_pass.py"
    ran = CliRunner().invoke(command, ["--format", "json", str(bad), str(tmp_path / "missing.py")])
    said = json.loads(ran.stdout)
    assert ran.exit_code == 2
    assert [(one["rule"], one["line"]) for one in said["findings"]] == [("R101", expected(bad)[1][0])]
    assert set(said["findings"][0]) == {"path", "line", "rule", "reason", "mend"}
    assert len(said["unreadable"]) == 1


def test_the_rules_are_listed_with_their_reasons():
    ran = CliRunner().invoke(command, ["--rules"])
    assert ran.exit_code == 0
    for rule in RULES.values():
        assert f"{rule.id}  {rule.title}" in ran.stdout
        assert rule.explanation.splitlines()[0] in ran.stdout
    listed = json.loads(CliRunner().invoke(command, ["--rules", "--format", "json"]).stdout)
    assert [one["id"] for one in listed] == sorted(RULES)
