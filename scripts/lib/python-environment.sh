# shellcheck shell=bash
# Python environments below .studio of the repository, which are nobody else's: one with Celery and Flower for the tests
# and `make flower`, one with Playwright for the tests of the page, one for the tests of the studio in containers,
# one with a server that speaks S3. Sourced after common.sh.

# use_environment NAME REQUIREMENTS WHAT: installs WHAT from PyPI into .studio/NAME/venv where it is missing, was made from
# another list, by another Python or in another place (a virtual environment cannot be moved), and sets $python. Fails
# where it cannot be had.
use_environment() {
    local environment=$repository/.studio/$1/venv requirements=$2
    local base=/usr/bin/python3 wanted stamp=$environment.stamp
    # Debian's own interpreter is the one that has the module venv; another may come first in PATH.
    [ -x "$base" ] || base=python3
    mkdir -p "$(dirname "$environment")"
    wanted=$("$base" --version && printf '%s\n' "$environment" && sha256sum <"$requirements") ||
        die 'Python is not installed: run scripts/install-system-packages.sh'
    python=$environment/bin/python
    # Two scripts may come at the same time; the second finds what the first made.
    exec 8>"$environment.lock"
    flock 8
    if [ ! -x "$python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say "Installing $3 from PyPI."
        rm -rf "$environment" "$stamp"
        "$base" -m venv "$environment" || die 'The Python environment could not be made.'
        "$python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" ||
            die "$3 could not be installed from PyPI."
        # Last: what was interrupted has no stamp and is made again.
        printf '%s\n' "$wanted" >"$stamp"
    fi
    exec 8>&-
}

use_python_environment() { use_environment celery "$repository/Tests/Python/requirements.txt" 'Celery and Flower'; }

use_storage_environment() {
    use_environment storage "$repository/compose/s3/requirements.txt" 'the S3 server for tests'
}

use_web_environment() { use_environment web "$repository/Web/e2e/requirements.txt" 'Playwright'; }

use_containers_environment() { use_environment container-tests "$repository/Tests/Containers/requirements.txt" 'pytest'; }
