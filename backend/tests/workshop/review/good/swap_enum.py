"""Take "lost" out of the states of a parcel

Revision ID: d19e87
Revises: c08d76

Parcels in that state become "open": which ones were lost cannot be told afterwards.
"""

from alembic import op

revision = "d19e87"
down_revision = "c08d76"


def upgrade():
    op.execute("UPDATE parcels SET state = 'open' WHERE state = 'lost'")
    change("'open', 'sent'")


def downgrade():
    change("'open', 'sent', 'lost'")


def change(values):
    op.execute("ALTER TYPE parcel_state RENAME TO parcel_state_old")
    op.execute(f"CREATE TYPE parcel_state AS ENUM ({values})")
    op.execute(
        # review: allow R406 because parcels has a few hundred rows
        "ALTER TABLE parcels ALTER COLUMN state TYPE parcel_state USING state::text::parcel_state"
    )
    op.execute("DROP TYPE parcel_state_old")
