"""I1: what the data can show of "every answered write exists exactly once"."""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model, UniqueConstraint

from config.verification.results import Options, Result, result
from feeds.oracle import rows, snapshot

OURS = ("puppies", "accounts", "posts", "interactions", "feeds", "config")

# Answers are kept for a day; where rows outlive their deletion for longer, each must still be there. Of who is being erased nothing is.
KEPT = """
WITH answer AS (
    SELECT user_id, route, key, (convert_from(body, 'UTF8')::jsonb ->> 'id')::bigint AS id
      FROM puppies_idempotentanswer WHERE status = 201
)
SELECT answer.route, answer.user_id, answer.id,
       count(*) OVER (PARTITION BY answer.route, answer.id),
       answer.route <> 'POST v1/posts' OR author.state IS NULL OR author.state = 'purging' OR EXISTS (
           SELECT 1 FROM posts_post AS post WHERE post.id = answer.id AND post.author_id = answer.user_id)
  FROM answer LEFT JOIN accounts_user AS author ON author.id = answer.user_id
 WHERE answer.id IS NOT NULL ORDER BY answer.id
"""
UNIQUE = """
SELECT owner.relname, own.relname, array(
           SELECT attname::text FROM pg_attribute WHERE attrelid = found.indrelid AND attnum = ANY(found.indkey) ORDER BY 1)
  FROM pg_index AS found JOIN pg_class AS owner ON owner.oid = found.indrelid JOIN pg_class AS own ON own.oid = found.indexrelid
 WHERE found.indisunique AND found.indisvalid AND found.indisready AND owner.relnamespace = current_schema()::regnamespace
"""


def writes(_: Options) -> list[Result]:
    """The answers that are kept, and the keys by which no write can be there twice."""
    with snapshot():
        return [_kept_answers(), _unique_keys()]


def _kept_answers() -> Result:
    found = rows(KEPT)
    lost = [
        f"{route} told user {user} of {identifier}, which is not there"
        for route, user, identifier, _, is_there in found
        if not is_there
    ]
    twice = {
        f"{route} told of {identifier} under {times} keys"
        for route, _, identifier, times, _ in found
        if times > 1
    }
    return result("I1", "kept answers name one row each", len(found), lost + sorted(twice))


def _unique_keys() -> Result:
    found = rows(UNIQUE)
    columns = {(table, frozenset(names)) for table, _, names in found}
    names = {name for _, name, _ in found}
    wanted = list(_wanted_keys())
    findings = [
        f"{table} has no valid unique index {key if isinstance(key, str) else f'on {sorted(key)}'}"
        for table, key in wanted
        if (key not in names if isinstance(key, str) else (table, key) not in columns)
    ]
    return result("I1", "what is unique has its index", len(wanted), findings)


def _wanted_keys() -> Iterator[tuple[str, frozenset[str] | str]]:
    """Every primary key and unique column by its columns, every unique constraint by its name."""
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            yield model._meta.db_table, frozenset(_key_columns(model))  # noqa: SLF001 - Django's documented name
            yield from _constraints(model)


def _key_columns(model: type[Model]) -> list[str]:
    return [field.column for field in model._meta.pk_fields if field.column]  # noqa: SLF001


def _constraints(model: type[Model]) -> Iterator[tuple[str, frozenset[str] | str]]:
    meta = model._meta  # noqa: SLF001 - Django's documented name
    for field in meta.local_concrete_fields:
        if field.unique and not field.primary_key and field.column:
            yield meta.db_table, frozenset({field.column})
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield meta.db_table, constraint.name
