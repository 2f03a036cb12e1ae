"""Lab: ship it: why each exercise is red, wrong repairs that stay red, other right ones that are green."""

from __future__ import annotations

import functools

import pytest
import sqlalchemy as sa

from shop import database
from tests.workshop.labs import repairs
from tests.workshop.labs.repairs import UPGRADE, carry_out, reasons
from workshop import beside, chain, labs, scratch, steps, terminal
from workshop.labs import deployments
from workshop.labs import lab_ship_it as module

LAB = "lab_ship_it"
HEAD = chain.steps()[-1].name

REASONS = {
    "script": ["there is no file backend/scratch/release.sql", "`alembic upgrade --sql` fails: 'NoneType' object",
               "current revision missing: draft_price_bands"],
    "expand": ["variants has no column pieces", "there is no draft in backend/scratch"],
    "contract": ["shop 1 is still running: its session is process", "not expected: ('pieces', False, None), ('stock', ",
                 "still there: stock_is_pieces"],
    "queue": ["ix_reviews_reviewed_on, valid: missing", "who wrote a review waited for "],
    "gate": ["there is no command in backend/scratch/gate.sh"],
}  # fmt: skip

part, mended = functools.partial(repairs.part, LAB), functools.partial(repairs.mended, LAB)

# -- script
WRITE = f"alembic upgrade {HEAD}:draft_price_bands --sql > scratch/release.sql"
RUN = "workshop psql -v ON_ERROR_STOP=1 -f scratch/release.sql"
STAMP = f"alembic stamp {HEAD}:draft_price_bands --sql > scratch/release.sql"
LINES = """    shop = op.get_bind()
    products = shop.execute(sa.text("SELECT id, price FROM products ORDER BY id")).all()
    shop.execute(
        sa.text("UPDATE products SET price_band = :band WHERE id = :id"),
        [{"id": id, "band": band(price)} for id, price in products],
    )
"""
GUARDED = "    if not op.get_context().as_sql:\n" + "".join(f"    {line}\n" for line in LINES.splitlines())
CASE = "ELSE 'high' END\n"

# -- expand
RENAME = f'''
revision = "rename_stock"
down_revision = "{HEAD}"

from alembic import op

def upgrade():
    op.alter_column("variants", "stock", new_column_name="pieces")

def downgrade():
    op.alter_column("variants", "pieces", new_column_name="stock")
'''
UP_TRIGGER = '''    op.execute(SAME)
    op.execute("""
        CREATE TRIGGER stock_is_pieces BEFORE INSERT OR UPDATE ON variants
        FOR EACH ROW EXECUTE FUNCTION stock_is_pieces()
    """)
'''
DOWN_TRIGGER = """    op.execute("DROP TRIGGER stock_is_pieces ON variants")
    op.execute("DROP FUNCTION stock_is_pieces()")
"""
BATCHES = """        while op.get_bind().execute(FILL, {"batch": BATCH}).rowcount:
            pass
"""
AT_ONCE = '    op.execute("UPDATE variants SET pieces = stock")\n'
ONE_WAY = ("""            NEW.stock := NEW.pieces;
        ELSE""", """            NULL;
        ELSE""")  # fmt: skip

# -- contract
VALIDATE = """    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE variants VALIDATE CONSTRAINT ck_variants_pieces_not_negative")
        op.execute("ALTER TABLE variants VALIDATE CONSTRAINT ck_variants_pieces_given")
"""
TOGETHER = """    op.execute("ALTER TABLE variants ALTER pieces SET DEFAULT 0")
    op.execute("ALTER TABLE variants VALIDATE CONSTRAINT ck_variants_pieces_not_negative")
    op.execute("ALTER TABLE variants VALIDATE CONSTRAINT ck_variants_pieces_given")
"""
HELPER = '    op.drop_constraint("pieces_given", "variants", type_="check")\n'
BACK = '    op.create_check_constraint("pieces_given", "variants", "pieces IS NOT NULL", postgresql_not_valid=True)\n'
NOT_NEGATIVE = (
    '    op.create_check_constraint("pieces_not_negative", "variants", "pieces >= 0", postgresql_not_valid=True)\n'
)
NOT_NEGATIVE_BACK = '    op.drop_constraint("pieces_not_negative", "variants", type_="check")\n'
VALIDATE_IT = '        op.execute("ALTER TABLE variants VALIDATE CONSTRAINT ck_variants_pieces_not_negative")\n'

