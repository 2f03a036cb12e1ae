"""Every table, column, label, edge, service, file, command, option and variable that a page names exists."""

from __future__ import annotations

import pytest

from shop import database
from shop.settings import ROOT, Settings
from tests.docs import names
from workshop import chain, checkpoints, steps

TEXTS = {path.relative_to(ROOT).as_posix(): path for path in names.texts()}


@pytest.fixture(scope="session")
def there(server):
    """What exists in a database at head, in the code and in the repository."""
    place = Settings(server.url("workshop_test_names"), embedded=False)
    checkpoints.replace(place, checkpoints.ensure(place, chain.steps()[-1].name, steps.upgrade))
    with database.connect(place) as connection:
        found = names.known(connection)
    checkpoints.drop(place)
    return found


@pytest.fixture
def page(tmp_path):
    """Write a page."""

    def one(text):
        (tmp_path / "page.md").write_text(text)
        return tmp_path / "page.md"

    return one


@pytest.mark.parametrize("text", TEXTS)
def test_names_exist(text, there):
    assert list(names.wrong_names(TEXTS[text], there)) == []


@pytest.mark.parametrize("text", [name for name in TEXTS if name.startswith("docs/")])
def test_commands_that_are_not_run_exist(text, there):
    assert list(names.wrong_unrun(TEXTS[text], there)) == []


WRONG = {
    "`reviews.stars`": "the table reviews has no such column",
    "`ag_catalog.ag_lable`": "the schema ag_catalog has nothing of that name",
    "`hnsw.ef_serch`": "there is no table, schema or setting of that name",
    "`focus_group_weights`": "nothing goes by this name",
    "`HAS_REVIEWS`": "nothing goes by this name",
    "`SHOP_MODEL_FOLDER=/x`": "nothing goes by this name",
    "`Produkt`": "nothing goes by this name",
    "`op.build_indexes(...)`": "Alembic has no such operation",
    "`backend/shop/ai/readers.py`": "there is no such file",
    "`backend/shops/`": "there is no such file",
    "`envy.py`": "there is no such file",
    "the table `import_refusal`": "there is no table of that name",
    "the `first` column": "there is no column of that name",
    "the edge `WRITES`": "there is no edge of that name",
    "the extension `vectors`": "there is no extension of that name",
    "the exercise `two_tails`": "there is no exercise of that name",
    "`make walks`": "the Makefile has no target walks",
    "`workshop go 0003`": "workshop has no command go",
    "`workshop azure-double start 6`": "workshop has no command start",
    "`workshop walk --shortly`": "there is no option --shortly",
    "`alembic upgrades head`": "alembic has no command upgrades",
    "`alembic upgrade head --sqls`": "there is no option --sqls",
}
RIGHT = (
    "`reviews.rating` `ag_catalog.ag_label` `hnsw.ef_search` `focus_group_dimension_weights` `HAS_REVIEW` `AI_PROVIDER=azure` "
    "`Product` `op.build_index(...)` `backend/shop/ai/reader.py` `env.py` `backend/.env` `make walk` `workshop goto 3` "
    "`workshop azure-double begin 6` `alembic upgrade +1 --sql` the table `import_refusals`, the edge `WROTE`"
)


@pytest.mark.parametrize(("line", "said"), WRONG.items())
def test_a_name_that_does_not_exist_is_red(line, said, there, page):
    found = list(names.wrong_names(page(line), there))
    assert found and all("page.md:1" in one for one in found) and said in "".join(found)


def test_names_that_exist_are_green(there, page):
    assert list(names.wrong_names(page(RIGHT), there)) == []


def test_commands_of_a_block_that_is_not_run_are_looked_at(there, page):
    path = page("<!-- not run: a reason -->\n```console\nmake walk\nmake wlak\n```")
    [found] = names.wrong_unrun(path, there)
    assert "page.md:2: `make wlak`: the Makefile has no target wlak" in found
