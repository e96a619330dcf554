# shellcheck shell=bash
# The Python environment with Celery and Flower, for the tests and `make flower`: .studio/celery/venv below the
# repository, which is nobody else's. Sourced after common.sh.

python_requirements=$repository/Tests/Python/requirements.txt
python_environment=$repository/.studio/celery/venv

# use_python_environment: installs it from PyPI where it is missing, was made from another list, by another Python or in
# another place (a virtual environment cannot be moved), and sets $python. Fails where it cannot be had.
use_python_environment() {
    local base=/usr/bin/python3 wanted stamp=$python_environment.stamp
    # Debian's own interpreter is the one that has the module venv; another may come first in PATH.
    [ -x "$base" ] || base=python3
    mkdir -p "$(dirname "$python_environment")"
    wanted=$("$base" --version && printf '%s\n' "$python_environment" && sha256sum <"$python_requirements") ||
        die 'Python is not installed: run scripts/install-system-packages.sh'
    python=$python_environment/bin/python
    # Two scripts may come at the same time; the second finds what the first made.
    exec 8>"$python_environment.lock"
    flock 8
    if [ ! -x "$python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say 'Installing Celery and Flower from PyPI.'
        rm -rf "$python_environment" "$stamp"
        "$base" -m venv "$python_environment" || die 'The Python environment could not be made.'
        "$python" -m pip install --quiet --disable-pip-version-check --requirement "$python_requirements" ||
            die 'Celery and Flower could not be installed from PyPI.'
        # Last: what was interrupted has no stamp and is made again.
        printf '%s\n' "$wanted" >"$stamp"
    fi
    exec 8>&-
}
