"""What 0005_seed_focus_groups promises."""

from workshop.checks import Look

CAUSE = "0005 was not applied as it stands in the repository, or rows were changed since"
GROUPS = ["Commuters", "Runners", "Parents", "Creators", "Gamers", "Seniors", "Travellers"]
DIMENSIONS = ["Sound", "Battery", "Comfort", "Display", "Durability", "Value", "Ease of use", "Connectivity",
              "Tracking", "Creation", "Speed"]  # fmt: skip


def groups(look: Look) -> None:
    """The seven groups stand, each with a description."""
    found = look.rows("SELECT name, length(description) > 20 FROM focus_groups WHERE name = ANY(:names)", names=GROUPS)
    look.same("group", (name for name, _ in found), GROUPS, CAUSE)
    look.same("description of", (name for name, told in found if told), (name for name, _ in found), CAUSE)


def dimensions(look: Look) -> None:
    """The eleven dimensions stand, each scored from 1 to 5 stars."""
    found = look.rows(
        "SELECT name, minimum_score::text, maximum_score::text FROM dimensions WHERE name = ANY(:names)",
        names=DIMENSIONS,
    )
    look.same("dimension", map(tuple, found), [(name, "1.00", "5.00") for name in DIMENSIONS], CAUSE)


def weights(look: Look) -> None:
    """The current weights of every group that has any sum to 1, and each of the seven groups has some."""
    found = look.rows("""
        SELECT g.name, sum(w.weight)::text FROM focus_group_dimension_weights w
        JOIN focus_groups g ON g.id = w.focus_group_id WHERE w.is_current GROUP BY g.name
    """)
    for name, total in found:
        look.expect(
            total == "1.000", f"the weights of {name} sum to {total}", "the trigger was switched off for a while"
        )
    look.same("weights of", {name for name, _ in found} & set(GROUPS), GROUPS, CAUSE)


def reasons(look: Look) -> None:
    """Every weight says why, in a sentence of at least six words that no other weight repeats."""
    found = look.rows("SELECT id, rationale FROM focus_group_dimension_weights")
    short = [str(key) for key, reason in found if len(reason.split()) < 6 or not reason.endswith(".")]
    look.expect(not short, f"no sentence as the reason of weight {', '.join(short[:5])}", CAUSE)
    look.expect(len({reason for _, reason in found}) == len(found), "two weights give the same reason", CAUSE)


def users(look: Look) -> None:
    """Every shopper of the export is in a group, and no group is empty."""
    found = look.rows("""
        SELECT u.email, g.name FROM generate_series(1, 40) AS n
        JOIN users u ON u.id = md5('agenticshop user ' || n)::uuid LEFT JOIN focus_groups g ON g.id = u.focus_group_id
    """)
    alone = [email for email, name in found if name is None]
    look.expect(not alone, f"in no group: {', '.join(alone[:5])}", CAUSE)
    look.same("shoppers in", {name for _, name in found if name} & set(GROUPS), GROUPS, CAUSE)


def features(look: Look) -> None:
    """Every feature of the export is in a dimension, and no dimension is empty."""
    found = look.rows("""
        SELECT f.name, d.name FROM features f LEFT JOIN dimensions d ON d.id = f.dimension_id WHERE f.id <= 56
    """)
    alone = [feature for feature, name in found if name is None]
    look.expect(not alone, f"in no dimension: {', '.join(alone[:5])}", CAUSE)
    look.same("features in", {name for _, name in found if name} & set(DIMENSIONS), DIMENSIONS, CAUSE)


def sequences(look: Look) -> None:
    """The next group, dimension and weight find a free key."""
    for table in ("focus_groups", "dimensions", "focus_group_dimension_weights"):
        highest, next_value = look.rows(f"""
            SELECT (SELECT max(id) FROM {table}),
                   (SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {table}_id_seq)
        """)[0]
        free = highest is not None and next_value > highest
        look.expect(free, f"{table}: the next key would be {next_value}, and {highest} is taken", CAUSE)
