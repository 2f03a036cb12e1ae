# Bring the file back, and let it undo what it did.
workshop drafts --fetch add_gift_note
alembic downgrade -1
