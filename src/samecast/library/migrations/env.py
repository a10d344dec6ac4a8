"""What Alembic runs: on the connection `upgrade` hands over or, from the command line, on the settings' library."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from samecast.library.schema import DERIVED_PREFIXES, Moment, metadata


def written_plainly(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """A revision stands for itself: it names SQL's types, not ours, which may change after it."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


def declared(item: object, name: str | None, kind: str, reflected: bool, compared: object) -> bool:
    """What is worked out from the other tables (for searching) is made by its own revision, and is not declared."""
    return not (kind == "table" and reflected and (name or "").startswith(DERIVED_PREFIXES))


def run_on(connection: Connection) -> None:
    # SQLite cannot alter most of a table: batch mode copies it instead.
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=written_plainly,
        include_object=declared,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run_on(given)
else:
    from samecast.library.database import open_database
    from samecast.settings import load_settings

    opened = open_database(load_settings())
    with opened.write(migrates=True) as own:
        run_on(own)
    opened.close()
