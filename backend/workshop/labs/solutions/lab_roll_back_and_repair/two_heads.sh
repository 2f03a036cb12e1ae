# A revision that changes nothing and stands on both drafts.
alembic merge heads --rev-id merge_label_and_note -m "Merge care label and pickup note"
alembic upgrade head
