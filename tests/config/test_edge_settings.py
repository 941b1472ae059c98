"""Settings of the outer shell, as production reads them: in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import resolve

from accounts.api import urls as auth_routes
from config.settings.limits import LIMITS_BY_DEFAULT
from puppies.api.requests import methods_of

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "puppies.example.test",
    "DEBUG": "0",
    "JWT_KEYS_DIR": "/var/lib/puppies/keys",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIMITS_", "S3_"))}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=kept | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_passes_the_deployment_checks() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert (done.returncode, done.stdout) == (0, "System check identified no issues (1 silenced).\n"), (
        done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"DEBUG": "1"}, "DEBUG must be off in production."),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be at least 50 random characters in production."),
        (
            {"SECRET_KEY": "development-only-key-that-production-refuses-to-start-with"},
            "SECRET_KEY must be at least 50 random characters in production.",
        ),
        ({"TRUSTED_PROXIES": "10.0.0.0/33"}, "TRUSTED_PROXIES must be networks such as 10.0.0.0/8,fd00::/8"),
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "TRUSTED_PROXIES must be networks such as 10.0.0.0/8,fd00::/8"),
        ({"LIMITS_POSTS_BY_USER": "0"}, "LIMITS_POSTS_BY_USER must be a whole number from 1"),
        ({"CORS_ALLOWED_ORIGINS": "app.example.test"}, "is missing scheme or netloc"),
    ],
)
def test_production_refuses_what_is_not_safe(environment: dict[str, str], says: str) -> None:
    done = manage("check", **PRODUCTION | environment)

    assert done.returncode != 0
    assert says in done.stderr


def test_production_has_no_key_for_the_object_store_but_its_own() -> None:
    show = (
        "from django.conf import settings; options = settings.STORAGES['default']['OPTIONS']; "
        "print(options['access_key'], options['secret_key'])"
    )

    without = manage("shell", "--no-imports", "-c", show, **PRODUCTION)
    own = manage(
        "shell", "--no-imports", "-c", show, S3_ACCESS_KEY="one", S3_SECRET_KEY="another", **PRODUCTION
    )

    assert (without.stdout.split(), own.stdout.split()) == (["None", "None"], ["one", "another"]), own.stderr


def test_the_environment_changes_a_limit_and_a_factor_all() -> None:
    show = "from django.conf import settings; print(*(limit.quantity for limit in settings.LIMITS[:3]))"

    done = manage(
        "shell", "--no-imports", "-c", show, LIMITS_FACTOR="2", LIMITS_POSTS_BY_USER="7", **PRODUCTION
    )

    assert done.stdout.split() == ["2000", "14", "20"], done.stderr


def test_the_page_of_limits_is_up_to_date_and_a_stale_one_is_told(tmp_path: Path) -> None:
    stale = tmp_path / "limits.md"
    stale.write_text((settings.BASE_DIR / "docs" / "limits.md").read_text().replace("| 1,000 |", "| 999 |"))

    call_command("limits_table", "--check")
    with pytest.raises(CommandError, match=r"type \.venv/bin/python manage\.py limits_table"):
        call_command("limits_table", "--check", file=stale)


def test_every_limited_route_exists_and_every_door_is_limited() -> None:
    limited = {
        resolve(route.partition(" ")[2]).route for limit in LIMITS_BY_DEFAULT for route in limit.routes
    }
    doors = {
        f"v1/{pattern.pattern}"
        for pattern in auth_routes.urlpatterns
        if str(pattern.pattern).startswith("auth/")
        and "sessions" not in str(pattern.pattern)
        and "POST" in methods_of(pattern.callback)
    }

    assert len(doors) >= 9
    assert doors | {"admin/login/"} <= limited
