"""What 0012_score_sentiment promises."""

from workshop.checks import Look, schema

CAUSE = "0012 was not applied as it stands in the repository, or somebody changed the schema by hand"
STALE = "it was written or changed after 0012 ran"
BY_HAND = "rows were changed by hand"
TABLES = ["review_sentiments", "review_mentions"]
RULES = [
    "ck_review_sentiments_sentiment_known",
    "ck_review_sentiments_scores_zero_to_one",
    "ck_review_mentions_sentiment_known",
    "ck_review_mentions_score_zero_to_one",
    "ck_review_mentions_clause_not_empty",
]
KEYS = [
    "fk_review_sentiments_review_id_reviews",
    "fk_review_mentions_review_id_reviews",
    "fk_review_mentions_feature_id_features",
]


def tables(look: Look) -> None:
    """Both tables stand, each with a comment."""
    schema.commented_tables(look, TABLES, CAUSE)


def columns(look: Look) -> None:
    """Sentiments, scores, quotations and the names of provider and model are never null."""
    wanted = [
        *((table, "sentiment", "character varying(8)", True) for table in TABLES),
        *(("review_sentiments", f"{side}_score", "real", True) for side in ("positive", "neutral", "negative")),
        ("review_mentions", "score", "real", True),
        ("review_mentions", "clause", "text", True),
        *((table, "provider", "character varying(20)", True) for table in TABLES),
        *((table, "model", "character varying(80)", True) for table in TABLES),
    ]
    schema.typed_columns(look, wanted, CAUSE)


def rules(look: Look) -> None:
    """A sentiment is a known word, a score lies between 0 and 1, and a quotation is not empty."""
    schema.named_rules(look, TABLES, RULES, CAUSE)


def foreign_keys(look: Look) -> None:
    """The foreign keys stand, each with an index."""
    schema.indexed_foreign_keys(look, KEYS, CAUSE)


def reviews(look: Look) -> None:
    """Every review with words in it was read, and in the words that it has now."""
    found = look.rows(r"""
        SELECT r.id, s.text_md5, md5(concat_ws(E'\n', r.title, r.body))
        FROM reviews r LEFT JOIN review_sentiments s ON s.review_id = r.id
        WHERE concat_ws(E'\n', r.title, r.body) ~ '\S' ORDER BY r.id
    """)
    unread = [str(key) for key, made_of, _ in found if made_of is None]
    look.expect(not unread, f"not read: review {', '.join(unread[:5])}", STALE)
    other = [str(key) for key, made_of, now in found if made_of not in (None, now)]
    look.expect(not other, f"read in other words than it has now: review {', '.join(other[:5])}", STALE)


def quotations(look: Look) -> None:
    """Every quotation of a review that was not changed since stands in it word by word."""
    found = look.rows(r"""
        SELECT m.review_id, position(m.clause IN t.text) > 0
        FROM review_mentions m JOIN reviews r ON r.id = m.review_id
        CROSS JOIN LATERAL (SELECT concat_ws(E'\n', r.title, r.body) AS text) AS t
        JOIN review_sentiments s ON s.review_id = r.id AND s.text_md5 = md5(t.text) ORDER BY 1
    """)
    lost = [str(key) for key, there in found if not there]
    look.expect(not lost, f"words that are not in it are quoted from review {', '.join(lost[:5])}", BY_HAND)


def mentions(look: Look) -> None:
    """A feature is spoken of only in a review that is listed as read."""
    found = look.rows("""
        SELECT m.review_id, s.review_id IS NOT NULL
        FROM review_mentions m LEFT JOIN review_sentiments s ON s.review_id = m.review_id ORDER BY 1
    """)
    unlisted = [str(key) for key, listed in found if not listed]
    look.expect(not unlisted, f"mentions, and not listed as read: review {', '.join(unlisted[:5])}", BY_HAND)


def shares(look: Look) -> None:
    """The three scores of a review sum to 1, but for the rounding."""
    found = look.rows("""
        SELECT review_id, positive_score + neutral_score + negative_score FROM review_sentiments ORDER BY 1
    """)
    wrong = [f"{key} ({total:.2f})" for key, total in found if abs(total - 1) > 0.02]
    look.expect(not wrong, f"the scores do not sum to 1: review {', '.join(wrong[:5])}", BY_HAND)


def provenance(look: Look) -> None:
    """Each table was filled by one model, both by one provider, and they say by which."""
    found = look.rows("""
        SELECT 'review_sentiments', provider, model FROM review_sentiments GROUP BY provider, model
        UNION ALL SELECT 'review_mentions', provider, model FROM review_mentions GROUP BY provider, model
        ORDER BY 1, 2, 3
    """)
    for table in TABLES:
        models = [f"{model} ({provider})" for name, provider, model in found if name == table]
        look.expect(
            len(models) < 2, f"{table} by several models: {'; '.join(models)}", "AI_PROVIDER was changed in between"
        )
    providers = sorted({provider for _, provider, _ in found})
    look.expect(len(providers) < 2, f"two providers: {', '.join(providers)}", "AI_PROVIDER was changed in between")
