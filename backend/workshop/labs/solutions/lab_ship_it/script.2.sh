alembic upgrade {head}:draft_price_bands --sql > scratch/release.sql
workshop psql -v ON_ERROR_STOP=1 -f scratch/release.sql
