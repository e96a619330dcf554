#!/usr/bin/env bash
# Installs Celery and Flower for the tests, where that was not done yet, and prints the path of their Python.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/python-environment.sh
. "$here/lib/python-environment.sh"

use_python_environment >&2
printf '%s\n' "$python"