# -- queue
FOR_EVER = '    op.execute("SET lock_timeout = 0")\n'
ENDED = """    op.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'import'")
"""
CREATE = '    op.create_index("ix_reviews_reviewed_on", "reviews", ["reviewed_on"])\n'
AGAIN = """    for _ in range(50):
        try:
            with op.get_bind().begin_nested():
                op.create_index("ix_reviews_reviewed_on", "reviews", ["reviewed_on"])
            return
        except sa.exc.OperationalError:
            time.sleep(0.2)
    raise RuntimeError("the table was never free")
"""
SHORT = "    op.execute(\"SET LOCAL lock_timeout = '300ms'\")\n"
IMPORTS = ("from alembic import op\n", "import time\n\nimport sqlalchemy as sa\nfrom alembic import op\n")

WRONG = [
    ("script", "run by Alembic", "there is no file backend/scratch/release.sql",
     [part("script", 1), UPGRADE]),
    ("script", "not while a script is written", "product(s) have no right price band",
     [mended("draft_price_bands", (LINES, GUARDED)), WRITE, RUN]),
    ("script", "the rows of this database", "in another database 1 product(s) have no right price band: Lamp",
     [part("script", 1, (CASE, f"{CASE}        WHERE id <= 66\n")), WRITE, RUN]),
    ("script", "only the version", "release.sql is not what Alembic writes",
     [part("script", 1), STAMP, RUN]),
    ("script", "not run", "current revision missing: draft_price_bands",
     [part("script", 1), WRITE]),
    ("script", "edited afterwards", "release.sql is not what Alembic writes",
     [part("script", 1), WRITE, RUN, part("script", 1, (CASE, "ELSE 'dear' END\n"))]),
    ("expand", "one line", "variants has no column stock",
     [lambda: RENAME, UPGRADE]),
    ("expand", "no trigger", "the two columns must follow each other",
     [part("expand", 1, (UP_TRIGGER, ""), (DOWN_TRIGGER, "")), part("expand", 2), UPGRADE]),
    ("expand", "one way", "the two columns must follow each other",
     [part("expand", 1, ONE_WAY), part("expand", 2), UPGRADE]),
    ("expand", "no backfill", "have one number as stock and another as pieces",
     [part("expand", 1), UPGRADE]),
    ("expand", "all rows in one statement", "and held their locks to its end",
     [part("expand", 1), part("expand", 2, (BATCHES, f"    {AT_ONCE}")), UPGRADE]),
    ("expand", "column and rows in one transaction", "the transaction that made the column also wrote",
     [part("expand", 1, (UP_TRIGGER, UP_TRIGGER + AT_ONCE)), UPGRADE]),
    ("expand", "a downgrade that forgets", "The function stock_is_pieces is created, and the downgrade does not drop it",
     [part("expand", 1, ('    op.execute("DROP FUNCTION stock_is_pieces()")\n', "")), part("expand", 2), UPGRADE]),
    ("contract", "while it runs", 'a customer of shop 1 was refused: column "stock"',
     [part("contract", 2), part("contract", 3), UPGRADE]),
    ("contract", "nothing but the session", "column (name, not null, default) missing",
     [part("contract", 1)]),
    ("contract", "without the rule", 'the server is verifying table "variants" while everybody waits, for: ALTER TABLE',
     [part("contract", 1), part("contract", 2),
      part("contract", 3, (VALIDATE_IT, VALIDATE_IT), (VALIDATE, VALIDATE[: VALIDATE.rindex("        op")]),
           (HELPER, ""), (VALIDATE[:10], f"{HELPER}{VALIDATE[:10]}")), UPGRADE]),
    ("contract", "in one transaction", 'the server is verifying table "variants" while everybody waits',
     [part("contract", 1), part("contract", 2), part("contract", 3, (VALIDATE, TOGETHER)), UPGRADE]),
    ("contract", "the helper stays", "the helping constraint ck_variants_pieces_given is left",
     [part("contract", 1), part("contract", 2), part("contract", 3, (HELPER, ""), (BACK, "")), UPGRADE]),
    ("contract", "no rule for pieces", "no validated rule says that pieces is not negative",
     [part("contract", 1), part("contract", 2, (NOT_NEGATIVE, ""), (NOT_NEGATIVE_BACK, "")),
      part("contract", 3, (VALIDATE_IT, "")), UPGRADE]),
    ("contract", "the trigger stays", "still there: stock_is_pieces",
     [part("contract", 1), part("contract", 2), part("contract", 3, (DOWN_TRIGGER, ""), (UP_TRIGGER, "")), UPGRADE]),
    ("contract", "an empty column comes back", "after the downgrade",
     [part("contract", 1), part("contract", 2),
      part("contract", 3, ('    op.execute("UPDATE variants SET stock = pieces")\n', "")), UPGRADE]),
    ("contract", "it comes back alone", "the two columns must follow each other",
     [part("contract", 1), part("contract", 2), part("contract", 3, (UP_TRIGGER, "")), UPGRADE]),
    ("queue", "ten seconds", "who wrote a review waited for ",
     [mended("draft_newest_reviews", (FOR_EVER, "")), UPGRADE]),
    ("queue", "nobody else is left", "the import was ended",
     [mended("draft_newest_reviews", (FOR_EVER, ENDED)), UPGRADE]),
    ("queue", "stamped", "ix_reviews_reviewed_on, valid: missing",
     ["alembic stamp head"]),
    ("queue", "by hand", "differs from a fresh one in index ix_reviews_reviewed_on",
     [mended("draft_newest_reviews", (FOR_EVER + CREATE, "    op.execute('SELECT 1')\n"),
             ('op.drop_index("ix_reviews_reviewed_on", "reviews")', "op.execute('SELECT 1')")), UPGRADE,
      "CREATE INDEX ix_reviews_reviewed_on ON reviews (reviewed_on)"]),
    ("gate", "one draft back", "the gate is green for no_way_back",
     ["alembic upgrade head\nalembic downgrade -1\nalembic upgrade head"]),
    ("gate", "before its time", "the gate is red for a branch without a fault, at `alembic check`: FAILED: Target database",
     ["alembic check\nalembic upgrade head"]),
]  # fmt: skip

