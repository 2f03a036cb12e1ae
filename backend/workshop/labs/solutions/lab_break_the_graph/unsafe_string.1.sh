# Take the quotes back; what the text did beside them stays for now.
alembic downgrade -1
