"""0009_seed_documents: every file a document, every section a chunk, and out again without touching anybody's rows."""

import nbformat
import pytest

from workshop import steps

OWN = "INSERT INTO documents (file, title, kind, body) VALUES ('mine.md', 'Mine', 'guide', 'My own text.') RETURNING id"
OWN_CHUNK = "INSERT INTO chunks (document_id, position, heading, body) SELECT id, 1, 'Mine', 'My own text.' FROM documents WHERE file = 'mine.md'"
NAMED = "SELECT id FROM documents WHERE file = 'price-match.md'"


def test_what_it_puts_in(revision):
    seen = revision.up()
    assert [seen.rows(table) for table in ("documents", "chunks", "document_products")] == [30, 226, 47]
    assert seen.count("table") == seen.count("column") == 0
    assert revision.run("SELECT kind, count(*) FROM documents GROUP BY kind ORDER BY kind") == [
        ("guide", 8),
        ("manual", 12),
        ("policy", 10),
    ]
    assert revision.run("SELECT count(*) FROM documents WHERE deleted_at IS NOT NULL") == [(0,)]


def test_keys_follow_the_order_of_the_names(revision):
    revision.up()
    names = [name for (name,) in revision.run("SELECT file FROM documents ORDER BY id")]
    assert names == sorted(names)
    places = revision.run("SELECT document_id, position FROM chunks ORDER BY id")
    assert places == sorted(places)


def test_up_down_up_gives_the_same_and_down_leaves_no_trace(revision):
    revision.up()
    first = revision.look().fingerprint
    revision.run("INSERT INTO documents (file, title, kind, body) VALUES ('mine.md', 'Mine', 'guide', 'My own text.')")
    revision.run("DELETE FROM documents WHERE file = 'mine.md'")
    revision.down()
    assert revision.leaves_no_trace()
    revision.up()
    assert revision.look().fingerprint == first


def test_an_upgrade_that_failed_moves_no_sequence(revision):
    """The name is taken, so the upgrade fails after it drew keys; afterwards the same keys are drawn again."""
    revision.run(OWN.replace("mine.md", "price-match.md"))
    revision.run("UPDATE documents SET id = 99")
    before = revision.look().fingerprint
    with pytest.raises(steps.StepError, match="uq_documents_file"):
        revision.up()
    assert revision.look().fingerprint == before
    revision.run("DELETE FROM documents")
    revision.up()
    assert revision.run("SELECT min(id), max(id) FROM documents") == [(1, 30)]


def test_a_document_of_ones_own_survives_up_and_down(revision):
    [(before,)] = revision.run(OWN)
    revision.up()
    revision.run(OWN.replace("mine.md", "later.md"))
    revision.run(OWN_CHUNK)
    revision.down()
    assert revision.run("SELECT file FROM documents ORDER BY id") == [("mine.md",), ("later.md",)]
    assert revision.run("SELECT document_id, body FROM chunks") == [(before, "My own text.")]


def test_a_hidden_or_changed_document_of_the_seed_goes_with_the_seed(revision):
    revision.up()
    revision.run("UPDATE documents SET deleted_at = now() WHERE kind = 'policy'")
    revision.run("UPDATE documents SET title = 'Changed', body = 'Changed' WHERE kind = 'guide'")
    revision.run("UPDATE chunks SET body = 'Changed' WHERE position = 1")
    revision.down()
    assert revision.leaves_no_trace()


