"""What 0004_create_focus_groups promises."""

import sqlalchemy as sa

from workshop.checks import Look
from workshop.checks.schema import commented_tables, indexed_foreign_keys, named_rules, typed_columns

CAUSE = "0004 was not applied as it stands in the repository, or somebody changed the schema by hand"
TABLES = ["focus_groups", "dimensions", "focus_group_dimension_weights"]


def tables(look: Look) -> None:
    """The three tables stand, each with a comment."""
    commented_tables(look, TABLES, CAUSE)


def columns(look: Look) -> None:
    """Each feature can be put into a dimension and each user into a group, and a weight is a numeric(4,3)."""
    wanted = [
        ("features", "dimension_id", "integer", False),
        ("users", "focus_group_id", "integer", False),
        ("focus_group_dimension_weights", "weight", "numeric(4,3)", True),
    ]
    typed_columns(look, wanted, CAUSE)


def rules(look: Look) -> None:
    """Every CHECK and UNIQUE rule stands under the name that the revision gives it."""
    wanted = """
        ck_dimensions_minimum_below_maximum ck_focus_group_dimension_weights_current_has_no_end
        ck_focus_group_dimension_weights_ends_after_start ck_focus_group_dimension_weights_weight_zero_to_one
        uq_dimensions_name uq_focus_group_dimension_weights_start uq_focus_groups_name
    """
    named_rules(look, TABLES, wanted.split(), CAUSE)


def foreign_keys(look: Look) -> None:
    """The four foreign keys have an index that begins with their column."""
    wanted = """
        fk_features_dimension_id_dimensions fk_users_focus_group_id_focus_groups
        fk_focus_group_dimension_weights_dimension_id_dimensions
        fk_focus_group_dimension_weights_focus_group_id_focus_groups
    """
    indexed_foreign_keys(look, wanted.split(), CAUSE)


def current(look: Look) -> None:
    """A partial unique index lets a group have one current weight for a dimension."""
    found = look.rows("""
        SELECT indexrelid::regclass::text, indisunique, pg_get_expr(indpred, indrelid) FROM pg_index
        WHERE indrelid = to_regclass('focus_group_dimension_weights') AND indpred IS NOT NULL
    """)
    wanted = [("ix_focus_group_dimension_weights_current", True, "is_current")]
    look.same("partial index", map(tuple, found), wanted, CAUSE)


def sum_to_one(look: Look) -> None:
    """A new group whose weights sum to 0.98 is let in by its statements and refused at the end of the transaction."""
    look.rows("SELECT tgdeferrable, tginitdeferred FROM pg_trigger WHERE tgname = 'weights_sum_to_one'")
    look.connection.execute(
        sa.text("""
        WITH g AS (INSERT INTO focus_groups (id, name, description) VALUES (-1, 'Check', 'Rolled back') RETURNING id),
             d AS (INSERT INTO dimensions (id, name, description) VALUES (-1, 'Check', 'Rolled back') RETURNING id)
        INSERT INTO focus_group_dimension_weights (id, focus_group_id, dimension_id, weight, rationale)
        SELECT -1, g.id, d.id, 0.98, 'Rolled back' FROM g, d
    """)
    )
    try:
        look.connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    except sa.exc.IntegrityError as refused:
        said = str(refused.orig)
        names = '"Check"' in said and "0.980" in said
        look.expect(names, f"the message names neither group nor sum: {said}", CAUSE)
    else:
        look.expect(False, "weights that sum to 0.980 were taken", "the trigger is missing, disabled or not deferred")
