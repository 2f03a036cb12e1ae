"""Create focus groups and their weights

Revision ID: 26e3db
Revises: 04c1b9

Three tables that belong together: a weight is nothing without its group and its dimension.
"""

from __future__ import annotations

from alembic import op

revision: str = "26e3db"
down_revision: str | None = "04c1b9"

TABLES = ("focus_groups", "dimensions", "focus_group_dimension_weights")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE focus_groups (
            id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_focus_groups PRIMARY KEY,
            name text NOT NULL CONSTRAINT uq_focus_groups_name UNIQUE
        );
        CREATE TABLE dimensions (
            id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_dimensions PRIMARY KEY,
            name text NOT NULL CONSTRAINT uq_dimensions_name UNIQUE,
            minimum numeric NOT NULL, maximum numeric NOT NULL,
            CONSTRAINT ck_dimensions_range CHECK (minimum < maximum)
        );
        CREATE TABLE focus_group_dimension_weights (
            focus_group_id integer NOT NULL REFERENCES focus_groups,
            dimension_id integer NOT NULL REFERENCES dimensions,
            weight numeric(4, 3) NOT NULL,
            is_current boolean NOT NULL DEFAULT true,
            CONSTRAINT ck_weight CHECK (weight BETWEEN 0 AND 1)
        );
        CREATE INDEX ix_weights_current ON focus_group_dimension_weights (focus_group_id) WHERE is_current;
    """)
    for table in TABLES:
        op.execute(f"COMMENT ON TABLE {table} IS 'Personal ranking'")
    op.execute(r"""
        CREATE FUNCTION require_weights_of_one() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE total numeric;
        BEGIN
            PERFORM 1 FROM focus_groups WHERE id = coalesce(new.focus_group_id, old.focus_group_id) FOR UPDATE;
            SELECT sum(weight) INTO total FROM focus_group_dimension_weights WHERE is_current;
            IF total <> 1 THEN RAISE EXCEPTION 'the weights sum to %', total; END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER weights_sum_to_one
        AFTER INSERT OR UPDATE OR DELETE ON focus_group_dimension_weights
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_weights_of_one()
    """)
    op.execute("ALTER TABLE users ADD COLUMN focus_group_id integer CONSTRAINT fk_users_group REFERENCES focus_groups")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN focus_group_id")
    op.execute("DROP TABLE focus_group_dimension_weights, dimensions, focus_groups")
    op.execute("DROP FUNCTION require_weights_of_one()")