@pytest.mark.parametrize(
    ("named", "put_in", "take_out"),
    [
        (
            "the document mine.md, which price-match.md supersedes",
            f"{OWN}; UPDATE documents SET superseded_by_id = ({NAMED}) WHERE file = 'mine.md'",
            "DELETE FROM documents WHERE file = 'mine.md'",
        ),
        (
            "chunk 99 of price-match.md",
            f"INSERT INTO chunks (document_id, position, heading, body) VALUES (({NAMED}), 99, 'A note', 'By me.')",
            "DELETE FROM chunks WHERE position = 99",
        ),
        (
            "the product 1 of price-match.md",
            f"INSERT INTO document_products VALUES (({NAMED}), 1)",
            f"DELETE FROM document_products WHERE document_id = ({NAMED})",
        ),
        (
            "1 row(s) of stars, by document_id",
            "CREATE TABLE stars (document_id integer REFERENCES documents (id) ON DELETE CASCADE); "
            f"INSERT INTO stars {NAMED}",
            "DROP TABLE stars",
        ),
        (
            "2 row(s) of quotes, by chunk_id",
            "CREATE TABLE quotes (chunk_id integer REFERENCES chunks (id) ON DELETE CASCADE); "
            "INSERT INTO quotes VALUES (1), (2)",
            "DROP TABLE quotes",
        ),
    ],
)
def test_downgrade_refuses_and_names_what_others_put_in(revision, named, put_in, take_out):
    revision.up()
    for statement in put_in.split("; "):
        revision.run(statement)
    full = revision.look().fingerprint
    with pytest.raises(steps.StepError) as refused:
        revision.down()
    assert f"depend on it: {named}. Delete them" in str(refused.value)
    assert revision.look().fingerprint == full
    revision.run(take_out)
    revision.down()
    assert revision.leaves_no_trace()


def test_rows_that_point_to_a_document_of_ones_own_do_not_stand_in_the_way(revision):
    revision.up()
    revision.run(OWN)
    revision.run("CREATE TABLE stars (document_id integer REFERENCES documents (id))")
    revision.run("INSERT INTO stars SELECT id FROM documents WHERE file = 'mine.md'")
    revision.down()
    assert revision.run("SELECT count(*) FROM documents") == [(1,)]


def test_a_product_that_is_gone_is_named_with_the_document(revision):
    revision.run("DELETE FROM product_images WHERE product_id = 34")
    for table in ("personalized_product_sections", "reviews", "product_features"):
        revision.run(f"DELETE FROM {table} WHERE product_id = 34")
    revision.run("DELETE FROM variant_attributes USING variants v WHERE v.id = variant_id AND v.product_id = 34")
    revision.run("DELETE FROM variants WHERE product_id = 34")
    revision.run("DELETE FROM products WHERE id = 34")
    with pytest.raises(
        steps.StepError, match=r"minutia-sprout-2-guide-for-parents.md is about product 34, which is not"
    ):
        revision.up()


def test_the_notebooks_search_meets_both_policies_and_one_condition_leaves_the_one_in_force(revision):
    revision.up()
    cells = [cell.source for cell in nbformat.read(revision.step.notebook, as_version=4).cells]
    any_time, in_force = (source.partition("\n")[2] for source in cells if "AS asked" in source)
    earbuds, parcel = "return opened earbuds", "who pays for the return parcel"
    assert [row[0] for row in revision.run(any_time, question=earbuds)][:2] == [
        "Returns policy (2026)",
        "Returns policy (April 2023)",
    ]
    assert revision.run(any_time, question=parcel)[0][0] == "Returns policy (April 2023)"
    for question in (earbuds, parcel):
        assert {row[0] for row in revision.run(in_force, question=question)} == {"Returns policy (2026)"}


def test_the_written_script_takes_it_out_and_refuses_as_well(revision, server, tmp_path):
    """What `alembic downgrade ... --sql` writes, run by psql."""
    import io
    import os
    import subprocess

    from alembic import command

    from workshop import chain
    from workshop.server import place, runtime

    config = chain.alembic_config()
    config.output_buffer = io.StringIO()
    command.downgrade(config, f"{revision.step.name}:{revision.step.before}", sql=True)
    script = tmp_path / "down.sql"
    script.write_text(config.output_buffer.getvalue(), encoding="utf-8")
    url = revision.settings.database_url

    def psql():
        return subprocess.run(
            [runtime.ready(place.base()).program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script],
            env=os.environ
            | {"PGHOST": url.host, "PGPORT": str(url.port), "PGUSER": url.username}
            | {"PGPASSWORD": url.password, "PGDATABASE": url.database},
            capture_output=True,
            text=True,
            check=False,
        )

    revision.up()
    revision.run("INSERT INTO chunks (document_id, position, heading, body) VALUES (1, 99, 'A note', 'By me.')")
    assert "chunk 99 of a-first-running-watch.md. Delete them" in psql().stderr
    revision.run("DELETE FROM chunks WHERE position = 99")
    done = psql()
    assert done.returncode == 0, done.stderr
    assert revision.leaves_no_trace()
