"""Make `.venv` what `requirements/dev.txt` says; run by the Makefile with whatever Python there is.

A script of the standard library alone, in words that Pythons too old to run Puppies still understand.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

LEAST = (3, 11)
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements" / "dev.txt"
UV_REQUIREMENTS = ROOT / "requirements" / "uv.txt"
STAMP = VENV / ".installed"


def main():  # type: () -> None
    """Create the environment unless it is there, install, and leave the stamp that make looks at."""
    check_version()
    create()
    if not install_with_uv():
        print("uv could not install; trying pip, which takes a minute or two.", flush=True)
        install_with_pip()
    point_to_sources()
    STAMP.touch()


def check_version():  # type: () -> None
    """Refuse a Python that is too old, and say how to name another."""
    if sys.version_info < LEAST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"Puppies needs Python 3.11 or newer; {sys.executable} is {found}.\n"
            "Install a newer one and name it, for example: make up PYTHON=python3.12"
        )


def create():  # type: () -> None
    """Make the virtual environment when there is none that works."""
    if program("python").exists() and succeeds([str(program("python")), "-m", "pip", "--version"]):
        return
    print(f"Creating .venv with {sys.executable} …", flush=True)
    try:
        venv.create(str(VENV), clear=True, with_pip=True, symlinks=True)
    except (subprocess.CalledProcessError, ImportError, OSError) as error:
        sys.exit(
            f"The virtual environment could not be made ({error}).\n"
            "On Debian and Ubuntu the module is a package of its own: sudo apt install python3-venv"
        )


def install_with_uv():  # type: () -> bool
    """Install what is pinned, in seconds; tell whether it worked."""
    print("Installing requirements/dev.txt …", flush=True)
    if not succeeds([*pip("install", "-qq"), "--require-hashes", "-r", str(UV_REQUIREMENTS)]):
        return False
    # Every hash is pinned, so that it does not matter which index has the file: the same as pip does.
    rule = ["--require-hashes", "--index-strategy", "unsafe-best-match"]
    words = [str(program("uv")), "pip", "sync", "--quiet", *rule, "--python", str(program("python"))]
    return succeeds([*words, *indexes(), str(REQUIREMENTS)], environment={**certificates(), **os.environ})


def install_with_pip():  # type: () -> None
    """Install what is pinned with pip, or end with its message and advice."""
    if subprocess.call([*pip("install"), "--require-hashes", "-r", str(REQUIREMENTS)]) != 0:
        sys.exit(
            "The packages could not be installed: see above. When the network works again, type it again."
        )


def indexes():  # type: () -> list[str]
    """Return pip's own places of packages in uv's words: uv does not read pip's settings."""
    flags = {"index-url": "--default-index", "extra-index-url": "--index", "find-links": "--find-links"}
    return [word for key, flag in flags.items() for place in configured(key) for word in (flag, place)]


def certificates():  # type: () -> dict[str, str]
    """Return pip's certificate authority, if it has one of its own, in uv's words."""
    places = configured("cert")
    return {"SSL_CERT_FILE": places[0]} if places else {}


def configured(key):  # type: (str) -> list[str]
    """Return the values of one of pip's settings, from its files or the environment."""
    variable = os.environ.get("PIP_" + key.upper().replace("-", "_"))
    if variable is not None:
        return variable.split()
    done = subprocess.run(pip("config", "get", "global." + key), capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else []


def point_to_sources():  # type: () -> None
    """Let every program of the environment import this checkout, wherever it is called from."""
    words = [str(program("python")), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.check_output(words, text=True).strip())
    (packages / "puppies.pth").write_text(str(ROOT) + "\n", encoding="utf-8")


def program(name):  # type: (str) -> Path
    """Return a program of the environment."""
    return VENV / "bin" / name


def pip(*words):  # type: (str) -> list[str]
    """Return a call of the environment's pip."""
    return [str(program("python")), "-m", "pip", "--disable-pip-version-check", *words]


def succeeds(words, environment=None):  # type: (list[str], dict[str, str] | None) -> bool
    """Run the words and tell whether they ended well."""
    return subprocess.call(words, stdout=subprocess.DEVNULL, env=environment) == 0


if __name__ == "__main__":
    main()
