alembic upgrade head
alembic check
