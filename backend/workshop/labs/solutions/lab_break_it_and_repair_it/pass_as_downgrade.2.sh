# The table stands exactly as the upgrade makes it. So tell Alembic that the draft is applied ...
alembic stamp head
# ... and take it back, this time for real. Then come back.
alembic downgrade -1
alembic upgrade head
