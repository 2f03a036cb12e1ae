# First say the truth: the work of 0003 is there, that of 0004 is not. Then run what is missing.
alembic stamp 0003_seed_catalog
alembic upgrade head
