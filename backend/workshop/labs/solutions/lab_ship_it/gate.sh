workshop review scratch/*.py
alembic upgrade head
alembic check
alembic downgrade {head}
alembic upgrade head
