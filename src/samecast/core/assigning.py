"""Giving faces to characters: each at most one, by the least total distance. Knows nothing of what a distance means."""

import math
from collections.abc import Sequence


def assign(table: Sequence[Sequence[float]], unassigned: float = math.inf) -> list[int | None]:
    """One face at most for every character and one character at most for every face, by the least total.

    `table[character][face]` is a distance; `math.inf` where a face can never be the character's. A character who gets
    no face costs `unassigned`, so that a face at that distance or beyond is never forced on somebody absent; without it
    as many characters as possible get one. Characters left over get None. Of several best answers it gives one, always
    the same. Raises `ValueError` where the rows differ in length or a distance is not a number.

    Shortest augmenting paths over potentials (Kuhn 1955, Munkres 1957; Jonker and Volgenant 1987): for n characters and
    m faces in n * n * (n + m) steps.
    """
    width = len(table[0]) if table else 0
    if any(len(row) != width for row in table) or any(math.isnan(value) for row in table for value in row):
        raise ValueError("A table of distances has rows of one length, and numbers in them.")
    known = [abs(value) for row in table for value in row if math.isfinite(value)]
    never = (len(table) + 1) * (2 * max(known, default=0.0) + 1)
    alone = min(unassigned, never)
    # Beyond the faces stands an empty place for every character: taking it means to go without.
    costs = [[min(value, 2 * never) for value in row] + [alone] * len(table) for row in table]
    places = _least(costs)
    return [place if place < width and table[row][place] < unassigned else None for row, place in enumerate(places)]


def _least(costs: Sequence[Sequence[float]]) -> list[int]:
    """The column of every row in the cheapest choice; there are at least as many columns as rows.

    Rows and columns count from 1 inside; column 0 stands for "not yet anywhere".
    """
    rows, columns = len(costs), len(costs[0]) if costs else 0
    of_row, of_column = [0.0] * (rows + 1), [0.0] * (columns + 1)
    holder = [0] * (columns + 1)
    for row in range(1, rows + 1):
        holder[0], column = row, 0
        nearest, came, done = [math.inf] * (columns + 1), [0] * (columns + 1), [False] * (columns + 1)
        while holder[column]:
            done[column] = True
            at, step, following = holder[column], math.inf, 0
            for other in range(1, columns + 1):
                if done[other]:
                    continue
                reduced = costs[at - 1][other - 1] - of_row[at] - of_column[other]
                if reduced < nearest[other]:
                    nearest[other], came[other] = reduced, column
                if nearest[other] < step:
                    step, following = nearest[other], other
            for other in range(columns + 1):
                if done[other]:
                    of_row[holder[other]] += step
                    of_column[other] -= step
                else:
                    nearest[other] -= step
            column = following
        while column:  # hand the columns on, back along the path
            holder[column], column = holder[came[column]], came[column]
    found = [0] * rows
    for column in range(1, columns + 1):
        if holder[column]:
            found[holder[column] - 1] = column - 1
    return found