RIGHT = [
    ("queue", "give up early", [mended("draft_newest_reviews", (FOR_EVER, SHORT)), UPGRADE]),
    ("queue", "try again", [mended("draft_newest_reviews", (FOR_EVER, SHORT), (CREATE, AGAIN), IMPORTS), UPGRADE]),
]


@pytest.fixture
def lab(settings):
    return labs.begin(LAB)


def test_every_exercise_has_its_reasons():
    assert list(REASONS) == list(labs.exercises(LAB))
    assert {name for name, *_ in WRONG} == set(REASONS)


@pytest.mark.parametrize("name", REASONS)
def test_the_red_report_says_why(name, lab):
    lab.plant(name)
    said = reasons(lab.look(name))
    assert [fragment for fragment in REASONS[name] if fragment not in said] == [], said


@pytest.mark.slow
@pytest.mark.parametrize(("name", "still", "texts"), [(n, s, t) for n, _, s, t in WRONG],
                         ids=[f"{n}-{what}" for n, what, *_ in WRONG])  # fmt: skip
def test_a_wrong_repair_stays_red(name, still, texts, lab):
    lab.plant(name)
    carry_out(lab, name, texts)
    report = lab.look(name)
    assert not report.kept and still in reasons(report), reasons(report)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "texts"), [(n, t) for n, _, t in RIGHT], ids=[f"{n}-{what}" for n, what, _ in RIGHT])
