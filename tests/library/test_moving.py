"""One side of a move: rows in an order and a form that SQLite and PostgreSQL share, and a source nobody can change."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, insert
from tests import servers
from tests.library.sample_library import fill

from samecast.core.errors import StorageFailed
from samecast.library import Library, open_library
from samecast.library import schema as t
from samecast.library.moving import STAYS, OtherPlaces, moved_tables
from samecast.ports.moving import Place, Row
from samecast.settings import Settings

postgres = servers.postgres
IDS = ["Z", "a", "É", "é", "e\u0301", "_", "10", "9", "ß", "ss", "日本", "🎬", "\uffff", "a b", "a-b", "A"]


@pytest.fixture
def on_postgres(postgres: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=postgres, assets_url=str(tmp_path / "assets"))


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return Settings(home=tmp_path / "home")
    found: Settings = request.getfixturevalue("on_postgres")
    return found


@pytest.fixture
def there(anywhere: Settings) -> Iterator[Library]:
    library = open_library(anywhere)
    yield library
    library.close()


def rows_of(settings: Settings, table: str) -> list[Row]:
    with OtherPlaces(settings=settings).source(Place()) as side, side.reading() as snapshot:
        rows = list(snapshot.rows(table))
        assert len(rows) == snapshot.count(table)
        return rows


def test_rows_come_in_the_order_of_code_points_everywhere(there: Library, anywhere: Settings):
    made = {"prompt": "", "model": "", "out": "", "created_at": datetime.now(UTC)}
    with there.database.write() as connection:
        connection.execute(insert(t.shots), [{"id": shot, **made} for shot in IDS])
    assert [row[0] for row in rows_of(anywhere, "shots")] == sorted(IDS)


def test_rows_are_asked_for_in_that_order(on_postgres: Settings):
    """The server of the tests knows no language's order, so that the test above could not tell."""
    asked: list[str] = []
    open_library(on_postgres).close()
    with OtherPlaces(settings=on_postgres).source(Place()) as side, side.reading() as snapshot:
        connection = snapshot.connection
        event.listen(connection, "before_cursor_execute", lambda c, cursor, text, *more: asked.append(text))
        list(snapshot.rows("take_members"))
        list(snapshot.asset_names())
    orders = [text.split("ORDER BY")[1] for text in asked if "ORDER BY" in text]
    assert len(orders) == 2
    assert all(order.count('COLLATE "C"') == 1 for order in orders)


def test_a_source_cannot_be_changed(there: Library, anywhere: Settings):
    fill(there, shots=1)
    rows = rows_of(anywhere, "shots")
    with OtherPlaces(settings=anywhere).source(Place()) as side, pytest.raises(StorageFailed, match="read-only"):
        side.add("shots", [("another", *rows[0][1:])])
    assert rows_of(anywhere, "shots") == rows
    with OtherPlaces(settings=anywhere).destination(Place()) as side:  # it was not refused for another reason
        assert side.add("shots", [("another", *rows[0][1:])]) == 1


def test_what_is_there_is_added_once(there: Library, anywhere: Settings):
    fill(there, shots=2, lends=True)
    with OtherPlaces(settings=anywhere).destination(Place()) as side, side.reading() as snapshot:
        rows = {shape.name: list(snapshot.rows(shape.name)) for shape in side.tables}
    with OtherPlaces(settings=anywhere).destination(Place()) as side:
        assert sum(side.add(name, each) for name, each in rows.items()) == 0


def test_every_asset_that_anything_refers_to_is_named_once_and_in_order(there: Library, anywhere: Settings):
    fill(there, lends=True)
    spare = there.assets.put(b"nobody refers to this")
    with OtherPlaces(settings=anywhere).source(Place()) as side, side.reading() as snapshot:
        names, count = list(snapshot.asset_names()), snapshot.count_assets()
    stored = {entry.sha256 for shard in there.assets.shards() for page in there.assets.stored(shard) for entry in page}
    assert names == sorted(stored - {spare})
    assert count == len(names)


def test_references_that_only_a_recipe_names_come_along(there: Library, anywhere: Settings):
    fill(there, shots=1)
    borrowed = there.assets.put(b"the reference of somebody who was never cast here")
    with there.database.write() as connection:
        take = connection.execute(t.takes.select()).first()
        assert take is not None
        own = there.cast.get("mira").current.references[0].sha256
        recipe = take.recipe.replace(own, borrowed)
        connection.execute(t.takes.update().where(t.takes.c.id == take.id).values(recipe=recipe))
        connection.execute(t.take_members.update().where(t.take_members.c.take_id == take.id).values(character_id=None))
    with OtherPlaces(settings=anywhere).source(Place()) as side, side.reading() as snapshot:
        assert borrowed in set(snapshot.asset_names())


def test_every_table_of_the_schema_is_moved_or_said_to_stay():
    names = {table.name for table in moved_tables()}
    assert names | STAYS == set(t.metadata.tables)
    assert not names & STAYS
    order = [table.name for table in moved_tables()]
    for table in moved_tables():
        for key in table.foreign_keys:
            assert order.index(key.column.table.name) <= order.index(table.name)


@pytest.mark.parametrize(
    ("database", "assets", "variables"),
    [
        ("/h", None, {"SAMECAST_HOME": "/h"}),
        ("/h", "/h", {"SAMECAST_HOME": "/h"}),
        ("/h", "/big/disk", {"SAMECAST_HOME": "/h", "SAMECAST_ASSETS_URL": "/big/disk"}),
        (
            "postgresql+psycopg://me:pw@db/x",
            "s3://b/p/",
            {"SAMECAST_DATABASE_URL": "postgresql+psycopg://me:***@db/x", "SAMECAST_ASSETS_URL": "s3://b/p"},
        ),
        (
            "sqlite:////x/y.sqlite3",
            "/a",
            {"SAMECAST_DATABASE_URL": "sqlite:////x/y.sqlite3", "SAMECAST_ASSETS_URL": "/a"},
        ),
    ],
)
def test_an_address_says_which_variables_lead_to_it(database: str, assets: str | None, variables: dict[str, str]):
    address = OtherPlaces(settings=Settings(home=Path("/old"))).address(Place(database=database, assets=assets))
    assert dict(address.variables) == variables


def test_the_same_database_is_known_again_whoever_asks():
    places = OtherPlaces(settings=Settings(home=Path("/old")))
    same = ["postgresql+psycopg://me:pw@db/x", "postgresql://you@db:5432/x", "postgresql+psycopg://db/x"]
    found = {places.address(Place(database=url, assets="s3://b")).database_identity for url in same}
    assert len(found) == 1
    other = places.address(Place(database="postgresql+psycopg://me:pw@db/y", assets="s3://b"))
    assert other.database_identity not in found
