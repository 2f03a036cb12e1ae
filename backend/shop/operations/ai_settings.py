"""op.clear_ai_settings: take the address and the key of Azure's services out of the database again.

With AI_PROVIDER=azure, op.embed makes them from the environment (shop.ai.azure_settings) and notes which. The downgrade
of the first revision that needs them clears those; what an administrator set, an administrator removes.
"""

from __future__ import annotations

from alembic.operations import MigrateOperation, Operations


@Operations.register_operation("clear_ai_settings")
class ClearAiSettings(MigrateOperation):
    """Clear the settings of azure_ai that came from an environment."""

    @classmethod
    def clear_ai_settings(cls, operations: Operations) -> None:
        """Clear the settings of azure_ai that came from the environment of an upgrade; elsewhere it does nothing."""
        operations.invoke(cls())


@Operations.implementation_for(ClearAiSettings)
def clear(operations: Operations, plan: ClearAiSettings) -> None:
    """Have the server look, so that a script written by `--sql` does the same."""
    operations.execute(_CLEAR)


_CLEAR = """
    DO $$ BEGIN
        IF to_regclass('shop_ai.settings_made') IS NOT NULL THEN
            IF to_regnamespace('azure_ai') IS NOT NULL THEN
                PERFORM azure_ai.set_setting(name, '') FROM shop_ai.settings_made;
            END IF;
            DELETE FROM shop_ai.settings_made;
        END IF;
    END $$
"""
