# expect: R302
# ruff: noqa
"""Tell the server where the model is"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("""
        SELECT azure_ai.set_setting('azure_openai.subscription_key', '00000000feedfacefeedface00000000') -- # <- R302
    """)


def downgrade():
    op.execute("DELETE FROM azure_ai.settings WHERE key LIKE 'azure_openai.%'")
