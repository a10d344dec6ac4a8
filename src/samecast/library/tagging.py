"""Tags of takes: given and taken off, many takes in one transaction. What tags are found by is `searching`'s."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, func, insert, select

from samecast.core.errors import InvalidInput
from samecast.core.tags import MOST_TAGS
from samecast.library import schema as t
from samecast.library.trash import held
from samecast.ports.creations import TagUse


def tags_of(connection: Connection, take_ids: Sequence[str]) -> Mapping[str, list[str]]:
    """Each take's own tags by name; none for one that has none."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    own = select(t.take_tags).where(t.take_tags.c.take_id.in_(take_ids))
    for row in connection.execute(own):
        found[row.take_id].append(row.tag)
    return defaultdict(list, {take_id: sorted(tags) for take_id, tags in found.items()})


def tag(connection: Connection, take_ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> int:
    """See `ports.creations`. What is both added and removed is added."""
    held(connection, take_ids)
    before = {take_id: set(tags) for take_id, tags in tags_of(connection, take_ids).items()}
    unwanted = set(remove) - set(add)
    more, changed = [], 0
    for take_id in dict.fromkeys(take_ids):
        own = before.get(take_id, set())
        after = (own - unwanted) | set(add)
        if len(after) > MOST_TAGS:
            raise InvalidInput(
                f"The take {take_id} would have {len(after)} tags; {MOST_TAGS} is the most.",
                hint="Take some off with --remove. Nothing was changed.",
            )
        more += [{"take_id": take_id, "tag": tag} for tag in sorted(after - own)]
        changed += after != own
    if unwanted:
        gone = t.take_tags.c.take_id.in_(take_ids) & t.take_tags.c.tag.in_(unwanted)
        connection.execute(delete(t.take_tags).where(gone))
    if more:
        connection.execute(insert(t.take_tags), more)
    return changed


def tags_in_use(connection: Connection) -> list[TagUse]:
    """See `ports.creations`. Takes are counted as they are taken in; an archived character's tags are not in use."""
    cast = t.characters.c
    counted = select(t.creation_tallies).where(t.creation_tallies.c.sort == "tag")
    takes = {row.key: row.takes for row in connection.execute(counted)}
    owned = (
        select(t.character_tags.c.tag, func.count().label("characters"))
        .join(t.characters, cast.id == t.character_tags.c.character_id)
        .where(cast.retired_at.is_(None), cast.archived_at.is_(None))
        .group_by(t.character_tags.c.tag)
    )
    characters = {row.tag: row.characters for row in connection.execute(owned)}
    return [
        TagUse(tag=tag, takes=takes.get(tag, 0), characters=characters.get(tag, 0))
        for tag in sorted({*takes, *characters})
    ]