def test_another_repair_is_right_too(name, texts, lab):
    lab.plant(name)
    carry_out(lab, name, texts)
    assert lab.check(name).kept


# -- what a learner sees on the way ------------------------------------------------------------------------------------


def test_the_planted_draft_cannot_become_a_script(lab, settings):
    lab.plant("script")
    said = terminal.run(settings, "alembic", WRITE.removeprefix("alembic "), fails=True, drafts=True)
    assert "'NoneType' object has no attribute 'all'" in said


def test_what_a_command_prints_is_kept_in_the_scratch_folder_only(settings):
    with pytest.raises(terminal.CommandFailedError, match="can be kept in backend/scratch"):
        terminal.run(settings, "alembic", "history > history.txt")


def test_the_queue_names_who_waits_for_whom(settings, at):
    at(HEAD)
    with deployments.held(settings, "import", module.IMPORT):
        builder = deployments.begin(settings, "builder", "CREATE INDEX ON reviews (rating)")
        seen = deployments.queue_when(settings, "builder", seconds=0.3)
        assert [(row.who, row.wants, row.of, row.waits_for) for row in seen.itertuples()] == [
            ("builder", "ShareLock", "reviews", "import")
        ]
        assert seen.seconds[0] >= 0.3
    builder.join(timeout=10)
    with pytest.raises(deployments.DeploymentError, match="nobody did not wait for anybody"):
        deployments.queue_when(settings, "nobody", patience=0.2)


def test_customers_are_served_refused_or_sent_home(settings, at):
    at(HEAD)
    with deployments.Customers(settings, deployments.program("shop_2")) as refused:
        refused._thread.join(timeout=10)
    assert refused.failure == 'column "pieces" does not exist' and not refused.ended
    with deployments.Customers(settings, deployments.program("shop_1")) as served:
        deployments.sessions_when(settings, "UPDATE variants")
        with database.connect(settings) as connection:
            connection.execute(sa.text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                       "WHERE application_name = 'shop 1' AND datname = current_database()"))  # fmt: skip
        served._thread.join(timeout=10)
    assert served.ended and served.served and not served.failure


def test_the_branch_of_the_gate_has_two_heads_and_every_other_fault(lab):
    lab.plant("gate")
    assert beside.heads() == {"draft_add_gift_note", "draft_add_pickup_note"}
    assert len(scratch.drafts()) == 5 and "last_login" in scratch.models("people").text


def test_the_gate_does_not_touch_the_learners_drafts(lab, settings):
    lab.plant("gate")
    before = {path.name: path.read_text() for path in scratch.drafts()}
    lab.solve("gate", "# a comment\nworkshop review scratch/*.py")
    assert "the gate is green for no_revision" in reasons(lab.look("gate"))
    assert {path.name: path.read_text() for path in scratch.drafts()} == before
    assert steps.current(settings) == HEAD


def test_what_the_exercises_wrote_is_set_aside_or_gone(lab):
    lab.plant("gate")
    lab.solve("gate")
    again = labs.begin(LAB)
    assert "alembic check" in (again.drafts / "gate.sh").read_text() and scratch.kept("gate.sh") == ""
    lab.solve("gate")
    lab.fresh()
    assert scratch.kept("gate.sh") == "" and scratch.drafts() == []


def test_whoever_leaves_half_way_can_begin_again(lab, settings):
    lab.plant("contract")
    carry_out(lab, "contract", [part("contract", 2), UPGRADE])
    again = labs.begin(LAB)
    assert again.jump.kept and steps.current(settings) == HEAD and scratch.drafts() == []


def test_predictions_are_noted(settings):
    shown = str(deployments.compared(LAB, {"one": 1, "two": ...}, {"one": 1, "two": 2}))
    assert "right" in shown and "not answered" in shown
