#!/usr/bin/env bash
# Installs what the tests run in Python, where that was not done yet: Celery and Flower, and a server that speaks S3. Prints
# the path of Celery's Python.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/python-environment.sh
. "$here/lib/python-environment.sh"

use_storage_environment >&2
use_python_environment >&2
printf '%s\n' "$python"
